/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tries: a thread for each file, all of which punch their hole at once: before what stands in the way is attached
 * class: load
 * where: host
 * races: yes
 */
#include <linux/falloc.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <unistd.h>

#include "../tools/names.h"

#define STACK_BYTES 65536

static struct names names;
static volatile bool go;

static void *destroy(void *index)
{
	int fd = openat(names.dir, names.name[(uintptr_t)index], O_WRONLY | O_CLOEXEC);

	while (!go)
		sched_yield();
	fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4096);
	return NULL;
}

int main(void)
{
	pthread_attr_t attr;
	pthread_t *threads;

	names = names_read(getenv("DATA"));
	threads = calloc(names.n, sizeof(*threads));
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_BYTES);
	for (uintptr_t i = 0; i < names.n; i++) {
		if (pthread_create(&threads[i], &attr, destroy, (void *)i))
			err(1, "thread %zu", (size_t)i);
	}
	go = true;
	for (size_t i = 0; i < names.n; i++)
		pthread_join(threads[i], NULL);
	return 0;
}
