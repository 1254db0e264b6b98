/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Beside the pipeline, in a child process: ptrace, for as long as a denial lasts. It must
 * not decide who is refused, and must let go of everybody when it ends.
 */
#include "user/shell/refuse.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "user/core/cleanup.h"
#include "user/core/syscalls.h"

#ifdef __x86_64__

#define REPORT_WAIT_MS 3000
#define FALLOCATE_DESTROYS                                                                         \
	(FALLOC_FL_PUNCH_HOLE | FALLOC_FL_COLLAPSE_RANGE | FALLOC_FL_ZERO_RANGE |                  \
	 FALLOC_FL_INSERT_RANGE)
#define LOOK_MS 200 /* how often the time is looked at */
#define SYSCALL_STOP (SIGTRAP | 0x80)
#define OPTIONS                                                                                    \
	(PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |  \
	 PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL)

/* A traced thread. */
struct tracee {
	pid_t tid;
	bool refused; /* its call was taken away: it gets EPERM at the end of it */
};

struct tracer {
	struct tracee *list;
	size_t n, room;
	uint64_t until_ns;
	bool ending; /* everybody is let go at its next stop */
};

static volatile sig_atomic_t asked_to_end;
static volatile int *all_over; /* shared with every tracer; NULL: there was none */

static void on_terminate(int signal)
{
	(void)signal;
	asked_to_end = 1;
}

static void on_alarm(int signal)
{
	(void)signal; /* only interrupts the wait */
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000ULL + (uint64_t)now.tv_nsec;
}

static struct tracee *find(struct tracer *tracer, pid_t tid)
{
	for (size_t i = 0; i < tracer->n; i++) {
		if (tracer->list[i].tid == tid)
			return &tracer->list[i];
	}
	return NULL;
}

static struct tracee *add(struct tracer *tracer, pid_t tid)
{
	struct tracee *known = find(tracer, tid), *larger;

	if (known)
		return known;
	if (tracer->n == tracer->room) {
		larger = reallocarray(tracer->list, tracer->room * 2 + 64, sizeof(*larger));
		if (!larger)
			return NULL;
		tracer->list = larger;
		tracer->room = tracer->room * 2 + 64;
	}
	tracer->list[tracer->n] = (struct tracee){.tid = tid};
	return &tracer->list[tracer->n++];
}

static void drop(struct tracer *tracer, pid_t tid)
{
	struct tracee *tracee = find(tracer, tid);

	if (tracee)
		*tracee = tracer->list[--tracer->n];
}

/* Seizes the threads that are not yet. Return: how many, or a negative errno. */
static int seize_new(struct tracer *tracer, uint32_t pid)
{
	_cleanup_closedir_ DIR *tasks = NULL;
	struct dirent *entry;
	char path[64];
	int n = 0;

	snprintf(path, sizeof(path), "/proc/%u/task", pid);
	tasks = opendir(path);
	if (!tasks)
		return -ESRCH;
	while ((entry = readdir(tasks))) {
		pid_t tid = (pid_t)strtol(entry->d_name, NULL, 10);

		if (tid <= 0 || find(tracer, tid))
			continue;
		if (ptrace(PTRACE_SEIZE, tid, NULL, (void *)OPTIONS) < 0)
			return -errno;
		if (!add(tracer, tid))
			return -ENOMEM;
		/* one that runs stops for a moment, and its calls are seen from then on */
		ptrace(PTRACE_INTERRUPT, tid, NULL, NULL);
		n++;
	}
	return n;
}

/* Seizes all threads of a process, again until none is new. */
static bool seize(struct tracer *tracer, uint32_t pid)
{
	int n = seize_new(tracer, pid);
	bool any = n > 0;

	while (n > 0)
		n = seize_new(tracer, pid);
	return any && n == 0;
}

/* The file that a call names, as far as it can be told. False: it is not there. */
static bool look_up(pid_t tid, int dirfd, uint64_t name, struct stat *ret_st)
{
	_cleanup_close_ int base = -1;
	char text[4096] = "", where[64];
	struct iovec local = {text, sizeof(text) - 1};
	struct iovec remote = {(void *)(uintptr_t)name, sizeof(text) - 1};
	size_t page = 4096 - name % 4096;

	/* up to the end of the page first: the next one may not be there */
	remote.iov_len = local.iov_len = page < sizeof(text) ? page : sizeof(text) - 1;
	if (process_vm_readv(tid, &local, 1, &remote, 1, 0) <= 0)
		return false;
	if (!memchr(text, 0, local.iov_len)) {
		local.iov_base = text + page;
		remote.iov_base = (void *)(uintptr_t)(name + page);
		remote.iov_len = local.iov_len = sizeof(text) - 1 - page;
		if (local.iov_len)
			(void)!process_vm_readv(tid, &local, 1, &remote, 1, 0);
	}
	if (dirfd == AT_FDCWD)
		snprintf(where, sizeof(where), "/proc/%d/cwd", tid);
	else
		snprintf(where, sizeof(where), "/proc/%d/fd/%d", tid, dirfd);
	base = open(where, O_PATH | O_CLOEXEC);
	return fstatat(base, text, ret_st, 0) == 0;
}

/* Emptying a device, or a file that is empty or not there, loses nothing. */
static bool loses_content(pid_t tid, int dirfd, uint64_t name)
{
	struct stat st;

	return look_up(tid, dirfd, name, &st) && S_ISREG(st.st_mode) && st.st_size > 0;
}

static bool shortens(pid_t tid, int fd, int64_t length)
{
	char path[64];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%d/fd/%d", tid, fd);
	return stat(path, &st) < 0 || length < st.st_size;
}

static uint64_t open_how_flags(pid_t tid, uint64_t how)
{
	uint64_t flags = O_TRUNC;
	struct iovec local = {&flags, sizeof(flags)};
	struct iovec remote = {(void *)(uintptr_t)how, sizeof(flags)};

	(void)!process_vm_readv(tid, &local, 1, &remote, 1, 0);
	return flags;
}

/* The counterpart of syscall_class_of() in bpf/syscalls.h, with the file system at hand. */
static bool destroys(pid_t tid, bool compat, const struct __ptrace_syscall_info *info)
{
	const uint64_t *args = info->entry.args;

	if (info->entry.nr == SYS_io_uring_setup) /* 425 in both tables */
		return true;
	switch (pawl_syscall_kind(compat, info->entry.nr)) {
	case PAWL_SYSCALL_UNLINK:
	case PAWL_SYSCALL_UNLINKAT:
	case PAWL_SYSCALL_RMDIR:
	case PAWL_SYSCALL_RENAME:
	case PAWL_SYSCALL_RENAMEAT:
	case PAWL_SYSCALL_TRUNCATE:
	case PAWL_SYSCALL_CHMOD:
	case PAWL_SYSCALL_FCHMOD:
	case PAWL_SYSCALL_FCHMODAT:
	case PAWL_SYSCALL_CHOWN:
	case PAWL_SYSCALL_FCHOWN:
	case PAWL_SYSCALL_FCHOWNAT:
	case PAWL_SYSCALL_MOUNT:
	case PAWL_SYSCALL_UMOUNT:
	case PAWL_SYSCALL_MOVE_MOUNT:
	case PAWL_SYSCALL_PIVOT_ROOT:
	case PAWL_SYSCALL_SWAPON:
	case PAWL_SYSCALL_MODULE:
	case PAWL_SYSCALL_KEXEC:
		return true;
	case PAWL_SYSCALL_RENAMEAT2:
		return !(args[4] & RENAME_NOREPLACE);
	case PAWL_SYSCALL_FTRUNCATE:
		return shortens(tid, (int)args[0], (int64_t)args[1]);
	case PAWL_SYSCALL_OPEN:
		return args[1] & O_TRUNC && loses_content(tid, AT_FDCWD, args[0]);
	case PAWL_SYSCALL_CREAT:
		return loses_content(tid, AT_FDCWD, args[0]);
	case PAWL_SYSCALL_OPENAT:
		return args[2] & O_TRUNC && loses_content(tid, (int)args[0], args[1]);
	case PAWL_SYSCALL_OPEN_HANDLE: /* whose file it is the kernel alone knows */
		return args[2] & O_TRUNC;
	case PAWL_SYSCALL_OPENAT2:
		return open_how_flags(tid, args[2]) & O_TRUNC &&
		       loses_content(tid, (int)args[0], args[1]);
	case PAWL_SYSCALL_FALLOCATE:
		return args[1] & FALLOCATE_DESTROYS;
	default:
		return false;
	}
}

static void poke(pid_t tid, size_t offset, long value)
{
	ptrace(PTRACE_POKEUSER, tid, (void *)offset, (void *)value);
}

/* A call begins: it is taken away, or let through. It ends: EPERM where it was taken away. */
static void on_syscall(struct tracee *tracee)
{
	struct __ptrace_syscall_info info;
	bool compat;

	if (ptrace(PTRACE_GET_SYSCALL_INFO, tracee->tid, (void *)sizeof(info), &info) < 0)
		return;
	compat = info.arch == AUDIT_ARCH_I386;
	if (info.op == PTRACE_SYSCALL_INFO_ENTRY && destroys(tracee->tid, compat, &info)) {
		poke(tracee->tid, offsetof(struct user, regs.orig_rax), -1);
		tracee->refused = true;
	} else if (info.op == PTRACE_SYSCALL_INFO_EXIT && tracee->refused) {
		poke(tracee->tid, offsetof(struct user, regs.rax), -EPERM);
		tracee->refused = false;
	}
}

static bool stops_group(int signal)
{
	return signal == SIGSTOP || signal == SIGTSTP || signal == SIGTTIN || signal == SIGTTOU;
}

static void go_on(struct tracer *tracer, struct tracee *tracee, int signal)
{
	if (tracer->ending && !tracee->refused) {
		ptrace(PTRACE_DETACH, tracee->tid, NULL, (void *)(long)signal);
		drop(tracer, tracee->tid);
		return;
	}
	ptrace(PTRACE_SYSCALL, tracee->tid, NULL, (void *)(long)signal);
}

static void on_stop(struct tracer *tracer, pid_t tid, int status)
{
	struct tracee *tracee = add(tracer, tid);
	int signal = WSTOPSIG(status), event = status >> 16;

	if (!tracee) { /* no memory: what cannot be followed must not go on */
		ptrace(PTRACE_SYSCALL, tid, NULL, (void *)(long)SIGKILL);
		return;
	}
	if (signal == SYSCALL_STOP) {
		on_syscall(tracee);
		go_on(tracer, tracee, 0);
	} else if (event == PTRACE_EVENT_STOP && stops_group(signal) && !tracer->ending) {
		ptrace(PTRACE_LISTEN, tid, NULL, NULL); /* stopped, until somebody continues it */
	} else {
		go_on(tracer, tracee, event ? 0 : signal);
	}
}

static void let_go(struct tracer *tracer)
{
	tracer->ending = true;
	for (size_t i = 0; i < tracer->n; i++)
		ptrace(PTRACE_INTERRUPT, tracer->list[i].tid, NULL, NULL);
}

static void trace(struct tracer *tracer)
{
	const struct itimerval look = {
		.it_interval.tv_usec = LOOK_MS * 1000,
		.it_value.tv_usec = LOOK_MS * 1000,
	};
	int status;
	pid_t tid;

	setitimer(ITIMER_REAL, &look, NULL);
	while (tracer->n) {
		if (!tracer->ending && (asked_to_end || *all_over || now_ns() >= tracer->until_ns))
			let_go(tracer);
		tid = waitpid(-1, &status, __WALL);
		if (tid < 0 && errno != EINTR)
			return;
		if (tid < 0)
			continue;
		if (WIFSTOPPED(status))
			on_stop(tracer, tid, status);
		else
			drop(tracer, tid);
	}
}

static void tracer_main(struct pawl_refused *list, size_t n, uint64_t until_ns, int report)
{
	struct tracer tracer = {.until_ns = until_ns};
	struct sigaction terminate = {.sa_handler = on_terminate};
	struct sigaction alarmed = {.sa_handler = on_alarm};
	sigset_t none;

	prctl(PR_SET_NAME, PAWL_REFUSE_NAME);
	sigaction(SIGTERM, &terminate, NULL);
	sigaction(SIGINT, &terminate, NULL);
	sigaction(SIGALRM, &alarmed, NULL);
	signal(SIGHUP, SIG_IGN);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	for (size_t i = 0; i < n; i++)
		list[i].traced = seize(&tracer, list[i].pid);
	if (write(report, list, n * sizeof(*list)) != (ssize_t)(n * sizeof(*list)))
		_exit(1);
	/* nothing of pawld's may outlive it in here: BPF programs would stay attached */
	close_range(3, ~0U, 0);
	trace(&tracer);
	_exit(0);
}

/* Reads what the tracer reports. -ETIMEDOUT, -EPIPE. */
static int read_report(int fd, struct pawl_refused *list, size_t n)
{
	size_t want = n * sizeof(*list), have = 0;
	struct pollfd ready = {.fd = fd, .events = POLLIN};
	ssize_t got;

	while (have < want) {
		if (poll(&ready, 1, REPORT_WAIT_MS) <= 0)
			return -ETIMEDOUT;
		got = read(fd, (char *)list + have, want - have);
		if (got <= 0)
			return -EPIPE;
		have += (size_t)got;
	}
	return 0;
}

int pawl_refuse_start(struct pawl_refused *list, size_t n, uint64_t until_ns)
{
	_cleanup_close_ int out = -1, in = -1;
	int pipes[2];
	pid_t pid;

	if (!all_over) {
		void *page = mmap(NULL, sizeof(*all_over), PROT_READ | PROT_WRITE,
				  MAP_SHARED | MAP_ANONYMOUS, -1, 0);

		if (page == MAP_FAILED)
			return -errno;
		all_over = page;
	}
	if (pipe2(pipes, O_CLOEXEC) < 0)
		return -errno;
	out = pipes[0];
	in = pipes[1];
	pid = fork();
	if (pid < 0)
		return -errno;
	if (!pid)
		tracer_main(list, n, until_ns, in);
	close(TAKE_FD(in));
	return read_report(out, list, n); /* the child is reaped by main with the others */
}

void pawl_refuse_end(void)
{
	if (all_over)
		*all_over = 1;
}

#else

void pawl_refuse_end(void)
{
}

int pawl_refuse_start(struct pawl_refused *list, size_t n, uint64_t until_ns)
{
	(void)list;
	(void)n;
	(void)until_ns;
	return -ENOTSUP;
}

#endif
