/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Part of main: hands the kernel's records to the core, and looks for itself at what records
 * may have failed to say. It decides nothing.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "user/core/cleanup.h"
#include "user/shell/main.h"
#include "user/shell/procfs.h"

#define DRAIN_NS 1000000000ULL
#define EMPTY_NS 10000000000ULL /* sessions are looked at for tasks once in so long */
#define SKIPPED_NS 2000000000ULL
#define LOST_NS 1000000000ULL /* losses are made good, and told, once in so long */

static const char *agent_of(struct daemon *daemon, uint32_t session)
{
	const struct pawl_live_session *live = pawl_core_session(daemon->core, session);

	return live ? live->agent : "";
}

uint64_t daemon_lost_files(struct daemon *daemon, uint32_t slot)
{
	const struct pawl_session *session = pawl_sensor_session(daemon->sensor, slot);

	return __atomic_load_n(&session->ops[PAWL_CLASS_DELETE], __ATOMIC_RELAXED) +
	       __atomic_load_n(&session->ops[PAWL_CLASS_REPLACE], __ATOMIC_RELAXED) +
	       __atomic_load_n(&session->ops[PAWL_CLASS_TRUNCATE], __ATOMIC_RELAXED);
}

/* Uid of the root process, as far as it is known. */
static uint32_t uid_of(struct daemon *daemon, uint32_t pid)
{
	const struct pawl_process *process = pawl_proctree_by_pid(daemon->tree, pid);

	return process ? process->uid : 0;
}

int daemon_begin_session(struct daemon *daemon, uint32_t slot, const char *agent, uint32_t profile)
{
	const struct pawl_session *session = pawl_sensor_session(daemon->sensor, slot);
	struct pawl_live_session start = {
		.id = session->id,
		.slot = slot,
		.root_pid = session->root_tgid,
		.root_start_ns = session->root_start_ns,
		.uid = uid_of(daemon, session->root_tgid),
		.profile = profile,
	};

	snprintf(start.agent, sizeof(start.agent), "%s", agent);
	return pawl_core_begin(daemon->core, daemon_now(), &start);
}

/* A session that the kernel found: its rule names the agent. */
static void begin_by_rule(struct daemon *daemon, uint32_t slot)
{
	const struct pawl_session *session = pawl_sensor_session(daemon->sensor, slot);
	const struct pawl_policy *policy = daemon->policy;
	const struct pawl_agent *agent;

	if (!slot || session->rule >= policy->matches_n)
		return;
	agent = &policy->agents[policy->matches[session->rule].agent];
	daemon_begin_session(daemon, slot, agent->name, agent->profile);
}

static void describe(struct daemon *daemon, uint32_t session, const struct pawl_operation *op)
{
	const struct pawl_live_session *live = pawl_core_session(daemon->core, session);
	const struct pawl_hold *hold = live ? pawl_core_hold(daemon->core, live->hold) : NULL;
	struct pawl_description what;

	/* what is only recorded comes while a hold of another operation is open, too */
	if (!hold || hold->op.at_ns != op->at_ns || hold->op.tid != op->tid)
		return;
	pawl_procfs_describe(op->tgid, &what);
	pawl_core_describe(daemon->core, live->hold, what.executable, what.cwd, what.args,
			   what.args_size);
}

void daemon_hook(struct daemon *daemon)
{
	int r = pawl_sensor_hook(daemon->sensor);

	if (r < 0)
		daemon_say("warning: nothing comes before fallocate(2): %s; what it cuts out of "
			   "files counts when it has happened",
			   strerror(-r));
}

static void verdict(struct daemon *daemon, uint32_t slot, uint32_t id, uint64_t seq,
		    enum pawl_action action, const struct pawl_operation *op)
{
	if (!pawl_core_session(daemon->core, id))
		begin_by_rule(daemon, slot);
	if (op->detail == PAWL_DETAIL_UNHOOKED)
		daemon_hook(daemon);
	/* for the hold; what nobody is asked about may come a hundred thousand times */
	if (action != PAWL_ACTION_OBSERVE &&
	    (action != PAWL_ACTION_DENY ||
	     pawl_sensor_backend(daemon->sensor) == PAWL_BACKEND_TRACEPOINT))
		daemon_drain(daemon);
	if (pawl_core_verdict(daemon->core, daemon_now(), id, seq, action, op,
			      daemon_lost_files(daemon, slot)) == 0)
		describe(daemon, id, op);
	/* a record of it is written while it is known: the next verdict has another operation */
	daemon->verdict_op = op;
	daemon_apply(daemon);
	daemon->verdict_op = NULL;
}

static void stopped(struct daemon *daemon, const struct pawl_stopped_event *event)
{
	pawl_core_stopped(daemon->core, event->h.id, event->seq, event->flags);
	/* one that stopped ahead of a hold goes on when that does not come */
	if (event->flags & PAWL_HELD_PROVISIONAL)
		daemon->hurry = true;
}

void daemon_on_verdict(void *ctx, void *data, size_t size)
{
	struct daemon *daemon = ctx;
	struct pawl_record record;

	if (pawl_decode(data, size, &record) < 0)
		return;
	switch (record.type) {
	case PAWL_EVENT_SESSION:
		pawl_proctree_apply(daemon->tree, &record);
		begin_by_rule(daemon, record.header->slot);
		break;
	case PAWL_EVENT_VERDICT:
		verdict(daemon, record.header->slot, record.header->id, record.verdict->seq,
			record.verdict->action, &record.verdict->op);
		break;
	case PAWL_EVENT_STOPPED:
		stopped(daemon, record.stopped);
		break;
	default:
		break;
	}
	daemon_apply(daemon);
}

void daemon_on_event(void *ctx, void *data, size_t size)
{
	struct daemon *daemon = ctx;
	char directory[PAWL_PATH_MAX];
	struct pawl_record record;

	if (pawl_decode(data, size, &record) < 0)
		return;
	if (record.type == PAWL_EVENT_DIR) {
		pawl_assess_name(daemon->assess, &record.dir->key,
				 pawl_path_directory(&record.dir->path, directory));
		return;
	}
	pawl_proctree_apply(daemon->tree, &record);
	if (record.type == PAWL_EVENT_EXEC &&
	    pawl_core_exec(daemon->core, daemon_now(), record.header->id))
		pawl_record_exec(daemon->recorder, daemon_now(),
				 agent_of(daemon, record.header->id), record.exec);
}

void daemon_take(struct daemon *daemon)
{
	pawl_sensor_take_verdicts(daemon->sensor);
	pawl_sensor_take_events(daemon->sensor);
}

static void drain_one(void *ctx, const struct pawl_dir_key *key, const struct pawl_dir *dir)
{
	struct daemon *daemon = ctx;
	uint64_t new = 0;

	if (pawl_assess_count(daemon->assess, key, dir->count, &new) < 0 || !new)
		return;
	pawl_record_operations(daemon->recorder, daemon_now(), agent_of(daemon, key->id), key,
			       pawl_assess_path(daemon->assess, key), new);
}

/* Tells whether there were operations: a number that is another one then, whose they may be. */
static uint64_t operations(struct daemon *daemon)
{
	uint64_t mix = 0;

	for (const struct pawl_live_session *s = pawl_core_sessions(daemon->core); s; s = s->next) {
		const struct pawl_session *session = pawl_sensor_session(daemon->sensor, s->slot);
		uint64_t sum = 0;

		for (int class = 0; class < PAWL_CLASS_MAX; class ++)
			sum += __atomic_load_n(&session->ops[class], __ATOMIC_RELAXED);
		mix = (mix ^ s->id) * 0x100000001b3ULL + sum;
	}
	return mix;
}

void daemon_drain(struct daemon *daemon)
{
	uint64_t now = operations(daemon);

	daemon->drain_ns = daemon_now().mono_ns;
	if (now == daemon->ops_seen)
		return;
	daemon->ops_seen = now;
	/* the names first: they come with the telemetry */
	pawl_sensor_take_events(daemon->sensor);
	pawl_sensor_each_dir(daemon->sensor, drain_one, daemon);
}

/* What the kernel did with an operation, from what it went by. */
static enum pawl_action action_of(struct daemon *daemon, const struct pawl_session *session,
				  const struct pawl_operation *op)
{
	struct pawl_broker broker;

	if (op->class != PAWL_CLASS_BROKER)
		return (enum pawl_action)session->terms.action[op->class % PAWL_OPS];
	broker = daemon_broker_terms(daemon->policy, op->broker);
	return (enum pawl_action)(op->uid == 0 ? broker.root_action : broker.action);
}

/* Sessions and holds whose records were lost. */
static void look_at_slots(struct daemon *daemon)
{
	uint32_t slots = pawl_sensor_slots(daemon->sensor);
	const struct pawl_live_session *live;
	struct pawl_operation op;

	for (uint32_t slot = 1; slot < slots; slot++) {
		const struct pawl_session *session = pawl_sensor_session(daemon->sensor, slot);
		uint64_t word = __atomic_load_n(&session->word, __ATOMIC_ACQUIRE);

		if (PAWL_WORD_STATE(word) < PAWL_STATE_RUNNING ||
		    session->rule == PAWL_RULE_SELFTEST)
			continue;
		live = pawl_core_session(daemon->core, session->id);
		if (!live)
			begin_by_rule(daemon, slot);
		live = pawl_core_session(daemon->core, session->id);
		if (live && PAWL_WORD_SEQ(word) > live->seq &&
		    __atomic_load_n(&session->trip_seq, __ATOMIC_ACQUIRE) == PAWL_WORD_SEQ(word) &&
		    pawl_sensor_trip(daemon->sensor, slot, &op) == 0)
			verdict(daemon, slot, session->id, PAWL_WORD_SEQ(word),
				action_of(daemon, session, &op), &op);
	}
}

static bool has_ended(struct daemon *daemon, const struct pawl_live_session *live)
{
	const struct pawl_session *session = pawl_sensor_session(daemon->sensor, live->slot);

	return !__atomic_load_n(&session->live, __ATOMIC_ACQUIRE);
}

struct seen {
	struct daemon *daemon;
	bool *slots;
};

static void see(void *ctx, const struct pawl_task_record *task)
{
	struct seen *seen = ctx;
	const struct pawl_session *session = pawl_sensor_session(seen->daemon->sensor, task->slot);

	if (session && session->id == task->id)
		seen->slots[task->slot] = true;
}

/* Two walks: one that is being made below its parent's pid is met in the second. */
void daemon_end_empty(struct daemon *daemon)
{
	_cleanup_free_ bool *slots = calloc(PAWL_MAX_SESSIONS, sizeof(*slots));
	struct seen seen = {.daemon = daemon, .slots = slots};

	daemon->empty_ns = daemon_now().mono_ns;
	if (!slots || pawl_sensor_each_task(daemon->sensor, false, see, &seen) < 0 ||
	    pawl_sensor_each_task(daemon->sensor, false, see, &seen) < 0)
		return;
	for (const struct pawl_live_session *s = pawl_core_sessions(daemon->core); s; s = s->next) {
		struct pawl_session *session = pawl_sensor_session(daemon->sensor, s->slot);

		if (!slots[s->slot])
			__atomic_store_n(&session->live, 0, __ATOMIC_RELEASE);
	}
}

/* One whose last task seems to be gone. The walk counts those whose making was skipped. */
static bool some_ended(struct daemon *daemon)
{
	for (const struct pawl_live_session *s = pawl_core_sessions(daemon->core); s; s = s->next) {
		if (!has_ended(daemon, s))
			continue;
		pawl_sensor_each_task(daemon->sensor, false, NULL, NULL);
		return true;
	}
	return false;
}

static void end_sessions(struct daemon *daemon)
{
	const struct pawl_live_session *live = pawl_core_sessions(daemon->core), *next;
	uint64_t ops[PAWL_CLASS_MAX];

	if (!some_ended(daemon))
		return;
	for (; live; live = next) {
		const struct pawl_session *session =
			pawl_sensor_session(daemon->sensor, live->slot);

		next = live->next;
		if (!has_ended(daemon, live))
			continue;
		daemon_drain(daemon);
		for (int class = 0; class < PAWL_CLASS_MAX; class ++)
			ops[class] = session->ops[class];
		pawl_core_end(daemon->core, daemon_now(), live->id, ops);
	}
}

struct known {
	struct daemon *daemon;
	uint64_t *cookies;
	size_t n, room;
};

static void know(void *ctx, const struct pawl_task_record *task)
{
	struct known *known = ctx;
	uint64_t *larger;

	pawl_proctree_learn(known->daemon->tree, task);
	if (known->n == known->room) {
		larger = reallocarray(known->cookies, known->room * 2 + 256, sizeof(*larger));
		if (!larger)
			return;
		known->cookies = larger;
		known->room = known->room * 2 + 256;
	}
	known->cookies[known->n++] = task->cookie;
}

static int by_number(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

	return (left > right) - (left < right);
}

/* Records were lost: what the tree says is made true by walking the tasks. */
static void reconcile(struct daemon *daemon)
{
	struct known known = {.daemon = daemon};

	pawl_sensor_each_task(daemon->sensor, false, know, &known);
	if (known.n) {
		qsort(known.cookies, known.n, sizeof(*known.cookies), by_number);
		pawl_proctree_retain(daemon->tree, known.cookies, known.n);
	}
	free(known.cookies);
}

uint64_t daemon_lost_records(const struct daemon *daemon)
{
	return pawl_sensor_counter(daemon->sensor, PAWL_COUNT_LOST_EVENTS) +
	       pawl_sensor_counter(daemon->sensor, PAWL_COUNT_LOST_VERDICTS);
}

/* Tasks that could not be marked when they were made are marked now, with what they made. */
static void find_lost_tasks(struct daemon *daemon)
{
	uint64_t lost = pawl_sensor_counter(daemon->sensor, PAWL_COUNT_LOST_TASKS);

	if (lost == daemon->tasks_seen)
		return;
	daemon->tasks_seen = lost;
	pawl_sensor_each_task(daemon->sensor, true, NULL, NULL);
	reconcile(daemon);
}

static void notice_losses(struct daemon *daemon)
{
	uint64_t lost = daemon_lost_records(daemon), now = daemon_now().mono_ns;
	char text[64];

	find_lost_tasks(daemon);
	if (lost == daemon->lost_seen || now < daemon->lost_until_ns)
		return;
	snprintf(text, sizeof(text), "%llu records since the start", (unsigned long long)lost);
	pawl_record_daemon(daemon->recorder, daemon_now(), "events.lost", text);
	daemon->lost_seen = lost;
	daemon->lost_until_ns = now + LOST_NS;
	reconcile(daemon);
}

/*
 * Where the kernel preempts itself it skips a program while another task is interrupted in it: new
 * processes and agents that were not seen are looked for.
 */
static void notice_skips(struct daemon *daemon)
{
	uint64_t skipped = pawl_sensor_skipped(daemon->sensor), now = daemon_now().mono_ns;

	if (skipped == daemon->skipped_seen || now < daemon->skipped_until_ns)
		return;
	daemon->skipped_seen = skipped;
	daemon->skipped_until_ns = now + SKIPPED_NS;
	pawl_sensor_each_task(daemon->sensor, true, daemon_learn, daemon);
	daemon_seed(daemon);
	reconcile(daemon);
}

void daemon_tick(struct daemon *daemon)
{
	struct pawl_when now = daemon_now();

	daemon_beat(daemon);
	if (daemon->lost)
		return;
	daemon_take(daemon);
	look_at_slots(daemon);
	notice_losses(daemon);
	notice_skips(daemon);
	if (now.mono_ns - daemon->drain_ns >= DRAIN_NS)
		daemon_drain(daemon);
	daemon_end_late_censuses(daemon);
	pawl_core_tick(daemon->core, now);
	if (pawl_core_sessions(daemon->core) && now.mono_ns - daemon->empty_ns >= EMPTY_NS)
		daemon_end_empty(daemon);
	end_sessions(daemon);
	daemon_apply(daemon);
	daemon_sweep(daemon);
	daemon_apply(daemon);
	if (!pawl_core_sessions(daemon->core))
		pawl_sensor_unhook(daemon->sensor);
}
