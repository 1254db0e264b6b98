/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The destructive requests of an io_uring, in the ways in which they can be handed over:
 * `ring [OPTION...] OPERATION DIR`. The techniques ring-*.sh call it. It fails where the kernel
 * does not know a request, and goes on when one is refused.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/io_uring.h>
#include <linux/openat2.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../tools/names.h"

#define BATCH 32
#define OP_FTRUNCATE 55 /* IORING_OP_FTRUNCATE, from 6.9 */

static struct {
	int fd;
	unsigned int enter_flags;
	struct io_uring_params params;
	uint8_t *sq;
	uint8_t *cq;
	struct io_uring_sqe *sqes;
} ring;

static unsigned int sqe_flags; /* of every request */
static bool sqpoll, registered, linked;

static void *ring_map(size_t size, uint64_t offset)
{
	void *map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring.fd,
			 offset);

	if (map == MAP_FAILED)
		err(1, "mmap of the ring");
	return map;
}

static void ring_map_all(void)
{
	struct io_uring_params *p = &ring.params;

	ring.sq = ring_map(p->sq_off.array + p->sq_entries * sizeof(uint32_t), IORING_OFF_SQ_RING);
	ring.cq = ring_map(p->cq_off.cqes + p->cq_entries * sizeof(struct io_uring_cqe),
			   IORING_OFF_CQ_RING);
	ring.sqes = ring_map(p->sq_entries * sizeof(struct io_uring_sqe), IORING_OFF_SQES);
}

/* From here on the ring is known to the kernel by an index alone. */
static void ring_register(void)
{
	struct io_uring_rsrc_update update = {.offset = 0, .data = ring.fd};

	if (syscall(SYS_io_uring_register, ring.fd, IORING_REGISTER_RING_FDS, &update, 1) != 1)
		err(1, "IORING_REGISTER_RING_FDS");
	close(ring.fd);
	ring.fd = 0;
	ring.enter_flags = IORING_ENTER_REGISTERED_RING;
}

static void ring_open(void)
{
	if (sqpoll) {
		ring.params.flags = IORING_SETUP_SQPOLL;
		ring.params.sq_thread_idle = 1000;
	}
	ring.fd = syscall(SYS_io_uring_setup, 2 * BATCH, &ring.params);
	if (ring.fd < 0)
		err(1, "io_uring_setup");
	ring_map_all();
	if (registered)
		ring_register();
}

static uint32_t *sq_field(uint32_t offset)
{
	return (uint32_t *)(ring.sq + offset);
}

static uint32_t *cq_field(uint32_t offset)
{
	return (uint32_t *)(ring.cq + offset);
}

static void ring_queue(struct io_uring_sqe sqe)
{
	uint32_t *tail = sq_field(ring.params.sq_off.tail);
	uint32_t slot = *tail & *sq_field(ring.params.sq_off.ring_mask);

	sqe.flags |= sqe_flags;
	ring.sqes[slot] = sqe;
	sq_field(ring.params.sq_off.array)[slot] = slot;
	__atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
}

/* One completion. Return: its result. */
static int ring_take(void)
{
	uint32_t *head = cq_field(ring.params.cq_off.head);
	struct io_uring_cqe *cqes = (struct io_uring_cqe *)(ring.cq + ring.params.cq_off.cqes);
	int result = cqes[*head & *cq_field(ring.params.cq_off.ring_mask)].res;

	__atomic_store_n(head, *head + 1, __ATOMIC_RELEASE);
	return result;
}

static bool ring_empty(void)
{
	return *cq_field(ring.params.cq_off.head) ==
	       __atomic_load_n(cq_field(ring.params.cq_off.tail), __ATOMIC_ACQUIRE);
}

/* Submits @n requests and waits for their results, which go to @results. */
static void ring_run(unsigned int n, int *results)
{
	unsigned int submit = n, flags = IORING_ENTER_GETEVENTS | ring.enter_flags;

	if (sqpoll)
		flags |= IORING_ENTER_SQ_WAKEUP;
	for (unsigned int done = 0; done < n;) {
		long ret = syscall(SYS_io_uring_enter, ring.fd, submit, sqpoll ? 0 : 1, flags, NULL,
				   0);

		if (ret < 0 && errno != EINTR)
			err(1, "io_uring_enter");
		if (ret > 0)
			submit -= ret;
		for (; done < n && !ring_empty(); done++)
			results[done] = ring_take();
	}
}

static struct io_uring_sqe op_unlinkat(int dir, const char *name)
{
	return (struct io_uring_sqe){
		.opcode = IORING_OP_UNLINKAT, .fd = dir, .addr = (uintptr_t)name};
}

/* An empty file takes the place of @name. */
static struct io_uring_sqe op_renameat(int dir, const char *name)
{
	static unsigned int n;
	char *from = malloc(32);
	int fd;

	if (!from)
		err(1, "malloc");
	snprintf(from, 32, "empty%u", n++);
	fd = open(from, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	close(fd);
	return (struct io_uring_sqe){.opcode = IORING_OP_RENAMEAT,
				     .fd = AT_FDCWD,
				     .addr = (uintptr_t)from,
				     .len = dir,
				     .addr2 = (uintptr_t)name};
}

static struct io_uring_sqe op_openat(int dir, const char *name)
{
	return (struct io_uring_sqe){.opcode = IORING_OP_OPENAT,
				     .fd = dir,
				     .addr = (uintptr_t)name,
				     .open_flags = O_WRONLY | O_TRUNC};
}

static struct io_uring_sqe op_openat2(int dir, const char *name)
{
	static const struct open_how how = {.flags = O_WRONLY | O_TRUNC};

	return (struct io_uring_sqe){.opcode = IORING_OP_OPENAT2,
				     .fd = dir,
				     .addr = (uintptr_t)name,
				     .len = sizeof(how),
				     .addr2 = (uintptr_t)&how};
}

static int open_file(int dir, const char *name)
{
	int fd = openat(dir, name, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		err(1, "open %s", name);
	return fd;
}

static struct io_uring_sqe op_ftruncate(int dir, const char *name)
{
	return (struct io_uring_sqe){.opcode = OP_FTRUNCATE, .fd = open_file(dir, name)};
}

static struct io_uring_sqe op_fallocate(int dir, const char *name)
{
	return (struct io_uring_sqe){.opcode = IORING_OP_FALLOCATE,
				     .fd = open_file(dir, name),
				     .addr = 4096,
				     .len = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE};
}

static struct io_uring_sqe op_write(int dir, const char *name)
{
	return (struct io_uring_sqe){.opcode = IORING_OP_WRITE,
				     .fd = open_file(dir, name),
				     .addr = (uintptr_t) "garbage\n",
				     .len = 8};
}

/* To the broker, over and over. */
static struct io_uring_sqe op_connect(int dir, const char *name)
{
	static struct sockaddr_in address = {.sin_family = AF_INET};

	(void)dir;
	(void)name;
	address.sin_port = htons(atoi(getenv("BROKER_PORT")));
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return (struct io_uring_sqe){.opcode = IORING_OP_CONNECT,
				     .fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0),
				     .addr = (uintptr_t)&address,
				     .off = sizeof(address)};
}

static const struct {
	const char *name;
	struct io_uring_sqe (*fill)(int dir, const char *name);
} operations[] = {
	{"unlinkat", op_unlinkat}, {"renameat", op_renameat},	{"openat", op_openat},
	{"openat2", op_openat2},   {"ftruncate", op_ftruncate}, {"fallocate", op_fallocate},
	{"write", op_write},	   {"connect", op_connect},
};

static struct io_uring_sqe (*find(const char *name))(int, const char *)
{
	for (size_t i = 0; i < sizeof(operations) / sizeof(operations[0]); i++) {
		if (!strcmp(operations[i].name, name))
			return operations[i].fill;
	}
	errx(2, "unknown operation %s", name);
}

static void run(const char *operation, const char *path)
{
	struct io_uring_sqe (*fill)(int, const char *) = find(operation);
	struct names names = names_read(path);
	int results[BATCH];

	for (size_t i = 0; i < names.n;) {
		unsigned int n = 0;

		for (; n < BATCH && i < names.n; n++, i++) {
			struct io_uring_sqe sqe = fill(names.dir, names.name[i]);

			/* the last of a batch ends the chain */
			if (linked && n + 1 < BATCH && i + 1 < names.n)
				sqe.flags |= IOSQE_IO_HARDLINK;
			ring_queue(sqe);
		}
		ring_run(n, results);
		for (unsigned int j = 0; j < n; j++) {
			if (results[j] == -EINVAL)
				errx(77, "this kernel does not know %s", operation);
		}
	}
}

/* Waits, with a ring that nobody watched being made, until @path is there. */
static void wait_for(const char *path)
{
	while (access(path, F_OK))
		usleep(10000);
}

int main(int argc, char **argv)
{
	const char *go = NULL;
	int option;

	while ((option = getopt(argc, argv, "aslrw:")) >= 0) {
		switch (option) {
		case 'a':
			sqe_flags = IOSQE_ASYNC;
			break;
		case 's':
			sqpoll = true;
			break;
		case 'l':
			linked = true;
			break;
		case 'r':
			registered = true;
			break;
		case 'w':
			go = optarg;
			break;
		default:
			return 2;
		}
	}
	if (argc - optind != 2)
		errx(2, "usage: ring [-a] [-s] [-l] [-r] [-w GO] OPERATION DIR");
	ring_open();
	if (go)
		wait_for(go);
	run(argv[optind], argv[optind + 1]);
	return 0;
}
