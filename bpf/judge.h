/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The judgement of one operation, where the kernel lets it be refused: state of the session,
 * budget, what the policy does past it. Every hook of lsm and fmod_ret comes through here.
 */
#ifndef PAWL_JUDGE_H
#define PAWL_JUDGE_H

#include "verdict.h"

/* Adds an operation that will have its effect to its directory's aggregate. */
static __noinline int judge_aggregate(const struct pawl_task *mark, const struct attempt *attempt)
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
	path_of_dentry(&event->path, parent, attempt->mnt);
	send(event);
	return 0;
}

static __always_inline int judge_allow(const struct pawl_task *mark, struct pawl_session *session,
				       const struct attempt *attempt)
{
	session_count(session, attempt->class);
	if (budget_covers(attempt->class))
		judge_aggregate(mark, attempt);
	return 0;
}

static __always_inline int judge_refuse(struct pawl_session *session)
{
	__sync_fetch_and_add(&session->stopped, 1);
	return -EPERM;
}

/* The budget does not cover @attempt: the policy's action decides. */
static __always_inline int judge_over(struct pawl_task *mark, struct pawl_session *session,
				      u64 word, struct attempt *attempt)
{
	u32 action = action_of(session, attempt);

	/* what it comes to is known when pawld has counted: it does then what the policy says */
	if (attempt_is_uncounted(attempt) && action != PAWL_ACTION_OBSERVE)
		action = PAWL_ACTION_HOLD;
	switch (action) {
	case PAWL_ACTION_OBSERVE:
		session_observe(mark, session, word, attempt);
		return judge_allow(mark, session, attempt);
	case PAWL_ACTION_DENY:
		session_observe(mark, session, word, attempt);
		return judge_refuse(session);
	case PAWL_ACTION_KILL:
		session_trip(mark, session, word, PAWL_STATE_KILLED, attempt);
		bpf_send_signal(SIGKILL);
		return judge_refuse(session);
	}
	if (!lease_over(session)) /* else nobody is there to open a hold for */
		session_trip(mark, session, word, PAWL_STATE_HELD, attempt);
	/* where another task was first, its hold is this one's too, decided by now or not */
	return hold_current(mark, session, PAWL_WORD_SEQ(session_word(session)), attempt);
}

/*
 * Whether the policy lets this pass although it is past what the budget covers: what is only
 * observed changes nothing for a session that is held or denied. Tampering is no such thing.
 */
static __always_inline bool judge_observes(const struct pawl_session *session,
					   const struct attempt *attempt)
{
	return !budget_covers(attempt->class) && action_of(session, attempt) == PAWL_ACTION_OBSERVE;
}

/* Judges one operation of a watched task. Return: what the hook returns. */
static __noinline int judge(struct pawl_task *mark, struct attempt *attempt)
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
	if (attempt->class == PAWL_CLASS_TAMPER || judge_observes(session, attempt))
		return judge_over(mark, session, word, attempt);
	if (mark->held_seq && hold_return(mark, session, word, attempt, &verdict))
		return verdict ? verdict : judge_allow(mark, session, attempt);
	if (PAWL_WORD_STATE(word) == PAWL_STATE_HELD)
		return hold_current(mark, session, PAWL_WORD_SEQ(word), attempt);
	now = bpf_ktime_get_ns();
	if (now < session->free_until_ns)
		return judge_allow(mark, session, attempt);
	if (now < session->deny_until_ns)
		return judge_refuse(session);
	if (budget_covers(attempt->class) && !attempt_is_uncounted(attempt) &&
	    budget_spend(session, attempt->class, 0, 0) != BUDGET_OVER)
		return judge_allow(mark, session, attempt);
	return judge_over(mark, session, word, attempt);
}

/*
 * Whether what comes before fallocate(2) is still to be attached: not where it would stop nothing.
 * The self-test tries it without.
 */
static __always_inline bool judge_lacks_hook(const struct pawl_session *session)
{
	bool hooked = *(volatile const u32 *)&shared.hooked && session->rule != PAWL_RULE_SELFTEST;

	return !hooked && session->terms.action[PAWL_CLASS_TRUNCATE] != PAWL_ACTION_OBSERVE;
}

/* It passes; what it waited for is over. */
static __always_inline int judge_made(struct pawl_task *mark)
{
	u64 key = PAWL_HELD_KEY((u32)bpf_get_current_pid_tgid(), mark->held_seq);

	if (mark->held_seq && mark->held_class == PAWL_CLASS_RING) {
		mark->held_seq = 0;
		bpf_map_delete_elem(&holds, &key);
	}
	return 0;
}

/*
 * An io_uring is to be made. What its workers cut out of files could not be stopped when it has
 * happened: so it waits until pawld has attached what comes before.
 */
static __noinline int judge_ring(struct pawl_task *mark, struct attempt *attempt)
{
	struct pawl_session *session = session_of(mark);
	int verdict = 0;
	u64 word;

	if (!session)
		return 0;
	word = session_word(session);
	if (mark->held_seq && hold_return(mark, session, word, attempt, &verdict) && verdict)
		return verdict;
	if (!judge_lacks_hook(session) || PAWL_WORD_STATE(word) > PAWL_STATE_HELD)
		return judge_made(mark);
	if (session->rule == PAWL_RULE_SHARED) /* pawld would not know whom it attaches it for */
		return judge_refuse(session);
	if (PAWL_WORD_STATE(word) == PAWL_STATE_RUNNING && !lease_over(session))
		session_trip(mark, session, word, PAWL_STATE_HELD, attempt);
	return hold_current(mark, session, PAWL_WORD_SEQ(session_word(session)), attempt);
}

/* Stops the current task after @attempt, which has happened. */
static __noinline int judge_stop(struct pawl_task *mark, struct pawl_session *session, u64 word,
				 struct attempt *attempt)
{
	u64 seq;

	if (PAWL_WORD_STATE(word) == PAWL_STATE_RUNNING)
		session_trip(mark, session, word, PAWL_STATE_HELD, attempt);
	seq = PAWL_WORD_SEQ(session_word(session));
	if (hold_in_ring())
		hold_worker(mark, seq, attempt->class);
	else
		hold_after(mark, session, seq, attempt->class, PAWL_HELD_AFTER);
	return 0;
}

/* How many more may be lost where nothing came before, until the whole tree is ended. */
#define UNREFUSED_MOST 8

/* One process after the other loses a file, and pawld is not there, or too slow, to attach it. */
static __always_inline bool judge_too_far(const struct pawl_session *session, u32 class)
{
	u32 bucket = budget_bucket(class);
	u64 spent = *(volatile const u64 *)&session->spent[bucket] & PAWL_SPENT_MASK;

	return spent > session->terms.limit[bucket] + UNREFUSED_MOST &&
	       session->rule != PAWL_RULE_SHARED;
}

/* @attempt is past the budget, and nothing came before it. */
static __always_inline void judge_lost(struct pawl_task *mark, struct pawl_session *session,
				       u64 word, struct attempt *attempt)
{
	u32 action = action_of(session, attempt);

	if (action == PAWL_ACTION_OBSERVE) {
		session_observe(mark, session, word, attempt);
		return;
	}
	if (lease_over(session) && lease_allows())
		return;
	if (action == PAWL_ACTION_KILL || judge_too_far(session, attempt->class)) {
		session_trip(mark, session, word, PAWL_STATE_KILLED, attempt);
		bpf_send_signal(SIGKILL);
	} else if (action == PAWL_ACTION_HOLD && !lease_over(session)) {
		judge_stop(mark, session, word, attempt);
	} else {
		bpf_send_signal(SIGKILL);
	}
}

/* Judges an operation of a watched task that has happened: there was nothing before it yet. */
static __noinline int judge_done(struct pawl_task *mark, struct attempt *attempt)
{
	struct pawl_session *session = session_of(mark);
	u64 word;

	if (!session)
		return 0;
	word = session_word(session);
	if (PAWL_WORD_STATE(word) == PAWL_STATE_DETACHED)
		return 0;
	judge_allow(mark, session, attempt);
	if (PAWL_WORD_STATE(word) == PAWL_STATE_KILLED) {
		bpf_send_signal(SIGKILL);
		return 0;
	}
	if (bpf_ktime_get_ns() >= session->free_until_ns &&
	    budget_spend(session, attempt->class, BUDGET_BEYOND, 0) == BUDGET_OVER)
		judge_lost(mark, session, word, attempt);
	word = session_word(session);
	if (!judge_lacks_hook(session) || session->rule == PAWL_RULE_SHARED ||
	    lease_over(session) || PAWL_WORD_STATE(word) > PAWL_STATE_HELD)
		return 0;
	attempt->class = PAWL_CLASS_RING;
	attempt->detail = PAWL_DETAIL_UNHOOKED;
	judge_stop(mark, session, word, attempt);
	return 0;
}

/*
 * What a hook may return: an earlier refusal stands, and the verifier of newer kernels
 * wants to see the range.
 */
static __always_inline int judge_earlier(int ret)
{
	return ret < 0 && ret >= -4095 ? ret : -EPERM;
}

#endif
