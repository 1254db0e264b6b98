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
	BUDGET_BUSY, /* lost to another CPU: try again */
};
#define BUDGET_BEYOND 1 /* count past the limit too: the operation cannot be refused */

static __always_inline enum pawl_bucket budget_bucket(u32 class)
{
	switch (class) {
	case PAWL_CLASS_RMDIR:
		return PAWL_BUCKET_DIRS;
	case PAWL_CLASS_ACCESS:
		return PAWL_BUCKET_ACCESS;
	case PAWL_CLASS_OVERWRITE:
		return PAWL_BUCKET_OVERWRITES;
	}
	return PAWL_BUCKET_FILES;
}

/* Whether operations of this class have a budget; where not, the first is past it. */
static __always_inline bool budget_covers(u32 class)
{
	return class >= PAWL_CLASS_DELETE && class <= PAWL_CLASS_ACCESS && class != PAWL_CLASS_RING;
}

struct budget_try {
	struct pawl_session *session;
	u64 now_ms;
	u64 window; /* start of the window that was spent from, or is refunded to */
	u32 bucket;
	u32 how;
	int result;
};

/* One try to spend. Return: 0 where another CPU was faster. */
static long budget_try_spend(u32 index, void *ctx)
{
	struct budget_try *try = ctx;
	u32 bucket = try->bucket & (PAWL_BUCKET_MAX - 1);
	u64 *word = &try->session->spent[bucket];
	u64 limit = try->session->terms.limit[bucket], per_ms = try->session->terms.per_ms[bucket];
	u64 old = *(volatile u64 *)word;
	u64 spent = old & PAWL_SPENT_MASK, next = old + 1;

	/* signed: another CPU's clock may have opened the window after ours was read */
	if (!old || (s64)(try->now_ms - (old >> PAWL_SPENT_BITS)) >= (s64)per_ms) {
		spent = 0;
		next = (try->now_ms << PAWL_SPENT_BITS) | 1;
	}
	try->window = next >> PAWL_SPENT_BITS;
	try->result = BUDGET_OVER;
	if ((spent >= limit && !(try->how & BUDGET_BEYOND)) || spent >= PAWL_SPENT_MAX)
		return 1;
	if (__sync_val_compare_and_swap(word, old, next) != old) {
		try->result = BUDGET_BUSY;
		return 0;
	}
	if (spent + 1 == limit)
		try->result = BUDGET_LAST;
	else if (spent < limit)
		try->result = BUDGET_OK;
	return 1;
}

/*
 * Spends one operation, and notes the window it was spent from. Contention beyond
 * BUDGET_TRIES reads as over: safe, and counted. (A loop that the verifier does not unroll:
 * as a plain one it cost half a second a hook.)
 */
static __noinline int budget_spend(struct pawl_session *session, u32 class, u32 how,
				   u64 *ret_window)
{
	struct budget_try try = {
		.session = session,
		.now_ms = bpf_ktime_get_ns() / NS_PER_MS,
		.bucket = budget_bucket(class),
		.how = how,
		.result = opaque(BUDGET_BUSY),
	};

	bpf_loop(BUDGET_TRIES, budget_try_spend, &try, 0);
	if (ret_window)
		*ret_window = try.window;
	if (try.result != BUDGET_BUSY)
		return try.result;
	count(PAWL_COUNT_RACES);
	return BUDGET_OVER;
}

static long budget_try_refund(u32 index, void *ctx)
{
	struct budget_try *try = ctx;
	u64 *word = &try->session->spent[try->bucket & (PAWL_BUCKET_MAX - 1)];
	u64 old = *(volatile u64 *)word;

	if (!(old & PAWL_SPENT_MASK) || old >> PAWL_SPENT_BITS != try->window)
		return 1;
	return __sync_val_compare_and_swap(word, old, old - 1) == old;
}

/* Gives one operation back, to the window it was reserved from: it failed. */
static __noinline int budget_refund(struct pawl_session *session, u32 class, u64 window)
{
	struct budget_try try = {
		.session = session, .bucket = budget_bucket(class), .window = window};

	bpf_loop(BUDGET_TRIES, budget_try_refund, &try, 0);
	return 0;
}

/* Whether everything is spent or reserved. */
static __always_inline bool budget_gone(const struct pawl_session *session, u32 class)
{
	u32 bucket = budget_bucket(class);
	u64 word = *(volatile const u64 *)&session->spent[bucket];
	u64 limit = session->terms.limit[bucket];

	return limit && (word & PAWL_SPENT_MASK) >= limit;
}

#endif
