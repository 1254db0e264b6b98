/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * pawl in the kernel: every entry point, in the order in which the life of an agent meets
 * them. Bodies are one line; what they do stands in the header named beside each group.
 *
 * Optional programs ("?") are enabled by pawld for the one backend that a live self-test
 * has chosen.
 */
#include "exec.h"
#include "files.h"
#include "process.h"
#include "syscalls.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* -- A tree grows: process.h, exec.h ---------------------------------------------------- */

SEC("tp_btf/task_newtask")
int BPF_PROG(on_fork, struct task_struct *child, u64 clone_flags)
{
	return process_fork(child, clone_flags);
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(on_exec, struct task_struct *task, pid_t old_pid, struct linux_binprm *bprm)
{
	return process_exec(bprm);
}

/* -- It destroys: files.h ---------------------------------------------------------------- */

/* One body, twice: as an LSM program, and on the same hook's function for fmod_ret. */
#define ON_HOOK(event, hook, body, args...)                                                        \
	SEC("?lsm/" #hook)                                                                         \
	int BPF_PROG(on_##event, args, int ret)                                                    \
	{                                                                                          \
		return ret ? files_earlier(ret) : (body);                                          \
	}                                                                                          \
	SEC("?fmod_ret/security_" #hook)                                                           \
	int BPF_PROG(on_m##event, args, int ret)                                                   \
	{                                                                                          \
		return ret ? files_earlier(ret) : (body);                                          \
	}

ON_HOOK(path_unlink, path_unlink, files_arm(PAWL_CLASS_DELETE, dir->mnt), struct path *dir,
	struct dentry *dentry)
ON_HOOK(unlink, inode_unlink, files_attempt(PAWL_CLASS_DELETE, dentry, dentry->d_inode),
	struct inode *dir, struct dentry *dentry)

ON_HOOK(path_rmdir, path_rmdir, files_arm(PAWL_CLASS_RMDIR, dir->mnt), struct path *dir,
	struct dentry *dentry)
ON_HOOK(rmdir, inode_rmdir, files_attempt(PAWL_CLASS_RMDIR, dentry, dentry->d_inode),
	struct inode *dir, struct dentry *dentry)

ON_HOOK(path_rename, path_rename, files_arm(PAWL_CLASS_REPLACE, new_dir->mnt), struct path *old_dir,
	struct dentry *old_dentry, struct path *new_dir, struct dentry *new_dentry, u32 flags)

/* The two differ: only the function has the flags, before the earlier verdict. */
SEC("?lsm/inode_rename")
int BPF_PROG(on_rename, struct inode *old_dir, struct dentry *old_dentry, struct inode *new_dir,
	     struct dentry *new_dentry, int ret)
{
	return ret ? files_earlier(ret)
		   : files_attempt(PAWL_CLASS_REPLACE, new_dentry, new_dentry->d_inode);
}

SEC("?fmod_ret/security_inode_rename")
int BPF_PROG(on_mrename, struct inode *old_dir, struct dentry *old_dentry, struct inode *new_dir,
	     struct dentry *new_dentry, u32 flags, int ret)
{
	return ret ? files_earlier(ret)
		   : files_attempt(PAWL_CLASS_REPLACE, new_dentry, new_dentry->d_inode);
}

/* truncate(2); before 6.2 also ftruncate(2) and O_TRUNC (3350607dc563 split them off) */
ON_HOOK(path_trunc, path_truncate, files_arm(PAWL_CLASS_TRUNCATE, path->mnt), struct path *path)
ON_HOOK(file_trunc, file_truncate, files_arm(PAWL_CLASS_TRUNCATE, file->f_path.mnt),
	struct file *file)
/* 6.3 gave inode_setattr the mount's idmapping in front; the function had it before */
ON_HOOK(setattr, inode_setattr, files_setattr(dentry, attr), void *idmap, struct dentry *dentry,
	struct iattr *attr)

SEC("?lsm/inode_setattr")
int BPF_PROG(on_setattr_old, struct dentry *dentry, struct iattr *attr, int ret)
{
	return ret ? files_earlier(ret) : files_setattr(dentry, attr);
}

/* -- The same where nothing can be refused: syscalls.h ------------------------------------ */

SEC("?tp_btf/sys_enter")
int BPF_PROG(on_sys_enter, struct pt_regs *regs, long nr)
{
	return syscall_enter(regs, nr);
}

SEC("?tp_btf/sys_exit")
int BPF_PROG(on_sys_exit, struct pt_regs *regs, long ret)
{
	return syscall_exit(regs, ret);
}

SEC("?tp_btf/io_uring_create")
int BPF_PROG(on_ring, int fd)
{
	return syscall_ring(fd);
}

/* -- It ends: process.h -------------------------------------------------------------------- */

SEC("tp_btf/sched_process_exit")
int BPF_PROG(on_exit, struct task_struct *task)
{
	return process_exit(task);
}

/* -- pawld asks for all that is watched, and for trees older than itself ------------------- */

SEC("iter/task")
int on_each_task(struct bpf_iter__task *ctx)
{
	return process_each(ctx->meta, ctx->task);
}
