/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How often a session tried something for which nobody is asked: each attempt is worth a record,
 * a hundred thousand of them are not. The first ones of a window are recorded one by one, those
 * after them are counted and told at its end. Pure.
 */
#ifndef PAWL_CORE_ATTEMPTS_H
#define PAWL_CORE_ATTEMPTS_H

#include <stdbool.h>
#include <stdint.h>

#include "bpf/abi.h"

#define PAWL_ATTEMPTS_WINDOW_MS 60000
#define PAWL_ATTEMPTS_SINGLY 20 /* recorded one by one in a window: of each class and broker */
#define PAWL_EXECS_SINGLY 10000 /* likewise, executions */
#define PAWL_ATTEMPTS_EXEC PAWL_CLASS_MAX /* no class: an execution */

/* Of one session; the window begins with the first attempt. */
struct pawl_attempts;

/* What was counted and not recorded. */
struct pawl_attempts_rest {
	uint32_t class;	 /* enum pawl_class, PAWL_ATTEMPTS_EXEC */
	uint32_t broker; /* BROKER: its index in the policy */
	bool observed;	 /* let pass, rather than refused */
	uint64_t count;
};

/* 0, -ENOMEM. */
int pawl_attempts_new(uint64_t now_ns, struct pawl_attempts **ret_attempts);

/* One more. Return: whether it is recorded by itself. Unknown classes count as NONE. */
bool pawl_attempts_add(struct pawl_attempts *attempts, uint32_t class, uint32_t broker,
		       bool observed);

/* When the window ends, CLOCK_MONOTONIC. */
uint64_t pawl_attempts_until_ns(const struct pawl_attempts *attempts);

/* Takes the next of what was only counted. Return: false when there is none. */
bool pawl_attempts_take(struct pawl_attempts *attempts, struct pawl_attempts_rest *ret_rest);

#endif
