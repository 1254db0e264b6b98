/* SPDX-License-Identifier: Apache-2.0 */
/*
 * port-write INDEX VALUE: a byte of the battery-backed memory, by port instructions after ioperm(2).
 * For scripts beside it.
 */
#include <err.h>
#include <stdlib.h>
#ifdef __x86_64__
#include <sys/io.h>
#endif

int main(int argc, char **argv)
{
	if (argc != 3)
		errx(2, "usage: port-write INDEX VALUE");
#ifdef __x86_64__
	if (ioperm(0x70, 2, 1))
		err(1, "ioperm");
	outb(atoi(argv[1]), 0x70);
	outb(atoi(argv[2]), 0x71);
	return 0;
#else
	errx(1, "no ports");
#endif
}
