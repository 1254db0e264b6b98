/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Last stage: decisions become signals. It reads the world again before it acts, and must
 * not decide anything itself.
 */
#include "user/shell/act.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "user/core/cleanup.h"

#define NS_PER_S 1000000000ULL

#define PF_KTHREAD 0x00200000 /* include/linux/sched.h */

/* Fields of /proc/PID/stat behind the name, as proc(5) numbers them. */
enum { STAT_STATE = 3, STAT_FLAGS = 9, STAT_START = 22, STAT_FIELDS };

/* What is taken from it. */
struct process_stat {
	char state;
	uint64_t flags;
	uint64_t start_ns;
};

static int read_stat(uint32_t pid, struct process_stat *ret_stat)
{
	_cleanup_close_ int fd = -1;
	const char *fields[STAT_FIELDS];
	char path[32], stat[1024], *at;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%" PRIu32 "/stat", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -ESRCH;
	n = read(fd, stat, sizeof(stat) - 1);
	if (n <= 0)
		return -ESRCH;
	stat[n] = 0;
	/* the name may hold anything, brackets too: what counts comes after the last one */
	at = strrchr(stat, ')');
	for (int i = STAT_STATE; i < STAT_FIELDS; i++) {
		at = at ? strchr(at, ' ') : NULL;
		if (!at)
			return -ESRCH;
		fields[i] = ++at;
	}
	ret_stat->state = *fields[STAT_STATE];
	ret_stat->flags = strtoull(fields[STAT_FLAGS], NULL, 10);
	ret_stat->start_ns = strtoull(fields[STAT_START], NULL, 10) *
			     (NS_PER_S / (uint64_t)sysconf(_SC_CLK_TCK));
	return 0;
}

int pawl_act_start(uint32_t pid, uint64_t *ret_start_ns)
{
	struct process_stat stat;
	int r = read_stat(pid, &stat);

	if (r == 0)
		*ret_start_ns = stat.start_ns;
	return r;
}

/* Whether two start times are the same clock tick, which is all that /proc tells. */
static bool same_start(uint64_t a_ns, uint64_t b_ns)
{
	uint64_t tick = NS_PER_S / (uint64_t)sysconf(_SC_CLK_TCK);

	return a_ns / tick == b_ns / tick;
}

bool pawl_act_is_stopped(uint32_t tid)
{
	struct process_stat stat;

	return read_stat(tid, &stat) == 0 && (stat.state == 'T' || stat.state == 't');
}

bool pawl_act_any_stopped(uint32_t pid)
{
	_cleanup_closedir_ DIR *tasks = NULL;
	struct dirent *entry;
	char path[32];

	snprintf(path, sizeof(path), "/proc/%" PRIu32 "/task", pid);
	tasks = opendir(path);
	while (tasks && (entry = readdir(tasks))) {
		uint32_t tid = (uint32_t)strtoul(entry->d_name, NULL, 10);

		if (tid && pawl_act_is_stopped(tid))
			return true;
	}
	return false;
}

/* The tracer of a process; 0: it has none. */
static uint32_t tracer_of(uint32_t pid)
{
	static const char key[] = "TracerPid:";
	_cleanup_fclose_ FILE *file = NULL;
	char line[256];

	snprintf(line, sizeof(line), "/proc/%" PRIu32 "/status", pid);
	file = fopen(line, "re");
	while (file && fgets(line, sizeof(line), file)) {
		if (!strncmp(line, key, sizeof(key) - 1))
			return (uint32_t)strtoul(line + sizeof(key) - 1, NULL, 10);
	}
	return 0;
}

static bool is_called(uint32_t pid, const char *name)
{
	_cleanup_fclose_ FILE *file = NULL;
	char line[32];

	snprintf(line, sizeof(line), "/proc/%" PRIu32 "/comm", pid);
	file = fopen(line, "re");
	while (file && fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = 0;
		return !strcmp(line, name);
	}
	return false;
}

int pawl_act_self(void)
{
	int fd = (int)syscall(SYS_pidfd_open, getpid(), 0);

	return fd < 0 ? -errno : fd;
}

int pawl_act_owner(uint32_t pid, uid_t *ret_uid)
{
	char path[32];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%" PRIu32, pid);
	if (stat(path, &st) < 0)
		return -ESRCH;
	*ret_uid = st.st_uid;
	return 0;
}

int pawl_act_open(uint32_t pid, uint64_t start_ns)
{
	_cleanup_close_ int fd = -1;
	struct process_stat found;

	if (pid <= 1 || pid == (uint32_t)getpid())
		return -EPERM;
	fd = (int)syscall(SYS_pidfd_open, (pid_t)pid, 0);
	/* no such number, or one of a thread, which newer kernels tell with ENOENT */
	if (fd < 0)
		return errno == EINVAL || errno == ENOENT ? -ESRCH : -errno;
	/* only now does the pid stand still: what was read before might have been another's */
	if (read_stat(pid, &found) < 0 || !same_start(found.start_ns, start_ns))
		return -ESRCH;
	if (found.flags & PF_KTHREAD)
		return -EPERM;
	return TAKE_FD(fd);
}

static int send_signal(const struct pawl_target *target, int signal)
{
	_cleanup_close_ int fd = pawl_act_open(target->pid, target->start_ns);

	if (fd < 0)
		return fd;
	return syscall(SYS_pidfd_send_signal, fd, signal, NULL, 0) < 0 ? -errno : 0;
}

int pawl_act_end_tracer(uint32_t pid, const char *name)
{
	struct pawl_target tracer = {.pid = tracer_of(pid)};

	if (!tracer.pid || pawl_act_start(tracer.pid, &tracer.start_ns) < 0 ||
	    !is_called(tracer.pid, name))
		return -ESRCH;
	return send_signal(&tracer, SIGTERM);
}

int pawl_act_stop(const struct pawl_target *target)
{
	return send_signal(target, SIGSTOP);
}

int pawl_act_continue(const struct pawl_target *target)
{
	return send_signal(target, SIGCONT);
}

int pawl_act_kill(const struct pawl_target *target)
{
	return send_signal(target, SIGKILL);
}

static int deepest_first(const void *a, const void *b)
{
	const struct pawl_target *left = a, *right = b;

	return (left->depth < right->depth) - (left->depth > right->depth);
}

static size_t each(const struct pawl_target *targets, size_t n,
		   int (*act)(const struct pawl_target *target))
{
	size_t done = 0;

	for (size_t i = 0; i < n; i++)
		done += act(&targets[i]) == 0;
	return done;
}

size_t pawl_act_continue_all(struct pawl_target *targets, size_t n)
{
	qsort(targets, n, sizeof(*targets), deepest_first);
	return each(targets, n, pawl_act_continue);
}

size_t pawl_act_kill_all(struct pawl_target *targets, size_t n)
{
	qsort(targets, n, sizeof(*targets), deepest_first);
	for (size_t i = n; i > 0; i--)
		pawl_act_stop(&targets[i - 1]);
	return each(targets, n, pawl_act_kill);
}

void pawl_act_end_child(int pidfd)
{
	syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0);
}

int pawl_act_probe(pid_t pid)
{
	return kill(pid, SIGURG) < 0 ? -errno : 0;
}
