/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The 32-bit system calls, made by int 0x80 from a 64-bit program: `int80 unlink|ftruncate`.
 * Their arguments must lie below 4 GiB.
 */
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../tools/names.h"

#define NR_UNLINKAT 301
#define NR_OPENAT 295
#define NR_FTRUNCATE64 194
#define NR_GETPID 20

static long int80(long nr, long a, long b, long c)
{
	long ret;

	__asm__ volatile("int $0x80"
			 : "=a"(ret)
			 : "a"(nr), "b"(a), "c"(b), "d"(c)
			 : "memory", "r8", "r9", "r10", "r11");
	return (int)ret;
}

int main(int argc, char **argv)
{
	char *low = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	struct names names;

	if (argc != 2)
		errx(2, "usage: int80 probe|unlink|ftruncate");
	if (low == MAP_FAILED)
		err(1, "mmap");
	if (!strcmp(argv[1], "probe"))
		return int80(NR_GETPID, 0, 0, 0) != getpid();
	names = names_read(getenv("DATA"));
	for (size_t i = 0; i < names.n; i++) {
		strcpy(low, names.name[i]);
		if (!strcmp(argv[1], "unlink"))
			int80(NR_UNLINKAT, names.dir, (long)low, 0);
		else
			int80(NR_FTRUNCATE64,
			      int80(NR_OPENAT, names.dir, (long)low, O_WRONLY | O_CLOEXEC), 0, 0);
	}
	return 0;
}
