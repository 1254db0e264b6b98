/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tries: openat2(2) whose flags another thread changes between O_APPEND and O_TRUNC all the time
 * class: load
 * where: host
 * races: yes
 */
#include <linux/openat2.h>
#include <pthread.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../tools/names.h"

#define ROUNDS 40

static volatile struct open_how how;

static void *flip(void *unused)
{
	for (;;) {
		how.flags = O_WRONLY | O_APPEND;
		how.flags = O_WRONLY | O_TRUNC;
	}
	return unused;
}

int main(void)
{
	struct names names = names_read(getenv("DATA"));
	pthread_t thread;

	pthread_create(&thread, NULL, flip, NULL);
	for (size_t i = 0; i < names.n * ROUNDS; i++)
		close(syscall(SYS_openat2, names.dir, names.name[i % names.n], &how, sizeof(how)));
	return 0;
}
