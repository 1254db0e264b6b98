/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A 32-bit program, without any library, as a static binary of another time: deletes f0, f1, … of
 * the working directory until one is not there. Status 0: all went; 1: one was refused.
 */
#define SYS_EXIT 1
#define SYS_UNLINK 10
#define ENOENT 2

static long call(long number, long arg)
{
	long ret;

	__asm__ volatile("int $0x80" : "=a"(ret) : "a"(number), "b"(arg) : "memory");
	return ret;
}

/* "f" and the digits of @n, which end the buffer. */
static char *name_of(char *end, unsigned int n)
{
	do
		*--end = (char)('0' + n % 10);
	while (n /= 10);
	*--end = 'f';
	return end;
}

__attribute__((noreturn)) void _start(void);

void _start(void)
{
	char name[16] = {0};
	long ret = 0;

	for (unsigned int n = 0; ret == 0; n++)
		ret = call(SYS_UNLINK, (long)name_of(name + sizeof(name) - 1, n));
	for (;;)
		call(SYS_EXIT, ret == -ENOENT ? 0 : 1);
}
