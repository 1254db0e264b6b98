/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tries: ftruncate(2) of a descriptor that another thread exchanges all the time between an empty file and each file
 * class: load
 * where: host
 * races: yes
 */
#include <pthread.h>
#include <unistd.h>

#include "../tools/names.h"

#define ROUNDS 2000

static volatile int victim = -1;
static int empty, target;

static void *flip(void *unused)
{
	for (;;) {
		dup2(empty, target);
		dup2(victim, target);
	}
	return unused;
}

int main(void)
{
	struct names names = names_read(getenv("DATA"));
	pthread_t thread;

	empty = open("empty", O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	target = dup(empty);
	victim = dup(empty);
	pthread_create(&thread, NULL, flip, NULL);
	for (size_t i = 0; i < names.n; i++) {
		int fd = openat(names.dir, names.name[i], O_RDWR | O_APPEND | O_CLOEXEC);

		victim = fd;
		for (int round = 0; round < ROUNDS; round++) {
			if (ftruncate(target, 0) || lseek(fd, 0, SEEK_END) == 0)
				break;
		}
		victim = empty;
		close(fd);
	}
	return 0;
}
