/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Deletes the files of a directory through io_uring, a batch of IORING_OP_UNLINKAT at a time,
 * with bare system calls: the deletions run in kernel workers. --probe only says whether this
 * kernel offers io_uring.
 */
#include <err.h>
#include <errno.h>
#include <linux/io_uring.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "names.h"

#define BATCH 64

struct ring {
	int fd;
	struct io_uring_params params;
	uint8_t *sq;
	uint8_t *cq;
	struct io_uring_sqe *sqes;
};

static void *ring_map(struct ring *ring, size_t size, uint64_t offset)
{
	void *map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring->fd,
			 offset);

	if (map == MAP_FAILED)
		err(1, "mmap of the ring");
	return map;
}

static void ring_open(struct ring *ring)
{
	struct io_uring_params *p = &ring->params;

	ring->fd = syscall(__NR_io_uring_setup, BATCH, p);
	if (ring->fd < 0)
		err(1, "io_uring_setup");
	ring->sq = ring_map(ring, p->sq_off.array + p->sq_entries * sizeof(uint32_t),
			    IORING_OFF_SQ_RING);
	ring->cq = ring_map(ring, p->cq_off.cqes + p->cq_entries * sizeof(struct io_uring_cqe),
			    IORING_OFF_CQ_RING);
	ring->sqes = ring_map(ring, p->sq_entries * sizeof(struct io_uring_sqe), IORING_OFF_SQES);
}

static void ring_queue(struct ring *ring, int dir, const char *name)
{
	uint32_t *tail = (uint32_t *)(ring->sq + ring->params.sq_off.tail);
	uint32_t mask = *(uint32_t *)(ring->sq + ring->params.sq_off.ring_mask);
	uint32_t *array = (uint32_t *)(ring->sq + ring->params.sq_off.array);
	uint32_t slot = *tail & mask;

	ring->sqes[slot] = (struct io_uring_sqe){
		.opcode = IORING_OP_UNLINKAT,
		.fd = dir,
		.addr = (uintptr_t)name,
	};
	array[slot] = slot;
	__atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
}

/* Submits @n queued requests and waits for them. Return: the first error, or 0. */
static int ring_run(struct ring *ring, unsigned int n)
{
	uint32_t *head = (uint32_t *)(ring->cq + ring->params.cq_off.head);
	uint32_t *tail = (uint32_t *)(ring->cq + ring->params.cq_off.tail);
	uint32_t mask = *(uint32_t *)(ring->cq + ring->params.cq_off.ring_mask);
	struct io_uring_cqe *cqes = (struct io_uring_cqe *)(ring->cq + ring->params.cq_off.cqes);
	unsigned int submit = n;
	int first = 0;

	for (unsigned int done = 0; done < n;) {
		int ret = syscall(__NR_io_uring_enter, ring->fd, submit, n - done,
				  IORING_ENTER_GETEVENTS, NULL, 0);

		if (ret < 0 && errno != EINTR)
			err(1, "io_uring_enter");
		if (ret > 0)
			submit -= ret;
		while (*head != __atomic_load_n(tail, __ATOMIC_ACQUIRE)) {
			if (cqes[*head & mask].res < 0 && !first)
				first = -cqes[*head & mask].res;
			__atomic_store_n(head, *head + 1, __ATOMIC_RELEASE);
			done++;
		}
	}
	return first;
}

int main(int argc, char **argv)
{
	struct ring ring = {0};
	struct names names;

	if (argc != 2)
		errx(2, "usage: deluring --probe | DIR");
	ring_open(&ring);
	if (!strcmp(argv[1], "--probe"))
		return 0;
	names = names_read(argv[1]);
	for (size_t i = 0; i < names.n;) {
		unsigned int n = 0;

		for (; n < BATCH && i < names.n; n++, i++)
			ring_queue(&ring, names.dir, names.name[i]);
		errno = ring_run(&ring, n);
		if (errno)
			err(1, "unlink by io_uring");
	}
	return 0;
}
