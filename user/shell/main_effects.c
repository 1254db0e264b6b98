/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Part of main: carries out what the core decided, in its order. What is written for the
 * kernel comes before anything is continued, so that an operation that restarts finds its
 * answer.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "user/core/cleanup.h"
#include "user/core/explain.h"
#include "user/core/text.h"
#include "user/shell/act.h"
#include "user/shell/main.h"
#include "user/shell/notice.h"
#include "user/shell/refuse.h"

#define KILL_ROUNDS 20
#define STALE_NS 1000000000ULL	  /* a decided entry of a task that runs is left over */
#define PROVISIONAL_NS 5000000ULL /* how long a stop ahead of a hold may wait for it */

/* Processes gathered to be acted on. */
struct targets {
	struct daemon *daemon;
	struct pawl_target *list;
	size_t n, room;
	uint32_t session;
	uint64_t seq; /* of holds: up to this one */
};

static void targets_clear(struct targets *targets)
{
	free(targets->list);
}

static void targets_add(struct targets *targets, uint32_t pid, uint64_t start_ns, uint64_t cookie)
{
	struct pawl_target *larger;

	for (size_t i = targets->n; i && i + 8 > targets->n; i--) {
		if (targets->list[i - 1].pid == pid)
			return; /* threads of one process come one after the other */
	}
	if (targets->n == targets->room) {
		larger = reallocarray(targets->list, targets->room * 2 + 64, sizeof(*larger));
		if (!larger)
			return; /* the sweep tries again */
		targets->list = larger;
		targets->room = targets->room * 2 + 64;
	}
	targets->list[targets->n++] = (struct pawl_target){
		.pid = pid,
		.start_ns = start_ns,
		.depth = pawl_proctree_depth(targets->daemon->tree, cookie),
	};
}

static void add_held(void *ctx, const struct pawl_held *held)
{
	struct targets *targets = ctx;

	if (held->id == targets->session && held->seq <= targets->seq)
		targets_add(targets, held->tgid, held->start_ns, held->cookie);
}

static void delete_held(void *ctx, const struct pawl_held *held)
{
	struct targets *targets = ctx;

	/* what restarts deletes its own entry, which is how we know that it did */
	if (held->id == targets->session && held->seq <= targets->seq && held->flags)
		pawl_sensor_delete_held(targets->daemon->sensor, held);
}

static void add_task(void *ctx, const struct pawl_task_record *task)
{
	struct targets *targets = ctx;

	/* a leader that has ended is still there while a thread of its process lives */
	if (task->id == targets->session && task->tid == task->tgid)
		targets_add(targets, task->tgid, task->start_ns, task->cookie);
}

/* The tree of a session, as the kernel has it now. */
static void gather_tree(struct daemon *daemon, uint32_t session, struct targets *ret_targets)
{
	*ret_targets = (struct targets){.daemon = daemon, .session = session};
	pawl_sensor_each_task(daemon->sensor, false, add_task, ret_targets);
}

static void resume_held(struct daemon *daemon, uint32_t session, uint64_t seq)
{
	_cleanup_(targets_clear) struct targets targets = {
		.daemon = daemon, .session = session, .seq = seq};

	pawl_sensor_each_held(daemon->sensor, add_held, &targets);
	pawl_act_continue_all(targets.list, targets.n);
	pawl_sensor_each_held(daemon->sensor, delete_held, &targets);
	daemon->hurry = true;
}

/* Whether a process is among the @targets. */
static bool targets_have(const struct targets *targets, uint32_t pid)
{
	for (size_t i = 0; i < targets->n; i++) {
		if (targets->list[i].pid == pid)
			return true;
	}
	return false;
}

/*
 * Where the hooks cannot refuse, a tracer does, for the whole tree, until the budget
 * refills. What was stopped and cannot be traced is ended: it must not go on.
 */
static void refuse_held(struct daemon *daemon, const struct pawl_effect *effect)
{
	const struct pawl_session *session = pawl_sensor_session(daemon->sensor, effect->slot);
	_cleanup_(targets_clear) struct targets tree = {}, stopped = {.daemon = daemon,
								      .session = effect->session,
								      .seq = effect->seq};
	_cleanup_free_ struct pawl_refused *list = NULL;
	bool traced;

	pawl_sensor_each_held(daemon->sensor, add_held, &stopped);
	gather_tree(daemon, effect->session, &tree);
	list = calloc(tree.n + 1, sizeof(*list));
	for (size_t i = 0; list && i < tree.n; i++)
		list[i].pid = tree.list[i].pid;
	traced = list && tree.n && pawl_refuse_start(list, tree.n, session->deny_until_ns) == 0;
	for (size_t i = 0; i < tree.n; i++) {
		if ((!traced || !list[i].traced) && targets_have(&stopped, tree.list[i].pid))
			pawl_act_kill(&tree.list[i]);
	}
	pawl_act_continue_all(stopped.list, stopped.n);
	pawl_sensor_each_held(daemon->sensor, delete_held, &stopped);
	daemon->hurry = true;
}

void daemon_refuse_again(struct daemon *daemon)
{
	uint64_t now = daemon_now().mono_ns;

	if (pawl_sensor_backend(daemon->sensor) != PAWL_BACKEND_TRACEPOINT)
		return;
	for (const struct pawl_live_session *s = pawl_core_sessions(daemon->core); s; s = s->next) {
		const struct pawl_effect effect = {
			.session = s->id, .slot = s->slot, .seq = s->seq};

		if (s->state == PAWL_SESSION_RUNNING && now < s->deny_until_ns)
			refuse_held(daemon, &effect);
	}
}

/* Moves a session's word from one state to another. Return: false when it is not in it. */
static bool move_word(struct pawl_session *session, uint64_t seq, enum pawl_state from,
		      enum pawl_state to)
{
	uint64_t expected = PAWL_WORD(from, seq);

	return __atomic_compare_exchange_n(&session->word, &expected, PAWL_WORD(to, seq), false,
					   __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
}

/* Moves it from whatever state it is in, but a killed one stays killed. Return: the old word. */
static uint64_t force_state(struct pawl_session *session, enum pawl_state to)
{
	uint64_t word = __atomic_load_n(&session->word, __ATOMIC_ACQUIRE);

	while (PAWL_WORD_STATE(word) != PAWL_STATE_KILLED &&
	       !__atomic_compare_exchange_n(&session->word, &word,
					    PAWL_WORD(to, PAWL_WORD_SEQ(word)), false,
					    __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
		;
	return word;
}

static void resolve(struct daemon *daemon, const struct pawl_effect *effect)
{
	struct pawl_session *session = pawl_sensor_session(daemon->sensor, effect->slot);

	if (effect->free_until_ns)
		__atomic_store_n(&session->free_until_ns, effect->free_until_ns, __ATOMIC_RELAXED);
	__atomic_store_n(&session->deny_until_ns, effect->deny_until_ns, __ATOMIC_RELAXED);
	if (effect->rings)
		__atomic_store_n(&session->rings, 1, __ATOMIC_RELAXED);
	for (int i = 0; i < PAWL_BUCKET_MAX; i++) {
		if (effect->fresh & 1U << i)
			__atomic_store_n(&session->spent[i], 0, __ATOMIC_RELAXED);
	}
	__atomic_store_n(&session->decisions[effect->seq % PAWL_DECISIONS],
			 effect->decision | (effect->one ? PAWL_DECIDE_ONE : 0), __ATOMIC_RELEASE);
	if (move_word(session, effect->seq, PAWL_STATE_HELD, PAWL_STATE_RUNNING))
		pawl_sensor_calm(daemon->sensor);
}

static bool session_lives(struct daemon *daemon, uint32_t slot)
{
	struct pawl_session *session = pawl_sensor_session(daemon->sensor, slot);

	return __atomic_load_n(&session->live, __ATOMIC_ACQUIRE) != 0;
}

/*
 * Kills what is there, again until nothing is new: the kernel kills whoever forks meanwhile.
 * What does not die at once (in an uninterruptible wait) is left to the sweep.
 */
static void kill_tree(struct daemon *daemon, uint32_t session, uint32_t slot)
{
	for (int round = 0; round < KILL_ROUNDS && session_lives(daemon, slot); round++) {
		_cleanup_(targets_clear) struct targets targets = {};

		gather_tree(daemon, session, &targets);
		if (!pawl_act_kill_all(targets.list, targets.n))
			break;
	}
	daemon->hurry = true;
}

static void kill_session(struct daemon *daemon, const struct pawl_effect *effect)
{
	struct pawl_session *session = pawl_sensor_session(daemon->sensor, effect->slot);
	uint64_t word = force_state(session, PAWL_STATE_KILLED);

	if (PAWL_WORD_STATE(word) != PAWL_STATE_HELD && PAWL_WORD_STATE(word) != PAWL_STATE_KILLED)
		pawl_sensor_alarm(daemon->sensor);
	kill_tree(daemon, effect->session, effect->slot);
}

/* Operations are held from now on, and the processes are stopped until none is new. */
static void pause_session(struct daemon *daemon, const struct pawl_effect *effect)
{
	struct pawl_session *session = pawl_sensor_session(daemon->sensor, effect->slot);
	uint64_t expected = PAWL_WORD(PAWL_STATE_RUNNING, effect->seq - 1);
	size_t before = 0;

	if (__atomic_compare_exchange_n(&session->word, &expected,
					PAWL_WORD(PAWL_STATE_HELD, effect->seq), false,
					__ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
		pawl_sensor_alarm(daemon->sensor);
	for (int round = 0; round < KILL_ROUNDS; round++) {
		_cleanup_(targets_clear) struct targets targets = {};

		gather_tree(daemon, effect->session, &targets);
		for (size_t i = 0; i < targets.n; i++)
			pawl_act_stop(&targets.list[i]);
		if (targets.n == before)
			break;
		before = targets.n;
	}
}

static void unpause_session(struct daemon *daemon, const struct pawl_effect *effect)
{
	struct pawl_session *session = pawl_sensor_session(daemon->sensor, effect->slot);
	_cleanup_(targets_clear) struct targets targets = {};

	/* first: were we killed in between, the next pawld would see that it is paused */
	gather_tree(daemon, effect->session, &targets);
	pawl_act_continue_all(targets.list, targets.n);
	__atomic_store_n(&session->decisions[effect->seq % PAWL_DECISIONS], PAWL_DECIDE_RETRY,
			 __ATOMIC_RELEASE);
	if (move_word(session, effect->seq, PAWL_STATE_HELD, PAWL_STATE_RUNNING))
		pawl_sensor_calm(daemon->sensor);
	resume_held(daemon, effect->session, effect->seq);
}

static void detach_session(struct daemon *daemon, const struct pawl_effect *effect)
{
	struct pawl_session *session = pawl_sensor_session(daemon->sensor, effect->slot);
	uint64_t word = __atomic_load_n(&session->word, __ATOMIC_ACQUIRE);

	__atomic_store_n(&session->decisions[PAWL_WORD_SEQ(word) % PAWL_DECISIONS],
			 PAWL_DECIDE_ALLOW, __ATOMIC_RELEASE);
	word = force_state(session, PAWL_STATE_DETACHED);
	if (PAWL_WORD_STATE(word) == PAWL_STATE_HELD)
		pawl_sensor_calm(daemon->sensor);
	resume_held(daemon, effect->session, PAWL_WORD_SEQ(word));
}

/* What the stopped program and its people read; @client is how pawl is called here. */
static void notice_text(const struct pawl_hold *hold, const char *client, char *out, size_t size)
{
	bool budget = pawl_bucket_of(hold->op.class) < PAWL_BUCKET_MAX;
	char target[PAWL_PATH_MAX * 2], comm[PAWL_COMM_LEN * 4], reason[PAWL_REASON_MAX];

	pawl_safe(pawl_path_text(&hold->op.path), target, sizeof(target));
	pawl_safe(hold->op.comm, comm, sizeof(comm));
	pawl_explain_reason(&hold->op, hold->limit, hold->per_ms, hold->name, &hold->content,
			    reason, sizeof(reason));
	snprintf(out, size,
		 "pawl: held h%" PRIu32 ": %s (pid %" PRIu32 ", session s%" PRIu32
		 ") at %s%s%s: %s, %" PRIu64 " lost so far. Decide with: %s show h%" PRIu32
		 "; %s approve h%" PRIu32 "%s; %s deny h%" PRIu32 "; %s kill s%" PRIu32,
		 hold->id, comm, hold->op.tgid, hold->session, pawl_class_name(hold->op.class),
		 *target ? " " : "", target, reason, hold->lost, client, hold->id, client, hold->id,
		 budget ? " --for 10m" : "", client, hold->id, client, hold->session);
}

static void give_notice(struct daemon *daemon, const struct pawl_effect *effect)
{
	const struct pawl_hold *hold = pawl_core_hold(daemon->core, effect->hold);
	char text[PAWL_NOTICE_MAX - 2], line[PAWL_NOTICE_MAX];
	_cleanup_close_ int pidfd = -1;
	dev_t dev;
	ino_t ino;

	if (!hold)
		return;
	notice_text(hold, daemon->client, text, sizeof(text));
	daemon_say("%s", text + strlen("pawl: "));
	pawl_control_notify(daemon->control, effect->session, text, &dev, &ino);
	pidfd = pawl_act_open(hold->op.tgid, hold->op.start_ns);
	if (pidfd < 0)
		return;
	snprintf(line, sizeof(line), "%s\n", text);
	pawl_notice_send(pidfd, line, dev, ino);
}

/* Also one that has ended since. */
static const struct pawl_live_session *session_of(struct daemon *daemon, uint32_t id)
{
	const struct pawl_live_session *session = pawl_core_session(daemon->core, id);

	if (session)
		return session;
	session = pawl_core_ended(daemon->core);
	while (session && session->id != id)
		session = session->next;
	return session;
}

static void write_record(struct daemon *daemon, const struct pawl_effect *effect)
{
	const struct pawl_live_session *session = session_of(daemon, effect->session);
	const struct pawl_hold *hold = pawl_core_hold(daemon->core, effect->hold);
	bool about_hold = effect->record == PAWL_RECORD_HOLD_OPEN ||
			  effect->record == PAWL_RECORD_HOLD_RESOLVED;
	const struct pawl_operation *op =
		pawl_record_is_operation(effect->record) ? daemon->verdict_op : NULL;
	const char *broker = op ? pawl_broker_name(daemon->policy, op->broker) : "";

	if (effect->count) {
		pawl_record_attempts(daemon->recorder, daemon_now(), effect,
				     session ? session->agent : NULL);
		return;
	}
	/* the next pawld goes on from the last one that is in the log */
	if (about_hold)
		__atomic_store_n(&pawl_sensor_shared(daemon->sensor)->next_hold,
				 pawl_core_last_hold(daemon->core), __ATOMIC_RELEASE);
	if (effect->record == PAWL_RECORD_SESSION_START || effect->record == PAWL_RECORD_HOLD_OPEN)
		daemon_label(daemon, effect->session);
	pawl_record_effect(daemon->recorder, daemon_now(), effect->record, session, effect->session,
			   about_hold ? hold : NULL, op, broker);
}

static void delete_dir(void *ctx, const struct pawl_dir_key *key, const struct pawl_dir *dir)
{
	struct targets *targets = ctx;

	(void)dir;
	if (key->id == targets->session)
		pawl_sensor_delete_dir(targets->daemon->sensor, key);
}

static void forget_session(struct daemon *daemon, const struct pawl_effect *effect)
{
	struct pawl_session *session = pawl_sensor_session(daemon->sensor, effect->slot);
	struct targets targets = {.daemon = daemon, .session = effect->session};
	uint64_t word = __atomic_load_n(&session->word, __ATOMIC_ACQUIRE), ops = 0;

	for (int class = 0; class < PAWL_CLASS_MAX; class ++)
		ops += session->ops[class];
	if (ops)
		pawl_sensor_each_dir(daemon->sensor, delete_dir, &targets);
	if (PAWL_WORD_STATE(word) == PAWL_STATE_HELD || PAWL_WORD_STATE(word) == PAWL_STATE_KILLED)
		pawl_sensor_calm(daemon->sensor);
	pawl_assess_forget(daemon->assess, effect->session);
	pawl_proctree_forget(daemon->tree, effect->session);
	pawl_sensor_free_slot(daemon->sensor, effect->slot);
}

static void apply_resume(struct daemon *daemon, const struct pawl_effect *effect)
{
	resume_held(daemon, effect->session, effect->seq);
}

static void (*const apply[PAWL_EFFECT_MAX])(struct daemon *, const struct pawl_effect *) = {
	[PAWL_EFFECT_RESOLVE] = resolve,	  [PAWL_EFFECT_RESUME] = apply_resume,
	[PAWL_EFFECT_REFUSE] = refuse_held,	  [PAWL_EFFECT_KILL] = kill_session,
	[PAWL_EFFECT_PAUSE] = pause_session,	  [PAWL_EFFECT_UNPAUSE] = unpause_session,
	[PAWL_EFFECT_DETACH] = detach_session,	  [PAWL_EFFECT_NOTICE] = give_notice,
	[PAWL_EFFECT_RECORD] = write_record,	  [PAWL_EFFECT_FORGET] = forget_session,
	[PAWL_EFFECT_COUNT] = daemon_count_moved,
};

void daemon_apply(struct daemon *daemon)
{
	struct pawl_effect effect;

	while (pawl_core_effect(daemon->core, &effect)) {
		if (effect.type < PAWL_EFFECT_MAX && apply[effect.type])
			apply[effect.type](daemon, &effect);
	}
}

/* One entry of the table of holds, held against what the core says of its session. */
static void sweep_held(void *ctx, const struct pawl_held *held)
{
	struct daemon *daemon = ctx;
	const struct pawl_live_session *live = pawl_core_session(daemon->core, held->id);
	struct pawl_target target = {.pid = held->tgid, .start_ns = held->start_ns};
	uint64_t age = daemon_now().mono_ns - held->since_ns;
	bool ahead = live && held->seq > live->seq;

	if (live && !ahead && held->seq == live->seq &&
	    (live->state == PAWL_SESSION_HELD || live->state == PAWL_SESSION_PAUSED))
		return;
	if (live && live->state == PAWL_SESSION_KILLED) {
		pawl_act_kill(&target);
		return;
	}
	if (ahead && age < PROVISIONAL_NS) {
		daemon->hurry = true;
		return;
	}
	if (pawl_act_is_stopped(held->tid)) {
		pawl_act_continue(&target);
		if (!held->flags) {
			daemon->hurry = true;
			return;
		}
	} else if (age < STALE_NS) {
		daemon->hurry = true;
		return;
	}
	pawl_sensor_delete_held(daemon->sensor, held);
}

static void count_held(void *ctx, const struct pawl_held *held)
{
	struct targets *targets = ctx;

	/* an entry goes with its task, and with the restart of its operation */
	targets->n += held->id == targets->session && held->seq == targets->seq;
}

/* A hold whose every process has ended waits for nothing. */
static void sweep_empty_holds(struct daemon *daemon)
{
	struct pawl_when now = daemon_now();

	for (const struct pawl_hold *h = pawl_core_holds(daemon->core); h; h = h->next) {
		struct targets targets = {.daemon = daemon, .session = h->session, .seq = h->seq};

		if (h->state != PAWL_HOLD_HELD || now.mono_ns - h->since.mono_ns < STALE_NS)
			continue;
		pawl_sensor_each_held(daemon->sensor, count_held, &targets);
		if (!targets.n)
			pawl_core_nobody(daemon->core, now, h->session);
	}
}

void daemon_sweep(struct daemon *daemon)
{
	pawl_sensor_each_held(daemon->sensor, sweep_held, daemon);
	for (const struct pawl_live_session *s = pawl_core_sessions(daemon->core); s; s = s->next) {
		if (s->state == PAWL_SESSION_KILLED && session_lives(daemon, s->slot))
			kill_tree(daemon, s->id, s->slot);
	}
	sweep_empty_holds(daemon);
}

/* Whether a task of a denied hold still runs: until it ends, its refusals matter. */
static bool refusals_run(struct daemon *daemon)
{
	uint64_t now = daemon_now().mono_ns;

	for (const struct pawl_live_session *s = pawl_core_sessions(daemon->core); s; s = s->next) {
		const struct pawl_session *session = pawl_sensor_session(daemon->sensor, s->slot);

		if (now < __atomic_load_n(&session->deny_until_ns, __ATOMIC_RELAXED) &&
		    session_lives(daemon, s->slot))
			return true;
	}
	return false;
}

#define SHUT_WAIT_MS 5000

static void continue_held(void *ctx, const struct pawl_held *held)
{
	struct pawl_target target = {.pid = held->tgid, .start_ns = held->start_ns};

	(void)ctx;
	pawl_act_continue(&target);
}

/* Nothing is stopped any more, and what still is goes on: nobody would look after it. */
static void release_all(struct daemon *daemon)
{
	uint64_t now = daemon_now().mono_ns;

	for (const struct pawl_live_session *s = pawl_core_sessions(daemon->core); s; s = s->next) {
		struct pawl_session *session = pawl_sensor_session(daemon->sensor, s->slot);

		/* what is denied stays so while it can */
		if (now >= session->deny_until_ns)
			force_state(session, PAWL_STATE_DETACHED);
	}
	pawl_sensor_each_held(daemon->sensor, continue_held, NULL);
}

void daemon_shut(struct daemon *daemon)
{
	int waited = 0;

	do {
		daemon_take(daemon);
		pawl_core_expire(daemon->core, daemon_now());
		daemon_tick(daemon);
		if (!refusals_run(daemon))
			break;
		usleep(10000);
		waited += 10;
	} while (waited < SHUT_WAIT_MS);
	if (waited >= SHUT_WAIT_MS)
		daemon_say("warning: processes whose operations were denied still run: with pawld "
			   "gone, nothing refuses their next ones");
	release_all(daemon);
}
