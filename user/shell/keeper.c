/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Beside the pipeline, in a child process: waits for pawld's death, then for the end of the
 * lease or for the keeper of the next pawld. It must not hold anything of pawld's that keeps programs
 * attached, and must not act while anybody else could.
 */
#include "user/shell/keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "user/core/cleanup.h"

#define LOOK_MS 250
#define SURE_LOOKS 3   /* past the lease: the clock may have jumped, and pawld be about to beat */
#define CLEAN_LOOKS 12 /* with nobody stopped: one may have stopped just before the lease ended */

static int by_number(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

/* Links would keep programs attached, locks would keep the next pawld out. */
static void close_others(const struct pawl_keeper_host *host, int pipe_fd)
{
	int keep[PAWL_KEEPER_FDS + 1], n = (int)host->fds_n, from = 3;

	memcpy(keep, host->fds, sizeof(host->fds[0]) * host->fds_n);
	keep[n++] = pipe_fd;
	qsort(keep, (size_t)n, sizeof(keep[0]), by_number);
	for (int i = 0; i < n; i++) {
		if (keep[i] > from)
			close_range((unsigned int)from, (unsigned int)keep[i] - 1, 0);
		from = keep[i] + 1;
	}
	close_range((unsigned int)from, ~0U, 0);
}

/* It ends when it is told to, not with a terminal or a service's group. */
static void stand_apart(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	sigset_t none;

	setsid();
	prctl(PR_SET_NAME, "pawld-keeper");
	signal(SIGHUP, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	for (int fd = STDIN_FILENO; null >= 0 && fd <= STDERR_FILENO; fd++)
		dup2(null, fd);
	if (chdir("/") < 0)
		_exit(1);
}

/* Past the lease: rounds, until nobody has been found stopped for a while. */
static void let_go(const struct pawl_keeper_host *host, int clean_looks)
{
	int clean = 0;

	while (clean < clean_looks && host->lease_over(host->ctx) && !host->replaced(host->ctx)) {
		clean = host->release(host->ctx) ? 0 : clean + 1;
		poll(NULL, 0, LOOK_MS);
	}
}

static void keeper_main(const struct pawl_keeper_host *host, int pipe_fd)
{
	struct pollfd pawld = {.fd = pipe_fd, .events = POLLIN};
	bool dead = false;
	int over = 0;
	char byte;

	host->begin(host->ctx);
	while (!host->replaced(host->ctx)) {
		/* a pipe whose other end is closed is ready for ever */
		if (poll(&pawld, dead ? 0 : 1, LOOK_MS) > 0) {
			if (read(pipe_fd, &byte, 1) == 1)
				_exit(0);
			dead = true;
		}
		if (dead && !host->pinned) {
			host->abandon(host->ctx);
			_exit(0);
		}
		over = host->lease_over(host->ctx) ? over + 1 : 0;
		if (over < SURE_LOOKS)
			continue;
		let_go(host, dead ? CLEAN_LOOKS : 1);
		if (dead && host->lease_over(host->ctx))
			_exit(0);
	}
	_exit(0);
}

int pawl_keeper_start(const struct pawl_keeper_host *host, struct pawl_keeper *keeper)
{
	int pipes[2];
	pid_t pid;

	if (keeper->fd >= 0)
		close(keeper->fd);
	keeper->fd = -1;
	if (pipe2(pipes, O_CLOEXEC) < 0)
		return -errno;
	pid = fork();
	if (!pid) {
		stand_apart();
		close(pipes[1]);
		close_others(host, pipes[0]);
		keeper_main(host, pipes[0]);
	}
	close(pipes[0]);
	if (pid < 0) {
		close(pipes[1]);
		return -errno;
	}
	keeper->fd = pipes[1];
	keeper->pid = pid;
	return 0;
}

void pawl_keeper_stop(struct pawl_keeper *keeper)
{
	if (!keeper->pid)
		return;
	if (write(keeper->fd, "q", 1) == 1)
		waitpid(keeper->pid, NULL, 0);
	close(keeper->fd);
	*keeper = (struct pawl_keeper){.fd = -1};
}
