/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The only module that sends signals. Each goes to a process that was checked a moment
 * before: by pidfd and start time, never ourselves, pid 1 or a kernel thread.
 */
#ifndef PAWL_SHELL_ACT_H
#define PAWL_SHELL_ACT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* A process to act on. */
struct pawl_target {
	uint32_t pid;
	uint32_t depth;	   /* watched ancestors: the deepest are continued first */
	uint64_t start_ns; /* CLOCK_BOOTTIME */
};

/*
 * pawl_act_open() - a pidfd of exactly this process.
 * Return: the descriptor, owned by the caller; -ESRCH: it has ended, or the pid belongs to
 * another process now; -EPERM: it must not be acted on.
 */
int pawl_act_open(uint32_t pid, uint64_t start_ns);

/* Start time of a process, CLOCK_BOOTTIME in units of a clock tick. 0, -ESRCH. */
int pawl_act_start(uint32_t pid, uint64_t *ret_start_ns);

/* Effective user id of a process. 0, -ESRCH. */
int pawl_act_owner(uint32_t pid, uid_t *ret_uid);

/* Each returns 0, or -ESRCH and -EPERM as above. */
int pawl_act_stop(const struct pawl_target *target);
int pawl_act_continue(const struct pawl_target *target);
int pawl_act_kill(const struct pawl_target *target);

/* Whether the thread is stopped now, by a signal or by a tracer. False where it has ended. */
bool pawl_act_is_stopped(uint32_t tid);

/* Whether any thread of the process is; the first one may have ended before the others. */
bool pawl_act_any_stopped(uint32_t pid);

/* Asks the tracer of a process to end, if it has one of this name. 0, or as above. */
int pawl_act_end_tracer(uint32_t pid, const char *name);

/* A pidfd of ourselves, owned by the caller, or a negative errno. To look at, not to act on. */
int pawl_act_self(void);

/* Continues all, children before their parents. Sorts @targets. Return: how many. */
size_t pawl_act_continue_all(struct pawl_target *targets, size_t n);

/*
 * Kills all, in the same order: a tracer that ends first would let its tracee go on. Before that
 * all are stopped, parents first: none has the time to react to the end of another.
 */
size_t pawl_act_kill_all(struct pawl_target *targets, size_t n);

/* Ends a child of our own by its pidfd, whatever state it is in. */
void pawl_act_end_child(int pidfd);

/* Sends a signal that whoever does not ask for it ignores: to see whether it is let through. */
int pawl_act_probe(pid_t pid);

#endif
