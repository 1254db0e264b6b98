/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Last stage of the core: the state of every session and hold, and what is to be done about
 * it. Effects are queued in the order in which they must happen. It must not read a clock,
 * touch a process or write a line: the shell does that with the effects.
 */
#include "user/core/decide.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MS 1000000ULL

struct pawl_core {
	const struct pawl_policy *policy;
	enum pawl_backend backend;
	struct pawl_live_session *sessions, *ended;
	struct pawl_hold *holds, *last_hold;
	size_t holds_n;
	uint32_t next_hold;
	struct pawl_effect effects[PAWL_EFFECTS_MAX];
	size_t first, n;
	uint64_t overflow;
};

static const char *const session_states[PAWL_SESSION_STATE_MAX] = {
	[PAWL_SESSION_RUNNING] = "running",   [PAWL_SESSION_HELD] = "held",
	[PAWL_SESSION_PAUSED] = "paused",     [PAWL_SESSION_KILLED] = "killed",
	[PAWL_SESSION_DETACHED] = "detached", [PAWL_SESSION_ENDED] = "ended",
};

static const char *const hold_states[PAWL_HOLD_STATE_MAX] = {
	[PAWL_HOLD_HELD] = "held",	 [PAWL_HOLD_APPROVED] = "approved",
	[PAWL_HOLD_DENIED] = "denied",	 [PAWL_HOLD_KILLED] = "killed",
	[PAWL_HOLD_EXPIRED] = "expired", [PAWL_HOLD_GONE] = "gone",
};

static const char *const record_names[PAWL_RECORD_MAX] = {
	[PAWL_RECORD_SESSION_START] = "session.start",
	[PAWL_RECORD_SESSION_END] = "session.end",
	[PAWL_RECORD_SESSION_KILL] = "session.kill",
	[PAWL_RECORD_SESSION_PAUSE] = "session.pause",
	[PAWL_RECORD_SESSION_RESUME] = "session.resume",
	[PAWL_RECORD_SESSION_DETACH] = "session.detach",
	[PAWL_RECORD_HOLD_OPEN] = "hold.open",
	[PAWL_RECORD_HOLD_RESOLVED] = "hold.resolved",
	[PAWL_RECORD_OBSERVED] = "budget.exceeded",
	[PAWL_RECORD_DENIED] = "budget.denied",
	[PAWL_RECORD_TAMPER_OBSERVED] = "tamper.observed",
	[PAWL_RECORD_TAMPER_DENIED] = "tamper.denied",
	[PAWL_RECORD_BROKER_OBSERVED] = "broker.observed",
	[PAWL_RECORD_BROKER_DENIED] = "broker.denied",
	[PAWL_RECORD_OPERATION_OBSERVED] = "operation.observed",
	[PAWL_RECORD_OPERATION_DENIED] = "operation.denied",
	[PAWL_RECORD_EXEC] = "process.exec",
};

const char *pawl_session_state_name(enum pawl_session_state state)
{
	return session_states[state];
}

const char *pawl_hold_state_name(enum pawl_hold_state state)
{
	return hold_states[state];
}

const char *pawl_record_name(enum pawl_record_type type)
{
	return record_names[type];
}

bool pawl_record_is_operation(enum pawl_record_type type)
{
	return type >= PAWL_RECORD_OBSERVED && type <= PAWL_RECORD_OPERATION_DENIED;
}

int pawl_core_new(const struct pawl_policy *policy, enum pawl_backend backend,
		  struct pawl_core **ret_core)
{
	struct pawl_core *core = calloc(1, sizeof(*core));

	if (!core)
		return -ENOMEM;
	core->policy = policy;
	core->backend = backend;
	*ret_core = core;
	return 0;
}

static void hold_free(struct pawl_hold *hold)
{
	free(hold->executable);
	free(hold->cwd);
	free(hold->args);
	free(hold);
}

static void sessions_free(struct pawl_live_session *session)
{
	struct pawl_live_session *next;

	for (; session; session = next) {
		next = session->next;
		free(session->attempts);
		free(session);
	}
}

void pawl_core_free(struct pawl_core *core)
{
	struct pawl_hold *hold;

	if (!core)
		return;
	sessions_free(core->sessions);
	sessions_free(core->ended);
	while ((hold = core->holds)) {
		core->holds = hold->next;
		hold_free(hold);
	}
	free(core);
}

static struct pawl_live_session *session_find(const struct pawl_core *core, uint32_t id)
{
	struct pawl_live_session *session = core->sessions;

	while (session && session->id != id)
		session = session->next;
	return session;
}

static struct pawl_hold *hold_find(const struct pawl_core *core, uint32_t id)
{
	struct pawl_hold *hold = core->holds;

	while (hold && hold->id != id)
		hold = hold->next;
	return hold;
}

static struct pawl_effect *emit(struct pawl_core *core, enum pawl_effect_type type,
				const struct pawl_live_session *session)
{
	static struct pawl_effect dropped;
	struct pawl_effect *effect;

	if (core->n == PAWL_EFFECTS_MAX) {
		core->overflow++;
		return &dropped;
	}
	effect = &core->effects[(core->first + core->n++) % PAWL_EFFECTS_MAX];
	memset(effect, 0, sizeof(*effect));
	effect->type = type;
	effect->session = session->id;
	effect->slot = session->slot;
	effect->hold = session->hold;
	effect->seq = session->seq;
	return effect;
}

static void emit_record(struct pawl_core *core, enum pawl_record_type record,
			const struct pawl_live_session *session)
{
	emit(core, PAWL_EFFECT_RECORD, session)->record = record;
}

/* Whether one more resolution fits among the effects; else it waits for the next call. */
static bool has_room(const struct pawl_core *core)
{
	return core->n + 8 <= PAWL_EFFECTS_MAX;
}

/* What a record of an operation is called, that was let pass or refused without asking. */
static enum pawl_record_type record_of(uint32_t class, bool observed)
{
	if (class == PAWL_CLASS_TAMPER)
		return observed ? PAWL_RECORD_TAMPER_OBSERVED : PAWL_RECORD_TAMPER_DENIED;
	if (class == PAWL_CLASS_BROKER)
		return observed ? PAWL_RECORD_BROKER_OBSERVED : PAWL_RECORD_BROKER_DENIED;
	if (pawl_bucket_of(class) == PAWL_BUCKET_MAX)
		return observed ? PAWL_RECORD_OPERATION_OBSERVED : PAWL_RECORD_OPERATION_DENIED;
	return observed ? PAWL_RECORD_OBSERVED : PAWL_RECORD_DENIED;
}

/* Tells what was only counted, and forgets the window; what does not fit now is told later. */
static void tell_attempts(struct pawl_core *core, struct pawl_live_session *session)
{
	struct pawl_attempts_rest rest;
	struct pawl_effect *effect;

	while (has_room(core) && pawl_attempts_take(session->attempts, &rest)) {
		effect = emit(core, PAWL_EFFECT_RECORD, session);
		effect->record = rest.class == PAWL_ATTEMPTS_EXEC
					 ? PAWL_RECORD_EXEC
					 : record_of(rest.class, rest.observed);
		effect->count = rest.count;
		effect->class = rest.class;
		if (rest.class == PAWL_CLASS_BROKER)
			snprintf(effect->broker, sizeof(effect->broker), "%s",
				 pawl_broker_name(core->policy, rest.broker));
	}
	if (!has_room(core))
		return;
	free(session->attempts);
	session->attempts = NULL;
}

/* Counts an attempt for which nobody is asked. Return: whether it is recorded by itself. */
static bool attempt_is_told(struct pawl_core *core, struct pawl_when now,
			    struct pawl_live_session *session, uint32_t class, uint32_t broker,
			    bool observed)
{
	if (session->attempts && pawl_attempts_until_ns(session->attempts) <= now.mono_ns)
		tell_attempts(core, session);
	if (!session->attempts && pawl_attempts_new(now.mono_ns, &session->attempts) < 0)
		return true;
	return pawl_attempts_add(session->attempts, class, broker, observed);
}

void pawl_core_set_policy(struct pawl_core *core, const struct pawl_policy *policy)
{
	/* the brokers' numbers are those of the old one */
	for (struct pawl_live_session *s = core->sessions; s; s = s->next) {
		if (s->attempts)
			tell_attempts(core, s);
	}
	core->policy = policy;
}

bool pawl_core_exec(struct pawl_core *core, struct pawl_when now, uint32_t id)
{
	struct pawl_live_session *session = session_find(core, id);

	return !session || attempt_is_told(core, now, session, PAWL_ATTEMPTS_EXEC, 0, true);
}

bool pawl_core_effect(struct pawl_core *core, struct pawl_effect *ret_effect)
{
	if (!core->n)
		return false;
	*ret_effect = core->effects[core->first];
	core->n--;
	core->first = core->n ? (core->first + 1) % PAWL_EFFECTS_MAX : 0;
	return true;
}

uint64_t pawl_core_overflow(const struct pawl_core *core)
{
	return core->overflow;
}

/* Enters a copy of @start, by number. 0, -ENOMEM, -EEXIST. */
static int enter(struct pawl_core *core, const struct pawl_live_session *start,
		 struct pawl_live_session **ret_session)
{
	struct pawl_live_session *session, **at = &core->sessions;

	if (session_find(core, start->id))
		return -EEXIST;
	session = malloc(sizeof(*session));
	if (!session)
		return -ENOMEM;
	*session = *start;
	session->hold = 0;
	session->attempts = NULL;
	while (*at && (*at)->id < session->id)
		at = &(*at)->next;
	session->next = *at;
	*at = session;
	*ret_session = session;
	return 0;
}

int pawl_core_begin(struct pawl_core *core, struct pawl_when now,
		    const struct pawl_live_session *start)
{
	struct pawl_live_session *session;
	int r = enter(core, start, &session);

	if (r < 0)
		return r;
	session->since = now;
	session->state = PAWL_SESSION_RUNNING;
	session->seq = 0;
	session->deny_until_ns = 0;
	emit_record(core, PAWL_RECORD_SESSION_START, session);
	return 0;
}

int pawl_core_adopt(struct pawl_core *core, struct pawl_when now,
		    const struct pawl_live_session *left)
{
	struct pawl_live_session *session;
	int r = enter(core, left, &session);

	if (r < 0)
		return r;
	if (session->state == PAWL_SESSION_KILLED)
		emit(core, PAWL_EFFECT_KILL, session);
	else if (session->state == PAWL_SESSION_PAUSED)
		emit(core, PAWL_EFFECT_PAUSE, session);
	else if (session->state == PAWL_SESSION_RUNNING &&
		 core->backend == PAWL_BACKEND_TRACEPOINT && now.mono_ns < session->deny_until_ns)
		emit(core, PAWL_EFFECT_REFUSE, session); /* the tracer has gone with that pawld */
	return 0;
}

/* Drops the oldest resolved holds beyond what is kept. */
static void holds_trim(struct pawl_core *core)
{
	struct pawl_hold **at = &core->holds, *hold;

	while ((hold = *at) && core->holds_n > PAWL_HOLDS_KEPT) {
		if (hold->state == PAWL_HOLD_HELD || hold == core->last_hold) {
			at = &hold->next;
			continue;
		}
		*at = hold->next;
		hold_free(hold);
		core->holds_n--;
	}
}

static bool is_moved(const struct pawl_operation *op)
{
	return op->detail == PAWL_DETAIL_MOVED || op->detail == PAWL_DETAIL_MOVED_DIR;
}

/* What op->broker stands for. */
static const char *name_of(const struct pawl_policy *policy, const struct pawl_operation *op)
{
	if (op->class == PAWL_CLASS_BROKER)
		return pawl_broker_name(policy, op->broker);
	return is_moved(op) ? pawl_temporary_name(policy, op->broker) : "";
}

static struct pawl_hold *hold_open(struct pawl_core *core, struct pawl_when now,
				   struct pawl_live_session *session,
				   const struct pawl_operation *op, uint64_t lost)
{
	const struct pawl_profile *profile = &core->policy->profiles[session->profile];
	struct pawl_hold *hold = calloc(1, sizeof(*hold));
	uint32_t bucket = pawl_bucket_of(op->class);

	if (!hold)
		return NULL;
	hold->id = ++core->next_hold;
	hold->session = session->id;
	hold->seq = session->seq;
	hold->since = now;
	hold->until.mono_ns = now.mono_ns + core->policy->hold_timeout_ms * MS;
	hold->until.real_ns = now.real_ns + core->policy->hold_timeout_ms * MS;
	hold->lost = lost;
	hold->limit = bucket < PAWL_BUCKET_MAX ? profile->terms.limit[bucket] : 0;
	hold->per_ms = bucket < PAWL_BUCKET_MAX ? profile->terms.per_ms[bucket] : 0;
	hold->op = *op;
	memcpy(hold->agent, session->agent, sizeof(hold->agent));
	hold->content.more = true; /* until it is counted */
	snprintf(hold->name, sizeof(hold->name), "%s", name_of(core->policy, op));
	if (core->last_hold)
		core->last_hold->next = hold;
	else
		core->holds = hold;
	core->last_hold = hold;
	core->holds_n++;
	holds_trim(core);
	session->hold = hold->id;
	session->state = PAWL_SESSION_HELD;
	return hold;
}

int pawl_core_adopt_hold(struct pawl_core *core, struct pawl_when since, uint32_t id, uint32_t hold,
			 const struct pawl_operation *op, uint64_t lost)
{
	struct pawl_live_session *session = session_find(core, id);
	uint32_t next = core->next_hold;
	struct pawl_hold *opened;

	if (!session)
		return -ENOENT;
	core->next_hold = hold - 1;
	opened = hold_open(core, since, session, op, lost);
	core->next_hold = hold > next ? hold : next;
	return opened ? 0 : -ENOMEM;
}

uint32_t pawl_core_last_hold(const struct pawl_core *core)
{
	return core->next_hold;
}

void pawl_core_number_holds(struct pawl_core *core, uint32_t last)
{
	if (last > core->next_hold)
		core->next_hold = last;
}

static void hold_close(struct pawl_hold *hold, struct pawl_when now, enum pawl_hold_state state,
		       const char *by, const char *reason)
{
	hold->state = state;
	hold->until = now;
	snprintf(hold->by, sizeof(hold->by), "%s", by);
	snprintf(hold->reason, sizeof(hold->reason), "%s", reason ? reason : "");
}

/*
 * A session has one open hold. An older one was resolved in the kernel without our word:
 * left open, its time-out would be due for ever. What it stopped goes on with the new one.
 */
static void supersede(struct pawl_core *core, struct pawl_when now,
		      struct pawl_live_session *session)
{
	struct pawl_hold *hold = hold_find(core, session->hold);

	if (!hold || hold->state != PAWL_HOLD_HELD)
		return;
	hold_close(hold, now, PAWL_HOLD_GONE, "pawld", "a later hold took its place");
	emit_record(core, PAWL_RECORD_HOLD_RESOLVED, session);
}

/* What each way of resolving a hold means; KILLED has no restarted operation. */
static const enum pawl_decision decisions[PAWL_HOLD_STATE_MAX] = {
	[PAWL_HOLD_APPROVED] = PAWL_DECIDE_ALLOW, [PAWL_HOLD_DENIED] = PAWL_DECIDE_DENY,
	[PAWL_HOLD_KILLED] = PAWL_DECIDE_DENY,	  [PAWL_HOLD_EXPIRED] = PAWL_DECIDE_DENY,
	[PAWL_HOLD_GONE] = PAWL_DECIDE_RETRY,
};

/* The buckets that begin anew when an operation was decided on: files and directories together. */
static uint32_t fresh_buckets(uint32_t class)
{
	const struct pawl_section *section = pawl_section_of(class);

	return section ? section->buckets : 0;
}

/*
 * How long a session has no budget after a denial. What has no budget is refused this once,
 * and what else the session does is not touched; but on tracepoint it is a tracer that
 * refuses, and that needs a time.
 */
static uint64_t denial_ms(const struct pawl_core *core, const struct pawl_live_session *session,
			  uint32_t bucket)
{
	const struct pawl_terms *terms = &core->policy->profiles[session->profile].terms;

	if (bucket < PAWL_BUCKET_MAX)
		return terms->per_ms[bucket];
	return core->backend == PAWL_BACKEND_TRACEPOINT ? terms->per_ms[PAWL_BUCKET_FILES] : 0;
}

/*
 * Resolves the open hold of a session: the decision goes to the kernel before anything is
 * continued, so that what restarts finds it.
 */
static void resolve(struct pawl_core *core, struct pawl_when now, struct pawl_live_session *session,
		    struct pawl_hold *hold, enum pawl_hold_state state, uint64_t for_ms)
{
	bool denied = state == PAWL_HOLD_DENIED || state == PAWL_HOLD_EXPIRED;
	bool denying = now.mono_ns < session->deny_until_ns;
	uint32_t bucket = pawl_bucket_of(hold->op.class);
	uint64_t window_ms = denied && !hold->once ? denial_ms(core, session, bucket) : 0;
	struct pawl_effect *effect = emit(core, PAWL_EFFECT_RESOLVE, session);

	effect->decision = decisions[state];
	effect->one = hold->once;
	effect->rings = state == PAWL_HOLD_APPROVED && hold->op.class == PAWL_CLASS_RING &&
			hold->op.detail != PAWL_DETAIL_UNHOOKED;
	if (effect->decision != PAWL_DECIDE_RETRY && !hold->once)
		effect->fresh = fresh_buckets(hold->op.class);
	if (for_ms)
		effect->free_until_ns = now.mono_ns + for_ms * MS;
	/* a denial that lasts goes on, but for the approval of what it is about */
	if (!denying || (!denied && bucket < PAWL_BUCKET_MAX))
		session->deny_until_ns = window_ms ? now.mono_ns + window_ms * MS : 0;
	effect->deny_until_ns = session->deny_until_ns;
	emit(core,
	     denied && core->backend == PAWL_BACKEND_TRACEPOINT ? PAWL_EFFECT_REFUSE
								: PAWL_EFFECT_RESUME,
	     session);
	emit_record(core, PAWL_RECORD_HOLD_RESOLVED, session);
	session->state = PAWL_SESSION_RUNNING;
	session->hold = 0;
}

static void kill_session(struct pawl_core *core, struct pawl_when now,
			 struct pawl_live_session *session, const char *by, const char *reason)
{
	struct pawl_hold *hold = hold_find(core, session->hold);

	emit(core, PAWL_EFFECT_KILL, session);
	if (hold && hold->state == PAWL_HOLD_HELD) {
		hold_close(hold, now, PAWL_HOLD_KILLED, by, reason);
		emit_record(core, PAWL_RECORD_HOLD_RESOLVED, session);
	}
	emit_record(core, PAWL_RECORD_SESSION_KILL, session);
	session->state = PAWL_SESSION_KILLED;
	session->hold = 0;
}

void pawl_core_set_profile(struct pawl_core *core, uint32_t id, uint32_t profile)
{
	struct pawl_live_session *session = session_find(core, id);

	if (session)
		session->profile = profile;
}

/* Remembers an ended session, and forgets the oldest beyond PAWL_ENDED_KEPT. */
static void remember(struct pawl_core *core, struct pawl_live_session *session)
{
	struct pawl_live_session **at = &core->ended;

	session->next = core->ended;
	core->ended = session;
	for (size_t n = 0; *at && n < PAWL_ENDED_KEPT; n++)
		at = &(*at)->next;
	sessions_free(*at);
	*at = NULL;
}

void pawl_core_end(struct pawl_core *core, struct pawl_when now, uint32_t id,
		   const uint64_t ops[PAWL_CLASS_MAX])
{
	struct pawl_live_session **at = &core->sessions, *session;
	struct pawl_hold *hold;

	while (*at && (*at)->id != id)
		at = &(*at)->next;
	session = *at;
	if (!session)
		return;
	hold = hold_find(core, session->hold);
	if (hold && hold->state == PAWL_HOLD_HELD) {
		hold_close(hold, now, PAWL_HOLD_GONE, "pawld", "its processes ended");
		emit_record(core, PAWL_RECORD_HOLD_RESOLVED, session);
		session->hold = 0;
	}
	if (session->attempts)
		tell_attempts(core, session);
	memcpy(session->ops, ops, sizeof(session->ops));
	emit_record(core, PAWL_RECORD_SESSION_END, session);
	emit(core, PAWL_EFFECT_FORGET, session);
	*at = session->next;
	if (session->state != PAWL_SESSION_KILLED)
		session->state = PAWL_SESSION_ENDED;
	remember(core, session);
}

/* Whether the kernel waits for an answer, rather than having given one. */
static bool asks(const struct pawl_core *core, const struct pawl_live_session *session,
		 uint64_t seq, enum pawl_action action, const struct pawl_operation *op)
{
	if (action == PAWL_ACTION_HOLD || action == PAWL_ACTION_KILL)
		return true;
	if (op->detail == PAWL_DETAIL_MOVED_DIR)
		return action != PAWL_ACTION_OBSERVE;
	if (op->detail == PAWL_DETAIL_UNHOOKED)
		return true;
	if (action != PAWL_ACTION_DENY || core->backend != PAWL_BACKEND_TRACEPOINT)
		return false;
	/* there, what has a budget is stopped to be denied; the rest only where it has a hold */
	return pawl_bucket_of(op->class) < PAWL_BUCKET_MAX || seq > session->seq;
}

/* What the policy did on its own, as the reason of a hold. */
static const char *reason_of(enum pawl_action action, uint32_t class)
{
	bool budget = pawl_bucket_of(class) < PAWL_BUCKET_MAX;

	if (action == PAWL_ACTION_KILL)
		return budget ? "the policy kills past the budget" : "the policy kills for this";
	if (action == PAWL_ACTION_DENY)
		return budget ? "the policy denies past the budget" : "the policy denies this";
	return "denied until the budget refills";
}

/* A hold that is not decided by what is known: people are told, or the policy does without. */
static void announce(struct pawl_core *core, struct pawl_when now,
		     struct pawl_live_session *session, struct pawl_hold *hold)
{
	uint32_t class = hold->op.class;
	const char *reason = reason_of(hold->action, class);

	emit_record(core, PAWL_RECORD_HOLD_OPEN, session);
	if (hold->action == PAWL_ACTION_KILL) {
		kill_session(core, now, session, "policy", reason);
		return;
	}
	/* on tracepoint nothing is refused in the kernel, so a denial that lasts comes here */
	if (hold->action == PAWL_ACTION_DENY || (denial_ms(core, session, pawl_bucket_of(class)) &&
						 now.mono_ns < session->deny_until_ns)) {
		hold_close(hold, now, PAWL_HOLD_DENIED, "policy", reason);
		resolve(core, now, session, hold, PAWL_HOLD_DENIED, 0);
		return;
	}
	emit(core, PAWL_EFFECT_NOTICE, session);
}

/* Nobody need be asked: the operation that opened the hold passes, all others are judged afresh. */
static void go_on(struct pawl_core *core, struct pawl_when now, struct pawl_live_session *session,
		  struct pawl_hold *hold, const char *reason)
{
	hold->once = true;
	hold_close(hold, now, PAWL_HOLD_APPROVED, "pawld", reason);
	resolve(core, now, session, hold, PAWL_HOLD_APPROVED, 0);
}

int pawl_core_verdict(struct pawl_core *core, struct pawl_when now, uint32_t id, uint64_t seq,
		      enum pawl_action action, const struct pawl_operation *op, uint64_t lost)
{
	struct pawl_live_session *session = session_find(core, id);
	struct pawl_hold *hold;

	if (!session)
		return -ENOENT;
	if (!asks(core, session, seq, action, op)) {
		bool observed = action == PAWL_ACTION_OBSERVE;

		if (attempt_is_told(core, now, session, op->class, op->broker, observed))
			emit_record(core, record_of(op->class, observed), session);
		return 0;
	}
	if (seq <= session->seq)
		return 0;
	supersede(core, now, session);
	session->seq = seq;
	/* said before the kernel knew that the session was killed or let go */
	if (session->state == PAWL_SESSION_KILLED || session->state == PAWL_SESSION_DETACHED)
		return 0;
	hold = hold_open(core, now, session, op, lost);
	if (!hold)
		return -ENOMEM;
	hold->action = action;
	hold->counting = op->detail == PAWL_DETAIL_MOVED_DIR;
	if (hold->counting)
		emit(core, PAWL_EFFECT_COUNT, session)->limit = hold->limit;
	else if (op->detail == PAWL_DETAIL_UNHOOKED)
		go_on(core, now, session, hold, "what it cuts out of files is judged from now on");
	else
		announce(core, now, session, hold);
	return 0;
}

void pawl_core_counted(struct pawl_core *core, struct pawl_when now, uint32_t id,
		       const struct pawl_content *content, bool covered)
{
	struct pawl_hold *hold = hold_find(core, id);
	struct pawl_live_session *session = hold ? session_find(core, hold->session) : NULL;
	char reason[PAWL_REASON_MAX];

	if (!session || session->hold != id || hold->state != PAWL_HOLD_HELD || !hold->counting)
		return;
	hold->counting = false;
	hold->once = hold->action == PAWL_ACTION_DENY;
	hold->content = *content;
	if (!covered) {
		announce(core, now, session, hold);
		return;
	}
	snprintf(reason, sizeof(reason), "the budget covers its %" PRIu64 " files", content->files);
	go_on(core, now, session, hold, reason);
}

void pawl_core_stopped(struct pawl_core *core, uint32_t id, uint64_t seq, uint32_t flags)
{
	struct pawl_live_session *session = session_find(core, id);

	if (!session)
		return;
	if (session->state == PAWL_SESSION_HELD || session->state == PAWL_SESSION_PAUSED ||
	    session->state == PAWL_SESSION_KILLED)
		return;
	/* one that stopped ahead of a hold is looked after by the shell: it sees the budget */
	if (flags & PAWL_HELD_PROVISIONAL && seq > session->seq)
		return;
	if (seq <= session->seq)
		emit(core, PAWL_EFFECT_RESUME, session)->seq = seq;
}

void pawl_core_nobody(struct pawl_core *core, struct pawl_when now, uint32_t id)
{
	struct pawl_live_session *session = session_find(core, id);
	struct pawl_hold *hold = session ? hold_find(core, session->hold) : NULL;

	if (!hold || hold->state != PAWL_HOLD_HELD || session->state != PAWL_SESSION_HELD)
		return;
	hold_close(hold, now, PAWL_HOLD_GONE, "pawld", "the processes it stopped have ended");
	resolve(core, now, session, hold, PAWL_HOLD_GONE, 0);
}

static void expire(struct pawl_core *core, struct pawl_when now, struct pawl_hold *hold,
		   const char *reason)
{
	struct pawl_live_session *session = session_find(core, hold->session);
	enum pawl_action action = core->policy->on_timeout;

	if (!session || session->hold != hold->id)
		return;
	if (action == PAWL_ACTION_KILL) {
		kill_session(core, now, session, "pawld", reason);
		return;
	}
	hold_close(hold, now, PAWL_HOLD_EXPIRED, "pawld", reason);
	resolve(core, now, session, hold,
		action == PAWL_ACTION_OBSERVE ? PAWL_HOLD_APPROVED : PAWL_HOLD_EXPIRED, 0);
}

static int command_pause(struct pawl_core *core, struct pawl_live_session *session, bool pause)
{
	if (pause == (session->state == PAWL_SESSION_PAUSED) ||
	    (pause && session->state != PAWL_SESSION_RUNNING))
		return -EALREADY;
	if (pause)
		session->seq++;
	emit(core, pause ? PAWL_EFFECT_PAUSE : PAWL_EFFECT_UNPAUSE, session);
	emit_record(core, pause ? PAWL_RECORD_SESSION_PAUSE : PAWL_RECORD_SESSION_RESUME, session);
	session->state = pause ? PAWL_SESSION_PAUSED : PAWL_SESSION_RUNNING;
	return 0;
}

void pawl_core_tick(struct pawl_core *core, struct pawl_when now)
{
	for (struct pawl_hold *hold = core->holds; hold && has_room(core); hold = hold->next) {
		if (hold->state == PAWL_HOLD_HELD && hold->until.mono_ns <= now.mono_ns)
			expire(core, now, hold, "nobody decided in time");
	}
	for (struct pawl_live_session *s = core->sessions; s && has_room(core); s = s->next) {
		if (s->attempts && pawl_attempts_until_ns(s->attempts) <= now.mono_ns)
			tell_attempts(core, s);
	}
}

void pawl_core_expire(struct pawl_core *core, struct pawl_when now)
{
	for (struct pawl_hold *hold = core->holds; hold && has_room(core); hold = hold->next) {
		if (hold->state == PAWL_HOLD_HELD)
			expire(core, now, hold, "pawld ended");
	}
	for (struct pawl_live_session *s = core->sessions; s && has_room(core); s = s->next) {
		if (s->state == PAWL_SESSION_PAUSED)
			command_pause(core, s, false);
		if (s->attempts)
			tell_attempts(core, s);
	}
}

uint64_t pawl_core_next_ns(const struct pawl_core *core)
{
	uint64_t next = UINT64_MAX;

	for (const struct pawl_hold *hold = core->holds; hold; hold = hold->next) {
		if (hold->state == PAWL_HOLD_HELD && hold->until.mono_ns < next)
			next = hold->until.mono_ns;
	}
	for (const struct pawl_live_session *s = core->sessions; s; s = s->next) {
		if (s->attempts && pawl_attempts_until_ns(s->attempts) < next)
			next = pawl_attempts_until_ns(s->attempts);
	}
	return next;
}

static int command_hold(struct pawl_core *core, struct pawl_when now,
			const struct pawl_command *command)
{
	struct pawl_hold *hold = hold_find(core, command->id);
	struct pawl_live_session *session = hold ? session_find(core, hold->session) : NULL;
	enum pawl_hold_state state =
		command->verb == PAWL_VERB_APPROVE ? PAWL_HOLD_APPROVED : PAWL_HOLD_DENIED;

	if (!hold)
		return -ENOENT;
	if (hold->state != PAWL_HOLD_HELD || !session || session->hold != hold->id)
		return -EALREADY;
	hold_close(hold, now, state, command->by, command->reason);
	resolve(core, now, session, hold, state, command->for_ms);
	return 0;
}

static int command_detach(struct pawl_core *core, struct pawl_when now,
			  struct pawl_live_session *session, const struct pawl_command *command)
{
	struct pawl_hold *hold = hold_find(core, session->hold);

	if (session->state == PAWL_SESSION_DETACHED || session->state == PAWL_SESSION_KILLED)
		return -EALREADY;
	if (hold && hold->state == PAWL_HOLD_HELD) {
		hold_close(hold, now, PAWL_HOLD_APPROVED, command->by, "detached");
		emit_record(core, PAWL_RECORD_HOLD_RESOLVED, session);
	}
	emit(core, PAWL_EFFECT_DETACH, session);
	emit_record(core, PAWL_RECORD_SESSION_DETACH, session);
	session->state = PAWL_SESSION_DETACHED;
	session->hold = 0;
	return 0;
}

int pawl_core_command(struct pawl_core *core, struct pawl_when now,
		      const struct pawl_command *command)
{
	struct pawl_live_session *session;

	if (command->verb == PAWL_VERB_APPROVE || command->verb == PAWL_VERB_DENY)
		return command_hold(core, now, command);
	session = session_find(core, command->id);
	if (!session)
		return -ENOENT;
	switch (command->verb) {
	case PAWL_VERB_KILL:
		kill_session(core, now, session, command->by, command->reason);
		return 0;
	case PAWL_VERB_PAUSE:
	case PAWL_VERB_RESUME:
		return command_pause(core, session, command->verb == PAWL_VERB_PAUSE);
	default:
		return command_detach(core, now, session, command);
	}
}

const struct pawl_live_session *pawl_core_sessions(const struct pawl_core *core)
{
	return core->sessions;
}

const struct pawl_live_session *pawl_core_ended(const struct pawl_core *core)
{
	return core->ended;
}

const struct pawl_live_session *pawl_core_session(const struct pawl_core *core, uint32_t id)
{
	return session_find(core, id);
}

const struct pawl_hold *pawl_core_holds(const struct pawl_core *core)
{
	return core->holds;
}

const struct pawl_hold *pawl_core_hold(const struct pawl_core *core, uint32_t id)
{
	return hold_find(core, id);
}

void pawl_core_describe(struct pawl_core *core, uint32_t id, char *executable, char *cwd,
			char *args, size_t args_size)
{
	struct pawl_hold *hold = hold_find(core, id);

	if (!hold) {
		free(executable);
		free(cwd);
		free(args);
		return;
	}
	free(hold->executable);
	free(hold->cwd);
	free(hold->args);
	hold->executable = executable;
	hold->cwd = cwd;
	hold->args = args;
	hold->args_size = args_size;
}
