/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The watched processes and who made whom. Pure: fed by records, read by everybody.
 * A process is its cookie; pids are shown, never trusted.
 */
#ifndef PAWL_CORE_PROCTREE_H
#define PAWL_CORE_PROCTREE_H

#include <stddef.h>
#include <stdint.h>

#include "user/core/decode.h"

#define PAWL_PROCESSES_MAX 65536 /* further processes are watched, but not shown */
#define PAWL_DEPTH_MAX 512	 /* of a chain of parents that is followed */

struct pawl_process {
	struct pawl_process *next;     /* in the bucket of its cookie */
	struct pawl_process *next_pid; /* in the bucket of its pid */
	uint64_t cookie;
	uint64_t parent_cookie; /* 0: not watched, or not known */
	uint64_t start_ns;	/* CLOCK_BOOTTIME */
	uint32_t session;
	uint32_t pid;
	uint32_t ppid; /* when it was made */
	uint32_t uid;
	uint32_t args_size;
	char comm[PAWL_COMM_LEN];
	char *exe;  /* as given to execve; NULL before the first exec seen */
	char *args; /* args_size bytes, NUL-separated; may be NULL */
};

struct pawl_proctree;

int pawl_proctree_new(struct pawl_proctree **ret_tree);
void pawl_proctree_free(struct pawl_proctree *tree);
void pawl_proctree_freep(struct pawl_proctree **tree);

/* Applies a fork, exec, exit or session record; others are passed over. 0, -ENOMEM, -ENOSPC. */
int pawl_proctree_apply(struct pawl_proctree *tree, const struct pawl_record *record);

/* Adds or corrects a process found by walking the tasks themselves. 0, -ENOMEM, -ENOSPC. */
int pawl_proctree_learn(struct pawl_proctree *tree, const struct pawl_task_record *record);

/* Fills in what a process runs, as read from it. Either text may be NULL. 0, -ENOENT, -ENOMEM. */
int pawl_proctree_describe(struct pawl_proctree *tree, uint64_t cookie, const char *exe,
			   const char *args, size_t args_size);

/* NULL where it is not known. Valid until the next change. */
const struct pawl_process *pawl_proctree_find(const struct pawl_proctree *tree, uint64_t cookie);
const struct pawl_process *pawl_proctree_by_pid(const struct pawl_proctree *tree, uint32_t pid);

/* Watched ancestors of a process; 0 for a root, or where it is not known. */
unsigned int pawl_proctree_depth(const struct pawl_proctree *tree, uint64_t cookie);

/*
 * The processes of @session (0: of all), by start time. The caller frees the array; its
 * elements are valid until the next change. 0, -ENOMEM.
 */
int pawl_proctree_list(const struct pawl_proctree *tree, uint32_t session,
		       const struct pawl_process ***ret_list, size_t *ret_n);

/* Forgets all processes but those of the @n @cookies, which are sorted. */
void pawl_proctree_retain(struct pawl_proctree *tree, const uint64_t *cookies, size_t n);

void pawl_proctree_forget(struct pawl_proctree *tree, uint32_t session);

size_t pawl_proctree_count(const struct pawl_proctree *tree);

#endif
