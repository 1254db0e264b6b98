/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of the self-test share. */
#ifndef PAWL_SELFTEST_INTERNAL_H
#define PAWL_SELFTEST_INTERNAL_H

#include <stddef.h>
#include <sys/types.h>

#include "bpf/abi.h"

/* One operation, number @i of its kind, in the scratch directory @dir. Return: 0 or -errno. */
typedef int (*pawl_trial_fn)(int dir, int i);

struct pawl_trial {
	const char *what;
	pawl_trial_fn operation;
	const char *hooks[4]; /* that have worked when it is stopped; NULL: end */
	unsigned int backend; /* enum pawl_backend: the only one; or one of these: */
};
#define PAWL_TRIAL_ANY PAWL_BACKEND_NONE
#define PAWL_TRIAL_BEFORE PAWL_BACKEND_MAX /* those that can refuse */
/* Likewise; does no harm, and is tried unwatched first: what all are refused shows nothing. */
#define PAWL_TRIAL_GUARD (PAWL_BACKEND_MAX + 1)

/*
 * Trials of what guards pawl, the kernel and brokers, all PAWL_TRIAL_GUARD. Before them: pawl_selftest_listen() and _signal_by().
 */
extern const struct pawl_trial pawl_guard_trials[];
extern const size_t pawl_guard_trials_n;

/* Their directory below the scratch directory, which is to be marked as pawl's own. */
#define PAWL_GUARD_DIR "own"

/* Listens at the abstract @address, "@NAME", that is to be a broker's. Return: a socket or -1. */
int pawl_selftest_listen(const char *address);

/* What sends a process a signal that it ignores; only act.c may. */
void pawl_selftest_signal_by(int (*signal_fn)(pid_t pid));

#endif
