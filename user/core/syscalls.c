/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tables behind the tracepoint backend: the kernel side gets them when it is loaded,
 * and what refuses calls in its place reads them too. Nothing here makes a system call.
 */
#include "user/core/syscalls.h"

#include <stddef.h>
#include <sys/syscall.h>

struct number {
	uint16_t nr;
	uint8_t kind; /* enum pawl_syscall */
};

static const struct number native[] = {
#ifdef SYS_unlink
	{SYS_unlink, PAWL_SYSCALL_UNLINK},     {SYS_rmdir, PAWL_SYSCALL_RMDIR},
	{SYS_rename, PAWL_SYSCALL_RENAME},     {SYS_open, PAWL_SYSCALL_OPEN},
	{SYS_creat, PAWL_SYSCALL_CREAT},
#endif
#ifdef SYS_renameat
	{SYS_renameat, PAWL_SYSCALL_RENAMEAT},
#endif
	{SYS_unlinkat, PAWL_SYSCALL_UNLINKAT}, {SYS_renameat2, PAWL_SYSCALL_RENAMEAT2},
	{SYS_truncate, PAWL_SYSCALL_TRUNCATE}, {SYS_ftruncate, PAWL_SYSCALL_FTRUNCATE},
	{SYS_openat, PAWL_SYSCALL_OPENAT},     {SYS_openat2, PAWL_SYSCALL_OPENAT2},
};

/* arch/x86/entry/syscalls/syscall_32.tbl; 193 and 194 split their length over two arguments */
static const struct number compat_x86[] = {
	{5, PAWL_SYSCALL_OPEN},	       {8, PAWL_SYSCALL_CREAT},	     {10, PAWL_SYSCALL_UNLINK},
	{38, PAWL_SYSCALL_RENAME},     {40, PAWL_SYSCALL_RMDIR},     {92, PAWL_SYSCALL_TRUNCATE},
	{93, PAWL_SYSCALL_FTRUNCATE},  {193, PAWL_SYSCALL_TRUNCATE}, {194, PAWL_SYSCALL_FTRUNCATE},
	{295, PAWL_SYSCALL_OPENAT},    {301, PAWL_SYSCALL_UNLINKAT}, {302, PAWL_SYSCALL_RENAMEAT},
	{353, PAWL_SYSCALL_RENAMEAT2}, {437, PAWL_SYSCALL_OPENAT2},
};

static enum pawl_syscall find(const struct number *numbers, size_t n, uint64_t nr)
{
	for (size_t i = 0; i < n; i++) {
		if (numbers[i].nr == nr)
			return numbers[i].kind;
	}
	return PAWL_SYSCALL_NONE;
}

enum pawl_syscall pawl_syscall_kind(bool compat, uint64_t nr)
{
#ifdef __x86_64__
	if (compat)
		return find(compat_x86, sizeof(compat_x86) / sizeof(compat_x86[0]), nr);
#else
	if (compat)
		return PAWL_SYSCALL_NONE;
	(void)compat_x86;
#endif
	return find(native, sizeof(native) / sizeof(native[0]), nr);
}
