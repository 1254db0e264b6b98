/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Refusals where the kernel's hooks cannot refuse (tracepoint backend): a process of our
 * own traces what was stopped and makes its destructive system calls fail with EPERM until
 * the budget refills. It is the second line: a call that gets past it is counted and
 * stopped by the kernel side as ever.
 */
#ifndef PAWL_SHELL_REFUSE_H
#define PAWL_SHELL_REFUSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define PAWL_REFUSE_NAME "pawld-refuse" /* what such a process is called */

/* A process to refuse, stopped or not. */
struct pawl_refused {
	uint32_t pid;
	bool traced; /* set on return; false: it cannot be refused (traced by another, gone) */
};

/*
 * pawl_refuse_start() - trace @list with all threads, and whatever they start.
 * @until_ns: CLOCK_MONOTONIC; then, or when the last one has ended, the tracer lets go
 *
 * What is stopped stays stopped until it is continued. If the tracer is killed, they are
 * killed with it.
 *
 * Return: 0; -ENOTSUP: not on this architecture; another negative errno: nothing is traced.
 */
int pawl_refuse_start(struct pawl_refused *list, size_t n, uint64_t until_ns);

/* An orderly end: every tracer lets go. One whose pawld was killed stays for its time. */
void pawl_refuse_end(void);

#endif
