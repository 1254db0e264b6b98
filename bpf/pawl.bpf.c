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
#include "guard.h"
#include "net.h"
#include "process.h"
#include "syscalls.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/*
 * Where the kernel preempts itself (preempt=full, 7.x by default) it skips a program while another
 * task is interrupted inside it on the same CPU; LSM programs never. So what watches or refuses
 * does not let itself be interrupted, where the kernel knows how (hold_cpu()).
 */
#define uninterrupted(body)                                                                        \
	({                                                                                         \
		int verdict;                                                                       \
		hold_cpu();                                                                        \
		verdict = (body);                                                                  \
		release_cpu();                                                                     \
		verdict;                                                                           \
	})

/* -- A tree grows: process.h, exec.h ---------------------------------------------------- */

SEC("tp_btf/task_newtask")
int BPF_PROG(on_fork, struct task_struct *child, u64 clone_flags)
{
	return uninterrupted(process_fork(child, clone_flags));
}

/* There are two, as a program is skipped where it has been interrupted nevertheless. */
SEC("tp_btf/task_newtask")
int BPF_PROG(on_fork_again, struct task_struct *child, u64 clone_flags)
{
	return uninterrupted(process_fork(child, clone_flags));
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(on_exec, struct task_struct *task, pid_t old_pid, struct linux_binprm *bprm)
{
	return uninterrupted(process_exec(bprm));
}

#define ON_FMOD_RET(prefix, event, hook, body, args...)                                            \
	SEC("?fmod_ret/security_" #hook)                                                           \
	int BPF_PROG(prefix##event, args, int ret)                                                 \
	{                                                                                          \
		return uninterrupted(ret ? judge_earlier(ret) : (body));                           \
	}

#define ON_LSM(event, hook, body, args...)                                                         \
	SEC("?lsm/" #hook)                                                                         \
	int BPF_PROG(on_##event, args, int ret)                                                    \
	{                                                                                          \
		return ret ? judge_earlier(ret) : (body);                                          \
	}

/* One body, twice: as an LSM program, and on the same hook's function for fmod_ret. */
#define ON_HOOK(event, hook, body, args...)                                                        \
	ON_LSM(event, hook, body, args)                                                            \
	ON_FMOD_RET(on_m, event, hook, body, args)

/*
 * Where one begins and ends, a task can still be interrupted. So three stand on the hooks that
 * count, and on that of a new process: what passes was skipped by all. It counts once: an operation
 * is armed, and who comes first disarms it; a new process gets one mark.
 */
#define ON_FMOD_RET_THRICE(event, hook, body, args...)                                             \
	ON_FMOD_RET(on_m, event, hook, body, args)                                                 \
	ON_FMOD_RET(on_2, event, hook, body, args)                                                 \
	ON_FMOD_RET(on_3, event, hook, body, args)

#define ON_COUNTED(event, hook, body, args...)                                                     \
	ON_LSM(event, hook, body, args)                                                            \
	ON_FMOD_RET_THRICE(event, hook, body, args)

ON_COUNTED(alloc, task_alloc, process_alloc(child), struct task_struct *child, u64 clone_flags)

/* -- It destroys: files.h ---------------------------------------------------------------- */

ON_COUNTED(path_unlink, path_unlink, files_arm(PAWL_CLASS_DELETE, dir->mnt), struct path *dir,
	   struct dentry *dentry)
ON_COUNTED(unlink, inode_unlink, files_attempt(PAWL_CLASS_DELETE, dentry, dentry->d_inode),
	   struct inode *dir, struct dentry *dentry)

ON_COUNTED(path_rmdir, path_rmdir, files_arm(PAWL_CLASS_RMDIR, dir->mnt), struct path *dir,
	   struct dentry *dentry)
ON_COUNTED(rmdir, inode_rmdir, files_attempt(PAWL_CLASS_RMDIR, dentry, dentry->d_inode),
	   struct inode *dir, struct dentry *dentry)

ON_COUNTED(path_rename, path_rename, files_arm_rename(flags, new_dir->mnt), struct path *old_dir,
	   struct dentry *old_dentry, struct path *new_dir, struct dentry *new_dentry, u32 flags)

/* The two differ: only the function has the flags, before the earlier verdict. */
ON_LSM(rename, inode_rename, files_rename(old_dentry, new_dentry), struct inode *old_dir,
       struct dentry *old_dentry, struct inode *new_dir, struct dentry *new_dentry)
ON_FMOD_RET_THRICE(rename, inode_rename, files_rename(old_dentry, new_dentry),
		   struct inode *old_dir, struct dentry *old_dentry, struct inode *new_dir,
		   struct dentry *new_dentry, u32 flags)

ON_HOOK(create, inode_create, files_make(dir, dentry), struct inode *dir, struct dentry *dentry,
	umode_t mode)
ON_HOOK(mkdir, inode_mkdir, files_make(dir, dentry), struct inode *dir, struct dentry *dentry,
	umode_t mode)
ON_HOOK(mknod, inode_mknod, files_make(dir, dentry), struct inode *dir, struct dentry *dentry,
	umode_t mode, dev_t device)
ON_HOOK(symlink, inode_symlink, files_link(dir, dentry), struct inode *dir, struct dentry *dentry,
	const char *target)
ON_HOOK(link, inode_link, files_link(dir, new_dentry), struct dentry *old_dentry, struct inode *dir,
	struct dentry *new_dentry)

/* truncate(2); before 6.2 also ftruncate(2) and O_TRUNC (3350607dc563 split them off) */
ON_COUNTED(path_trunc, path_truncate, files_arm(PAWL_CLASS_TRUNCATE, path->mnt), struct path *path)
ON_COUNTED(file_trunc, file_truncate, files_arm(PAWL_CLASS_TRUNCATE, file->f_path.mnt),
	   struct file *file)
ON_HOOK(chmod, path_chmod, files_arm(PAWL_CLASS_ACCESS, path->mnt), struct path *path, umode_t mode)
/* the ids are structs, which BPF_PROG cannot take: their place is all that matters */
ON_HOOK(chown, path_chown, files_arm(PAWL_CLASS_ACCESS, path->mnt), struct path *path, u64 uid,
	u64 gid)
/* 6.3 gave inode_setattr the mount's idmapping in front; the function had it before */
ON_COUNTED(setattr, inode_setattr, files_setattr(dentry, attr), void *idmap, struct dentry *dentry,
	   struct iattr *attr)

SEC("?lsm/inode_setattr")
int BPF_PROG(on_setattr_old, struct dentry *dentry, struct iattr *attr, int ret)
{
	return ret ? judge_earlier(ret) : files_setattr(dentry, attr);
}

ON_HOOK(setxattr, inode_setxattr, files_set_xattr(ctx, dentry, name, size), void *idmap,
	struct dentry *dentry, const char *name, const void *value, u64 size, int flags)
ON_HOOK(rmxattr, inode_removexattr, files_remove_xattr(dentry, name), void *idmap,
	struct dentry *dentry, const char *name)
/* 6.2 gave ACLs hooks of their own */
ON_HOOK(set_acl, inode_set_acl, files_set_acl(dentry, name, acl), void *idmap,
	struct dentry *dentry, const char *name, struct posix_acl *acl)
ON_HOOK(rm_acl, inode_remove_acl, files_remove_xattr(dentry, name), void *idmap,
	struct dentry *dentry, const char *name)

/* A ring waits until what comes before fallocate(2) is attached; who punches waits afterwards. */
ON_HOOK(anonymous, inode_init_security_anon, files_make_anonymous(name), struct inode *inode,
	const struct qstr *name, const struct inode *context)

/* One with a thread of its own carries out what it is given before it has a file. */
SEC("?lsm/uring_sqpoll")
int BPF_PROG(on_sqpoll, int ret)
{
	return ret ? judge_earlier(ret) : files_make_ring();
}

SEC("?fmod_ret/security_uring_sqpoll")
int BPF_PROG(on_msqpoll, int ret)
{
	return uninterrupted(ret ? judge_earlier(ret) : files_make_ring());
}

ON_COUNTED(permission, file_permission, files_permission(file), struct file *file, int mask)

#define ON_FALLOCATE(begins, ends)                                                                 \
	SEC("?fentry/vfs_fallocate")                                                               \
	int BPF_PROG(begins, struct file *file, int mode)                                          \
	{                                                                                          \
		return uninterrupted(files_fallocate(file, mode));                                 \
	}                                                                                          \
	SEC("?fexit/vfs_fallocate")                                                                \
	int BPF_PROG(ends, struct file *file, int mode, loff_t offset, loff_t length, s64 ret)     \
	{                                                                                          \
		return uninterrupted(files_fallocated(file, mode, (s32)ret));                      \
	}

ON_FALLOCATE(on_fallocate, on_fallocated)
ON_FALLOCATE(on_2fallocate, on_2fallocated)

/* -- It opens something to write: guard.h, devices.h, files.h ------------------------------ */

ON_HOOK(open, file_open, guard_file_open(file), struct file *file)
ON_HOOK(receive, file_receive, guard_receive(file), struct file *file)
ON_HOOK(ioctl, file_ioctl, devices_ioctl(file, request), struct file *file, unsigned int request,
	unsigned long arg)
/* 6.8 gave those of 32-bit programs a hook of their own */
ON_HOOK(ioctl32, file_ioctl_compat, devices_ioctl(file, request), struct file *file,
	unsigned int request, unsigned long arg)

/* -- It takes away the ground: devices.h ---------------------------------------------------- */

ON_HOOK(mount, sb_mount, devices_mount(PAWL_DETAIL_MOUNT, path->mnt, path->dentry),
	const char *device, struct path *path, const char *type, unsigned long flags, void *data)
ON_HOOK(umount, sb_umount, devices_mount(PAWL_DETAIL_UMOUNT, mnt, mnt->mnt_root),
	struct vfsmount *mnt, int flags)
ON_HOOK(move_mount, move_mount, devices_mount(PAWL_DETAIL_MOVE_MOUNT, to->mnt, to->dentry),
	struct path *from, struct path *to)
ON_HOOK(pivot, sb_pivotroot, devices_mount(PAWL_DETAIL_PIVOT_ROOT, new->mnt, new->dentry),
	struct path *old, struct path *new)

/* -- It asks somebody outside: net.h -------------------------------------------------------- */

ON_HOOK(unix, unix_stream_connect, net_stream(other), struct sock *sock, struct sock *other,
	struct sock *newsk)
ON_HOOK(listen, socket_listen, net_listen(sock), struct socket *sock, int backlog)
ON_HOOK(datagram, unix_may_send, net_datagram(other), struct socket *sock, struct socket *other)
ON_HOOK(connect, socket_connect, net_connect(address), struct socket *sock,
	struct sockaddr *address, int length)

/* -- It reaches for pawl, or for the kernel: guard.h ----------------------------------------- */

ON_HOOK(kill, task_kill, guard_signal(task, signal), struct task_struct *task, void *info,
	int signal, const struct cred *cred)
ON_HOOK(capable, capable, guard_capable(capability), const struct cred *cred, void *space,
	int capability, unsigned int options)
ON_HOOK(sigio, file_send_sigiotask, guard_sigio(task), struct task_struct *task, void *owner,
	int signal)
ON_HOOK(ptrace, ptrace_access_check, guard_ptrace(child, mode), struct task_struct *child,
	unsigned int mode)
ON_HOOK(setrlimit, task_setrlimit, guard_process(task, PAWL_DETAIL_LIMITS),
	struct task_struct *task, unsigned int resource, void *limit)
ON_HOOK(setnice, task_setnice, guard_process(task, PAWL_DETAIL_LIMITS), struct task_struct *task,
	int nice)
ON_HOOK(setsched, task_setscheduler, guard_process(task, PAWL_DETAIL_LIMITS),
	struct task_struct *task)
ON_HOOK(setioprio, task_setioprio, guard_process(task, PAWL_DETAIL_LIMITS),
	struct task_struct *task, int ioprio)
ON_HOOK(movemem, task_movememory, guard_process(task, PAWL_DETAIL_LIMITS), struct task_struct *task)
ON_HOOK(bpf_map, bpf_map, guard_bpf_object(PAWL_PLACE_BPF_MAP, map->id), struct bpf_map *map,
	fmode_t mode)
ON_HOOK(bpf_prog, bpf_prog, guard_bpf_object(PAWL_PLACE_BPF_PROG, prog->aux->id),
	struct bpf_prog *prog)
ON_HOOK(bpf, bpf, guard_bpf(command, attr), int command, union bpf_attr *attr, unsigned int size,
	u64 kernel)
ON_HOOK(load_data, kernel_load_data, guard_load(what), u32 what, u64 contents)
ON_HOOK(read_file, kernel_read_file, guard_load(what), struct file *file, u32 what, u64 contents)

/* 6.18 added who asks to the hook of bpf(2) */
SEC("?lsm/bpf")
int BPF_PROG(on_bpf_old, int command, union bpf_attr *attr, unsigned int size, int ret)
{
	return ret ? judge_earlier(ret) : guard_bpf(command, attr);
}

SEC("?fmod_ret/security_bpf")
int BPF_PROG(on_mbpf_old, int command, union bpf_attr *attr, unsigned int size, int ret)
{
	return uninterrupted(ret ? judge_earlier(ret) : guard_bpf(command, attr));
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
	return uninterrupted(process_exit(task));
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(on_exit_again, struct task_struct *task)
{
	return uninterrupted(process_exit(task));
}

/* -- pawld asks for all that is watched, and for trees older than itself ------------------- */

SEC("iter/task")
int on_each_task(struct bpf_iter__task *ctx)
{
	return process_each(ctx->meta, ctx->task);
}
