/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The budget: how many operations a session may spend in a window. The window opens
 * with its first operation and is full again when it is over: a trickle of refills
 * would let a denied deleter go on one file at a time.
 *
 * Window and count live in one word, and spending is one compare-and-swap: exact for
 * any number of threads and processes, with nothing to undo.
 */
#ifndef PAWL_BUDGET_H
#define PAWL_BUDGET_H

#include "maps.h"

#define BUDGET_TRIES 64
#define NS_PER_MS 1000000

enum budget_result {
	BUDGET_OK = 0,
	BUDGET_LAST, /* spent, and nothing is left */
	BUDGET_OVER, /* not spent (spent all the same with BUDGET_BEYOND) */
};
#define BUDGET_BEYOND 1 /* count past the limit too: the operation cannot be refused */

static __always_inline enum pawl_bucket budget_bucket(u32 class)
{
	return class == PAWL_CLASS_RMDIR ? PAWL_BUCKET_DIRS : PAWL_BUCKET_FILES;
}

/* Spends one operation. Contention beyond BUDGET_TRIES reads as over: safe, and counted. */
static __noinline int budget_spend(struct pawl_session *session, u32 class, u32 how)
{
	u64 *word = &session->spent[budget_bucket(class)];
	u64 now_ms = bpf_ktime_get_ns() / NS_PER_MS;
	u64 limit = session->limit, per_ms = session->per_ms;

	for (int i = 0; i < BUDGET_TRIES; i++) {
		u64 old = *(volatile u64 *)word;
		u64 spent = old & PAWL_SPENT_MASK;
		u64 next = old + 1;

		if (!old || now_ms - (old >> PAWL_SPENT_BITS) >= per_ms) {
			spent = 0;
			next = (now_ms << PAWL_SPENT_BITS) | 1;
		}
		if (spent >= limit && !(how & BUDGET_BEYOND))
			return BUDGET_OVER;
		if (spent >= PAWL_SPENT_MAX)
			return BUDGET_OVER;
		if (__sync_val_compare_and_swap(word, old, next) != old)
			continue;
		if (spent >= limit)
			return BUDGET_OVER;
		return spent + 1 == limit ? BUDGET_LAST : BUDGET_OK;
	}
	count(PAWL_COUNT_RACES);
	return BUDGET_OVER;
}

/* Gives one operation back: it was reserved and then failed. */
static __noinline int budget_refund(struct pawl_session *session, u32 class)
{
	u64 *word = &session->spent[budget_bucket(class)];

	for (int i = 0; i < BUDGET_TRIES; i++) {
		u64 old = *(volatile u64 *)word;

		if (!(old & PAWL_SPENT_MASK))
			return 0;
		if (__sync_val_compare_and_swap(word, old, old - 1) == old)
			return 0;
	}
	count(PAWL_COUNT_RACES);
	return 0;
}

/* Whether everything is spent or reserved. */
static __always_inline bool budget_gone(const struct pawl_session *session, u32 class)
{
	u64 word = *(volatile const u64 *)&session->spent[budget_bucket(class)];

	return (word & PAWL_SPENT_MASK) >= session->limit && session->limit;
}

#endif
