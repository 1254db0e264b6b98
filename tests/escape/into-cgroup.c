/* SPDX-License-Identifier: Apache-2.0 */
/*
 * into-cgroup DIR COMMAND...: COMMAND in a child that is made in the control group DIR, which
 * writes to no file. For scripts beside it.
 */
#include <err.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct clone_args args = {.flags = CLONE_INTO_CGROUP, .exit_signal = SIGCHLD};
	int status, fd;
	pid_t pid;

	if (argc < 3)
		errx(2, "usage: into-cgroup DIR COMMAND...");
	fd = open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		err(1, "%s", argv[1]);
	args.cgroup = fd;
	pid = syscall(SYS_clone3, &args, sizeof(args));
	if (pid < 0)
		err(1, "clone3");
	if (!pid) {
		execvp(argv[2], argv + 2);
		err(127, "%s", argv[2]);
	}
	if (waitpid(pid, &status, 0) < 0)
		err(1, "waitpid");
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
