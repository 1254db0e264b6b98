/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Beside the pipeline, in a child process: walks through a directory that is to be moved, and
 * counts. It must not follow what those whom pawl watches have laid out for it, nor take more
 * memory, descriptors or time for a larger tree.
 */
#include "user/shell/census.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "user/core/cleanup.h"

#define GROUPS_MAX 1024
#define STATUS_BYTES 65536
#define DIRECTORY (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)

/* Between the directory that is counted and the one at hand. */
struct level {
	dev_t dev;
	ino_t ino;
	off_t next; /* where its reading goes on */
};

struct walk {
	int fd; /* of the directory at hand */
	size_t depth;
	uint64_t most, until_ns;
	struct pawl_content found;
	struct level levels[PAWL_CENSUS_LEVELS];
	/* small: it is read anew behind each directory in it */
	_Alignas(struct dirent64) char buffer[1024];
};

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000ULL + (uint64_t)now.tv_nsec;
}

static int open_directory(int base, const char *name, uint64_t resolve)
{
	const struct open_how how = {
		.flags = DIRECTORY,
		.resolve = resolve | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
	};
	int fd = (int)syscall(SYS_openat2, base, name, &how, sizeof(how));

	return fd < 0 ? -errno : fd;
}

/* Goes to another directory, which is the one at hand from now on. */
static void go(struct walk *walk, int fd)
{
	close(walk->fd);
	walk->fd = fd;
}

/* 1: it was entered; 0: it has gone, or another mount is there; else it cannot be told. */
static int enter(struct walk *walk, const char *name, off_t next)
{
	_cleanup_close_ int fd = open_directory(walk->fd, name, RESOLVE_BENEATH | RESOLVE_NO_XDEV);
	struct stat st;

	if (fd == -EXDEV || fd == -ENOENT)
		return 0;
	if (fd < 0)
		return fd;
	if (walk->depth + 1 == PAWL_CENSUS_LEVELS || fstat(fd, &st) < 0)
		return -ELOOP;
	walk->levels[walk->depth++].next = next;
	walk->levels[walk->depth] = (struct level){.dev = st.st_dev, .ino = st.st_ino};
	go(walk, TAKE_FD(fd));
	return 1;
}

/* Back to where it came from, if that is still there. */
static int leave(struct walk *walk)
{
	const struct level *above = &walk->levels[walk->depth - 1];
	_cleanup_close_ int fd = open_directory(walk->fd, "..", RESOLVE_NO_XDEV);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || st.st_dev != above->dev || st.st_ino != above->ino ||
	    lseek(fd, above->next, SEEK_SET) < 0)
		return -ESTALE;
	walk->depth--;
	go(walk, TAKE_FD(fd));
	return 0;
}

/* Whether it is a directory; not every file system says so in passing. */
static int is_directory(const struct walk *walk, const struct dirent64 *entry)
{
	struct stat st;

	if (entry->d_type != DT_UNKNOWN)
		return entry->d_type == DT_DIR;
	if (fstatat(walk->fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT) < 0)
		return errno == ENOENT ? 0 : -errno;
	return S_ISDIR(st.st_mode);
}

static bool is_dots(const char *name)
{
	return name[0] == '.' && (!name[1] || (name[1] == '.' && !name[2]));
}

/* What one read brought. 1: a directory in it was entered; 0: all was counted; else an error. */
static int count_entries(struct walk *walk, size_t size)
{
	const struct dirent64 *entry;
	int r;

	for (size_t at = 0; at < size; at += entry->d_reclen) {
		entry = (const struct dirent64 *)(walk->buffer + at);
		if (is_dots(entry->d_name))
			continue;
		r = is_directory(walk, entry);
		if (r > 0)
			r = enter(walk, entry->d_name, entry->d_off);
		else if (r == 0 && ++walk->found.files > walk->most)
			r = -E2BIG;
		if (r)
			return r;
	}
	return 0;
}

/* The rest of the directory at hand; as count_entries(). */
static int count_rest(struct walk *walk)
{
	ssize_t n;
	int r;

	do {
		if (now_ns() >= walk->until_ns)
			return -ETIME;
		n = getdents64(walk->fd, walk->buffer, sizeof(walk->buffer));
		r = n < 0 ? -errno : count_entries(walk, (size_t)n);
	} while (n > 0 && r == 0);
	return r;
}

struct pawl_content pawl_census_count(int fd, uint64_t most, uint64_t wait_ms)
{
	static struct walk walk;
	struct stat st = {0};
	int r;

	walk.fd = fd;
	walk.depth = 0;
	walk.most = most;
	walk.until_ns = now_ns() + wait_ms * 1000000;
	walk.found = (struct pawl_content){0};
	r = fstat(fd, &st) < 0 ? -errno : 1;
	walk.levels[0] = (struct level){.dev = st.st_dev, .ino = st.st_ino};
	while (r >= 0) {
		r = count_rest(&walk);
		if (r == 0 && !walk.depth)
			break;
		if (r == 0)
			r = leave(&walk);
	}
	close(walk.fd);
	walk.found.more = r < 0;
	/* one that was seen is more than none */
	if (r < 0 && walk.found.files)
		walk.found.files--;
	return walk.found;
}

/* The line "KEY" of a process's status, behind it. */
static const char *status_of(const char *status, const char *key)
{
	const char *at = strstr(status, key);

	return at ? at + strlen(key) : "";
}

/* Numbers with one space or tab before each. Return: how many there are, @max at most. */
static size_t read_ids(const char *at, uint32_t ids[], size_t max)
{
	size_t n = 0;
	char *end;

	while (n < max && at[strspn(at, " \t")] >= '0' && at[strspn(at, " \t")] <= '9') {
		ids[n++] = (uint32_t)strtoul(at, &end, 10);
		at = end;
	}
	return n;
}

/* From here on: as whoever moves the directory opens files. */
static int become(uint32_t pid)
{
	enum { REAL, EFFECTIVE, SAVED, FILES, IDS };
	static char status[STATUS_BYTES];
	static gid_t groups[GROUPS_MAX];
	_cleanup_close_ int fd = -1;
	uint32_t uids[IDS], gids[IDS];
	char path[32];
	ssize_t got;
	size_t n;

	snprintf(path, sizeof(path), "/proc/%u/status", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	got = fd < 0 ? -1 : read(fd, status, sizeof(status) - 1);
	if (got <= 0 || read_ids(status_of(status, "\nUid:"), uids, IDS) != IDS ||
	    read_ids(status_of(status, "\nGid:"), gids, IDS) != IDS)
		return -ESRCH;
	n = read_ids(status_of(status, "\nGroups:"), groups, GROUPS_MAX);
	if (n == GROUPS_MAX || setgroups(n, groups) < 0 ||
	    setresgid(gids[FILES], gids[FILES], gids[FILES]) < 0 ||
	    setresuid(uids[FILES], uids[FILES], uids[FILES]) < 0)
		return -EPERM;
	return 0;
}

static void limit(void)
{
	static const struct {
		__rlimit_resource_t resource;
		rlim_t most;
	} limits[] = {
		{RLIMIT_CPU, PAWL_CENSUS_MS / 1000 + 1},
		{RLIMIT_CORE, 0},
		{RLIMIT_FSIZE, 0},
		{RLIMIT_NPROC, 0},
		{RLIMIT_NOFILE, 16},
	};
	struct rlimit limit;

	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		limit = (struct rlimit){limits[i].most, limits[i].most};
		setrlimit(limits[i].resource, &limit);
	}
}

/* The device that the kernel's programs see; of a subvolume stat(2) has another one. */
static bool is_there(int fd, const struct pawl_census_job *job)
{
	struct statfs fs;
	struct stat st;

	if (fstat(fd, &st) < 0 || fstatfs(fd, &fs) < 0)
		return false;
	return st.st_ino == job->ino && (st.st_dev == job->dev || fs.f_type == BTRFS_SUPER_MAGIC);
}

static int open_moved(const struct pawl_census_job *job, pid_t pawld)
{
	_cleanup_close_ int root = -1;
	char path[32];
	int fd;

	snprintf(path, sizeof(path), "/proc/%u/root", job->pid);
	root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0 || become(job->pid) < 0)
		return -EPERM;
	/* after that: it is forgotten where rights change */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != pawld)
		return -EPERM;
	fd = open_directory(root, job->path, RESOLVE_IN_ROOT);
	if (fd >= 0 && !is_there(fd, job)) {
		close(fd);
		fd = -ESTALE;
	}
	return fd;
}

static void census_main(const struct pawl_census_job *job, pid_t pawld, int report)
{
	struct pawl_content found = {.more = true};
	sigset_t none;
	int fd;

	/* nothing of pawld's may outlive it in here: BPF programs would stay attached */
	if (report)
		close_range(0, (unsigned int)report - 1, 0);
	close_range((unsigned int)report + 1, ~0U, 0);
	prctl(PR_SET_NAME, "pawld-census");
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	limit();
	fd = open_moved(job, pawld);
	if (fd >= 0)
		found = pawl_census_count(fd, job->most, PAWL_CENSUS_MS);
	_exit(write(report, &found, sizeof(found)) != sizeof(found));
}

int pawl_census_start(const struct pawl_census_job *job, pid_t *ret_pid, int *ret_fd)
{
	pid_t pawld = getpid(), pid;
	int pipes[2];

	if (pipe2(pipes, O_CLOEXEC | O_NONBLOCK) < 0)
		return -errno;
	pid = fork();
	if (!pid)
		census_main(job, pawld, pipes[1]);
	close(pipes[1]);
	if (pid < 0) {
		close(pipes[0]);
		return -errno;
	}
	*ret_pid = pid;
	*ret_fd = pipes[0];
	return 0;
}

struct pawl_content pawl_census_result(int fd)
{
	struct pawl_content found;

	if (read(fd, &found, sizeof(found)) == sizeof(found))
		return found;
	return (struct pawl_content){.more = true};
}
