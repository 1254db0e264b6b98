/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small process beside pawld that is there when pawld is not: past the lease it lets go of
 * what stands still, for nobody could answer. What is pinned answers then, as the policy says.
 */
#ifndef PAWL_SHELL_KEEPER_H
#define PAWL_SHELL_KEEPER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define PAWL_KEEPER_FDS 8

/* What it needs of the rest of pawld; main wires it. Called in the keeper. */
struct pawl_keeper_host {
	void *ctx;
	int fds[PAWL_KEEPER_FDS]; /* that it keeps open, besides its own; fds_n of them */
	size_t fds_n;
	bool pinned; /* false: at pawld's death abandon() is called at once, and that is all */
	void (*begin)(void *ctx);      /* it is there: the one before it may go */
	bool (*replaced)(void *ctx);   /* another one is there, or nothing is left to be kept */
	bool (*lease_over)(void *ctx); /* pawld has not been heard of for too long */
	size_t (*release)(void *ctx);  /* lets go; how many stood still */
	void (*abandon)(void *ctx);    /* nothing is enforced any more: nothing may go on */
};

struct pawl_keeper {
	pid_t pid; /* 0: there is none */
	int fd;	   /* its end is how it learns of ours */
};

/* 0 or a negative errno. The child is reaped by main with the others. */
int pawl_keeper_start(const struct pawl_keeper_host *host, struct pawl_keeper *keeper);

/* An orderly end: nothing is left to be kept. Returns when it has ended. */
void pawl_keeper_stop(struct pawl_keeper *keeper);

#endif
