/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many processes, each bounded in number and in time: agents by the thousand, a storm of
 * short-lived children, a fork bomb that keeps refilling. Everything ends with SIGKILL after
 * LIFE_S seconds at the latest, whatever becomes of the suite.
 */
#include <err.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <signal.h>

#define LIFE_S 120
#define BOMB_FORKS_MAX 40 /* a bomb of N forks at most this many times N */

static void bound_life(void)
{
	signal(SIGALRM, SIG_DFL);
	alarm(LIFE_S);
}

/* Not inherited by children: each process asks for itself. */
static void die_with_parent(pid_t parent)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) || getppid() != parent)
		_exit(1);
}

static void report_and_sleep(void)
{
	if (write(STDOUT_FILENO, ".", 1) != 1)
		_exit(1);
	for (;;)
		pause();
}

/* An agent: itself and @n - 1 children, asleep. Writes a dot for each. */
static void member(unsigned long n)
{
	pid_t self = getpid();

	bound_life();
	while (--n > 0) {
		pid_t pid = fork();

		if (pid < 0)
			err(1, "fork");
		if (pid == 0) {
			die_with_parent(self);
			bound_life();
			report_and_sleep();
		}
	}
	report_and_sleep();
}

/* Starts @sessions agents by executing @exe; says "ready" when all of them sleep. */
static void sessions(unsigned long n, const char *per, const char *exe)
{
	unsigned long left = n * strtoul(per, NULL, 10);
	pid_t self = getpid();
	char dots[4096];
	int pipes[2];

	if (pipe(pipes))
		err(1, "pipe");
	bound_life();
	for (unsigned long i = 0; i < n; i++) {
		pid_t pid = fork();

		if (pid < 0)
			err(1, "fork");
		if (pid == 0) {
			die_with_parent(self);
			dup2(pipes[1], STDOUT_FILENO);
			close(pipes[0]);
			close(pipes[1]);
			execl(exe, exe, "member", per, NULL);
			_exit(127);
		}
	}
	close(pipes[1]);
	while (left > 0) {
		ssize_t got = read(pipes[0], dots, sizeof(dots));

		if (got <= 0)
			errx(1, "%lu processes did not come up", left);
		left -= got;
	}
	printf("ready\n");
	fflush(stdout);
	for (;;)
		pause();
}

/* @n children, one after the other. */
static void storm(unsigned long n)
{
	bound_life();
	while (n-- > 0) {
		pid_t pid = fork();

		if (pid < 0)
			err(1, "fork");
		if (pid == 0)
			_exit(0);
		waitpid(pid, NULL, 0);
	}
}

struct bomb {
	atomic_ulong live;
	atomic_ulong forks;
};

/* Every process forks while fewer than @n live; one in four ends, so that the forking goes on. */
static void bomb_process(struct bomb *bomb, unsigned long n, unsigned int seed)
{
	bound_life();
	for (;;) {
		pid_t pid = -1;

		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
		if (atomic_fetch_add(&bomb->live, 1) < n &&
		    atomic_fetch_add(&bomb->forks, 1) < n * BOMB_FORKS_MAX)
			pid = fork();
		if (pid == 0) {
			seed = seed * 1103515245 + getpid();
			bound_life();
			if (seed % 4 == 0) {
				usleep(50000);
				atomic_fetch_sub(&bomb->live, 1);
				_exit(0);
			}
			continue;
		}
		if (pid < 0)
			atomic_fetch_sub(&bomb->live, 1);
		usleep(20000);
	}
}

/* Says "ready" when @n processes live at once, and goes on. */
static void bomb(unsigned long n)
{
	struct bomb *shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
				   MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (shared == MAP_FAILED)
		err(1, "mmap");
	bound_life();
	atomic_store(&shared->live, 1);
	if (fork() == 0)
		bomb_process(shared, n, getpid());
	while (atomic_load(&shared->live) < n)
		usleep(1000);
	printf("ready\n");
	fflush(stdout);
	bomb_process(shared, n, getpid());
}

int main(int argc, char **argv)
{
	unsigned long n = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;

	if (argc == 5 && !strcmp(argv[1], "sessions"))
		sessions(n, argv[3], argv[4]);
	else if (argc == 3 && n && !strcmp(argv[1], "member"))
		member(n);
	else if (argc == 3 && n && !strcmp(argv[1], "storm"))
		storm(n);
	else if (argc == 3 && n && !strcmp(argv[1], "bomb"))
		bomb(n);
	else
		errx(2, "usage: crowd sessions N PER EXE | member N | storm N | bomb N");
	return 0;
}
