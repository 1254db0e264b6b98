/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A tracer that lets its tracee have no stop: every signal is swallowed, and every group-stop is
 * continued. `run` traces a command of its own, `attach` a process that runs already; both say at
 * the end how much they swallowed, and both end after LIFE_S seconds.
 */
#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#define LIFE_S 120
#define SWALLOW_MAX 100000 /* a tracee that is stopped again and again must end some time */

static int follow(pid_t pid)
{
	unsigned long swallowed = 0;
	int status = 0;

	while (waitpid(pid, &status, __WALL) == pid && !WIFEXITED(status) && !WIFSIGNALED(status)) {
		if (!WIFSTOPPED(status))
			continue;
		if (++swallowed > SWALLOW_MAX)
			kill(pid, SIGKILL);
		if (ptrace(PTRACE_CONT, pid, NULL, NULL) && errno != ESRCH)
			err(1, "continue");
	}
	fprintf(stderr, "tracer: %lu stops swallowed\n", swallowed);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int main(int argc, char **argv)
{
	pid_t pid;

	alarm(LIFE_S);
	if (argc == 3 && !strcmp(argv[1], "attach")) {
		pid = (pid_t)strtol(argv[2], NULL, 10);
		if (ptrace(PTRACE_ATTACH, pid, NULL, NULL))
			err(1, "attach to %s", argv[2]);
		return follow(pid);
	}
	if (argc < 3 || strcmp(argv[1], "run"))
		errx(2, "usage: tracer run COMMAND... | attach PID");
	pid = fork();
	if (pid < 0)
		err(1, "fork");
	if (!pid) {
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL))
			err(1, "traceme");
		execvp(argv[2], argv + 2);
		err(127, "%s", argv[2]);
	}
	return follow(pid);
}
