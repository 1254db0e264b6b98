/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Part of starting up: tells whether the chosen backend stops anything. Where operations
 * can be refused, a child with no budget must fail at each; where they can only be followed
 * by a stop, a child with a budget of one must do it once and be found stopped. It must not
 * touch anything outside its scratch directory.
 */
#include "user/shell/selftest.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <linux/io_uring.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "user/core/cleanup.h"
#include "user/shell/selftest_internal.h"

#define FILES 3
#define TRIED "3" /* FILES: the number of a try that is not watched */
#define STOP_WAIT_MS 5000

static const char *name_of(char buffer[16], const char *stem, int i)
{
	snprintf(buffer, 16, "%s%d", stem, i);
	return buffer;
}

static int do_unlink(int dir, int i)
{
	char name[16];

	return unlinkat(dir, name_of(name, "f", i), 0) < 0 ? -errno : 0;
}

static int do_rmdir(int dir, int i)
{
	char name[16];

	return unlinkat(dir, name_of(name, "d", i), AT_REMOVEDIR) < 0 ? -errno : 0;
}

static int do_rename(int dir, int i)
{
	char from[16], to[16];

	return renameat(dir, name_of(from, "g", i), dir, name_of(to, "f", i)) < 0 ? -errno : 0;
}

static int do_truncate(int dir, int i)
{
	char name[16], path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d/%s", dir, name_of(name, "f", i));
	return truncate(path, 0) < 0 ? -errno : 0;
}

static int do_ftruncate(int dir, int i)
{
	char name[16];
	_cleanup_close_ int fd = openat(dir, name_of(name, "f", i), O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return -ENOTRECOVERABLE;
	return ftruncate(fd, 0) < 0 ? -errno : 0;
}

static int do_open(int dir, int i)
{
	char name[16];
	_cleanup_close_ int fd = openat(dir, name_of(name, "f", i), O_WRONLY | O_TRUNC | O_CLOEXEC);

	return fd < 0 ? -errno : 0;
}

static int do_chmod(int dir, int i)
{
	char name[16];

	return fchmodat(dir, name_of(name, "f", i), 0640, 0) < 0 ? -errno : 0;
}

static int do_chown(int dir, int i)
{
	char name[16];

	return fchownat(dir, name_of(name, "f", i), (uid_t)-1, getegid() + 1, 0) < 0 ? -errno : 0;
}

/* A device node without a driver: opening it fails otherwise than a refusal does. */
static int do_device(int dir, int i)
{
	_cleanup_close_ int fd = -1;
	char name[16];
	int err;

	name_of(name, "b", i);
	if (mknodat(dir, name, S_IFBLK | 0600, makedev(0, 0)) < 0)
		return -ENOTRECOVERABLE;
	fd = openat(dir, name, O_WRONLY | O_CLOEXEC);
	err = errno;
	unlinkat(dir, name, 0); /* refused too: remove_files() does it */
	return fd < 0 && err == EPERM ? -EPERM : 0;
}

static int do_mount(int dir, int i)
{
	char name[16], path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d/%s", dir, name_of(name, "d", i));
	if (mount("pawl-selftest", path, "tmpfs", MS_NODEV, "size=4k") < 0)
		return -errno;
	umount2(path, MNT_DETACH);
	return 0;
}

/* Until it is hooked there is nothing before it: whoever does it waits when it has happened. */
static int do_punch(int dir, int i)
{
	char name[16];
	_cleanup_close_ int fd = openat(dir, name_of(name, "f", i), O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return -ENOTRECOVERABLE;
	return fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4096) < 0 ? -errno : 0;
}

/* Each needs a ring of its own; where rings are switched off, none can be made. */
static int make_ring(uint32_t flags)
{
	struct io_uring_params params = {.flags = flags};
	_cleanup_close_ int fd = (int)syscall(SYS_io_uring_setup, 1, &params);

	return fd < 0 ? -ENOSYS : 0;
}

static int do_ring(int dir, int i)
{
	(void)dir;
	(void)i;
	return make_ring(0);
}

static int do_sqpoll(int dir, int i)
{
	(void)dir;
	(void)i;
	return make_ring(IORING_SETUP_SQPOLL);
}

/* A tree: a child that executes pawld itself, for its version. */
static int do_tree(int dir, int i)
{
	pid_t pid = i ? 0 : fork();
	int null;

	(void)dir;
	if (i)
		return -EPERM; /* once is enough */
	if (!pid) {
		null = open("/dev/null", O_WRONLY | O_CLOEXEC);
		dup2(null, STDOUT_FILENO);
		execl("/proc/self/exe", "pawld", "--version", (char *)NULL);
		_exit(1);
	}
	return waitpid(pid, NULL, 0) == pid ? -EPERM : -errno;
}

#define ANY PAWL_TRIAL_ANY
#define BEFORE PAWL_TRIAL_BEFORE

static const struct pawl_trial trials[] = {
	{"unlink", do_unlink, {"path_unlink", "inode_unlink", "sys_enter", "sys_exit"}, ANY},
	{"rmdir", do_rmdir, {"path_rmdir", "inode_rmdir"}, ANY},
	{"rename over a file", do_rename, {"path_rename", "inode_rename"}, ANY},
	{"truncate", do_truncate, {"path_truncate", "inode_setattr"}, ANY},
	{"ftruncate", do_ftruncate, {"file_truncate"}, ANY},
	{"open with O_TRUNC", do_open, {"file_truncate"}, ANY},
	{"chmod", do_chmod, {"path_chmod", "inode_setattr"}, ANY},
	{"chown", do_chown, {"path_chown"}, ANY},
	{"opening a device for writing", do_device, {"file_open"}, BEFORE},
	{"mounting over a directory", do_mount, {"sb_mount"}, BEFORE},
	{"creation of an io_uring", do_ring, {"io_uring_create"}, PAWL_BACKEND_TRACEPOINT},
};

/* What it shows is seen by main, in the records. */
static const struct pawl_trial tree_trial = {"a tree", do_tree, {}, ANY};

/* No guards, but likewise: a backend that lacks one is taken, and says so. */
static const struct pawl_trial unhooked_trials[] = {
	{"punching a hole", do_punch, {"vfs_fallocate"}, BEFORE},
	{"creation of an io_uring", do_ring, {"inode_init_security_anon"}, BEFORE},
	{"creation of one with a thread", do_sqpoll, {"uring_sqpoll"}, BEFORE},
};
#define UNHOOKED_TRIALS (sizeof(unhooked_trials) / sizeof(unhooked_trials[0]))
static const struct pawl_trial hooked_trial = {
	"punching a hole", do_punch, {"file_permission"}, BEFORE};

static int make_files(int dir)
{
	char name[16];

	for (int i = 0; i < FILES; i++) {
		for (const char *stem = "fg"; *stem; stem++) {
			char text[2] = {*stem, 0};
			_cleanup_close_ int fd = openat(dir, name_of(name, text, i),
							O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

			if (fd < 0 || write(fd, "pawl\n", 5) != 5)
				return -errno;
		}
		if (mkdirat(dir, name_of(name, "d", i), 0700) < 0 && errno != EEXIST)
			return -errno;
	}
	return mkdirat(dir, PAWL_GUARD_DIR, 0700) < 0 && errno != EEXIST ? -errno : 0;
}

static void remove_files(int dir)
{
	char name[16];

	for (const char *made = "lscnw"; *made; made++) { /* by the try that is not watched */
		snprintf(name, sizeof(name), PAWL_GUARD_DIR "/%c%d", *made, FILES);
		unlinkat(dir, name, 0);
	}
	unlinkat(dir, PAWL_GUARD_DIR "/d" TRIED, AT_REMOVEDIR);
	unlinkat(dir, PAWL_GUARD_DIR, AT_REMOVEDIR);
	for (int i = 0; i < FILES; i++) {
		unlinkat(dir, name_of(name, "f", i), 0);
		unlinkat(dir, name_of(name, "g", i), 0);
		unlinkat(dir, name_of(name, "b", i), 0);
		unlinkat(dir, name_of(name, "d", i), AT_REMOVEDIR);
	}
}

/*
 * The child: waits until it is watched, tries, and reports how many operations had their
 * effect, one byte each, as they happen.
 */
static void child_main(const struct pawl_trial *trial, int dir, int go, int report)
{
	char byte;
	int r;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (trial->backend == PAWL_TRIAL_GUARD &&
	    (trial->operation(dir, FILES) == -EPERM || write(report, "U", 1) != 1))
		_exit(1);
	if (read(go, &byte, 1) != 1)
		_exit(1);
	for (int i = 0; i < FILES; i++) {
		r = trial->operation(dir, i);
		byte = r == 0 ? 'D' : r == -EPERM ? 'R' : 'E';
		if (write(report, &byte, 1) != 1)
			_exit(1);
	}
	_exit(0);
}

struct child {
	pid_t pid;
	int pidfd;
	int go;	    /* a byte lets it start */
	int report; /* its bytes */
};

static void child_close(struct child *child)
{
	if (child->go >= 0)
		close(child->go);
	if (child->report >= 0)
		close(child->report);
	if (child->pidfd >= 0)
		close(child->pidfd);
}

static int child_start(const struct pawl_trial *trial, int dir, struct child *child)
{
	_cleanup_close_ int go = -1, report = -1;
	int pipes[2];

	if (pipe2(pipes, O_CLOEXEC) < 0)
		return -errno;
	go = pipes[0];
	child->go = pipes[1];
	if (pipe2(pipes, O_CLOEXEC) < 0)
		return -errno;
	child->report = pipes[0];
	report = pipes[1];
	child->pid = fork();
	if (child->pid < 0)
		return -errno;
	if (!child->pid) {
		/* our own ends would keep the pipes open after pawld's end */
		close(child->go);
		close(child->report);
		child_main(trial, dir, go, report);
	}
	child->pidfd = (int)syscall(SYS_pidfd_open, child->pid, 0);
	return child->pidfd < 0 ? -errno : 0;
}

/* Waits until the child has stopped or ended. */
static void child_wait(const struct child *child)
{
	siginfo_t info;

	for (int waited = 0; waited < STOP_WAIT_MS; waited++) {
		info.si_pid = 0;
		if (waitid(P_PID, (id_t)child->pid, &info, WEXITED | WSTOPPED | WNOHANG | WNOWAIT) <
			    0 ||
		    info.si_pid)
			return;
		poll(NULL, 0, 1);
	}
}

static bool makes_ring(const struct pawl_trial *trial)
{
	return trial->operation == do_ring || trial->operation == do_sqpoll;
}

/* Whether what the child reported is what a working backend lets it report. */
static bool stopped_as_it_should(enum pawl_backend backend, const struct pawl_trial *trial,
				 const char *bytes, ssize_t n)
{
	bool refused = n == FILES && !strncmp(bytes, "RRR", FILES);

	/* what an earlier pawld has hooked is refused */
	if (trial == &unhooked_trials[0])
		return n == 0 || refused;
	if (trial == &tree_trial || (backend != PAWL_BACKEND_TRACEPOINT && !makes_ring(trial)))
		return refused;
	/* it stops on its way out of the first one: that byte is not even written */
	return n == 0;
}

static int try_one(enum pawl_backend backend, const struct pawl_trial *trial, int dir,
		   const struct pawl_selftest_host *host, char **ret_why)
{
	bool after = backend == PAWL_BACKEND_TRACEPOINT;
	_cleanup_(
		child_close) struct child child = {.pid = -1, .pidfd = -1, .go = -1, .report = -1};
	char bytes[FILES + 1] = "";
	ssize_t n = 0;
	int r = make_files(dir);

	if (r < 0)
		return r;
	r = child_start(trial, dir, &child);
	if (r >= 0 && trial->backend == PAWL_TRIAL_GUARD && read(child.report, bytes, 1) != 1)
		r = -ENOTRECOVERABLE; /* refused to everybody, or not to be had */
	if (r >= 0)
		r = host->enroll(host->ctx, child.pidfd, (uint32_t)child.pid,
				 after ? PAWL_ACTION_HOLD : PAWL_ACTION_DENY, after ? 1 : 0);
	if (r >= 0 && write(child.go, "g", 1) != 1)
		r = -errno;
	if (r >= 0)
		child_wait(&child);
	if (child.pidfd >= 0)
		host->end(child.pidfd);
	if (child.pid > 0)
		waitpid(child.pid, NULL, 0);
	if (r < 0)
		return r;
	fcntl(child.report, F_SETFL, O_NONBLOCK);
	n = read(child.report, bytes, FILES);
	if (n < 0)
		n = 0;
	if (makes_ring(trial) && bytes[0] == 'E')
		return 0; /* this machine makes no rings: nothing to stop, and nothing tested */
	if (stopped_as_it_should(backend, trial, bytes, n)) {
		for (size_t i = 0; i < 4 && trial->hooks[i]; i++)
			host->tested(host->ctx, trial->hooks[i]);
		return 0;
	}
	if (asprintf(ret_why, "self-test: %s got through (%s)", trial->what,
		     n ? bytes : "no answer") < 0)
		return -ENOMEM;
	return -ENOTRECOVERABLE;
}

static bool applies(const struct pawl_trial *trial, enum pawl_backend backend)
{
	if (trial->backend == BEFORE)
		return backend != PAWL_BACKEND_TRACEPOINT;
	return trial->backend == ANY || trial->backend == backend;
}

/* What a pawld that was killed has left. */
static void remove_left(const char *directory)
{
	char pattern[4096];
	glob_t found;

	snprintf(pattern, sizeof(pattern), "%s/selftest.*", directory);
	if (glob(pattern, GLOB_NOSORT, NULL, &found) != 0)
		return;
	for (size_t i = 0; i < found.gl_pathc; i++) {
		_cleanup_close_ int dir =
			open(found.gl_pathv[i], O_DIRECTORY | O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

		if (dir >= 0)
			remove_files(dir);
		rmdir(found.gl_pathv[i]);
	}
	globfree(&found);
}

static int open_scratch(const char *path, const struct pawl_selftest_host *host, int *ret_dir)
{
	_cleanup_close_ int dir = open(path, O_DIRECTORY | O_RDONLY | O_CLOEXEC);
	struct stat st;
	int r;

	if (dir < 0 || fstat(dir, &st) < 0)
		return -errno;
	r = host->scratch(host->ctx, st.st_dev, st.st_ino);
	if (r == 0)
		*ret_dir = TAKE_FD(dir);
	return r;
}

/* One that does not work is not reported as tested, and that is all: doctor shows it. */
static int try_guard(enum pawl_backend backend, const struct pawl_trial *trial, int dir,
		     const struct pawl_selftest_host *host)
{
	_cleanup_free_ char *why = NULL;
	int r = try_one(backend, trial, dir, host, &why);

	return r == -ENOTRECOVERABLE ? 0 : r;
}

/* What guards pawl, and what comes before fallocate(2). */
static int try_guards(enum pawl_backend backend, int dir, const struct pawl_selftest_host *host)
{
	_cleanup_close_ int own = -1, listening = -1;
	char address[16] = "";
	int r = make_files(dir);

	listening = pawl_selftest_listen(address);
	own = openat(dir, PAWL_GUARD_DIR, O_DIRECTORY | O_RDONLY | O_CLOEXEC);
	if (r == 0 && (listening < 0 || own < 0))
		r = -errno;
	if (r == 0)
		r = host->guard(host->ctx, own, address);
	pawl_selftest_signal_by(host->signal);
	for (size_t i = 0; r == 0 && i < pawl_guard_trials_n; i++)
		r = try_guard(backend, &pawl_guard_trials[i], dir, host);
	for (size_t i = 0; r == 0 && i < UNHOOKED_TRIALS; i++)
		r = try_guard(backend, &unhooked_trials[i], dir, host);
	if (r == 0 && host->hook(host->ctx) == 0)
		r = try_guard(backend, &hooked_trial, dir, host);
	return r;
}

int pawl_selftest_run(enum pawl_backend backend, const char *directory,
		      const struct pawl_selftest_host *host, char **ret_why)
{
	_cleanup_close_ int dir = -1;
	char path[4096];
	int r;

	if (snprintf(path, sizeof(path), "%s/selftest.XXXXXX", directory) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	remove_left(directory);
	if (!mkdtemp(path))
		return -errno;
	r = open_scratch(path, host, &dir);
	if (r == 0)
		r = try_one(backend, &tree_trial, dir, host, ret_why);
	for (size_t i = 0; r == 0 && i < sizeof(trials) / sizeof(trials[0]); i++) {
		if (applies(&trials[i], backend))
			r = try_one(backend, &trials[i], dir, host, ret_why);
	}
	if (r == 0 && backend != PAWL_BACKEND_TRACEPOINT)
		r = try_guards(backend, dir, host);
	if (dir >= 0)
		remove_files(dir);
	rmdir(path);
	return r;
}
