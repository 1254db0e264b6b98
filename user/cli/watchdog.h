/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A pawld for the time of one `pawl run`, with a socket, state and log of its own in a
 * directory that nobody else may enter.
 */
#ifndef PAWL_CLI_WATCHDOG_H
#define PAWL_CLI_WATCHDOG_H

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

#include "user/cli/cli.h"

#define PAWL_WATCHDOG_START_MS 30000 /* for its "ready" */
#define PAWL_WATCHDOG_STOP_MS 15000  /* from SIGTERM to SIGKILL */

struct pawl_watchdog {
	pid_t pid;     /* 0: none; our child, so never reused before it is waited for */
	int stderr_fd; /* -1 once it is closed at the other end */
	char dir[32];  /* "" : none */
	char socket[64];
	char pins[64];	 /* "none": there is no BPF file system to pin to */
	char line[1024]; /* of its stderr, as far as it has come */
	size_t line_n;
	bool ready;
	unsigned int restarts;
	bool loud;	  /* its "ready" is passed on, too */
	int cancelled_by; /* signal that ended the wait for it */
};
#define PAWL_WATCHDOG_NONE                                                                         \
	{                                                                                          \
		.stderr_fd = -1                                                                    \
	}

/*
 * pawl_watchdog_start() - start it and wait until it enforces.
 * @mask:      the signal mask that it is to have
 * @signal_fd: of signalfd(2), not blocking: whatever comes but SIGCHLD ends the wait
 *
 * A fault is reported here. On failure nothing is left behind.
 *
 * Return: 0; -ENOENT: no pawld was found; -ECANCELED: by the signal
 * watchdog->cancelled_by; -EIO: it did not come up.
 */
int pawl_watchdog_start(struct pawl_watchdog *watchdog, const struct pawl_cli *cli,
			const sigset_t *mask, int signal_fd);

/* Passes on what it wrote to its stderr; to be called when stderr_fd is readable. */
void pawl_watchdog_drain(struct pawl_watchdog *watchdog);

/* Whether it has ended by itself, or was killed. It is waited for then. */
bool pawl_watchdog_has_ended(struct pawl_watchdog *watchdog);

/*
 * Starts another one in its place. What is pinned was enforced meanwhile, and is taken over.
 * 0; -ENOENT: nothing was pinned; another negative errno, which is reported here.
 */
int pawl_watchdog_restart(struct pawl_watchdog *watchdog, const struct pawl_cli *cli,
			  const sigset_t *mask, int signal_fd);

/* Ends it, waits, removes its directory and pins. Harmless where none was started. */
void pawl_watchdog_stop(struct pawl_watchdog *watchdog);

#endif
