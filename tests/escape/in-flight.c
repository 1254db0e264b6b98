/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tries: 300 threads that are all inside unlinkat(2), waiting for the page their path lies on, before the first has ended
 * class: load
 * where: host
 */
#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../tools/names.h"

#define PAGE 4096
#define STACK_BYTES 65536

static struct names names;
static char *pages;

/* Stops in the kernel, at the page that is not there. */
static void *destroy(void *index)
{
	unlinkat(names.dir, pages + PAGE * (uintptr_t)index, 0);
	return NULL;
}

static int fault_open(size_t size)
{
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	struct uffdio_api api = {.api = UFFD_API};
	struct uffdio_register range = {.range = {.start = (uintptr_t)pages, .len = size},
					.mode = UFFDIO_REGISTER_MODE_MISSING};

	if (fd < 0)
		err(77, "userfaultfd");
	if (ioctl(fd, UFFDIO_API, &api) || ioctl(fd, UFFDIO_REGISTER, &range))
		err(1, "UFFDIO_REGISTER");
	return fd;
}

/* Each of them has said which page it waits for. */
static void wait_inside(int fd)
{
	struct pollfd ready = {.fd = fd, .events = POLLIN};
	struct uffd_msg message;

	for (size_t n = 0; n < names.n;) {
		poll(&ready, 1, -1);
		n += read(fd, &message, sizeof(message)) == sizeof(message);
	}
}

/* All of them at once: every path is there, and nobody has made a system call in between. */
static void resolve(int fd, char *filled, size_t size)
{
	struct uffdio_copy copy = {.dst = (uintptr_t)pages, .src = (uintptr_t)filled, .len = size};

	ioctl(fd, UFFDIO_COPY, &copy);
}

static char *map(size_t size)
{
	char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		err(1, "mmap");
	return memory;
}

int main(void)
{
	pthread_attr_t attr;
	pthread_t *threads;
	char *filled;
	size_t size;
	int fd;

	names = names_read(getenv("DATA"));
	threads = calloc(names.n, sizeof(*threads));
	if (!threads)
		err(1, "calloc");
	size = PAGE * names.n;
	pages = map(size);
	filled = map(size);
	for (size_t i = 0; i < names.n; i++)
		strcpy(filled + PAGE * i, names.name[i]);
	fd = fault_open(size);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_BYTES);
	for (size_t i = 0; i < names.n; i++) {
		if (pthread_create(&threads[i], &attr, destroy, (void *)i))
			errx(1, "pthread_create");
	}
	wait_inside(fd);
	resolve(fd, filled, size);
	for (size_t i = 0; i < names.n; i++)
		pthread_join(threads[i], NULL);
	return 0;
}
