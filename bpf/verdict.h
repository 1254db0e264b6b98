/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What happens to an operation that the budget does not cover, and what a restarted
 * one finds. Nothing here waits for user space.
 */
#ifndef PAWL_VERDICT_H
#define PAWL_VERDICT_H

#include "budget.h"
#include "path.h"
#include "process.h"

#define SYS_IO_URING_ENTER 426
#define HELD_FOR_CERTAIN PAWL_CLASS_MAX /* .held_class: stopped after its effect, by an open hold */
#ifdef __TARGET_ARCH_x86
#define SYSCALL_NUMBER(regs) ((regs)->orig_ax)
#else
#define SYSCALL_NUMBER(regs) 0 /* only requests that workers carry out are known */
#endif
#define TS_COMPAT 2

static __always_inline bool syscall_compat(void)
{
	return bpf_get_current_task_btf()->thread_info.status & TS_COMPAT;
}

static __always_inline u64 syscall_arg(struct pt_regs *regs, s8 index)
{
	if (syscall_compat()) {
		switch (index) {
		case 0:
			return (u32)regs->bx;
		case 1:
			return (u32)regs->cx;
		case 2:
			return (u32)regs->dx;
		case 3:
			return (u32)regs->si;
		case 4:
			return (u32)regs->di;
		}
		return 0;
	}
	switch (index) {
	case 0:
		return regs->di;
	case 1:
		return regs->si;
	case 2:
		return regs->dx;
	case 3:
		return regs->r10;
	case 4:
		return regs->r8;
	}
	return 0;
}

/* The open file behind a descriptor of the current process. */
static __always_inline struct file *syscall_file(s32 fd)
{
	struct fdtable *table = BPF_CORE_READ(bpf_get_current_task_btf(), files, fdt);
	struct file **slots = BPF_CORE_READ(table, fd);
	struct file *file = 0;

	if (fd < 0 || (u32)fd >= BPF_CORE_READ(table, max_fds))
		return 0;
	bpf_probe_read_kernel(&file, sizeof(file), slots + fd);
	return file;
}

/* An operation under judgement. */
struct attempt {
	u32 class;
	u32 detail;
	u32 broker;
	u32 refuse; /* 1: it cannot be restarted, so it is refused where it would be held */
	struct dentry *dentry; /* of the target, or that @name starts from; NULL: not known */
	void *mnt;	       /* its struct vfsmount, for the name only; NULL: not known */
	const char *name;      /* user address of the name given; NULL: @dentry is the target */
	u64 dev;
	u64 ino;
};

/* It stands for any number of files, which no hook can count. */
static __always_inline bool attempt_is_uncounted(const struct attempt *attempt)
{
	return attempt->detail == PAWL_DETAIL_MOVED_DIR;
}

/* The kernel's dev_t as stat(2) has it. */
static __always_inline u64 dev_of(u32 kernel_dev)
{
	u64 major = kernel_dev >> 20, minor = kernel_dev & 0xfffff;

	return (major & 0xfff) << 8 | (minor & 0xff) | (minor & ~0xffULL) << 12;
}

static __always_inline void attempt_path(struct pawl_path *path, const struct attempt *attempt)
{
	if (attempt->name)
		path_of_name(path, attempt->name, attempt->dentry, attempt->mnt);
	else if (attempt->dentry)
		path_of_dentry(path, attempt->dentry, attempt->mnt);
	else
		path_clear(path);
}

/* Not inlined, as others here: each program holds all of it, and is verified with it. */
static __noinline int operation_fill(struct pawl_operation *op, const struct attempt *attempt)
{
	u64 pid_tgid = bpf_get_current_pid_tgid();
	struct task_struct *task = bpf_get_current_task_btf();

	op->at_ns = bpf_ktime_get_ns();
	op->start_ns = BPF_CORE_READ(task, group_leader, start_boottime);
	op->dev = attempt->dev;
	op->ino = attempt->ino;
	op->tgid = pid_tgid >> 32;
	op->tid = (u32)pid_tgid;
	op->class = attempt->class;
	op->detail = attempt->detail;
	op->broker = attempt->broker;
	op->uid = current_uid();
	bpf_get_current_comm(op->comm, sizeof(op->comm));
	attempt_path(&op->path, attempt);
	return 0;
}

static __always_inline u32 action_of_broker(u32 index)
{
	struct pawl_broker *broker = bpf_map_lookup_elem(&broker_terms, &index);

	if (!broker)
		return PAWL_ACTION_OBSERVE;
	return current_uid() ? broker->action : broker->root_action;
}

/* What the policy does past the budget. */
static __always_inline u32 action_of(const struct pawl_session *session,
				     const struct attempt *attempt)
{
	u32 class = attempt->class & (PAWL_OPS - 1), action;

	if (attempt->detail == PAWL_DETAIL_UNHOOKED)
		return PAWL_ACTION_HOLD;
	if (class == PAWL_CLASS_BROKER) {
		action = action_of_broker(attempt->broker);
	} else {
		barrier_var(class); /* or 6.1 loses the bound when it is spilled */
		action = session->terms.action[class];
	}
	return attempt->refuse && action == PAWL_ACTION_HOLD ? PAWL_ACTION_DENY : action;
}

/* Counts an operation that has its effect. */
static __always_inline void session_count(struct pawl_session *session, u32 class)
{
	class &= PAWL_OPS - 1;
	barrier_var(class); /* or 6.1 loses the bound when it is spilled */
	__sync_fetch_and_add(&session->ops[class], 1);
}

/* Tells user space at once that a session went over its budget. */
static __always_inline void verdict_tell(const struct pawl_task *mark, u64 seq, u32 action,
					 const struct pawl_operation *op)
{
	struct pawl_verdict_event *event = bpf_ringbuf_reserve(&verdicts, sizeof(*event), 0);

	if (!event) {
		count(PAWL_COUNT_LOST_VERDICTS);
		return;
	}
	head(&event->h, PAWL_EVENT_VERDICT, sizeof(*event), mark);
	event->seq = seq;
	event->action = action;
	event->flags = 0;
	__builtin_memcpy(&event->op, op, sizeof(event->op));
	send_now(event);
}

static __always_inline void stopped_tell(const struct pawl_task *mark, u64 seq, u32 flags)
{
	struct pawl_stopped_event *event = bpf_ringbuf_reserve(&verdicts, sizeof(*event), 0);

	if (!event) {
		count(PAWL_COUNT_LOST_VERDICTS);
		return;
	}
	head(&event->h, PAWL_EVENT_STOPPED, sizeof(*event), mark);
	event->seq = seq;
	event->flags = flags;
	event->pad = 0;
	send_now(event);
}

/*
 * The session's budget is gone: the first to see it opens the hold (or kills), and says
 * so with what it was doing. Everybody else finds the word changed.
 */
static __noinline int session_trip(const struct pawl_task *mark, struct pawl_session *session,
				   u64 word, u32 state, const struct attempt *attempt)
{
	u64 next = PAWL_WORD(state, PAWL_WORD_SEQ(word) + 1);
	struct pawl_operation *op;
	u32 slot = mark->slot;

	if (__sync_val_compare_and_swap(&session->word, word, next) != word)
		return 0;
	__sync_fetch_and_add(&shared.alert, 1);
	op = bpf_map_lookup_elem(&trips, &slot);
	if (!op)
		return 0;
	operation_fill(op, attempt);
	session->trip_seq = PAWL_WORD_SEQ(next);
	verdict_tell(mark, PAWL_WORD_SEQ(next), action_of(session, attempt), op);
	return 0;
}

/* One that has no budget, and nobody is asked: each is told. */
static __noinline int attempt_tell(const struct pawl_task *mark, u64 seq, u32 action,
				   const struct attempt *attempt)
{
	struct pawl_verdict_event *event = bpf_ringbuf_reserve(&verdicts, sizeof(*event), 0);

	if (!event) {
		count(PAWL_COUNT_LOST_VERDICTS);
		return 0;
	}
	head(&event->h, PAWL_EVENT_VERDICT, sizeof(*event), mark);
	event->seq = seq;
	event->action = action;
	event->flags = 0;
	operation_fill(&event->op, attempt);
	send_now(event);
	return 0;
}

/* Past the budget with nobody asked (observe, deny): said once a window. */
static __noinline int session_observe(const struct pawl_task *mark, struct pawl_session *session,
				      u64 word, const struct attempt *attempt)
{
	u32 action = action_of(session, attempt);
	struct pawl_operation *op;
	u32 slot = mark->slot;
	u64 start = session->spent[budget_bucket(attempt->class)] >> PAWL_SPENT_BITS;
	u64 said = *(volatile u64 *)&session->observed;

	if (!budget_covers(attempt->class) || attempt_is_uncounted(attempt)) {
		attempt_tell(mark, PAWL_WORD_SEQ(word), action, attempt);
		return 0;
	}
	if (said == start || __sync_val_compare_and_swap(&session->observed, said, start) != said)
		return 0;
	op = bpf_map_lookup_elem(&trips, &slot);
	if (!op)
		return 0;
	operation_fill(op, attempt);
	verdict_tell(mark, PAWL_WORD_SEQ(word), action, op);
	return 0;
}

/*
 * pawld has not been heard of for too long: nobody would resume what is stopped now. But for
 * the self-test of the next one, who looks after it.
 */
static __always_inline bool lease_over(const struct pawl_session *session)
{
	u64 lease = *(volatile u64 *)&shared.lease_ns, beat = *(volatile u64 *)&shared.beat_ns;

	return lease && (s64)(bpf_ktime_get_ns() - beat) > (s64)lease &&
	       session->rule != PAWL_RULE_SELFTEST;
}

/* What is past the budget then passes, if the policy says so. */
static __always_inline bool lease_allows(void)
{
	return *(volatile u32 *)&shared.on_loss == PAWL_ACTION_OBSERVE;
}

/* Enters the current task in `holds`. Return: false when the table is full. */
static __always_inline bool held_enter(struct pawl_task *mark, u64 seq, u32 tid, u32 class,
				       u32 flags)
{
	u64 key = PAWL_HELD_KEY(tid, seq);
	struct task_struct *task = bpf_get_current_task_btf();
	struct pawl_held held = {
		.seq = seq,
		.since_ns = bpf_ktime_get_ns(),
		.start_ns = BPF_CORE_READ(task, group_leader, start_boottime),
		.cookie = mark->cookie,
		.slot = mark->slot,
		.id = mark->id,
		.tgid = bpf_get_current_pid_tgid() >> 32,
		.tid = tid,
		.class = class,
		.flags = flags,
	};

	if (!bpf_map_update_elem(&holds, &key, &held, BPF_ANY))
		return true;
	count(PAWL_COUNT_HELD_FULL);
	return false;
}

/*
 * Whether the operation is a request of an io_uring: carried out by a worker, or at once,
 * while the program enters the ring. (426 is io_uring_enter in every table.)
 */
static __always_inline bool hold_in_ring(void)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct pt_regs *regs;

	if (BPF_CORE_READ(task, flags) & PF_IO_WORKER)
		return true;
	regs = (struct pt_regs *)bpf_task_pt_regs(task);
	return regs && SYSCALL_NUMBER(regs) == SYS_IO_URING_ENTER;
}

/*
 * An io_uring worker cannot be stopped and restarted: its request fails, and its
 * process is stopped. -513 would reach the completion queue as it is.
 */
static __always_inline int hold_worker(struct pawl_task *mark, u64 seq, u32 class)
{
	u32 tgid = bpf_get_current_pid_tgid() >> 32;

	if (held_enter(mark, seq, tgid, class, PAWL_HELD_WORKER)) {
		bpf_send_signal(SIGSTOP);
		/* it may have been resumed, and taken out, before the signal was sent */
		held_enter(mark, seq, tgid, class, PAWL_HELD_WORKER);
		stopped_tell(mark, seq, PAWL_HELD_WORKER);
	}
	return -EPERM;
}

/* An operation that would be held, or is held again, past the lease. */
static __always_inline int hold_unheard(struct pawl_task *mark, struct pawl_session *session,
					u64 key, u32 class)
{
	mark->held_seq = 0;
	bpf_map_delete_elem(&holds, &key);
	if (!lease_allows())
		return -EPERM;
	session_count(session, class);
	return 0;
}

/*
 * Stops the current task before the effect: SIGSTOP, and an error that makes the kernel
 * restart the system call on SIGCONT. The signal goes to the thread: sent to the process,
 * another thread may take it and this one would return 513 to the program.
 */
static __noinline int hold_current(struct pawl_task *mark, struct pawl_session *session, u64 seq,
				   struct attempt *attempt)
{
	u32 tid = (u32)bpf_get_current_pid_tgid();
	bool again = mark->held_seq == seq;
	u64 key = PAWL_HELD_KEY(tid, seq);

	if (lease_over(session))
		return hold_unheard(mark, session, key, attempt->class);
	__sync_fetch_and_add(&session->stopped, !again);
	if (hold_in_ring())
		return hold_worker(mark, seq, attempt->class);
	if (!held_enter(mark, seq, tid, attempt->class, 0))
		return -EPERM;
	if (bpf_send_signal_thread(SIGSTOP)) {
		bpf_map_delete_elem(&holds, &key);
		count(PAWL_COUNT_SIGNAL_FAILED);
		return -EPERM;
	}
	mark->held_seq = seq;
	mark->held_class = attempt->class;
	mark->held_dev = attempt->dev;
	mark->held_ino = attempt->ino;
	if (!again)
		stopped_tell(mark, seq, 0);
	return -ERESTARTNOINTR;
}

/* Stops the current task on its way back to user space: what it did cannot be refused. */
static __noinline int hold_after(struct pawl_task *mark, struct pawl_session *session, u64 seq,
				 u32 class, u32 flags)
{
	u64 old = PAWL_HELD_KEY((u32)bpf_get_current_pid_tgid(), mark->held_seq);
	bool again = mark->held_seq == seq;

	if (mark->held_seq && !again)
		bpf_map_delete_elem(&holds, &old);
	if (lease_over(session)) {
		/* it cannot be refused: going on, it would lose one more */
		if (!lease_allows())
			bpf_send_signal(SIGKILL);
		return 0;
	}
	/* what is not in the table would never be continued */
	if (!held_enter(mark, seq, (u32)bpf_get_current_pid_tgid(), class, flags))
		return 0;
	mark->held_seq = seq;
	mark->held_class = flags & PAWL_HELD_PROVISIONAL ? PAWL_CLASS_NONE : HELD_FOR_CERTAIN;
	if (bpf_send_signal_thread(SIGSTOP))
		count(PAWL_COUNT_SIGNAL_FAILED);
	/* it may have been resumed, and taken out, before the signal was sent */
	held_enter(mark, seq, (u32)bpf_get_current_pid_tgid(), class, flags);
	if (again)
		return 0;
	__sync_fetch_and_add(&session->stopped, 1);
	stopped_tell(mark, seq, flags);
	return 0;
}

/* What was decided on hold @seq. Old ones, beyond memory, read as deny. */
static __always_inline u64 decision_of(const struct pawl_session *session, u64 word, u64 seq)
{
	if (PAWL_WORD_SEQ(word) - seq >= PAWL_DECISIONS)
		return PAWL_DECIDE_DENY;
	return session->decisions[seq % PAWL_DECISIONS];
}

/* Whether @attempt, of this task, is what opened hold @seq. */
static __always_inline bool hold_is_of(const struct pawl_session *session, u32 slot, u64 seq,
				       const struct attempt *attempt)
{
	struct pawl_operation *op = bpf_map_lookup_elem(&trips, &slot);

	return op && session->trip_seq == seq && op->tid == (u32)bpf_get_current_pid_tgid() &&
	       op->detail == attempt->detail && op->dev == attempt->dev && op->ino == attempt->ino;
}

/*
 * A task that was stopped comes back with the same operation, because a decision was made
 * or because something else continued it.
 * Return: whether *ret_verdict is the answer; otherwise the operation is judged afresh.
 */
static __always_inline bool hold_return(struct pawl_task *mark, struct pawl_session *session,
					u64 word, const struct attempt *attempt, int *ret_verdict)
{
	u64 seq = mark->held_seq;
	u64 key = PAWL_HELD_KEY((u32)bpf_get_current_pid_tgid(), seq);
	u64 decision;

	if (mark->held_class != attempt->class || mark->held_dev != attempt->dev ||
	    mark->held_ino != attempt->ino)
		return false; /* a signal handler's own operation; the held one comes later */
	if (seq == PAWL_WORD_SEQ(word) && PAWL_WORD_STATE(word) == PAWL_STATE_HELD)
		return false;
	mark->held_seq = 0;
	bpf_map_delete_elem(&holds, &key);
	decision = decision_of(session, word, seq);
	if (decision & PAWL_DECIDE_ONE && !hold_is_of(session, mark->slot, seq, attempt))
		return false;
	decision &= ~PAWL_DECIDE_ONE;
	if (decision == PAWL_DECIDE_RETRY)
		return false;
	*ret_verdict = decision == PAWL_DECIDE_ALLOW ? 0 : -EPERM;
	return true;
}

#endif
