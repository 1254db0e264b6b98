/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a watched tree reaches for that is no file of its own: pawl itself (denied, as
 * tampering), and the kernel, by which it could do anything (held). Processes outside every
 * tree, pawld among them, are not asked.
 */
#ifndef PAWL_GUARD_H
#define PAWL_GUARD_H

#include "devices.h"

#define PTRACE_MODE_ATTACH 2
#define CAP_SYS_MODULE 16
#define CAP_SYS_CHROOT 18
#define CAP_SYS_ADMIN 21
#define CAP_SYS_BOOT 22
#define SYS_DELETE_MODULE 176 /* x86-64 */
#define SYS_DELETE_MODULE_32 129
#define SCSI_GENERIC_MAJOR 21
#define MEM_MAJOR 1 /* drivers/char/mem.c: mem, kmem and port are its minors 1, 2, 4 */

/* uapi/linux/bpf.h: enum bpf_cmd, and where union bpf_attr has what they name */
#define BPF_PROG_LOAD 5
#define BPF_PROG_ATTACH 8
#define BPF_PROG_GET_FD_BY_ID 13
#define BPF_MAP_GET_FD_BY_ID 14
#define BPF_LINK_CREATE 28
#define BPF_LINK_GET_FD_BY_ID 30
#define BPF_CGROUP_DEVICE 6 /* enum bpf_attach_type */

/*
 * Types of programs that see or change what others do, or, on a control group, take from others
 * connections, settings, and the truth about who speaks to them (SO_PEERCRED, by which pawld
 * knows people). The rest serves networks; those for devices of containers see guard_attach().
 */
#define BPF_TYPES_DEEP                                                                             \
	(1ULL << 2 /* kprobe */ | 1ULL << 5 /* tracepoint */ | 1ULL << 7 /* perf event */ |        \
	 1ULL << 8 /* packets of a group */ | 1ULL << 9 /* its sockets */ |                        \
	 1ULL << 17 /* raw tracepoint */ | 1ULL << 18 /* addresses of a group */ |                 \
	 1ULL << 23 /* its settings */ | 1ULL << 24 /* writable raw tracepoint */ |                \
	 1ULL << 25 /* options of its sockets */ | 1ULL << 26 /* tracing */ |                      \
	 1ULL << 27 /* struct ops */ | 1ULL << 28 /* extension */ | 1ULL << 29 /* lsm */ |         \
	 1ULL << 31 /* syscall */)

/* enum kernel_read_file_id and kernel_load_data_id agree on these */
#define READING_MODULE 2
#define READING_KEXEC_IMAGE 3
#define READING_KEXEC_INITRAMFS 4
#define READING_MODULE_COMPRESSED 7

/* Whether a process is pawld or one of its own. */
static __always_inline bool guard_is_own(u32 tgid)
{
	for (int i = 0; i < PAWL_GUARDS; i++) {
		if (tgid && *(volatile u32 *)&shared.guards[i] == tgid)
			return true;
	}
	return false;
}

static __always_inline int guard_attempt(struct pawl_task *mark, u32 class, u32 detail, u64 ino)
{
	struct attempt attempt = {.class = class, .detail = detail, .ino = ino};

	return judge(mark, &attempt);
}

/* Something is done to process @task. */
static __always_inline int guard_process(struct task_struct *task, u32 detail)
{
	struct pawl_task *mark = task_current();
	u32 tgid = task->tgid;

	if (!mark || !guard_is_own(tgid))
		return 0;
	return guard_attempt(mark, PAWL_CLASS_TAMPER, detail, tgid);
}

/* PID 1 takes signals for requests: to halt, restart, or run something. */
static __always_inline int guard_signal(struct task_struct *task, int signal)
{
	struct pawl_task *mark;

	if (!signal)
		return 0;
	if (task->tgid != 1)
		return guard_process(task, PAWL_DETAIL_SIGNAL);
	mark = task_current();
	return mark ? guard_attempt(mark, PAWL_CLASS_KERNEL, PAWL_DETAIL_REBOOT, 1) : 0;
}

/*
 * Some system calls have no hook, but ask for a capability. What is returned here is EPERM to the
 * caller: it is stopped, and fails when it is continued. Loading a module asks for the same one as
 * delete_module(2), and has a hook, which lets it go on.
 */
static __always_inline int guard_capable(int capability)
{
	struct pawl_task *mark;
	struct pt_regs *regs;

	if (capability != CAP_SYS_BOOT && capability != CAP_SYS_MODULE &&
	    capability != CAP_SYS_ADMIN && capability != CAP_SYS_CHROOT)
		return 0;
	mark = task_current();
	regs = mark ? (struct pt_regs *)bpf_task_pt_regs(bpf_get_current_task_btf()) : 0;
	if (!mark || !regs)
		return 0;
	switch (capability) {
	case CAP_SYS_BOOT:
		return guard_attempt(mark, PAWL_CLASS_KERNEL, PAWL_DETAIL_REBOOT, 0);
	case CAP_SYS_MODULE:
		return SYSCALL_NUMBER(regs) == SYS_DELETE_MODULE ||
				       SYSCALL_NUMBER(regs) == SYS_DELETE_MODULE_32
			       ? guard_attempt(mark, PAWL_CLASS_KERNEL, PAWL_DETAIL_MODULE, 0)
			       : 0;
	case CAP_SYS_CHROOT:
		devices_join(mark, regs);
		return 0;
	}
	return devices_capable(mark, regs);
}

/*
 * F_SETOWN and F_SETSIG make the kernel send any signal, SIGKILL too, when a file is ready. It
 * may do so in anybody's name, so who asked for it is not known: pawl wants none of these.
 */
static __always_inline int guard_sigio(struct task_struct *task)
{
	if (!live() || !guard_is_own(task->tgid))
		return 0;
	guard_process(task, PAWL_DETAIL_SIGNAL);
	return -EPERM;
}

/*
 * Tracing, and what goes the same way: /proc/PID/mem, process_vm_readv, pidfd_getfd. Inside
 * the tree it is everyday work; a process outside would act for the tree.
 */
static __always_inline int guard_ptrace(struct task_struct *child, u32 mode)
{
	struct pawl_task *mark, *theirs;
	struct attempt attempt = {.class = PAWL_CLASS_BROKER, .detail = PAWL_DETAIL_PTRACE};

	if (!(mode & PTRACE_MODE_ATTACH))
		return 0;
	mark = task_current();
	if (!mark)
		return 0;
	if (guard_is_own(child->tgid))
		return guard_attempt(mark, PAWL_CLASS_TAMPER, PAWL_DETAIL_TRACE, child->tgid);
	theirs = bpf_task_storage_get(&tasks, child, 0, 0);
	if (theirs && theirs->id == mark->id)
		return 0;
	attempt.broker = PAWL_BROKER_PTRACE;
	attempt.ino = child->tgid;
	return judge(mark, &attempt);
}

static __always_inline bool guard_owns_bpf(u64 dev, u64 id)
{
	struct pawl_place_key key = {.dev = dev, .ino = id};

	return bpf_map_lookup_elem(&places, &key) != 0;
}

/* A descriptor of a map or program of pawl's is asked for, by whatever way. */
static __always_inline int guard_bpf_object(u64 dev, u32 id)
{
	struct pawl_task *mark = task_current();

	if (!mark || !guard_owns_bpf(dev, id))
		return 0;
	return guard_attempt(mark, PAWL_CLASS_TAMPER, PAWL_DETAIL_BPF_OBJECT, id);
}

/*
 * A program is put on the control group behind descriptor @fd. One that decides on devices is part
 * of every container, on a group of its own; on the root, or where pawl lies, it takes them from
 * everybody.
 */
static __always_inline int guard_attach(struct pawl_task *mark, s32 fd, u32 type)
{
	struct file *file = type == BPF_CGROUP_DEVICE ? syscall_file(fd) : 0;
	struct dentry *group = BPF_CORE_READ(file, f_path.dentry);

	if (!file || (group != BPF_CORE_READ(group, d_parent) && !place_is_own(group)))
		return 0;
	return guard_attempt(mark, PAWL_CLASS_KERNEL, PAWL_DETAIL_BPF_PROGRAM, type);
}

static __always_inline int guard_bpf(int command, union bpf_attr *attr)
{
	struct pawl_task *mark;
	u32 words[3] = {}; /* of the attributes: a type or an id; descriptors, type of attachment */
	u32 first;

	if (command != BPF_PROG_LOAD && command != BPF_LINK_GET_FD_BY_ID &&
	    command != BPF_PROG_ATTACH && command != BPF_LINK_CREATE)
		return 0;
	mark = task_current();
	if (!mark)
		return 0;
	bpf_probe_read_kernel(words, sizeof(words), attr);
	first = words[0];
	if (command == BPF_PROG_ATTACH || command == BPF_LINK_CREATE)
		return guard_attach(mark, command == BPF_PROG_ATTACH ? first : words[1], words[2]);
	if (command == BPF_LINK_GET_FD_BY_ID)
		return guard_owns_bpf(PAWL_PLACE_BPF_LINK, first)
			       ? guard_attempt(mark, PAWL_CLASS_TAMPER, PAWL_DETAIL_BPF_OBJECT,
					       first)
			       : 0;
	if (first > 63 || !(1ULL << first & BPF_TYPES_DEEP))
		return 0;
	return guard_attempt(mark, PAWL_CLASS_KERNEL, PAWL_DETAIL_BPF_PROGRAM, first);
}

/* The kernel is given something to run. */
static __always_inline int guard_load(u32 what)
{
	u32 detail =
		what == READING_MODULE || what == READING_MODULE_COMPRESSED ? PAWL_DETAIL_MODULE
		: what == READING_KEXEC_IMAGE || what == READING_KEXEC_INITRAMFS ? PAWL_DETAIL_KEXEC
										 : PAWL_DETAIL_NONE;
	struct pawl_task *mark;

	if (!detail)
		return 0;
	mark = task_current();
	return mark ? guard_attempt(mark, PAWL_CLASS_KERNEL, detail, what) : 0;
}

/* What a file of procfs, sysfs or binfmt_misc would do, by its name. */
static __always_inline u32 guard_setting(u64 magic, const char *name)
{
	if (magic == SECURITYFS_MAGIC)
		return NAME_IS(name, "lockdown") ? PAWL_DETAIL_SETTING : PAWL_DETAIL_NONE;
	if (magic == SYSFS_MAGIC && NAME_IS(name, "uevent_helper"))
		return PAWL_DETAIL_HELPER;
	if (magic == SYSFS_MAGIC)
		return NAME_IS(name, "delete") || NAME_IS(name, "remove") ||
				       NAME_IS(name, "unbind") || NAME_IS(name, "reset")
			       ? PAWL_DETAIL_HOTPLUG
		       : NAME_IS(name, "state") ? PAWL_DETAIL_REBOOT /* power/state: suspend */
						: PAWL_DETAIL_NONE;
	if (NAME_IS(name, "sysrq-trigger"))
		return PAWL_DETAIL_SYSRQ;
	if (NAME_IS(name, "core_pattern") || NAME_IS(name, "modprobe") ||
	    NAME_IS(name, "hotplug") || NAME_IS(name, "poweroff_cmd"))
		return PAWL_DETAIL_HELPER;
	/* without it no BPF program is called any more */
	return NAME_IS(name, "ftrace_enabled") ? PAWL_DETAIL_SETTING : PAWL_DETAIL_NONE;
}

/* A file of /proc/PID of one of pawl's own. */
static __always_inline bool guard_proc_own(struct inode *inode)
{
	struct proc_inode *proc =
		(void *)inode - bpf_core_field_offset(struct proc_inode, vfs_inode);
	struct pid *pid = BPF_CORE_READ(proc, pid);

	return pid && guard_is_own(BPF_CORE_READ(pid, numbers[0].nr));
}

/*
 * Control groups: pawl's own, and those it lies in, are not touched. Moving processes between
 * groups is root's way to put pawld where it can be frozen; what is written is not seen here.
 */
static __always_inline u32 guard_cgroup(struct attempt *attempt, const char *name)
{
	struct dentry *dentry = attempt->dentry;
	struct pawl_place *place = place_of_inode(BPF_CORE_READ(dentry, d_parent, d_inode));

	attempt->detail = PAWL_DETAIL_CGROUP;
	if (place && place->flags & (PAWL_PLACE_OWN | PAWL_PLACE_ABOVE))
		return PAWL_CLASS_TAMPER;
	/* the agent itself may also be set by an option of a mount */
	if (NAME_IS(name, "release_agent") || NAME_IS(name, "notify_on_release")) {
		attempt->detail = PAWL_DETAIL_HELPER;
		return PAWL_CLASS_KERNEL;
	}
	if (current_uid() || !(NAME_IS(name, "cgroup.procs") || NAME_IS(name, "cgroup.threads") ||
			       NAME_IS(name, "tasks")))
		return PAWL_CLASS_NONE;
	return PAWL_CLASS_KERNEL;
}

/* A regular file is opened for writing: of the kernel's own file systems, or of others. */
static __noinline u32 guard_open_class(struct attempt *attempt, struct file *file)
{
	struct inode *inode = BPF_CORE_READ(file, f_inode);
	u64 magic = BPF_CORE_READ(inode, i_sb, s_magic);
	char name[NAME_BYTES];

	name_of(attempt->dentry, name);
	switch (magic) {
	case CGROUP_MAGIC:
	case CGROUP2_MAGIC:
		return guard_cgroup(attempt, name);
	case TRACEFS_MAGIC:
	case DEBUGFS_MAGIC:
		attempt->detail = PAWL_DETAIL_TRACING;
		return PAWL_CLASS_KERNEL;
	case BINFMT_MAGIC:
		attempt->detail = PAWL_DETAIL_HELPER;
		return PAWL_CLASS_KERNEL;
	case PROC_MAGIC:
		attempt->detail = PAWL_DETAIL_LIMITS;
		if (guard_proc_own(inode))
			return PAWL_CLASS_TAMPER;
		break;
	case SYSFS_MAGIC:
	case SECURITYFS_MAGIC:
		break;
	default:
		return files_open_class(attempt, file);
	}
	attempt->detail = guard_setting(magic, name);
	return attempt->detail ? PAWL_CLASS_KERNEL : PAWL_CLASS_NONE;
}

static __always_inline bool guard_is_memory(u32 rdev)
{
	u32 minor = rdev & 0xfffff;

	return rdev >> 20 == MEM_MAJOR && (minor == 1 || minor == 2 || minor == 4);
}

/* What is opened for writing. Return: the class of it, NONE where nothing is at stake. */
static __always_inline u32 guard_opened(struct attempt *attempt, struct file *file)
{
	devices_file(attempt, file);
	switch (BPF_CORE_READ(file, f_inode, i_mode) & S_IFMT) {
	case S_IFBLK:
		attempt->detail = PAWL_DETAIL_OPEN_DEVICE;
		return PAWL_CLASS_WIPE;
	case S_IFCHR:
		attempt->detail = PAWL_DETAIL_PASSTHROUGH; /* also by write(2) */
		if (BPF_CORE_READ(file, f_inode, i_rdev) >> 20 == SCSI_GENERIC_MAJOR)
			return PAWL_CLASS_WIPE;
		attempt->detail = PAWL_DETAIL_MEMORY;
		return guard_is_memory(BPF_CORE_READ(file, f_inode, i_rdev)) ? PAWL_CLASS_KERNEL
									     : PAWL_CLASS_NONE;
	case S_IFREG:
		return guard_open_class(attempt, file);
	}
	return PAWL_CLASS_NONE;
}

/* Fills @attempt. Return: the current task, if by @file it can write what is at stake; else NULL. */
static __always_inline struct pawl_task *guard_writer(struct attempt *attempt, struct file *file)
{
	struct pawl_task *mark;

	if (!(file->f_mode & FMODE_WRITE))
		return 0;
	mark = task_current();
	if (!mark)
		return 0;
	attempt->class = guard_opened(attempt, file);
	return attempt->class ? mark : 0;
}

static __always_inline int guard_file_open(struct file *file)
{
	struct attempt attempt = {};
	struct pawl_task *mark = guard_writer(&attempt, file);

	return mark ? judge(mark, &attempt) : 0;
}

/*
 * Somebody hands over what he opened for writing: as opening it, but for what has a budget, which
 * is not spent by that. The call that receives it cannot be restarted.
 */
static __always_inline int guard_receive(struct file *file)
{
	struct attempt attempt = {.refuse = 1};
	struct pawl_task *mark = guard_writer(&attempt, file);

	if (!mark || budget_covers(attempt.class))
		return 0;
	return judge(mark, &attempt) ? -EPERM : 0;
}

#endif
