/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads /proc, beside the pipeline: once at start for agents older than pawld, and for each
 * hold to tell people what is stopped. Everything read is bounded. It must not be trusted
 * for decisions about a running process: the kernel's marks are.
 */
#include "user/shell/procfs.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "user/core/cleanup.h"

/* Reads up to @max bytes of /proc/PID/NAME. NULL: it cannot be read. NUL-terminated. */
static char *read_file(uint32_t pid, const char *name, size_t max, size_t *ret_size)
{
	_cleanup_close_ int fd = -1;
	_cleanup_free_ char *text = NULL;
	size_t size = 0, room = 4096;
	char path[64], *larger;
	ssize_t n = 1;

	snprintf(path, sizeof(path), "/proc/%" PRIu32 "/%s", pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	text = fd < 0 ? NULL : malloc(room + 1);
	while (text && n > 0 && size < max) {
		n = read(fd, text + size, room - size);
		if (n > 0)
			size += (size_t)n;
		if (size < room || size >= max || n <= 0)
			continue;
		room = room * 2 > max ? max : room * 2;
		larger = realloc(text, room + 1);
		if (!larger)
			break;
		text = larger;
	}
	if (!text)
		return NULL;
	text[size] = 0;
	*ret_size = size;
	return TAKE_PTR(text);
}

static char *read_link(uint32_t pid, const char *name)
{
	char path[64], target[PATH_MAX];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%" PRIu32 "/%s", pid, name);
	n = readlink(path, target, sizeof(target) - 1);
	if (n < 0)
		return NULL;
	target[n] = 0;
	return strdup(target);
}

void pawl_procfs_describe(uint32_t pid, struct pawl_description *ret_description)
{
	*ret_description = (struct pawl_description){
		.executable = read_link(pid, "exe"),
		.cwd = read_link(pid, "cwd"),
	};
	ret_description->args =
		read_file(pid, "cmdline", PAWL_ARGS_READ_MAX, &ret_description->args_size);
}

void pawl_procfs_description_free(struct pawl_description *description)
{
	free(description->executable);
	free(description->cwd);
	free(description->args);
	*description = (struct pawl_description){};
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* A candidate: what rules are compared with, read when the first rule needs it. */
struct candidate {
	uint32_t pid;
	uint32_t uid;
	uint32_t ppid;
	char *exe;
	char *args;
	size_t args_size;
	char *env;
	size_t env_size;
	char cgroup[PATH_MAX]; /* of the v2 hierarchy; "" where there is none */
};

static void candidate_clear(struct candidate *candidate)
{
	free(candidate->exe);
	free(candidate->args);
	free(candidate->env);
}

static void read_cgroup(struct candidate *candidate)
{
	size_t size;
	_cleanup_free_ char *text = read_file(candidate->pid, "cgroup", 65536, &size);
	char *line = text, *end;

	candidate->cgroup[0] = 0;
	while (line && *line) {
		end = strchr(line, '\n');
		if (end)
			*end = 0;
		if (!strncmp(line, "0::", 3))
			snprintf(candidate->cgroup, sizeof(candidate->cgroup), "%s", line + 3);
		line = end ? end + 1 : NULL;
	}
}

/* The first number behind @name in a text like /proc/PID/status. */
static bool number_after(const char *text, const char *name, uint32_t *ret_number)
{
	const char *at = strstr(text, name);
	unsigned long number;
	char *end;

	if (!at)
		return false;
	at += strlen(name);
	number = strtoul(at, &end, 10);
	if (end == at || number > UINT32_MAX)
		return false;
	*ret_number = (uint32_t)number;
	return true;
}

static bool read_status(struct candidate *candidate)
{
	size_t size;
	_cleanup_free_ char *text = read_file(candidate->pid, "status", 8192, &size);

	return text && number_after(text, "\nUid:", &candidate->uid) &&
	       number_after(text, "\nPPid:", &candidate->ppid);
}

/* A kernel thread has no executable. */
static bool candidate_read(struct candidate *candidate)
{
	candidate->exe = read_link(candidate->pid, "exe");
	if (!candidate->exe || !read_status(candidate))
		return false;
	candidate->args =
		read_file(candidate->pid, "cmdline", PAWL_ARGS_READ_MAX, &candidate->args_size);
	candidate->env =
		read_file(candidate->pid, "environ", PAWL_ENV_READ_MAX, &candidate->env_size);
	read_cgroup(candidate);
	return true;
}

/* The executable's own name, or that by which it was called. */
static bool has_exe(const struct candidate *candidate, const char *name)
{
	return !strcmp(base_name(candidate->exe), name) ||
	       (candidate->args && !strcmp(base_name(candidate->args), name));
}

/* The first argument of an interpreter that is no option, as in bpf/exec.h. */
static bool has_script(const struct candidate *candidate, const char *name)
{
	const char *arg = candidate->args, *end = arg ? arg + candidate->args_size : NULL;

	if (!arg || !(pawl_is_interpreter(base_name(candidate->exe)) ||
		      pawl_is_interpreter(base_name(arg))))
		return false;
	for (arg += strlen(arg) + 1; arg < end; arg += strlen(arg) + 1) {
		if (*arg != '-')
			return !strcmp(base_name(arg), name);
	}
	return false;
}

/* @rule is NAME, NAME=VALUE or NAME=PREFIX*. */
static bool variable_is(const char *variable, const char *rule)
{
	size_t n = strlen(rule);

	if (!strchr(rule, '='))
		return !strncmp(variable, rule, n) && variable[n] == '=';
	if (n && rule[n - 1] == '*')
		return !strncmp(variable, rule, n - 1);
	return !strcmp(variable, rule);
}

static bool has_env(const struct candidate *candidate, const char *rule)
{
	const char *variable = candidate->env;
	const char *end = variable ? variable + candidate->env_size : NULL;

	for (; variable && variable < end; variable += strlen(variable) + 1) {
		if (variable_is(variable, rule))
			return true;
	}
	return false;
}

/* In the cgroup itself, or below it. */
static bool has_cgroup(const struct candidate *candidate, const char *path)
{
	size_t n = strlen(path);

	while (n > 1 && path[n - 1] == '/')
		n--;
	if (n == 1)
		return candidate->cgroup[0];
	return !strncmp(candidate->cgroup, path, n) &&
	       (!candidate->cgroup[n] || candidate->cgroup[n] == '/');
}

static bool matches(const struct candidate *candidate, const struct pawl_match *match)
{
	return match->need &&
	       (!(match->need & 1 << PAWL_KIND_EXE) || has_exe(candidate, match->exe)) &&
	       (!(match->need & 1 << PAWL_KIND_SCRIPT) || has_script(candidate, match->script)) &&
	       (!(match->need & 1 << PAWL_KIND_ENV) || has_env(candidate, match->env)) &&
	       (!(match->need & 1 << PAWL_KIND_UID) || candidate->uid == match->uid) &&
	       (!(match->need & 1 << PAWL_KIND_CGROUP) || has_cgroup(candidate, match->cgroup));
}

static bool look_at(const struct pawl_policy *policy, uint32_t pid, struct pawl_found *ret_found)
{
	_cleanup_(candidate_clear) struct candidate candidate = {.pid = pid};

	if (!candidate_read(&candidate))
		return false;
	for (size_t i = 0; i < policy->matches_n; i++) {
		if (!matches(&candidate, &policy->matches[i]))
			continue;
		*ret_found = (struct pawl_found){
			.pid = pid,
			.ppid = candidate.ppid,
			.uid = candidate.uid,
			.match = (uint32_t)i,
		};
		return true;
	}
	return false;
}

int pawl_procfs_agents(const struct pawl_policy *policy, struct pawl_found **ret_found,
		       size_t *ret_n)
{
	_cleanup_closedir_ DIR *proc = opendir("/proc");
	_cleanup_free_ struct pawl_found *found = NULL;
	struct pawl_found *larger;
	size_t n = 0, room = 0;
	struct dirent *entry;
	unsigned long pid;

	if (!proc)
		return -errno;
	while ((entry = readdir(proc))) {
		pid = strtoul(entry->d_name, NULL, 10);
		if (!isdigit((unsigned char)entry->d_name[0]) || pid <= 1 ||
		    pid == (unsigned long)getpid())
			continue;
		if (n == room) {
			room = room ? room * 2 : 64;
			larger = reallocarray(found, room, sizeof(*found));
			if (!larger)
				return -ENOMEM;
			found = larger;
		}
		n += look_at(policy, (uint32_t)pid, &found[n]);
	}
	*ret_found = TAKE_PTR(found);
	*ret_n = n;
	return 0;
}

uint64_t pawl_procfs_cgroup_id(const char *path)
{
	/* where systemd and others mount the v2 hierarchy: alone, or beside v1 */
	static const char *const roots[] = {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"};
	char full[PATH_MAX];
	struct stat st;

	for (size_t i = 0; i < sizeof(roots) / sizeof(roots[0]); i++) {
		snprintf(full, sizeof(full), "%s/cgroup.procs", roots[i]);
		if (access(full, F_OK) < 0)
			continue;
		snprintf(full, sizeof(full), "%s%s", roots[i], path);
		if (stat(full, &st) == 0)
			return st.st_ino; /* kernfs: a cgroup's id is its inode number */
	}
	return 0;
}

bool pawl_procfs_has_ring(uint32_t pid)
{
	static const char ring[] = "anon_inode:[io_uring]";
	char path[32], target[sizeof(ring)];
	_cleanup_closedir_ DIR *dir = NULL;
	struct dirent *entry;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%" PRIu32 "/fd", pid);
	dir = opendir(path);
	while (dir && (entry = readdir(dir))) {
		n = readlinkat(dirfd(dir), entry->d_name, target, sizeof(target));
		if (n == sizeof(ring) - 1 && !memcmp(target, ring, sizeof(ring) - 1))
			return true;
	}
	return false;
}

uint64_t pawl_procfs_resident_kib(void)
{
	size_t size;
	_cleanup_free_ char *text = read_file((uint32_t)getpid(), "status", 8192, &size);
	uint32_t kib = 0;

	if (text)
		number_after(text, "\nVmRSS:", &kib);
	return kib;
}

int pawl_procfs_pids(uint32_t **ret_pids, size_t *ret_n)
{
	_cleanup_closedir_ DIR *proc = opendir("/proc");
	_cleanup_free_ uint32_t *pids = NULL;
	size_t n = 0, room = 0;
	struct dirent *entry;

	if (!proc)
		return -errno;
	while ((entry = readdir(proc))) {
		unsigned long pid = strtoul(entry->d_name, NULL, 10);
		uint32_t *larger;

		if (!pid)
			continue;
		if (n == room) {
			larger = reallocarray(pids, room * 2 + 256, sizeof(*larger));
			if (!larger)
				return -ENOMEM;
			pids = larger;
			room = room * 2 + 256;
		}
		pids[n++] = (uint32_t)pid;
	}
	*ret_pids = TAKE_PTR(pids);
	*ret_n = n;
	return 0;
}
