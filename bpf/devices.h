/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What lies below files: block devices and mounts. There is no budget for them; the first
 * operation is past it.
 */
#ifndef PAWL_DEVICES_H
#define PAWL_DEVICES_H

#include "files.h"

#define S_IFBLK 0060000
#define S_IFCHR 0020000
#define MNT_SHARED 0x1000 /* before 6.17 */
#define T_SHARED 1	  /* from then on, in mnt_t_flags */
#define MS_REMOUNT 32
#define SYS_SETNS 308 /* x86-64 */
#define SYS_SETNS_32 346
#define SYS_MOUNT_SETATTR 442
#define SYS_OPEN_TREE_ATTR 467
#define OPEN_TREE_CLONE 1
#define FSCONFIG_CMD_RECONFIGURE 7

/* uapi/linux: fs.h, btrfs.h, nvme_ioctl.h; scsi/sg.h. Requests that destroy. */
static __always_inline u32 devices_ioctl_detail(u32 request)
{
	switch (request) {
	case 0x1277: /* BLKDISCARD */
	case 0x127d: /* BLKSECDISCARD */
	case 0x127f: /* BLKZEROOUT */
		return PAWL_DETAIL_DISCARD;
	case 0x1269:	 /* BLKPG */
	case 0x125f:	 /* BLKRRPART */
	case 0x4c01:	 /* LOOP_CLR_FD */
	case 0x4c02:	 /* LOOP_SET_STATUS */
	case 0x4c04:	 /* LOOP_SET_STATUS64 */
	case 0x4c06:	 /* LOOP_CHANGE_FD */
	case 0x5000940a: /* BTRFS_IOC_ADD_DEV, with which the kernel writes to the device */
	case 0x5000940b: /* BTRFS_IOC_RM_DEV */
	case 0x5000943a: /* BTRFS_IOC_RM_DEV_V2 */
	case 0xca289435: /* BTRFS_IOC_DEV_REPLACE */
	case 0xc138fd01: /* DM_REMOVE_ALL */
	case 0xc138fd04: /* DM_DEV_REMOVE */
	case 0xc138fd06: /* DM_DEV_SUSPEND, which also puts a new table in force */
	case 0xc138fd09: /* DM_TABLE_LOAD */
		return PAWL_DETAIL_OPEN_DEVICE;
	case 0x5000940f: /* BTRFS_IOC_SNAP_DESTROY */
	case 0x5000943f: /* BTRFS_IOC_SNAP_DESTROY_V2 */
		return PAWL_DETAIL_SUBVOLUME;
	case 0x8004587d: /* FS_IOC_SHUTDOWN: ext4, xfs, f2fs */
	case 0xc0045877: /* FIFREEZE */
		return PAWL_DETAIL_SHUTDOWN;
	case 0x4e44:		  /* NVME_IOCTL_RESET */
	case 0x4e45:		  /* NVME_IOCTL_SUBSYS_RESET */
	case 0x4e41 | 0xc0480000: /* NVME_IOCTL_ADMIN_CMD */
	case 0x4e42 | 0x40300000: /* NVME_IOCTL_SUBMIT_IO */
	case 0x4e43 | 0xc0480000: /* NVME_IOCTL_IO_CMD */
	case 0x4e47 | 0xc0500000: /* NVME_IOCTL_ADMIN64_CMD */
	case 0x4e48 | 0xc0500000: /* NVME_IOCTL_IO64_CMD */
	case 0x4e49 | 0xc0500000: /* NVME_IOCTL_IO64_CMD_VEC */
	case 0x2285:		  /* SG_IO */
	case 0x5412:		  /* TIOCSTI: keys typed for whoever reads the terminal */
		return PAWL_DETAIL_PASSTHROUGH;
	}
	return PAWL_DETAIL_NONE;
}

static __always_inline void devices_file(struct attempt *attempt, struct file *file)
{
	attempt->mnt = BPF_CORE_READ(file, f_path.mnt);
	files_target(attempt, BPF_CORE_READ(file, f_path.dentry), BPF_CORE_READ(file, f_inode));
}

static __always_inline int devices_ioctl(struct file *file, u32 request)
{
	u32 detail = devices_ioctl_detail(request);
	struct attempt attempt = {.class = PAWL_CLASS_WIPE, .detail = detail};
	struct pawl_task *mark;

	if (!detail)
		return 0;
	mark = task_current();
	if (!mark)
		return 0;
	/*
	 * Asking a disk for its health goes the same way. For others the kernel looks at the
	 * command; root may send any of them by a descriptor for reading.
	 */
	if (detail == PAWL_DETAIL_PASSTHROUGH && current_uid() &&
	    !(BPF_CORE_READ(file, f_mode) & FMODE_WRITE))
		return 0;
	devices_file(&attempt, file);
	return judge(mark, &attempt);
}

static __always_inline bool mount_is_shared(struct vfsmount *mnt)
{
	struct mount *mount = (void *)mnt - bpf_core_field_offset(struct mount, mnt);

	if (bpf_core_field_exists(mount->mnt_t_flags))
		return BPF_CORE_READ(mount, mnt_t_flags) & T_SHARED;
	return BPF_CORE_READ(mnt, mnt_flags) & MNT_SHARED;
}

/* Whether the current task mounts where everybody sees it. */
static __always_inline bool mount_at_home(void)
{
	struct task_struct *task = bpf_get_current_task_btf();
	u32 inum = BPF_CORE_READ(task, nsproxy, mnt_ns, ns.inum);

	return inum == *(volatile u32 *)&shared.mount_ns[0] ||
	       inum == *(volatile u32 *)&shared.mount_ns[1];
}

/*
 * Likewise, where those see it whose namespace it has joined: a service's, a container's. Nobody
 * makes one by setns(2); one of its own that it comes back to looks the same. Those of a user's
 * own containers, in user namespaces, are joined by each of his commands about them: left alone.
 */
static __always_inline bool mount_as_guest(struct pawl_task *mark)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct mnt_namespace *ns = BPF_CORE_READ(task, nsproxy, mnt_ns);
	u32 inum = BPF_CORE_READ(ns, ns.inum);

	if (mark->mount_ns == PAWL_MOUNT_NS_JOINS)
		mark->mount_ns = inum;
	return inum == mark->mount_ns && !BPF_CORE_READ(ns, user_ns, level);
}

/*
 * Sandboxes mount and unmount all day in a namespace of their own. What is mounted there
 * matters to others where it is passed on to them.
 */
static __always_inline bool mount_matters(struct pawl_task *mark, struct vfsmount *mnt)
{
	return mount_as_guest(mark) || mount_at_home() || mount_is_shared(mnt);
}

/* The mount @mnt, or the directory @dentry of it, is mounted over, moved or unmounted. */
static __always_inline int devices_mount(u32 detail, struct vfsmount *mnt, struct dentry *dentry)
{
	struct pawl_task *mark = task_current();
	struct attempt attempt = {.class = PAWL_CLASS_MOUNT, .detail = detail};

	if (!mark || !mount_matters(mark, mnt))
		return 0;
	attempt.mnt = mnt;
	files_target(&attempt, dentry, BPF_CORE_READ(dentry, d_inode));
	if (place_is_own(dentry))
		return files_tamper(mark, &attempt);
	return judge(mark, &attempt);
}

/* Whether the system call changes what is mounted. None of these has a hook of its own. */
static __always_inline bool mount_changes(struct pt_regs *regs)
{
	switch (SYSCALL_NUMBER(regs)) {
	case SYS_MOUNT_SETATTR:
		return true;
	case SYS_OPEN_TREE_ATTR:
		return !(syscall_arg(regs, 2) & OPEN_TREE_CLONE);
	case SYS_FSCONFIG:
		return syscall_arg(regs, 1) == FSCONFIG_CMD_RECONFIGURE;
	}
	return false;
}

/* The current task is asked for what mounting takes. What is returned is EPERM to it. */
static __always_inline int devices_capable(struct pawl_task *mark, struct pt_regs *regs)
{
	struct attempt attempt = {.class = PAWL_CLASS_MOUNT};
	bool guest;

	if (SYSCALL_NUMBER(regs) == SYS_SETNS || SYSCALL_NUMBER(regs) == SYS_SETNS_32)
		return 0;
	guest = mount_as_guest(mark); /* unshare(2) comes here before it leaves what was joined */
	return mount_changes(regs) && (guest || mount_at_home()) ? judge(mark, &attempt) : 0;
}

/* setns(2) asks for CAP_SYS_CHROOT where it joins a mount namespace, and nowhere else. */
static __always_inline void devices_join(struct pawl_task *mark, struct pt_regs *regs)
{
	if (SYSCALL_NUMBER(regs) == SYS_SETNS || SYSCALL_NUMBER(regs) == SYS_SETNS_32)
		mark->mount_ns = PAWL_MOUNT_NS_JOINS;
}

#endif
