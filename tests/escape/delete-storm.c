/* SPDX-License-Identifier: Apache-2.0 */
/* Deletes all of $DATA with processes, half of them of real-time priority, that interrupt each other. */
#define _GNU_SOURCE
#include <sched.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../tools/names.h"

#define PROCESSES 16
#define PLAIN 8 /* without one: they are interrupted by the tick, too */
#define CPUS 2

static void delete_share(const struct names *names, int index, const int start[2])
{
	struct sched_param param = {.sched_priority = 1 + index};
	struct timespec pause = {.tv_nsec = 150000 + 17000 * index};
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(index % CPUS, &cpus);
	sched_setaffinity(0, sizeof(cpus), &cpus);
	/* where it may not, the storm is as good as it gets */
	if (index >= PLAIN)
		sched_setscheduler(0, SCHED_FIFO, &param);
	close(start[1]);
	read(start[0], &cpus, 1); /* until all are there */
	for (size_t i = index; i < names->n; i += PROCESSES) {
		unlinkat(names->dir, names->name[i], 0);
		if (index >= PLAIN)
			nanosleep(&pause, NULL);
	}
	_exit(0);
}

int main(void)
{
	struct names names = names_read(getenv("DATA"));
	int start[2];

	if (pipe(start) < 0)
		return 1;
	for (int i = PROCESSES - 1; i >= 0; i--) {
		if (!fork())
			delete_share(&names, i, start);
	}
	close(start[1]);
	while (wait(NULL) > 0)
		;
	return 0;
}
