/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compat-ioctl PATH REQUEST VALUE: ioctl(2) with a pointer to VALUE, by int 0x80, which is the
 * 32-bit system call whatever the program is. For scripts beside it.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

#define IOCTL_32 54

int main(int argc, char **argv)
{
	uint32_t *value = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	long ret = -ENOSYS;
	int fd;

	if (argc != 4)
		errx(2, "usage: compat-ioctl PATH REQUEST VALUE");
	fd = open(argv[1], O_RDONLY | O_CLOEXEC);
	if (fd < 0 || value == MAP_FAILED)
		err(1, "%s", argv[1]);
	*value = strtoul(argv[3], NULL, 0);
#ifdef __x86_64__
	asm volatile("int $0x80"
		     : "=a"(ret)
		     : "a"(IOCTL_32), "b"(fd), "c"(strtoul(argv[2], NULL, 0)), "d"(value)
		     : "memory", "r8", "r9", "r10", "r11");
#endif
	if ((int)ret < 0) {
		errno = -(int)ret;
		err(1, "ioctl");
	}
	return 0;
}
