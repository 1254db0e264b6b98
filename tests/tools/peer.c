/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The other end of a socket, as programs that mean no good would be: sends pawld a request that no
 * client would make, asks by a connection that its maker left behind, keeps many silent ones, or
 * gives a command a socket for its standard error. It judges nothing: it prints what came back.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define LIMIT_S 60 /* nobody answers for so long only when nobody ever will */

static int connect_to(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		err(1, "socket");
	if (snprintf(address.sun_path, sizeof(address.sun_path), "%s", path) >=
	    (int)sizeof(address.sun_path))
		errx(1, "%s: too long for a socket", path);
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)))
		err(1, "connect %s", path);
	return fd;
}

/* Sends the bytes of a file as they are; what nobody takes any more is let go. */
static void send_file(int fd, const char *path)
{
	int file = open(path, O_RDONLY | O_CLOEXEC);
	char part[4096];
	ssize_t n;

	if (file < 0)
		err(1, "%s", path);
	while ((n = read(file, part, sizeof(part))) > 0) {
		for (ssize_t sent = 0, now; sent < n; sent += now) {
			now = send(fd, part + sent, (size_t)(n - sent), MSG_NOSIGNAL);
			if (now < 0)
				return;
		}
	}
}

/* Up to the end of a line, or "closed". */
static void print_answer(int fd)
{
	char part[4096];
	ssize_t n;

	do {
		n = recv(fd, part, sizeof(part), 0);
		if (n <= 0) {
			puts("closed");
			return;
		}
		fwrite(part, 1, (size_t)n, stdout);
	} while (part[n - 1] != '\n');
}

static int ask(char **args)
{
	int fd = connect_to(args[0]);

	send_file(fd, args[1]);
	print_answer(fd);
	return 0;
}

/* The child asks when the process that connected can no longer be looked up, not even by pid. */
static int ask_orphan(char **args)
{
	int fd = connect_to(args[0]);
	pid_t maker = getpid(), child = fork();

	if (child < 0)
		err(1, "fork");
	if (child)
		return 0;
	while (!kill(maker, 0) || errno != ESRCH)
		usleep(10000);
	send_file(fd, args[1]);
	print_answer(fd);
	return 0;
}

static int keep_silent(char **args)
{
	for (unsigned long n = strtoul(args[1], NULL, 10); n; n--)
		connect_to(args[0]);
	if (creat(args[2], 0600) < 0)
		err(1, "%s", args[2]);
	for (;;)
		pause();
}

/* Standard output gets what the command's standard error was sent. */
static int lend_stderr(char **args)
{
	char part[4096];
	int ends[2];
	ssize_t n;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends))
		err(1, "socketpair");
	pid = fork();
	if (pid < 0)
		err(1, "fork");
	if (!pid) {
		dup2(ends[1], STDERR_FILENO);
		execvp(args[0], args);
		_exit(127);
	}
	close(ends[1]);
	while ((n = recv(ends[0], part, sizeof(part), 0)) > 0) {
		if (write(STDOUT_FILENO, part, (size_t)n) != n)
			err(1, "standard output");
	}
	return 0;
}

static const struct {
	const char *name;
	int args;
	unsigned int limit_s;
	int (*run)(char **args);
} ways[] = {
	{"ask", 2, LIMIT_S, ask},
	{"orphan", 2, LIMIT_S, ask_orphan},
	{"silent", 3, 0, keep_silent},
	{"stderr", 1, 0, lend_stderr},
};

int main(int argc, char **argv)
{
	for (size_t i = 0; argc > 1 && i < sizeof(ways) / sizeof(ways[0]); i++) {
		if (strcmp(ways[i].name, argv[1]) || argc < 2 + ways[i].args)
			continue;
		alarm(ways[i].limit_s);
		return ways[i].run(argv + 2);
	}
	errx(2,
	     "usage: peer ask|orphan SOCKET FILE; peer silent SOCKET N READY; peer stderr COMMAND...");
}
