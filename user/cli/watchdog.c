/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Behind `pawl run` where no pawld is: a private one, started before the command and
 * ended after it. It must not outlive us, nor leave its directory or its pins behind.
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <linux/magic.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "user/cli/child.h"
#include "user/cli/place.h"
#include "user/cli/watchdog.h"
#include "user/core/cleanup.h"
#include "user/core/text.h"

#define READY "pawld: ready"
#define PIN_ROOT "/sys/fs/bpf"
#define NO_PINS "none"
#define RESTARTS 5

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

/* mkdtemp() makes it 0700. */
static int make_directory(struct pawl_watchdog *watchdog)
{
	static const char *const templates[] = {"/run/pawl-XXXXXX", "/tmp/pawl-XXXXXX"};
	struct statfs fs;
	const char *name;

	for (size_t i = 0; i < sizeof(templates) / sizeof(templates[0]); i++) {
		snprintf(watchdog->dir, sizeof(watchdog->dir), "%s", templates[i]);
		if (mkdtemp(watchdog->dir))
			break;
		watchdog->dir[0] = '\0';
	}
	if (!watchdog->dir[0])
		return -errno;
	name = strrchr(watchdog->dir, '/') + 1;
	snprintf(watchdog->socket, sizeof(watchdog->socket), "%s/pawl.sock", watchdog->dir);
	/* mounting one is for a service, not for a command in passing */
	if (statfs(PIN_ROOT, &fs) == 0 && fs.f_type == BPF_FS_MAGIC)
		snprintf(watchdog->pins, sizeof(watchdog->pins), PIN_ROOT "/%s", name);
	else
		snprintf(watchdog->pins, sizeof(watchdog->pins), "%s", NO_PINS);
	return 0;
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *at)
{
	(void)status;
	(void)at;
	if (type == FTW_DP || type == FTW_D)
		rmdir(path);
	else
		unlink(path);
	return 0;
}

static void remove_directory(const char *path)
{
	nftw(path, remove_entry, 8, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}

/*
 * In the child. A session of its own keeps the terminal's Ctrl-C from it: it has to
 * outlive the command, in order to release what is held. The death signal is lost if we
 * die before it is set, hence the look at the parent.
 */
static void become_pawld(const struct pawl_watchdog *watchdog, const char *program,
			 const char *config, const sigset_t *mask, int stderr_fd, pid_t parent)
{
	char state[64], log[64];
	const char *argv[] = {"pawld",
			      "--foreground",
			      "--no-agents",
			      "--socket",
			      watchdog->socket,
			      "--state-dir",
			      state,
			      "--log",
			      log,
			      "--pin-dir",
			      watchdog->pins,
			      config ? "--config" : NULL,
			      config,
			      NULL};
	int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	snprintf(state, sizeof(state), "%s/state", watchdog->dir);
	snprintf(log, sizeof(log), "%s/events.jsonl", watchdog->dir);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent || null_fd < 0)
		_exit(PAWL_EXIT_FAILED);
	setsid();
	dup2(null_fd, STDIN_FILENO);
	dup2(null_fd, STDOUT_FILENO);
	dup2(stderr_fd, STDERR_FILENO);
	signal(SIGPIPE, SIG_DFL);
	sigprocmask(SIG_SETMASK, mask, NULL);
	execv(program, (char *const *)argv);
	dprintf(STDERR_FILENO, "cannot run %s: %s\n", program, strerror(errno));
	_exit(PAWL_EXIT_FAILED);
}

static int spawn(struct pawl_watchdog *watchdog, const char *program, const char *config,
		 const sigset_t *mask)
{
	_cleanup_close_ int read_fd = -1;
	_cleanup_close_ int write_fd = -1;
	pid_t parent = getpid();
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	read_fd = fds[0];
	write_fd = fds[1];
	watchdog->pid = fork();
	if (watchdog->pid < 0) {
		watchdog->pid = 0;
		return -errno;
	}
	if (watchdog->pid == 0)
		become_pawld(watchdog, program, config, mask, write_fd, parent);
	if (fcntl(read_fd, F_SETFL, O_NONBLOCK) < 0)
		return -errno;
	watchdog->stderr_fd = TAKE_FD(read_fd);
	return 0;
}

static void pass_on(struct pawl_watchdog *watchdog, const char *line)
{
	char safe[4 * sizeof(watchdog->line)];
	bool ready = strncmp(line, READY, strlen(READY)) == 0;

	watchdog->ready = watchdog->ready || ready;
	if (ready && !watchdog->loud)
		return;
	fprintf(stderr, "%s\n", pawl_safe(line, safe, sizeof(safe)));
}

static void take_byte(struct pawl_watchdog *watchdog, char byte)
{
	if (byte != '\n' && watchdog->line_n < sizeof(watchdog->line) - 1) {
		watchdog->line[watchdog->line_n++] = byte;
		return;
	}
	watchdog->line[watchdog->line_n] = '\0';
	watchdog->line_n = 0;
	pass_on(watchdog, watchdog->line);
	if (byte != '\n') /* an overlong line goes on in the next one */
		watchdog->line[watchdog->line_n++] = byte;
}

void pawl_watchdog_drain(struct pawl_watchdog *watchdog)
{
	char bytes[4096];
	ssize_t n;

	while (watchdog->stderr_fd >= 0) {
		n = read(watchdog->stderr_fd, bytes, sizeof(bytes));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return;
		if (n <= 0) {
			if (watchdog->line_n)
				take_byte(watchdog, '\n');
			close(watchdog->stderr_fd);
			watchdog->stderr_fd = -1;
			return;
		}
		for (ssize_t i = 0; i < n; i++)
			take_byte(watchdog, bytes[i]);
	}
}

static bool was_cancelled(struct pawl_watchdog *watchdog, int signal_fd)
{
	struct signalfd_siginfo info;

	while (read(signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo != SIGCHLD)
			watchdog->cancelled_by = (int)info.ssi_signo;
	}
	return watchdog->cancelled_by != 0;
}

bool pawl_watchdog_has_ended(struct pawl_watchdog *watchdog)
{
	if (watchdog->pid <= 0 || waitpid(watchdog->pid, NULL, WNOHANG) == 0)
		return false;
	watchdog->pid = 0;
	pawl_watchdog_drain(watchdog);
	return true;
}

static int wait_ready(struct pawl_watchdog *watchdog, int signal_fd)
{
	int64_t end_ms = now_ms() + PAWL_WATCHDOG_START_MS;

	while (!watchdog->ready) {
		struct pollfd fds[] = {{.fd = watchdog->stderr_fd, .events = POLLIN},
				       {.fd = signal_fd, .events = POLLIN}};
		int64_t left_ms = end_ms - now_ms();

		if (left_ms <= 0) {
			pawl_error("the watchdog was not ready within %d s: try \"pawl doctor\"",
				   PAWL_WATCHDOG_START_MS / 1000);
			return -EIO;
		}
		if (poll(fds, 2, (int)left_ms) < 0 && errno != EINTR)
			return -errno;
		if (was_cancelled(watchdog, signal_fd))
			return -ECANCELED;
		pawl_watchdog_drain(watchdog);
		if (pawl_watchdog_has_ended(watchdog)) {
			pawl_error("the watchdog ended before it was ready: try \"pawl doctor\"");
			return -EIO;
		}
	}
	return 0;
}

int pawl_watchdog_start(struct pawl_watchdog *watchdog, const struct pawl_cli *cli,
			const sigset_t *mask, int signal_fd)
{
	_cleanup_free_ char *program = pawl_place_pawld();
	int r;

	if (!program) {
		pawl_error(
			"no pawld at %s, and no pawld program beside this one, in ../sbin or in PATH to start",
			cli->socket);
		return -ENOENT;
	}
	watchdog->loud = cli->verbose;
	r = make_directory(watchdog);
	if (r == 0)
		r = spawn(watchdog, program, cli->args.values[PAWL_OPT_CONFIG], mask);
	if (r < 0)
		pawl_error("cannot start %s: %s", program, strerror(-r));
	else
		r = wait_ready(watchdog, signal_fd);
	if (r < 0)
		pawl_watchdog_stop(watchdog);
	return r;
}

int pawl_watchdog_restart(struct pawl_watchdog *watchdog, const struct pawl_cli *cli,
			  const sigset_t *mask, int signal_fd)
{
	_cleanup_free_ char *program = NULL;
	int r;

	if (!strcmp(watchdog->pins, NO_PINS) || watchdog->restarts++ >= RESTARTS)
		return -ENOENT;
	program = pawl_place_pawld();
	if (!program)
		return -ENOENT;
	if (watchdog->stderr_fd >= 0)
		close(watchdog->stderr_fd);
	watchdog->stderr_fd = -1;
	watchdog->ready = false;
	watchdog->line_n = 0;
	r = spawn(watchdog, program, cli->args.values[PAWL_OPT_CONFIG], mask);
	if (r < 0)
		pawl_error("cannot start %s: %s", program, strerror(-r));
	return r < 0 ? r : wait_ready(watchdog, signal_fd);
}

static void wait_end(struct pawl_watchdog *watchdog)
{
	int64_t end_ms = now_ms() + PAWL_WATCHDOG_STOP_MS;

	while (waitpid(watchdog->pid, NULL, WNOHANG) == 0) {
		struct pollfd fd = {.fd = watchdog->stderr_fd, .events = POLLIN};

		if (now_ms() > end_ms) {
			pawl_error("the watchdog did not end within %d s and was killed",
				   PAWL_WATCHDOG_STOP_MS / 1000);
			pawl_child_signal(watchdog->pid, SIGKILL);
			waitpid(watchdog->pid, NULL, 0);
			return;
		}
		poll(&fd, 1, 20);
		pawl_watchdog_drain(watchdog);
	}
}

void pawl_watchdog_stop(struct pawl_watchdog *watchdog)
{
	if (watchdog->pid > 0) {
		pawl_child_signal(watchdog->pid, SIGTERM);
		wait_end(watchdog);
		watchdog->pid = 0;
	}
	pawl_watchdog_drain(watchdog);
	if (watchdog->stderr_fd >= 0)
		close(watchdog->stderr_fd);
	watchdog->stderr_fd = -1;
	if (watchdog->dir[0]) {
		if (strcmp(watchdog->pins, NO_PINS))
			remove_directory(watchdog->pins);
		remove_directory(watchdog->dir);
	}
	watchdog->dir[0] = '\0';
}
