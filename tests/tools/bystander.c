/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Somebody else at work beside an attack: `bystander DIR N` does N mixed operations in DIR and
 * says which of them failed. The work is done in a child, so that being stopped, even for a
 * moment, is seen too. It must leave everything outside DIR alone.
 */
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PACE_NS 200000 /* between operations, so that they last as long as an attack */

static int listener = -1;

static int do_create(void)
{
	int fd = open("file", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	int ret;

	if (fd < 0)
		return -1;
	ret = write(fd, "content\n", 8) == 8 ? 0 : -1;
	return close(fd) || ret ? -1 : 0;
}

static int do_overwrite(void)
{
	int fd = open("file", O_WRONLY | O_TRUNC | O_CLOEXEC);

	if (fd < 0)
		return -1;
	return write(fd, "other\n", 6) != 6 || close(fd) ? -1 : 0;
}

static int do_link(void)
{
	return link("file", "link");
}

static int do_rename(void)
{
	return rename("link", "renamed");
}

static int do_replace(void)
{
	return link("file", "link") || rename("renamed", "link") ? -1 : 0;
}

static int do_truncate(void)
{
	return truncate("file", 0);
}

static int do_chmod(void)
{
	return chmod("file", 0600);
}

static int do_unlink(void)
{
	return unlink("file") || unlink("link") || unlink("renamed") ? -1 : 0;
}

static int do_mkdir(void)
{
	return mkdir("dir", 0777);
}

static int do_rmdir(void)
{
	return rmdir("dir");
}

static int do_connect(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "socket"};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int peer;

	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)))
		return -1;
	peer = accept(listener, NULL, NULL);
	if (peer < 0)
		return -1;
	return close(peer) || close(fd) ? -1 : 0;
}

static int do_exec(void)
{
	int status;
	pid_t pid = vfork();

	if (!pid) {
		execl("/bin/true", "true", (char *)NULL);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -1;
	return status ? -1 : 0;
}

/* One round of them leaves the directory as it was. */
static const struct {
	const char *name;
	int (*run)(void);
} operations[] = {
	{"create", do_create},	   {"overwrite", do_overwrite}, {"link", do_link},
	{"rename", do_rename},	   {"replace", do_replace},	{"chmod", do_chmod},
	{"truncate", do_truncate}, {"unlink", do_unlink},	{"mkdir", do_mkdir},
	{"rmdir", do_rmdir},	   {"connect", do_connect},
};
#define ROUND (sizeof(operations) / sizeof(operations[0]))
#define EXEC_EVERY 50

static void work(unsigned long n)
{
	const struct timespec pace = {.tv_nsec = PACE_NS};

	for (unsigned long i = 0; i < n; i++) {
		if (operations[i % ROUND].run())
			err(1, "%s, operation %lu", operations[i % ROUND].name, i);
		if (i % EXEC_EVERY == 0 && do_exec())
			err(1, "exec, operation %lu", i);
		nanosleep(&pace, NULL);
	}
}

static void listen_here(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "socket"};

	listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof(address)) ||
	    listen(listener, 8))
		err(1, "socket");
}

int main(int argc, char **argv)
{
	int status, ret = 0;
	pid_t pid;

	if (argc != 3)
		errx(2, "usage: bystander DIR N");
	if (mkdir(argv[1], 0777) || chdir(argv[1]))
		err(1, "%s", argv[1]);
	listen_here();
	pid = fork();
	if (pid < 0)
		err(1, "fork");
	if (!pid) {
		work(strtoul(argv[2], NULL, 10));
		_exit(0);
	}
	do {
		if (waitpid(pid, &status, WUNTRACED) != pid)
			err(1, "waitpid");
		if (WIFSTOPPED(status)) {
			warnx("was stopped by signal %d", WSTOPSIG(status));
			kill(pid, SIGCONT);
			ret = 1;
		}
	} while (WIFSTOPPED(status));
	if (WIFSIGNALED(status))
		errx(1, "was ended by signal %d", WTERMSIG(status));
	return ret ? ret : WEXITSTATUS(status);
}
