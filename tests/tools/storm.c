/* SPDX-License-Identifier: Apache-2.0 */
/*
 * As much at once as a machine gives, each bounded in number and in time: deletions by processes
 * and threads that multiply, files made and deleted for the rate of it, signals and connections
 * that are only attempts. Everything ends after LIFE_S seconds, whatever becomes of the suite.
 */
#include <err.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "names.h"

#define LIFE_S 300
#define THREADS_MAX 128 /* at once; on the way to them many more come and go */

struct shared {
	atomic_size_t next;
	atomic_uint live;
	atomic_bool failed;
};

static struct shared *shared;
static struct names names;

static struct shared *share(void)
{
	void *map = mmap(NULL, sizeof(struct shared), PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (map == MAP_FAILED)
		err(1, "mmap");
	return map;
}

/* The next file that nobody has taken. Return: false when there is none, or one would not go. */
static bool delete_next(void)
{
	size_t i = atomic_fetch_add(&shared->next, 1);

	if (i >= names.n || atomic_load(&shared->failed))
		return false;
	if (!unlinkat(names.dir, names.name[i], 0))
		return true;
	if (!atomic_exchange(&shared->failed, true))
		warn("unlink %s", names.name[i]);
	return false;
}

/* Each process deletes one file and becomes two, until nothing is left. */
static int forks(char **args)
{
	int status;

	names = names_read(args[0]);
	while (delete_next()) {
		pid_t pid = fork();

		if (pid < 0 && errno != EAGAIN)
			err(1, "fork");
		if (!pid)
			alarm(LIFE_S);
	}
	do
		errno = 0;
	while (wait(&status) > 0 || errno == EINTR);
	return atomic_load(&shared->failed);
}

static void *thread(void *unused)
{
	pthread_t child;

	(void)unused;
	while (delete_next()) {
		if (atomic_fetch_add(&shared->live, 1) < THREADS_MAX &&
		    !pthread_create(&child, NULL, thread, NULL)) {
			pthread_detach(child);
			break; /* it goes on in my place, and so does the next one */
		}
		atomic_fetch_sub(&shared->live, 1);
	}
	atomic_fetch_sub(&shared->live, 1);
	return NULL;
}

/* Threads that delete one file each and leave the rest to new ones. */
static int threads(char **args)
{
	pthread_t child;

	names = names_read(args[0]);
	for (int i = 0; i < THREADS_MAX / 2; i++) {
		atomic_fetch_add(&shared->live, 1);
		errno = pthread_create(&child, NULL, thread, NULL);
		if (errno)
			err(1, "pthread_create");
		pthread_detach(child);
	}
	while (atomic_load(&shared->live))
		usleep(1000);
	return atomic_load(&shared->failed);
}

static double now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

static void each_file(int dir, unsigned long n, bool make)
{
	char name[48];

	for (unsigned long i = 0; i < n; i++) {
		int fd = -1;

		snprintf(name, sizeof(name), "r%d.%lu", (int)getpid(), i);
		if (make)
			fd = openat(dir, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
		if (make ? fd < 0 || close(fd) : unlinkat(dir, name, 0))
			err(1, "%s", name);
	}
}

/* One process of `rate`: its files are there when it is counted as live, and wait for the rest. */
static void make_and_delete(const char *path, unsigned long n)
{
	char own[32];
	int dir;

	snprintf(own, sizeof(own), "d%d", (int)getpid());
	if (chdir(path) || mkdir(own, 0777))
		err(1, "%s/%s", path, own);
	dir = open(own, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		err(1, "%s", own);
	each_file(dir, n, true);
	atomic_fetch_add(&shared->live, 1);
	while (!atomic_load(&shared->next))
		usleep(100);
	each_file(dir, n, false);
}

/* @processes delete @n files each, all at once; says how many deletions a second that was. */
static int rate(char **args)
{
	unsigned long processes = strtoul(args[1], NULL, 10), n = strtoul(args[2], NULL, 10);
	int status, failed = 0;
	double began;

	for (unsigned long i = 0; i < processes; i++) {
		pid_t pid = fork();

		if (pid < 0)
			err(1, "fork");
		if (!pid) {
			alarm(LIFE_S);
			make_and_delete(args[0], n);
			_exit(0);
		}
	}
	while (atomic_load(&shared->live) < processes)
		usleep(100);
	began = now_s();
	atomic_store(&shared->next, 1);
	while (wait(&status) > 0)
		failed |= status;
	printf("%lu deletions, %.0f a second\n", processes * n,
	       (double)(processes * n) / (now_s() - began));
	return failed != 0;
}

/* SIGCONT to everybody in @args[2...], @args[0] rounds of it in at most @args[1] ms. */
static int cont(char **args)
{
	unsigned long rounds = strtoul(args[0], NULL, 10), sent = 0;
	double until = now_s() + strtod(args[1], NULL) / 1000;

	for (; rounds && now_s() < until; rounds--) {
		for (char **pid = args + 2; *pid; pid++)
			sent += kill((pid_t)strtol(*pid, NULL, 10), SIGCONT) == 0;
	}
	printf("%lu sent\n", sent);
	return 0;
}

/* The same to everybody of the own process group, from inside the tree, until FILE is there. */
static int cont_group(char **args)
{
	signal(SIGCONT, SIG_IGN);
	while (access(args[0], F_OK)) {
		kill(0, SIGCONT);
		sched_yield();
	}
	return 0;
}

/* A signal that does nothing, @args[1] times to @args[0]: an attempt all the same. */
static int signals(char **args)
{
	unsigned long n = strtoul(args[1], NULL, 10), refused = 0;

	for (unsigned long i = 0; i < n; i++)
		refused += kill((pid_t)strtol(args[0], NULL, 10), SIGCONT) != 0;
	printf("%lu refused\n", refused);
	return 0;
}

static void connect_once(const struct sockaddr_un *address)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		err(1, "socket");
	if (connect(fd, (const struct sockaddr *)address, sizeof(*address)) && errno != EAGAIN)
		err(1, "connect");
	close(fd);
}

/* @args[1] connections to the socket @args[0], which listens here and takes none of them. */
static int connects(char **args)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	unsigned long n = strtoul(args[1], NULL, 10);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", args[0]);
	for (unsigned long i = 0; i < n; i++)
		connect_once(&address);
	return 0;
}

/* Listens, says so by the socket's being there, and takes what comes. */
static int broker(char **args)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), peer;

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", args[0]);
	if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof(address)) ||
	    listen(fd, 4096))
		err(1, "%s", args[0]);
	while ((peer = accept4(fd, NULL, NULL, SOCK_CLOEXEC)) >= 0)
		close(peer);
	err(1, "accept");
}

static const struct {
	const char *name;
	int args;
	int (*run)(char **args);
} storms[] = {
	{"forks", 1, forks},	   {"threads", 1, threads},	  {"rate", 3, rate},
	{"cont", 3, cont},	   {"cont-group", 1, cont_group}, {"signals", 2, signals},
	{"connects", 2, connects}, {"broker", 1, broker},
};

int main(int argc, char **argv)
{
	shared = share();
	for (size_t i = 0; argc > 1 && i < sizeof(storms) / sizeof(storms[0]); i++) {
		if (strcmp(storms[i].name, argv[1]) || argc < 2 + storms[i].args)
			continue;
		alarm(LIFE_S);
		return storms[i].run(argv + 2);
	}
	errx(2, "usage: storm forks|threads DIR | rate DIR PROCESSES N | cont ROUNDS MS PID... | "
		"cont-group FILE | signals PID N | connects SOCKET N | broker SOCKET");
}
