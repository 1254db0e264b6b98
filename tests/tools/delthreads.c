/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Deletes the files of a directory from several threads at once. With --wait FILE the threads are
 * there (FILE.ready says so) and wait for FILE; with --leader-exits the main thread is gone first.
 */
#include <err.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#include "names.h"

static struct names names;
static const char *wait_for;
static atomic_size_t next;
static atomic_uint running;
static atomic_bool failed;

static void *delete_some(void *unused)
{
	size_t i;

	(void)unused;
	while (wait_for && access(wait_for, F_OK))
		usleep(20000);
	while ((i = atomic_fetch_add(&next, 1)) < names.n) {
		if (unlinkat(names.dir, names.name[i], 0)) {
			warn("unlink %s", names.name[i]);
			atomic_store(&failed, true);
			break;
		}
	}
	if (atomic_fetch_sub(&running, 1) == 1)
		_exit(atomic_load(&failed));
	return NULL;
}

static void say_ready(void)
{
	char path[4096];
	FILE *file;

	snprintf(path, sizeof(path), "%s.ready", wait_for);
	file = fopen(path, "w");
	if (!file || fclose(file))
		err(1, "%s", path);
}

int main(int argc, char **argv)
{
	bool leader_exits = false;
	pthread_t thread;
	unsigned int n;

	for (; argc > 3; argv++, argc--) {
		if (!strcmp(argv[1], "--leader-exits")) {
			leader_exits = true;
		} else if (!strcmp(argv[1], "--wait")) {
			wait_for = argv[2];
			argv++;
			argc--;
		} else {
			break;
		}
	}
	if (argc != 3)
		errx(2, "usage: delthreads [--leader-exits] [--wait FILE] THREADS DIR");
	n = strtoul(argv[1], NULL, 10);
	names = names_read(argv[2]);
	atomic_store(&running, n);
	for (unsigned int i = 0; i < n; i++) {
		errno = pthread_create(&thread, NULL, delete_some, NULL);
		if (errno)
			err(1, "pthread_create");
	}
	if (wait_for)
		say_ready();
	if (leader_exits)
		pthread_exit(NULL);
	for (;;) /* the last thread ends the process */
		pause();
}
