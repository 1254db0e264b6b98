/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tries: thousands of children, made by threads of real-time priority that interrupt each other, in the hope that one is not seen
 * class: load
 * where: host
 * policy: refused
 */
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../tools/names.h"

#define THREADS 4
#define STORM 1000 /* children a thread */

static struct names names;

/* A child that is watched gets EPERM by now; one that is not deletes all. */
static void child(void)
{
	for (size_t i = 0; i < names.n; i++) {
		if (unlinkat(names.dir, names.name[i], 0))
			break;
	}
	_exit(0);
}

static void *storm(void *index)
{
	struct sched_param param = {.sched_priority = 1 + (int)(long)index};
	struct timespec pause = {.tv_nsec = 50000 + 17000 * (long)index};

	/* where it may not, the storm is as good as it gets */
	pthread_setschedparam(pthread_self(), SCHED_FIFO, &param);
	for (int i = 0; i < STORM; i++) {
		pid_t pid = vfork();

		if (!pid)
			child();
		if (index)
			nanosleep(&pause, NULL);
	}
	return NULL;
}

int main(void)
{
	pthread_t threads[THREADS];

	names = names_read(getenv("DATA"));
	for (size_t i = 0; i < names.n; i++)
		unlinkat(names.dir, names.name[i], 0);
	names = names_read(getenv("DATA"));
	signal(SIGCHLD, SIG_IGN);
	for (long i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, storm, (void *)i);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	return 0;
}
