/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Starts a command by the ways in which programs slip from a process tree: double fork, vfork,
 * an orphan, an exec that is not made by the main thread.
 */
#include <err.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t fork_or_die(void)
{
	pid_t pid = fork();

	if (pid < 0)
		err(125, "fork");
	return pid;
}

static void exec_or_die(char **command)
{
	execvp(command[0], command);
	err(127, "%s", command[0]);
}

static void spawn_daemon(char **command)
{
	if (fork_or_die())
		_exit(0);
	if (setsid() < 0)
		err(125, "setsid");
	if (fork_or_die())
		_exit(0);
	exec_or_die(command);
}

/* The command starts when its parent is gone for certain. */
static void spawn_orphan(char **command)
{
	pid_t parent = getpid();

	if (fork_or_die())
		_exit(0);
	while (getppid() == parent)
		usleep(1000);
	exec_or_die(command);
}

static void spawn_vfork(char **command)
{
	int status;
	pid_t pid = vfork();

	if (pid < 0)
		err(125, "vfork");
	if (pid == 0) {
		execvp(command[0], command);
		_exit(127);
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

/* Deletes in the vfork child itself, before any exec; its parent sleeps in the kernel. */
static void spawn_vfork_unlink(char **files)
{
	int status;
	pid_t pid = vfork();

	if (pid < 0)
		err(125, "vfork");
	if (pid == 0) {
		for (size_t i = 0; files[i]; i++)
			if (unlink(files[i]))
				_exit(1);
		_exit(0);
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

static void *exec_thread(void *command)
{
	exec_or_die(command);
	return NULL;
}

/* The kernel gives the executing thread the leader's pid: it must stay watched all the same. */
static void spawn_thread(char **command)
{
	pthread_t thread;

	errno = pthread_create(&thread, NULL, exec_thread, command);
	if (errno)
		err(125, "pthread_create");
	for (;;)
		pause();
}

static const struct {
	const char *name;
	void (*run)(char **command);
} ways[] = {
	{"daemon", spawn_daemon}, {"orphan", spawn_orphan},
	{"vfork", spawn_vfork},	  {"vfork-unlink", spawn_vfork_unlink},
	{"thread", spawn_thread},
};

int main(int argc, char **argv)
{
	if (argc < 3)
		errx(125, "usage: spawn daemon|orphan|vfork|vfork-unlink|thread COMMAND [ARG]...");
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		if (!strcmp(ways[i].name, argv[1]))
			ways[i].run(argv + 2);
	errx(125, "unknown way %s", argv[1]);
}
