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
	{SYS_unlink, PAWL_SYSCALL_UNLINK},
	{SYS_rmdir, PAWL_SYSCALL_RMDIR},
	{SYS_rename, PAWL_SYSCALL_RENAME},
	{SYS_open, PAWL_SYSCALL_OPEN},
	{SYS_creat, PAWL_SYSCALL_CREAT},
	{SYS_chmod, PAWL_SYSCALL_CHMOD},
	{SYS_chown, PAWL_SYSCALL_CHOWN},
	{SYS_lchown, PAWL_SYSCALL_CHOWN},
#endif
#ifdef SYS_renameat
	{SYS_renameat, PAWL_SYSCALL_RENAMEAT},
#endif
	{SYS_unlinkat, PAWL_SYSCALL_UNLINKAT},
	{SYS_renameat2, PAWL_SYSCALL_RENAMEAT2},
	{SYS_truncate, PAWL_SYSCALL_TRUNCATE},
	{SYS_ftruncate, PAWL_SYSCALL_FTRUNCATE},
	{SYS_openat, PAWL_SYSCALL_OPENAT},
	{SYS_open_by_handle_at, PAWL_SYSCALL_OPEN_HANDLE},
	{SYS_openat2, PAWL_SYSCALL_OPENAT2},
	{SYS_fallocate, PAWL_SYSCALL_FALLOCATE},
	{SYS_fchmod, PAWL_SYSCALL_FCHMOD},
	{SYS_fchmodat, PAWL_SYSCALL_FCHMODAT},
	{452, PAWL_SYSCALL_FCHMODAT}, /* fchmodat2, from 6.6 */
	{SYS_fchown, PAWL_SYSCALL_FCHOWN},
	{SYS_fchownat, PAWL_SYSCALL_FCHOWNAT},
	{SYS_mount, PAWL_SYSCALL_MOUNT},
	{SYS_umount2, PAWL_SYSCALL_UMOUNT},
	{SYS_move_mount, PAWL_SYSCALL_MOVE_MOUNT},
	{SYS_pivot_root, PAWL_SYSCALL_PIVOT_ROOT},
	{SYS_swapon, PAWL_SYSCALL_SWAPON},
	{SYS_ioctl, PAWL_SYSCALL_IOCTL},
	{SYS_init_module, PAWL_SYSCALL_MODULE},
	{SYS_finit_module, PAWL_SYSCALL_MODULE},
	{SYS_kexec_load, PAWL_SYSCALL_KEXEC},
	{SYS_kexec_file_load, PAWL_SYSCALL_KEXEC},
	{SYS_bpf, PAWL_SYSCALL_BPF},
	{SYS_connect, PAWL_SYSCALL_CONNECT},
	{SYS_kill, PAWL_SYSCALL_SIGNAL},
	{SYS_tkill, PAWL_SYSCALL_SIGNAL},
	{SYS_rt_sigqueueinfo, PAWL_SYSCALL_SIGNAL},
	{SYS_tgkill, PAWL_SYSCALL_SIGNAL_TASK},
	{SYS_rt_tgsigqueueinfo, PAWL_SYSCALL_SIGNAL_TASK},
	{SYS_pidfd_send_signal, PAWL_SYSCALL_SIGNAL_PIDFD},
	{SYS_ptrace, PAWL_SYSCALL_TRACE},
	{SYS_process_vm_readv, PAWL_SYSCALL_TRACE_MEMORY},
	{SYS_process_vm_writev, PAWL_SYSCALL_TRACE_MEMORY},
	{SYS_pidfd_getfd, PAWL_SYSCALL_TRACE_PIDFD},
	{SYS_prlimit64, PAWL_SYSCALL_LIMITS},
	{SYS_sched_setscheduler, PAWL_SYSCALL_LIMITS},
	{SYS_sched_setparam, PAWL_SYSCALL_LIMITS},
	{SYS_sched_setattr, PAWL_SYSCALL_LIMITS},
	{SYS_sched_setaffinity, PAWL_SYSCALL_LIMITS},
	{SYS_setpriority, PAWL_SYSCALL_PRIORITY},
	{SYS_ioprio_set, PAWL_SYSCALL_PRIORITY},
};

/* arch/x86/entry/syscalls/syscall_32.tbl; 193 and 194 split their length over two arguments */
static const struct number compat_x86[] = {
	{5, PAWL_SYSCALL_OPEN},		  {8, PAWL_SYSCALL_CREAT},
	{10, PAWL_SYSCALL_UNLINK},	  {15, PAWL_SYSCALL_CHMOD},
	{16, PAWL_SYSCALL_CHOWN},	  {21, PAWL_SYSCALL_MOUNT},
	{26, PAWL_SYSCALL_TRACE},	  {37, PAWL_SYSCALL_SIGNAL},
	{38, PAWL_SYSCALL_RENAME},	  {40, PAWL_SYSCALL_RMDIR},
	{52, PAWL_SYSCALL_UMOUNT},	  {54, PAWL_SYSCALL_IOCTL},
	{87, PAWL_SYSCALL_SWAPON},	  {92, PAWL_SYSCALL_TRUNCATE},
	{93, PAWL_SYSCALL_FTRUNCATE},	  {94, PAWL_SYSCALL_FCHMOD},
	{95, PAWL_SYSCALL_FCHOWN},	  {97, PAWL_SYSCALL_PRIORITY},
	{128, PAWL_SYSCALL_MODULE},	  {178, PAWL_SYSCALL_SIGNAL},
	{182, PAWL_SYSCALL_CHOWN},	  {193, PAWL_SYSCALL_TRUNCATE},
	{194, PAWL_SYSCALL_FTRUNCATE},	  {198, PAWL_SYSCALL_CHOWN},
	{207, PAWL_SYSCALL_FCHOWN},	  {212, PAWL_SYSCALL_CHOWN},
	{217, PAWL_SYSCALL_PIVOT_ROOT},	  {238, PAWL_SYSCALL_SIGNAL},
	{270, PAWL_SYSCALL_SIGNAL_TASK},  {283, PAWL_SYSCALL_KEXEC},
	{295, PAWL_SYSCALL_OPENAT},	  {298, PAWL_SYSCALL_FCHOWNAT},
	{301, PAWL_SYSCALL_UNLINKAT},	  {302, PAWL_SYSCALL_RENAMEAT},
	{306, PAWL_SYSCALL_FCHMODAT},	  {324, PAWL_SYSCALL_FALLOCATE},
	{340, PAWL_SYSCALL_LIMITS},	  {342, PAWL_SYSCALL_OPEN_HANDLE},
	{347, PAWL_SYSCALL_TRACE_MEMORY}, {348, PAWL_SYSCALL_TRACE_MEMORY},
	{350, PAWL_SYSCALL_MODULE},	  {353, PAWL_SYSCALL_RENAMEAT2},
	{357, PAWL_SYSCALL_BPF},	  {362, PAWL_SYSCALL_CONNECT},
	{424, PAWL_SYSCALL_SIGNAL_PIDFD}, {429, PAWL_SYSCALL_MOVE_MOUNT},
	{437, PAWL_SYSCALL_OPENAT2},	  {438, PAWL_SYSCALL_TRACE_PIDFD},
	{452, PAWL_SYSCALL_FCHMODAT},
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
