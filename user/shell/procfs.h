/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What /proc says of processes: for people (what a stopped process runs) and for finding
 * agents that are older than pawld. Its texts are chosen by the watched: hostile input.
 */
#ifndef PAWL_SHELL_PROCFS_H
#define PAWL_SHELL_PROCFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "user/core/policy.h"

#define PAWL_ARGS_READ_MAX 65536
#define PAWL_ENV_READ_MAX 262144

/* What a process runs; each text NULL where it cannot be read. The caller frees the texts. */
struct pawl_description {
	char *executable;
	char *cwd;
	char *args; /* args_size bytes, NUL-separated */
	size_t args_size;
};

void pawl_procfs_describe(uint32_t pid, struct pawl_description *ret_description);
void pawl_procfs_description_free(struct pawl_description *description);

/* A process that a rule of the policy names as an agent's root. */
struct pawl_found {
	uint32_t pid;
	uint32_t ppid;
	uint32_t uid;
	uint32_t match; /* index in the policy's matches */
};

/*
 * pawl_procfs_agents() - processes that run now and that the policy names.
 * @ret_found: in the order of /proc; the caller frees it
 * Return: 0 or a negative errno.
 */
int pawl_procfs_agents(const struct pawl_policy *policy, struct pawl_found **ret_found,
		       size_t *ret_n);

/* All processes, in the order of /proc; the caller frees the array. 0 or a negative errno. */
int pawl_procfs_pids(uint32_t **ret_pids, size_t *ret_n);

/* Id of a v2 cgroup by its path ("/a/b"). 0: there is none, or no v2 hierarchy. */
uint64_t pawl_procfs_cgroup_id(const char *path);

/* Whether a process has an io_uring open; false where that cannot be seen. */
bool pawl_procfs_has_ring(uint32_t pid);

/* Resident memory of this process in KiB, 0 where it cannot be read. */
uint64_t pawl_procfs_resident_kib(void);

#endif
