/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * File operations where the kernel lets them be refused (lsm, fmod_ret). The path_* hooks
 * say that a program asked, and where; the inode_* hooks fire once permissions and types
 * are checked, and again for the layers of a stacked file system. So path_* arms, and the
 * first inode_* after it counts.
 */
#ifndef PAWL_FILES_H
#define PAWL_FILES_H

#include "verdict.h"

#define ATTR_SIZE (1 << 3)

/* A program asks for an operation in @mnt. */
static __always_inline int files_arm(u32 class, void *mnt)
{
	struct pawl_task *mark = task_current();

	if (!mark)
		return 0;
	mark->armed_class = class;
	mark->armed_mnt = (u64)mnt;
	return 0;
}

/* Adds an operation that will have its effect to its directory's aggregate. */
static __always_inline void files_aggregate(const struct pawl_task *mark,
					    const struct attempt *attempt)
{
	struct dentry *dentry = attempt->dentry, *parent = BPF_CORE_READ(dentry, d_parent);
	struct pawl_dir_key key = {
		.id = mark->id,
		.class = attempt->class,
		.dev = attempt->dev,
		.ino = BPF_CORE_READ(parent, d_inode, i_ino),
	};
	struct pawl_dir *dir = bpf_map_lookup_elem(&dirs, &key);
	u64 now = bpf_ktime_get_ns();
	struct pawl_dir first = {.count = 1, .first_ns = now, .last_ns = now};
	struct pawl_dir_event *event;

	if (dir) {
		__sync_fetch_and_add(&dir->count, 1);
		dir->last_ns = now;
		return;
	}
	if (bpf_map_update_elem(&dirs, &key, &first, BPF_ANY))
		count(PAWL_COUNT_LOST_DIRS);
	event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
	if (!event) {
		count(PAWL_COUNT_LOST_EVENTS);
		return;
	}
	head(&event->h, PAWL_EVENT_DIR, sizeof(*event), mark);
	event->key = key;
	path_of_dentry(&event->path, parent, attempt->mnt);
	send(event);
}

static __always_inline int files_allow(const struct pawl_task *mark, struct pawl_session *session,
				       const struct attempt *attempt)
{
	session_count(session, attempt->class);
	files_aggregate(mark, attempt);
	return 0;
}

/* The budget does not cover @attempt: the session's action decides. */
static __always_inline int files_over(struct pawl_task *mark, struct pawl_session *session,
				      u64 word, struct attempt *attempt)
{
	switch (action_of(session, attempt->class)) {
	case PAWL_ACTION_OBSERVE:
		session_observe(mark, session, word, attempt);
		return files_allow(mark, session, attempt);
	case PAWL_ACTION_DENY:
		session_observe(mark, session, word, attempt);
		__sync_fetch_and_add(&session->stopped, 1);
		return -EPERM;
	case PAWL_ACTION_KILL:
		session_trip(mark, session, word, PAWL_STATE_KILLED, attempt);
		__sync_fetch_and_add(&session->stopped, 1);
		bpf_send_signal(SIGKILL);
		return -EPERM;
	}
	session_trip(mark, session, word, PAWL_STATE_HELD, attempt);
	/* where another task was first, its hold is this one's too, decided by now or not */
	return hold_current(mark, session, PAWL_WORD_SEQ(session_word(session)), attempt);
}

/* Judges one operation of a watched task. Return: what the hook returns. */
static __noinline int files_judge(struct pawl_task *mark, struct attempt *attempt)
{
	struct pawl_session *session = session_of(mark);
	int verdict = 0;
	u64 word, now;

	if (!session)
		return 0;
	word = session_word(session);
	if (PAWL_WORD_STATE(word) == PAWL_STATE_DETACHED)
		return 0;
	if (PAWL_WORD_STATE(word) == PAWL_STATE_KILLED) {
		bpf_send_signal(SIGKILL);
		return -EPERM;
	}
	if (mark->held_seq && hold_return(mark, session, word, attempt, &verdict))
		return verdict ? verdict : files_allow(mark, session, attempt);
	if (PAWL_WORD_STATE(word) == PAWL_STATE_HELD)
		return hold_current(mark, session, PAWL_WORD_SEQ(word), attempt);
	now = bpf_ktime_get_ns();
	if (now < session->free_until_ns)
		return files_allow(mark, session, attempt);
	if (now < session->deny_until_ns) {
		__sync_fetch_and_add(&session->stopped, 1);
		return -EPERM;
	}
	if (budget_spend(session, attempt->class, 0, 0) != BUDGET_OVER)
		return files_allow(mark, session, attempt);
	return files_over(mark, session, word, attempt);
}

/* The operation that was armed has come to @dentry, and @inode is what it destroys. */
static __always_inline int files_attempt(u32 class, struct dentry *dentry, struct inode *inode)
{
	struct pawl_task *mark = task_current();
	struct attempt attempt = {.class = class, .dentry = dentry};

	if (!mark || mark->armed_class != class)
		return 0;
	mark->armed_class = PAWL_CLASS_NONE;
	if (!inode)
		return 0;
	attempt.mnt = (void *)mark->armed_mnt;
	attempt.ino = inode->i_ino;
	attempt.dev = dev_of(inode->i_sb->s_dev);
	return files_judge(mark, &attempt);
}

/* Truncation: only what gets shorter is a loss. */
static __always_inline int files_setattr(struct dentry *dentry, struct iattr *attr)
{
	struct inode *inode;

	if (!(attr->ia_valid & ATTR_SIZE))
		return 0;
	inode = dentry->d_inode;
	if (!inode || attr->ia_size >= inode->i_size)
		return 0;
	return files_attempt(PAWL_CLASS_TRUNCATE, dentry, inode);
}

/*
 * What a hook may return: an earlier refusal stands, and the verifier of newer kernels
 * wants to see the range.
 */
static __always_inline int files_earlier(int ret)
{
	return ret < 0 && ret >= -4095 ? ret : -EPERM;
}

#endif
