/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The live self-test: real operations in a scratch directory, by a child that is watched.
 * A backend that attaches and is never called (LSM programs without "bpf" in lsm=) fails
 * here, not in an incident.
 */
#ifndef PAWL_SHELL_SELFTEST_H
#define PAWL_SHELL_SELFTEST_H

#include <stdbool.h>
#include <stdint.h>

#include <sys/types.h>

#include "bpf/abi.h"

#define PAWL_SELFTEST_PORT 1 /* tcpmux, on loopback: nobody listens there */

/* What the test needs of the rest of pawld; main wires it. */
struct pawl_selftest_host {
	void *ctx;
	/* marks the child as a session of its own that has this budget; 0 or -errno */
	int (*enroll)(void *ctx, int pidfd, uint32_t pid, enum pawl_action action, uint64_t limit);
	/* the directory where it happens is nobody's, whatever it lies in */
	int (*scratch)(void *ctx, uint64_t dev, uint64_t ino);
	/* ends a child */
	void (*end)(int pidfd);
	/*
	 * makes pawld, the directory @own and whoever listens at @address or on PAWL_SELFTEST_PORT
	 * what a tree is kept from, until the policy is loaded
	 */
	int (*guard)(void *ctx, int own, const char *address);
	/* sends a process a signal that it ignores; 0 or -errno */
	int (*signal)(pid_t pid);
	/* attaches what comes before fallocate(2); 0 or -errno */
	int (*hook)(void *ctx);
	/* an operation of this hook was stopped */
	void (*tested)(void *ctx, const char *hook);
};

/*
 * pawl_selftest_run() - try every operation class against @backend, and what guards pawl. A
 * guard that does not work is not told to @host as tested, and that is all.
 * @directory: an existing directory, of one pawld alone, in which a scratch directory may be made
 * @ret_why:   on failure, what got through, in one line; the caller frees it
 * Return: 0; -ENOTRECOVERABLE: an operation got through; another negative errno where the
 * test itself could not be made.
 */
int pawl_selftest_run(enum pawl_backend backend, const char *directory,
		      const struct pawl_selftest_host *host, char **ret_why);

#endif
