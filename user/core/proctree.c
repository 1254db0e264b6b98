/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Second stage: fork, exec and exit records become trees. Records may be lost and may come
 * in any order between processes; the walk over the tasks corrects both. It must not ask
 * the system about anything.
 */
#include "user/core/proctree.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "user/core/cleanup.h"

#define BUCKETS 4096

struct pawl_proctree {
	struct pawl_process *by_cookie[BUCKETS];
	struct pawl_process *by_pid[BUCKETS];
	size_t n;
};

static size_t bucket_of(uint64_t number)
{
	return (number * 0x9e3779b97f4a7c15ULL) >> 52;
}

static void process_free(struct pawl_process *process)
{
	free(process->exe);
	free(process->args);
	free(process);
}

int pawl_proctree_new(struct pawl_proctree **ret_tree)
{
	struct pawl_proctree *tree = calloc(1, sizeof(*tree));

	if (!tree)
		return -ENOMEM;
	*ret_tree = tree;
	return 0;
}

void pawl_proctree_free(struct pawl_proctree *tree)
{
	struct pawl_process *process;

	if (!tree)
		return;
	for (size_t i = 0; i < BUCKETS; i++) {
		while ((process = tree->by_cookie[i])) {
			tree->by_cookie[i] = process->next;
			process_free(process);
		}
	}
	free(tree);
}

void pawl_proctree_freep(struct pawl_proctree **tree)
{
	pawl_proctree_free(*tree);
}

static struct pawl_process *lookup(const struct pawl_proctree *tree, uint64_t cookie)
{
	struct pawl_process *process = tree->by_cookie[bucket_of(cookie)];

	while (process && process->cookie != cookie)
		process = process->next;
	return process;
}

static void link_pid(struct pawl_proctree *tree, struct pawl_process *process)
{
	struct pawl_process **bucket = &tree->by_pid[bucket_of(process->pid)];

	process->next_pid = *bucket;
	*bucket = process;
}

static void unlink_pid(struct pawl_proctree *tree, struct pawl_process *process)
{
	struct pawl_process **at = &tree->by_pid[bucket_of(process->pid)];

	while (*at && *at != process)
		at = &(*at)->next_pid;
	if (*at)
		*at = process->next_pid;
}

/* Finds the process, or makes it. */
static int ensure(struct pawl_proctree *tree, uint64_t cookie, uint32_t session, uint32_t pid,
		  struct pawl_process **ret_process)
{
	struct pawl_process *process = lookup(tree, cookie);

	if (!process) {
		if (tree->n >= PAWL_PROCESSES_MAX)
			return -ENOSPC;
		process = calloc(1, sizeof(*process));
		if (!process)
			return -ENOMEM;
		process->cookie = cookie;
		process->pid = pid;
		process->next = tree->by_cookie[bucket_of(cookie)];
		tree->by_cookie[bucket_of(cookie)] = process;
		link_pid(tree, process);
		tree->n++;
	}
	process->session = session;
	if (process->pid != pid) {
		unlink_pid(tree, process);
		process->pid = pid;
		link_pid(tree, process);
	}
	*ret_process = process;
	return 0;
}

static void forget(struct pawl_proctree *tree, struct pawl_process *process)
{
	struct pawl_process **at = &tree->by_cookie[bucket_of(process->cookie)];

	while (*at && *at != process)
		at = &(*at)->next;
	if (!*at)
		return;
	*at = process->next;
	unlink_pid(tree, process);
	process_free(process);
	tree->n--;
}

static void copy_comm(struct pawl_process *process, const char *comm)
{
	memcpy(process->comm, comm, sizeof(process->comm));
	process->comm[sizeof(process->comm) - 1] = 0;
}

static int apply_fork(struct pawl_proctree *tree, const struct pawl_fork_event *event)
{
	const struct pawl_process *parent;
	struct pawl_process *process;
	int r = ensure(tree, event->h.cookie, event->h.id, event->h.tgid, &process);

	if (r < 0)
		return r;
	process->parent_cookie = event->parent_cookie;
	process->ppid = event->parent_tgid;
	process->start_ns = event->start_ns;
	process->uid = event->uid;
	copy_comm(process, event->comm);
	parent = lookup(tree, event->parent_cookie);
	if (parent && parent->exe && !process->exe)
		return pawl_proctree_describe(tree, event->h.cookie, parent->exe, parent->args,
					      parent->args_size);
	return 0;
}

static int apply_exec(struct pawl_proctree *tree, const struct pawl_exec_event *event)
{
	char exe[sizeof(event->exe) + 1] = "";
	size_t args_size = event->args_len;
	const struct pawl_process *parent;
	struct pawl_process *process;
	int r = ensure(tree, event->h.cookie, event->h.id, event->h.tgid, &process);

	if (r < 0)
		return r;
	process->start_ns = event->start_ns;
	process->uid = event->uid;
	process->ppid = event->parent_tgid;
	copy_comm(process, event->comm);
	if (!process->parent_cookie) {
		parent = pawl_proctree_by_pid(tree, event->parent_tgid);
		if (parent && parent != process)
			process->parent_cookie = parent->cookie;
	}
	memcpy(exe, event->exe, sizeof(event->exe));
	if (args_size > sizeof(event->args))
		args_size = sizeof(event->args);
	/* those of the program before are not this one's, even where these could not be read */
	free(process->args);
	process->args = NULL;
	process->args_size = 0;
	return pawl_proctree_describe(tree, event->h.cookie, exe, event->args, args_size);
}

int pawl_proctree_apply(struct pawl_proctree *tree, const struct pawl_record *record)
{
	struct pawl_process *process;
	int r;

	switch (record->type) {
	case PAWL_EVENT_FORK:
		return apply_fork(tree, record->fork);
	case PAWL_EVENT_EXEC:
		return apply_exec(tree, record->exec);
	case PAWL_EVENT_EXIT:
		process = lookup(tree, record->header->cookie);
		if (process)
			forget(tree, process);
		return 0;
	case PAWL_EVENT_SESSION:
		r = ensure(tree, record->header->cookie, record->header->id, record->header->tgid,
			   &process);
		if (r < 0)
			return r;
		process->start_ns = record->session->start_ns;
		process->uid = record->session->uid;
		return 0;
	default:
		return 0;
	}
}

int pawl_proctree_learn(struct pawl_proctree *tree, const struct pawl_task_record *record)
{
	const struct pawl_process *parent;
	struct pawl_process *process;
	int r;

	if (record->tid != record->tgid)
		return 0;
	r = ensure(tree, record->cookie, record->id, record->tgid, &process);
	if (r < 0)
		return r;
	process->start_ns = record->start_ns;
	process->uid = record->uid;
	process->ppid = record->ppid;
	if (!process->comm[0])
		copy_comm(process, record->comm);
	parent = pawl_proctree_by_pid(tree, record->ppid);
	if (!process->parent_cookie && parent && parent != process)
		process->parent_cookie = parent->cookie;
	return 0;
}

int pawl_proctree_describe(struct pawl_proctree *tree, uint64_t cookie, const char *exe,
			   const char *args, size_t args_size)
{
	struct pawl_process *process = lookup(tree, cookie);
	_cleanup_free_ char *new_exe = NULL, *new_args = NULL;

	if (!process)
		return -ENOENT;
	if (exe) {
		new_exe = strdup(exe);
		if (!new_exe)
			return -ENOMEM;
	}
	if (args && args_size) {
		new_args = malloc(args_size);
		if (!new_args)
			return -ENOMEM;
		memcpy(new_args, args, args_size);
	}
	if (new_exe) {
		free(process->exe);
		process->exe = TAKE_PTR(new_exe);
	}
	if (new_args) {
		free(process->args);
		process->args = TAKE_PTR(new_args);
		process->args_size = args_size;
	}
	return 0;
}

const struct pawl_process *pawl_proctree_find(const struct pawl_proctree *tree, uint64_t cookie)
{
	return lookup(tree, cookie);
}

const struct pawl_process *pawl_proctree_by_pid(const struct pawl_proctree *tree, uint32_t pid)
{
	const struct pawl_process *process = tree->by_pid[bucket_of(pid)];

	while (process && process->pid != pid)
		process = process->next_pid;
	return process;
}

unsigned int pawl_proctree_depth(const struct pawl_proctree *tree, uint64_t cookie)
{
	const struct pawl_process *process = lookup(tree, cookie);
	unsigned int depth = 0;

	while (process && process->parent_cookie && depth < PAWL_DEPTH_MAX) {
		process = lookup(tree, process->parent_cookie);
		depth += process != NULL;
	}
	return depth;
}

static int by_start(const void *a, const void *b)
{
	const struct pawl_process *const *left = a, *const *right = b;

	if ((*left)->start_ns != (*right)->start_ns)
		return (*left)->start_ns < (*right)->start_ns ? -1 : 1;
	return ((*left)->cookie > (*right)->cookie) - ((*left)->cookie < (*right)->cookie);
}

int pawl_proctree_list(const struct pawl_proctree *tree, uint32_t session,
		       const struct pawl_process ***ret_list, size_t *ret_n)
{
	const struct pawl_process **list = calloc(tree->n + 1, sizeof(void *));
	size_t n = 0;

	if (!list)
		return -ENOMEM;
	for (size_t i = 0; i < BUCKETS; i++) {
		for (const struct pawl_process *p = tree->by_cookie[i]; p; p = p->next) {
			if (!session || p->session == session)
				list[n++] = p;
		}
	}
	qsort(list, n, sizeof(void *), by_start);
	*ret_list = list;
	*ret_n = n;
	return 0;
}

static int by_number(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

	return (left > right) - (left < right);
}

void pawl_proctree_retain(struct pawl_proctree *tree, const uint64_t *cookies, size_t n)
{
	for (size_t i = 0; i < BUCKETS; i++) {
		struct pawl_process *next, *process = tree->by_cookie[i];

		for (; process; process = next) {
			next = process->next;
			if (!bsearch(&process->cookie, cookies, n, sizeof(*cookies), by_number))
				forget(tree, process);
		}
	}
}

void pawl_proctree_forget(struct pawl_proctree *tree, uint32_t session)
{
	for (size_t i = 0; i < BUCKETS; i++) {
		struct pawl_process *next, *process = tree->by_cookie[i];

		for (; process; process = next) {
			next = process->next;
			if (process->session == session)
				forget(tree, process);
		}
	}
}

size_t pawl_proctree_count(const struct pawl_proctree *tree)
{
	return tree->n;
}
