/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Which tasks are watched, and for which session. Marks are inherited when a task is
 * made and never dropped: exec, setsid, double fork and reparenting change nothing.
 */
#ifndef PAWL_PROCESS_H
#define PAWL_PROCESS_H

#include "maps.h"

#define CLONE_THREAD 0x00010000
#define SLOT_PROBES 64

static __always_inline struct pawl_task *task_current(void)
{
	struct pawl_task *mark = bpf_task_storage_get(&tasks, bpf_get_current_task_btf(), 0, 0);

	return mark && live() ? mark : 0;
}

/* The session of a mark, or NULL where its slot has gone to another one. */
static __always_inline struct pawl_session *session_of(const struct pawl_task *task)
{
	u32 slot = task->slot;
	struct pawl_session *session = bpf_map_lookup_elem(&sessions, &slot);

	if (!session || session->id != task->id)
		return 0;
	return session;
}

static __always_inline u64 session_word(const struct pawl_session *session)
{
	return *(volatile const u64 *)&session->word;
}

static __always_inline u32 current_uid(void)
{
	return (u32)bpf_get_current_uid_gid();
}

static __always_inline u64 cookie_next(void)
{
	return __sync_fetch_and_add(&shared.next_cookie, 1) + 1;
}

/* Takes a free slot. Return: its number, 0 (the shared one) when all are taken. */
static __noinline u32 session_claim(void)
{
	u32 start = __sync_fetch_and_add(&shared.next_slot, 1);

	for (u32 i = 0; i < SLOT_PROBES; i++) {
		u32 slot = 1 + (start + i) % (PAWL_MAX_SESSIONS - 1);
		struct pawl_session *session = bpf_map_lookup_elem(&sessions, &slot);

		if (!session)
			return 0;
		if (__sync_val_compare_and_swap(&session->word, PAWL_STATE_FREE,
						PAWL_STATE_CLAIMED) == PAWL_STATE_FREE)
			return slot;
	}
	count(PAWL_COUNT_SLOTS_FULL);
	return 0;
}

/* Fills a claimed slot for the current process, found by @rule. Return: session id. */
static __noinline u32 session_fill(u32 slot, u32 rule)
{
	struct pawl_session *session = bpf_map_lookup_elem(&sessions, &slot);
	struct pawl_rule *terms = bpf_map_lookup_elem(&rules, &rule);
	struct task_struct *task = bpf_get_current_task_btf();

	if (!session || !terms || !slot)
		return 0;
	session->terms = terms->terms;
	session->rule = rule;
	session->root_tgid = task->tgid;
	session->root_start_ns = BPF_CORE_READ(task, group_leader, start_boottime);
	session->id = __sync_fetch_and_add(&shared.next_session, 1) + 1;
	session->live = 1; /* before it can be seen, or it would look ended */
	*(volatile u64 *)&session->word = PAWL_WORD(PAWL_STATE_RUNNING, 0);
	return session->id;
}

/* Makes the current task the root of a new session. Return: its mark, or NULL. */
static __always_inline struct pawl_task *session_begin(u32 rule)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct pawl_task blank = {}, *mark;
	struct pawl_session_event *event;

	mark = bpf_task_storage_get(&tasks, task, &blank, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!mark) {
		count(PAWL_COUNT_LOST_TASKS);
		return 0;
	}
	mark->slot = session_claim();
	mark->id = session_fill(mark->slot, rule);
	mark->cookie = cookie_next();
	mark->held_seq = 0;
	event = bpf_ringbuf_reserve(&verdicts, sizeof(*event), 0);
	if (!event) {
		count(PAWL_COUNT_LOST_VERDICTS);
		return mark;
	}
	head(&event->h, PAWL_EVENT_SESSION, sizeof(*event), mark);
	event->start_ns = BPF_CORE_READ(task, group_leader, start_boottime);
	event->rule = rule;
	event->uid = current_uid();
	send_now(event);
	return mark;
}

/*
 * Puts a task into the session of @from. Its making and the walk over the tasks may both
 * come here: the one that sets the cookie counts it.
 */
static __always_inline void task_join(struct pawl_task *mark, const struct pawl_task *from,
				      u64 cookie)
{
	struct pawl_session *session;

	mark->slot = from->slot;
	mark->id = from->id;
	mark->mount_ns = from->mount_ns;
	session = session_of(mark);
	if (__sync_val_compare_and_swap(&mark->cookie, 0, cookie) == 0 && session)
		__sync_fetch_and_add(&session->live, 1);
}

static __always_inline void fork_tell(struct task_struct *child, const struct pawl_task *parent,
				      const struct pawl_task *mark, u32 flags)
{
	struct pawl_fork_event *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);

	if (!event) {
		count(PAWL_COUNT_LOST_EVENTS);
		return;
	}
	head(&event->h, PAWL_EVENT_FORK, sizeof(*event), mark);
	event->h.flags = flags;
	event->parent_tgid = event->h.tgid;
	event->parent_cookie = parent->cookie;
	event->h.tgid = child->tgid;
	event->h.tid = child->pid;
	event->start_ns = BPF_CORE_READ(child, start_boottime);
	event->uid = current_uid();
	bpf_get_current_comm(event->comm, sizeof(event->comm));
	send(event);
}

/*
 * A task is being made, and may not come to be: its mark says whose it is, and counts nothing yet.
 * process_fork() comes next; where it was skipped, the walk over the tasks does its work.
 */
static __always_inline int process_alloc(struct task_struct *child)
{
	struct pawl_task *parent = task_current(), blank = {}, *mark;

	if (!parent)
		return 0;
	mark = bpf_task_storage_get(&tasks, child, &blank, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!mark)
		return 0;
	mark->slot = parent->slot;
	mark->id = parent->id;
	return 0;
}

/*
 * A task was made: threads, processes and io_uring workers alike. @child does not run
 * yet, so it is watched before its first instruction.
 */
static __always_inline int process_fork(struct task_struct *child, u64 clone_flags)
{
	struct pawl_task *parent = task_current(), blank = {}, *mark;
	struct pawl_session *session;
	u32 flags;

	if (!parent)
		return 0;
	mark = bpf_task_storage_get(&tasks, child, &blank, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!mark) {
		count(PAWL_COUNT_LOST_TASKS);
		return 0;
	}
	if (mark->cookie)
		return 0; /* seen already */
	flags = mark->id ? PAWL_FORK_ALLOCATED : 0;
	task_join(mark, parent, clone_flags & CLONE_THREAD ? parent->cookie : cookie_next());
	session = session_of(mark);
	if (!session)
		return 0;
	if (PAWL_WORD_STATE(session_word(session)) == PAWL_STATE_KILLED)
		bpf_send_signal(SIGKILL);
	if (!(clone_flags & CLONE_THREAD))
		fork_tell(child, parent, mark, flags);
	return 0;
}

/* A task ends. Its process ends with its last thread; the leader's end is what is told. */
static __always_inline int process_exit(struct task_struct *task)
{
	struct pawl_task *mark = bpf_task_storage_get(&tasks, task, 0, 0);
	struct pawl_exit_event *event;
	struct pawl_session *session;

	if (!mark || !live() || mark->tp_flags & PAWL_TP_ENDED)
		return 0;
	mark->tp_flags |= PAWL_TP_ENDED;
	session = session_of(mark);
	if (session && mark->cookie)
		__sync_fetch_and_add(&session->live, -1);
	if (mark->held_seq) {
		u64 key = PAWL_HELD_KEY(task->pid, mark->held_seq);

		bpf_map_delete_elem(&holds, &key);
	}
	if (task->pid != task->tgid)
		return 0;
	event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
	if (!event) {
		count(PAWL_COUNT_LOST_EVENTS);
		return 0;
	}
	head(&event->h, PAWL_EVENT_EXIT, sizeof(*event), mark);
	event->code = task->exit_code;
	event->pad = 0;
	send(event);
	return 0;
}

/* A task whose making was skipped: it joins now. */
static __always_inline void process_find(struct task_struct *task, struct pawl_task *mark)
{
	struct task_struct *leader = task->group_leader;
	struct pawl_task *first = 0;

	if (leader && leader != task)
		first = bpf_task_storage_get(&tasks, leader, 0, 0);
	task_join(mark, mark, first && first->cookie ? first->cookie : cookie_next());
}

/*
 * One step of the walk over all tasks: spreads marks to threads and descendants of
 * marked tasks while `seeding`, and writes a record for each watched task.
 */
static __always_inline int process_each(struct bpf_iter_meta *meta, struct task_struct *task)
{
	struct pawl_task_record record = {};
	struct pawl_task blank = {}, *mark, *from = 0;
	struct task_struct *leader, *parent;

	if (!task || (task->flags & PF_KTHREAD))
		return 0;
	mark = bpf_task_storage_get(&tasks, task, 0, 0);
	if (!mark && shared.seeding && !(task->flags & PF_EXITING)) { /* its end is told already */
		leader = task->group_leader;
		parent = task->real_parent;
		if (leader)
			from = bpf_task_storage_get(&tasks, leader, 0, 0);
		if (!from && parent)
			from = bpf_task_storage_get(&tasks, parent, 0, 0);
		if (!from)
			return 0;
		mark = bpf_task_storage_get(&tasks, task, &blank, BPF_LOCAL_STORAGE_GET_F_CREATE);
		if (!mark)
			return 0;
		task_join(mark, from, leader != task ? from->cookie : cookie_next());
	}
	if (!mark)
		return 0;
	if (!mark->cookie && !(task->flags & PF_EXITING))
		process_find(task, mark);
	record.cookie = mark->cookie;
	record.id = mark->id;
	record.slot = mark->slot;
	record.tgid = task->tgid;
	record.tid = task->pid;
	record.ppid = BPF_CORE_READ(task, real_parent, tgid);
	record.start_ns = BPF_CORE_READ(task, group_leader, start_boottime);
	record.uid = BPF_CORE_READ(task, cred, uid.val);
	bpf_probe_read_kernel(record.comm, sizeof(record.comm), task->comm);
	bpf_seq_write(meta->seq, &record, sizeof(record));
	return 0;
}

#endif
