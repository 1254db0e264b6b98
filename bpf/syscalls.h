/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Operations where nothing can be refused (tracepoint): system calls are reserved in
 * the budget when they start and confirmed or given back when they end, and the task is
 * stopped on its way out. What has started runs to its end: the last operation that the
 * budget allows is the one that stops, and what other CPUs have in flight is lost too.
 */
#ifndef PAWL_SYSCALLS_H
#define PAWL_SYSCALLS_H

#include "guard.h"
#include "net.h"

#define AT_FDCWD (-100)
#define AT_REMOVEDIR 0x200
#define RENAME_NOREPLACE 1
#define X32_SYSCALL_BIT 0x40000000
#define NO_ARG (-1)

#define O_ACCMODE 3
#define EINPROGRESS 115

/* Which argument is what; NO_ARG: there is none. */
struct syscall_shape {
	u8 class;
	s8 dirfd;
	s8 path;
	s8 flags;
	u8 detail;
};

static const struct syscall_shape syscall_shapes[PAWL_SYSCALL_MAX] = {
	[PAWL_SYSCALL_UNLINK] = {PAWL_CLASS_DELETE, NO_ARG, 0, NO_ARG},
	[PAWL_SYSCALL_UNLINKAT] = {PAWL_CLASS_DELETE, 0, 1, 2},
	[PAWL_SYSCALL_RMDIR] = {PAWL_CLASS_RMDIR, NO_ARG, 0, NO_ARG},
	[PAWL_SYSCALL_RENAME] = {PAWL_CLASS_REPLACE, NO_ARG, 1, NO_ARG},
	[PAWL_SYSCALL_RENAMEAT] = {PAWL_CLASS_REPLACE, 2, 3, NO_ARG},
	[PAWL_SYSCALL_RENAMEAT2] = {PAWL_CLASS_REPLACE, 2, 3, 4},
	[PAWL_SYSCALL_TRUNCATE] = {PAWL_CLASS_TRUNCATE, NO_ARG, 0, NO_ARG},
	[PAWL_SYSCALL_FTRUNCATE] = {PAWL_CLASS_TRUNCATE, 0, NO_ARG, 1},
	[PAWL_SYSCALL_OPEN] = {PAWL_CLASS_TRUNCATE, NO_ARG, 0, 1},
	[PAWL_SYSCALL_CREAT] = {PAWL_CLASS_TRUNCATE, NO_ARG, 0, NO_ARG},
	[PAWL_SYSCALL_OPENAT] = {PAWL_CLASS_TRUNCATE, 0, 1, 2},
	[PAWL_SYSCALL_OPEN_HANDLE] = {PAWL_CLASS_TRUNCATE, 0, NO_ARG, 2},
	[PAWL_SYSCALL_OPENAT2] = {PAWL_CLASS_TRUNCATE, 0, 1, 2},
	[PAWL_SYSCALL_FALLOCATE] = {PAWL_CLASS_TRUNCATE, 0, NO_ARG, 1, PAWL_DETAIL_FALLOCATE},
	[PAWL_SYSCALL_CHMOD] = {PAWL_CLASS_ACCESS, NO_ARG, 0, NO_ARG},
	[PAWL_SYSCALL_FCHMOD] = {PAWL_CLASS_ACCESS, 0, NO_ARG, NO_ARG},
	[PAWL_SYSCALL_FCHMODAT] = {PAWL_CLASS_ACCESS, 0, 1, NO_ARG},
	[PAWL_SYSCALL_CHOWN] = {PAWL_CLASS_ACCESS, NO_ARG, 0, NO_ARG},
	[PAWL_SYSCALL_FCHOWN] = {PAWL_CLASS_ACCESS, 0, NO_ARG, NO_ARG},
	[PAWL_SYSCALL_FCHOWNAT] = {PAWL_CLASS_ACCESS, 0, 1, NO_ARG},
	[PAWL_SYSCALL_MOUNT] = {PAWL_CLASS_MOUNT, NO_ARG, 1, NO_ARG, PAWL_DETAIL_MOUNT},
	[PAWL_SYSCALL_UMOUNT] = {PAWL_CLASS_MOUNT, NO_ARG, 0, NO_ARG, PAWL_DETAIL_UMOUNT},
	[PAWL_SYSCALL_MOVE_MOUNT] = {PAWL_CLASS_MOUNT, 2, 3, NO_ARG, PAWL_DETAIL_MOVE_MOUNT},
	[PAWL_SYSCALL_PIVOT_ROOT] = {PAWL_CLASS_MOUNT, NO_ARG, 0, NO_ARG, PAWL_DETAIL_PIVOT_ROOT},
	[PAWL_SYSCALL_SWAPON] = {PAWL_CLASS_WIPE, NO_ARG, 0, NO_ARG, PAWL_DETAIL_OPEN_DEVICE},
	[PAWL_SYSCALL_IOCTL] = {PAWL_CLASS_WIPE, 0, NO_ARG, 1},
	[PAWL_SYSCALL_MODULE] = {PAWL_CLASS_KERNEL, NO_ARG, NO_ARG, NO_ARG, PAWL_DETAIL_MODULE},
	[PAWL_SYSCALL_KEXEC] = {PAWL_CLASS_KERNEL, NO_ARG, NO_ARG, NO_ARG, PAWL_DETAIL_KEXEC},
	[PAWL_SYSCALL_BPF] = {PAWL_CLASS_KERNEL, NO_ARG, NO_ARG, 0, PAWL_DETAIL_BPF_PROGRAM},
	[PAWL_SYSCALL_CONNECT] = {PAWL_CLASS_BROKER, 0, NO_ARG, NO_ARG, PAWL_DETAIL_CONNECT},
	[PAWL_SYSCALL_SIGNAL] = {PAWL_CLASS_TAMPER, NO_ARG, NO_ARG, 1, PAWL_DETAIL_SIGNAL},
	[PAWL_SYSCALL_SIGNAL_TASK] = {PAWL_CLASS_TAMPER, NO_ARG, NO_ARG, 2, PAWL_DETAIL_SIGNAL},
	[PAWL_SYSCALL_SIGNAL_PIDFD] = {PAWL_CLASS_TAMPER, NO_ARG, NO_ARG, 1, PAWL_DETAIL_SIGNAL},
	[PAWL_SYSCALL_TRACE] = {PAWL_CLASS_TAMPER, NO_ARG, NO_ARG, NO_ARG, PAWL_DETAIL_TRACE},
	[PAWL_SYSCALL_TRACE_MEMORY] = {PAWL_CLASS_TAMPER, NO_ARG, NO_ARG, NO_ARG,
				       PAWL_DETAIL_TRACE},
	[PAWL_SYSCALL_TRACE_PIDFD] = {PAWL_CLASS_TAMPER, NO_ARG, NO_ARG, NO_ARG, PAWL_DETAIL_TRACE},
	[PAWL_SYSCALL_LIMITS] = {PAWL_CLASS_TAMPER, NO_ARG, NO_ARG, NO_ARG, PAWL_DETAIL_LIMITS},
	[PAWL_SYSCALL_PRIORITY] = {PAWL_CLASS_TAMPER, NO_ARG, NO_ARG, NO_ARG, PAWL_DETAIL_LIMITS},
};

struct pawl_path_scratch {
	char text[PAWL_PATH_SLACK];
};

/* Tracepoints run with preemption off: one buffer for each CPU is enough. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct pawl_path_scratch);
} name_scratches SEC(".maps");

/* Before anything is looked up: may this number be of interest, in either table? */
static __always_inline bool syscall_interesting(u64 nr)
{
	nr &= ~(u64)X32_SYSCALL_BIT;
	return nr < PAWL_SYSCALL_NUMBERS && (syscalls[nr] | compat_syscalls[nr]);
}

static __always_inline u32 syscall_kind(u64 nr)
{
	nr &= ~(u64)X32_SYSCALL_BIT;
	if (nr >= PAWL_SYSCALL_NUMBERS)
		return PAWL_SYSCALL_NONE;
	return syscall_compat() ? compat_syscalls[nr] : syscalls[nr];
}

/* The flags with which something is opened. What cannot be read may be anything. */
static __always_inline u64 syscall_open_flags(u32 kind, const struct syscall_shape *shape,
					      struct pt_regs *regs)
{
	u64 flags = syscall_arg(regs, shape->flags);

	if (kind == PAWL_SYSCALL_CREAT)
		return O_TRUNC | 1;
	if (kind != PAWL_SYSCALL_OPENAT2)
		return flags;
	/* struct open_how starts with them */
	if (bpf_probe_read_user(&flags, sizeof(flags), (void *)flags))
		return O_TRUNC | 1;
	return flags;
}

/* The process that a pidfd stands for; 0: it is none. */
static __always_inline u32 syscall_pidfd(s32 fd)
{
	struct file *file = syscall_file(fd);
	struct pid *pid = file ? BPF_CORE_READ(file, private_data) : 0;

	return pid ? BPF_CORE_READ(pid, numbers[0].nr) : 0;
}

/* The process that a call is about. */
static __always_inline u32 syscall_target(u32 kind, struct pt_regs *regs)
{
	switch (kind) {
	case PAWL_SYSCALL_TRACE:
	case PAWL_SYSCALL_PRIORITY:
		return syscall_arg(regs, 1);
	case PAWL_SYSCALL_SIGNAL_PIDFD:
	case PAWL_SYSCALL_TRACE_PIDFD:
		return syscall_pidfd(syscall_arg(regs, 0));
	}
	return syscall_arg(regs, 0);
}

/* The class of calls that concern something else than a file; @flags: the argument named so. */
static __always_inline u32 syscall_class_other(u32 kind, const struct syscall_shape *shape,
					       u64 flags, struct pt_regs *regs)
{
	u32 first = 0;

	switch (shape->class) {
	case PAWL_CLASS_TAMPER:
		if (shape->flags != NO_ARG && !flags) /* signal 0 asks only */
			return PAWL_CLASS_NONE;
		return guard_is_own(syscall_target(kind, regs)) ? PAWL_CLASS_TAMPER
								: PAWL_CLASS_NONE;
	case PAWL_CLASS_MOUNT:
		return mount_at_home() ? PAWL_CLASS_MOUNT : PAWL_CLASS_NONE;
	case PAWL_CLASS_KERNEL:
		if (kind != PAWL_SYSCALL_BPF)
			return PAWL_CLASS_KERNEL;
		if (flags != BPF_PROG_LOAD ||
		    bpf_probe_read_user(&first, sizeof(first), (void *)syscall_arg(regs, 1)) ||
		    first > 63 || !(1ULL << first & BPF_TYPES_DEEP))
			return PAWL_CLASS_NONE;
		return PAWL_CLASS_KERNEL;
	}
	return shape->class;
}

/* The class of this call, given its arguments. NONE: nothing can be lost by it. */
static __always_inline u32 syscall_class_of(u32 kind, const struct syscall_shape *shape,
					    struct pt_regs *regs)
{
	u64 flags = shape->flags == NO_ARG ? 0 : syscall_arg(regs, shape->flags);
	struct file *file;

	switch (kind) {
	case PAWL_SYSCALL_UNLINKAT:
		return flags & AT_REMOVEDIR ? PAWL_CLASS_RMDIR : PAWL_CLASS_DELETE;
	case PAWL_SYSCALL_RENAMEAT2:
		return flags & RENAME_NOREPLACE ? PAWL_CLASS_NONE : PAWL_CLASS_REPLACE;
	case PAWL_SYSCALL_FTRUNCATE: /* flags: the new length */
		file = syscall_file(syscall_arg(regs, 0));
		return file && (s64)flags < BPF_CORE_READ(file, f_inode, i_size)
			       ? PAWL_CLASS_TRUNCATE
			       : PAWL_CLASS_NONE;
	case PAWL_SYSCALL_FALLOCATE:
		return flags & FALLOCATE_DESTROYS ? PAWL_CLASS_TRUNCATE : PAWL_CLASS_NONE;
	case PAWL_SYSCALL_IOCTL:
		return devices_ioctl_detail(flags) ? PAWL_CLASS_WIPE : PAWL_CLASS_NONE;
	}
	return kind > PAWL_SYSCALL_IOCTL || shape->class == PAWL_CLASS_MOUNT
		       ? syscall_class_other(kind, shape, flags, regs)
		       : shape->class;
}

static __always_inline bool syscall_opens(u32 kind)
{
	return kind >= PAWL_SYSCALL_OPEN && kind <= PAWL_SYSCALL_OPENAT2;
}

/* Reserves the operation, where it can be known now that there is one. */
static __always_inline u32 syscall_reserve(struct pawl_task *mark, struct pawl_session *session,
					   u32 class)
{
	u64 now = bpf_ktime_get_ns();

	if (now < session->free_until_ns)
		return 0;
	if (now < session->deny_until_ns || !budget_covers(class))
		return PAWL_TP_OVER;
	if (budget_spend(session, class, BUDGET_BEYOND, &mark->tp_spent) == BUDGET_OK)
		return PAWL_TP_RESERVED;
	return PAWL_TP_RESERVED | PAWL_TP_OVER;
}

/* Something is opened. What it is, its descriptor will tell. */
static __always_inline u32 syscall_enter_open(u32 kind, const struct syscall_shape *shape,
					      struct pt_regs *regs)
{
	u64 flags = syscall_open_flags(kind, shape, regs);

	if (flags & O_TRUNC)
		return PAWL_TP_OPENED | PAWL_TP_EMPTIED;
	return flags & O_ACCMODE ? PAWL_TP_OPENED : 0;
}

/* Notes what a call of a watched task is about to do. */
static __noinline int syscall_begin(struct pawl_task *mark, struct pawl_session *session,
				    struct pt_regs *regs, u32 kind)
{
	struct syscall_shape shape;
	u32 class;

	if (kind >= PAWL_SYSCALL_MAX)
		return 0;
	shape = syscall_shapes[kind];
	mark->tp_flags = syscall_opens(kind) ? syscall_enter_open(kind, &shape, regs) : 0;
	if (syscall_opens(kind) && !mark->tp_flags)
		return 0;
	class = syscall_opens(kind) ? PAWL_CLASS_TRUNCATE : syscall_class_of(kind, &shape, regs);
	if (class == PAWL_CLASS_NONE)
		return 0;
	mark->tp_class = class;
	mark->tp_detail = kind == PAWL_SYSCALL_IOCTL ? devices_ioctl_detail(syscall_arg(regs, 1))
						     : shape.detail;
	mark->tp_path = shape.path == NO_ARG ? 0 : syscall_arg(regs, shape.path);
	mark->tp_dirfd = shape.dirfd == NO_ARG ? AT_FDCWD : (s32)syscall_arg(regs, shape.dirfd);
	if (class == PAWL_CLASS_BROKER)
		mark->tp_flags = PAWL_TP_ASKED;
	else if (!mark->tp_flags)
		mark->tp_flags = syscall_reserve(mark, session, class);
	return 0;
}

static __always_inline int syscall_enter(struct pt_regs *regs, u64 nr)
{
	struct pawl_session *session;
	struct pawl_task *mark;
	u32 kind;

	if (!syscall_interesting(nr))
		return 0;
	mark = task_current();
	if (!mark)
		return 0;
	mark->tp_class = PAWL_CLASS_NONE;
	kind = syscall_kind(nr);
	session = session_of(mark);
	if (kind == PAWL_SYSCALL_NONE || !session)
		return 0;
	if (PAWL_WORD_STATE(session_word(session)) == PAWL_STATE_DETACHED)
		return 0;
	return syscall_begin(mark, session, regs, kind);
}

/* What the call was about: the name as given, and where it starts from. */
static __always_inline void syscall_attempt(const struct pawl_task *mark, struct attempt *attempt)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct dentry *dentry = 0;
	struct file *file;

	attempt->class = mark->tp_class;
	attempt->detail = mark->tp_detail;
	attempt->name = (const char *)mark->tp_path;
	if (mark->tp_dirfd == AT_FDCWD) {
		dentry = BPF_CORE_READ(task, fs, pwd.dentry);
		attempt->mnt = BPF_CORE_READ(task, fs, pwd.mnt);
	} else {
		file = syscall_file(mark->tp_dirfd);
		if (!file)
			return;
		dentry = BPF_CORE_READ(file, f_path.dentry);
		attempt->mnt = BPF_CORE_READ(file, f_path.mnt);
	}
	attempt->dentry = dentry;
	attempt->dev = dev_of(BPF_CORE_READ(dentry, d_inode, i_sb, s_dev));
	attempt->ino = BPF_CORE_READ(dentry, d_inode, i_ino);
}

struct name_walk {
	const char *text;
	u64 hash;
	u64 parent; /* hash up to the last '/' */
};

static long name_step(u32 index, void *ctx)
{
	struct name_walk *walk = ctx;
	char byte;

	if (index >= PAWL_PATH_SLACK - 1)
		return 1;
	byte = walk->text[index];
	if (!byte)
		return 1;
	walk->hash = PAWL_HASH_STEP(walk->hash, byte);
	if (byte == '/')
		walk->parent = walk->hash;
	return 0;
}

/* Adds a call that succeeded to the aggregate of its directory. */
static __noinline int syscall_aggregate(struct pawl_task *mark, struct attempt *attempt)
{
	u32 zero = 0;
	struct pawl_path_scratch *scratch = bpf_map_lookup_elem(&name_scratches, &zero);
	struct pawl_dir_key key = {.id = mark->id, .class = attempt->class};
	u64 now = bpf_ktime_get_ns();
	struct pawl_dir *dir, first = {.count = 1, .first_ns = now, .last_ns = now};
	struct pawl_dir_event *event;
	struct name_walk walk = {};

	if (!scratch)
		return 0;
	scratch->text[0] = 0;
	if (attempt->name)
		bpf_probe_read_user_str(scratch->text, sizeof(scratch->text), attempt->name);
	walk.text = scratch->text;
	walk.hash = opaque(PAWL_HASH_INIT);
	walk.parent = opaque(0);
	bpf_loop(PAWL_PATH_SLACK, name_step, &walk, 0);
	key.dev = attempt->dev;
	key.ino = attempt->ino;
	key.hash = walk.parent;
	dir = bpf_map_lookup_elem(&dirs, &key);
	if (dir) {
		__sync_fetch_and_add(&dir->count, 1);
		dir->last_ns = now;
		return 0;
	}
	if (bpf_map_update_elem(&dirs, &key, &first, BPF_ANY))
		count(PAWL_COUNT_LOST_DIRS);
	event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
	if (!event) {
		count(PAWL_COUNT_LOST_EVENTS);
		return 0;
	}
	head(&event->h, PAWL_EVENT_DIR, sizeof(*event), mark);
	event->key = key;
	attempt_path(&event->path, attempt);
	event->path.flags |= PAWL_PATH_TARGET;
	send(event);
	return 0;
}

/* Whether the descriptor that was returned is of a regular file that was there before. */
static __always_inline bool syscall_truncated(s64 fd)
{
	struct file *file = syscall_file(fd);

	if (!file || (BPF_CORE_READ(file, f_mode) & FMODE_CREATED))
		return false;
	return (BPF_CORE_READ(file, f_inode, i_mode) & S_IFMT) == S_IFREG;
}

/* An operation had its effect, and it was the budget's last or one past it. */
static __noinline int syscall_over(const struct pawl_task *mark, struct pawl_session *session,
				   const struct attempt *attempt)
{
	u64 word = session_word(session);
	u32 action = action_of(session, attempt);

	if (PAWL_WORD_STATE(word) != PAWL_STATE_RUNNING)
		return 0;
	if (action == PAWL_ACTION_OBSERVE)
		session_observe(mark, session, word, attempt);
	else if (action == PAWL_ACTION_KILL || !lease_over(session) || !lease_allows())
		session_trip(mark, session, word,
			     action == PAWL_ACTION_KILL ? PAWL_STATE_KILLED : PAWL_STATE_HELD,
			     attempt);
	return 0;
}

/* What was opened: emptied, or something else that is at stake. Return: its class. */
static __always_inline u32 syscall_opened(struct pawl_task *mark, s64 fd, struct attempt *attempt)
{
	struct file *file = syscall_file(fd);
	u32 class;

	if (mark->tp_flags & PAWL_TP_EMPTIED && syscall_truncated(fd))
		return PAWL_CLASS_TRUNCATE;
	if (!file || !(BPF_CORE_READ(file, f_mode) & FMODE_WRITE))
		return PAWL_CLASS_NONE;
	class = guard_opened(attempt, file);
	if (class)
		attempt->name = 0; /* the file itself says where it is */
	return class;
}

/* Whom a socket is connected to. Return: BROKER where it is one, else NONE. */
static __noinline u32 syscall_asked(s32 fd, struct attempt *attempt)
{
	struct file *file = syscall_file(fd);
	struct socket *socket = file ? BPF_CORE_READ(file, private_data) : 0;
	struct sock *sock = BPF_CORE_READ(socket, sk);
	u32 broker;

	if (BPF_CORE_READ(sock, __sk_common.skc_family) == AF_UNIX)
		broker = net_of_unix(BPF_CORE_READ((struct unix_sock *)sock, peer), attempt);
	else
		broker = net_of_inet(sock, attempt);
	attempt->name = 0;
	attempt->broker = broker ? broker - 1 : 0;
	return broker ? PAWL_CLASS_BROKER : PAWL_CLASS_NONE;
}

/*
 * The end of a noted call: settles its reservation, and completes what is known of it.
 * Return: PAWL_TP_* of it where it had its effect, PAWL_TP_EFFECT among them; else 0.
 */
static __noinline int syscall_settle(struct pawl_task *mark, struct pawl_session *session, s64 ret,
				     struct attempt *attempt)
{
	u32 class = mark->tp_class, flags = mark->tp_flags;

	if (ret < 0 && !(flags & PAWL_TP_ASKED && ret == -EINPROGRESS)) {
		if (flags & PAWL_TP_RESERVED)
			budget_refund(session, class, mark->tp_spent);
		return 0;
	}
	if (flags & PAWL_TP_OPENED)
		class = syscall_opened(mark, ret, attempt);
	else if (flags & PAWL_TP_ASKED)
		class = syscall_asked(mark->tp_dirfd, attempt);
	if (class == PAWL_CLASS_NONE)
		return 0;
	attempt->class = class;
	mark->tp_class = class;
	if (flags & (PAWL_TP_OPENED | PAWL_TP_ASKED))
		flags |= syscall_reserve(mark, session, class);
	session_count(session, class);
	return flags | PAWL_TP_EFFECT;
}

/*
 * A task that was stopped under this very hold, went on without a decision (a tracer swallowed
 * the stop, somebody sent SIGCONT) and destroyed something more. Stopped again, it would lose one
 * more each time: nothing but its end holds it.
 */
static __always_inline bool syscall_defies(const struct pawl_task *mark,
					   const struct pawl_session *session, u64 seq, u32 flags,
					   const struct attempt *attempt)
{
	return mark->held_seq == seq && mark->held_class == HELD_FOR_CERTAIN &&
	       (flags & PAWL_TP_EFFECT) && (flags & PAWL_TP_OVER) &&
	       action_of(session, attempt) != PAWL_ACTION_OBSERVE &&
	       !(lease_over(session) && lease_allows()); /* the keeper let it go */
}

static __always_inline int syscall_exit(struct pt_regs *regs, s64 ret)
{
	struct pawl_session *session;
	struct attempt attempt = {};
	struct pawl_task *mark;
	u32 class, flags = 0;
	u64 word;

	if (!*(volatile u64 *)&shared.alert && !syscall_interesting(regs->orig_ax))
		return 0;
	mark = task_current();
	if (!mark)
		return 0;
	session = session_of(mark);
	if (!session)
		return 0;
	class = mark->tp_class;
	if (class != PAWL_CLASS_NONE) {
		syscall_attempt(mark, &attempt);
		flags = syscall_settle(mark, session, ret, &attempt);
		class = mark->tp_class;
		if (flags && budget_covers(class))
			syscall_aggregate(mark, &attempt);
		if (flags & PAWL_TP_OVER)
			syscall_over(mark, session, &attempt);
		mark->tp_class = PAWL_CLASS_NONE;
	}
	word = session_word(session);
	if (PAWL_WORD_STATE(word) == PAWL_STATE_KILLED ||
	    (PAWL_WORD_STATE(word) == PAWL_STATE_HELD &&
	     syscall_defies(mark, session, PAWL_WORD_SEQ(word), flags, &attempt)))
		bpf_send_signal(SIGKILL);
	else if (PAWL_WORD_STATE(word) == PAWL_STATE_HELD)
		hold_after(mark, session, PAWL_WORD_SEQ(word), class, PAWL_HELD_AFTER);
	else if (flags & PAWL_TP_RESERVED && action_of(session, &attempt) >= PAWL_ACTION_HOLD &&
		 PAWL_WORD_STATE(word) == PAWL_STATE_RUNNING && budget_gone(session, class))
		hold_after(mark, session, PAWL_WORD_SEQ(word) + 1, class,
			   PAWL_HELD_AFTER | PAWL_HELD_PROVISIONAL);
	return 0;
}

/*
 * A ring was made. Its requests are no system calls and could not be counted, so the task
 * is stopped on its way out of io_uring_setup(2), before it can submit any.
 */
static __always_inline int syscall_ring(int fd)
{
	struct pawl_task *mark = task_current();
	struct attempt attempt = {.class = PAWL_CLASS_RING};
	struct pawl_session *session;
	u64 now = bpf_ktime_get_ns();

	if (!mark)
		return 0;
	session = session_of(mark);
	if (!session || session->rings || now < session->free_until_ns)
		return 0;
	session_count(session, PAWL_CLASS_RING);
	syscall_over(mark, session, &attempt);
	return 0;
}

#endif
