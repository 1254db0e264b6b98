/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Part of main: takes over what an earlier pawld has left in the kernel. Where its maps fit,
 * sessions, budgets and holds go on as they are; where they do not, its processes become
 * sessions of ours before it is cleared away.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "user/core/cleanup.h"
#include "user/shell/act.h"
#include "user/shell/main.h"
#include "user/shell/procfs.h"

#define ADOPTED "adopted" /* agent of a session whose name nobody remembers */
#define SETTLE_US 20000
#define CLAIM_US 50000 /* longer than the kernel takes to fill a slot that it claimed */
#define DRAIN_NS 2000000000ULL
#define ROUNDS 8

_Static_assert(PAWL_LABEL_NAME == PAWL_NAME_MAX, "names of the policy fit into labels");

/* -- what is remembered in the kernel ------------------------------------------------------- */

void daemon_label(struct daemon *daemon, uint32_t session)
{
	const struct pawl_live_session *live = pawl_core_session(daemon->core, session);
	const struct pawl_hold *hold;
	struct pawl_label label = {};

	if (!live)
		return;
	if (pawl_sensor_label(daemon->sensor, live->slot, &label) < 0 || label.id != live->id)
		label = (struct pawl_label){.id = live->id};
	label.since_ns = live->since.mono_ns;
	memcpy(label.agent, live->agent, sizeof(label.agent));
	memcpy(label.profile, daemon->policy->profiles[live->profile].name, sizeof(label.profile));
	hold = pawl_core_hold(daemon->core, live->hold);
	if (hold) {
		label.hold = hold->id;
		label.seq = hold->seq;
	}
	pawl_sensor_set_label(daemon->sensor, live->slot, &label);
}

void daemon_label_rule(struct daemon *daemon, uint32_t rule, const struct pawl_agent *agent)
{
	struct pawl_label label = {};

	memcpy(label.agent, agent->name, sizeof(label.agent));
	memcpy(label.profile, daemon->policy->profiles[agent->profile].name, sizeof(label.profile));
	pawl_sensor_set_label(daemon->sensor, PAWL_LABEL_RULE + rule, &label);
}

static struct pawl_when when_of(uint64_t mono_ns)
{
	struct pawl_when now = daemon_now();

	return (struct pawl_when){.mono_ns = mono_ns,
				  .real_ns = now.real_ns - (now.mono_ns - mono_ns)};
}

/* -- pins that fit --------------------------------------------------------------------------- */

/* Who it was: as pawld had named it, or by the rule that found it, of the policy of then. */
static bool find_label(struct daemon *daemon, uint32_t slot, struct pawl_label *ret_label)
{
	const struct pawl_session *session = pawl_sensor_session(daemon->sensor, slot);
	bool named;

	named = pawl_sensor_label(daemon->sensor, slot, ret_label) == 0 &&
		ret_label->id == session->id;
	if (!named) {
		memset(ret_label, 0, sizeof(*ret_label));
		if (session->rule < PAWL_MAX_RULES)
			pawl_sensor_label(daemon->sensor, PAWL_LABEL_RULE + session->rule,
					  ret_label);
	}
	if (!ret_label->agent[0])
		snprintf(ret_label->agent, sizeof(ret_label->agent), ADOPTED);
	ret_label->agent[sizeof(ret_label->agent) - 1] = 0;
	ret_label->profile[sizeof(ret_label->profile) - 1] = 0;
	if (!ret_label->since_ns)
		ret_label->since_ns = daemon_now().mono_ns;
	return named;
}

static uint32_t profile_of(const struct pawl_policy *policy, const struct pawl_label *label)
{
	int profile = pawl_policy_find_profile(policy, label->profile);

	for (size_t i = 0; profile < 0 && i < policy->agents_n; i++) {
		if (!strcmp(policy->agents[i].name, label->agent))
			profile = (int)policy->agents[i].profile;
	}
	return profile < 0 ? 0 : (uint32_t)profile;
}

/* A hold that was open, and that people know by its number. */
static void adopt_hold(struct daemon *daemon, uint32_t slot, uint32_t hold)
{
	struct pawl_session *session = pawl_sensor_session(daemon->sensor, slot);
	struct pawl_description what;
	struct pawl_operation op;

	/* an approval that was being written when pawld died was none */
	__atomic_store_n(&session->free_until_ns, 0, __ATOMIC_RELAXED);
	if (pawl_sensor_trip(daemon->sensor, slot, &op) < 0 ||
	    pawl_core_adopt_hold(daemon->core, when_of(op.at_ns), session->id, hold, &op,
				 daemon_lost_files(daemon, slot)) < 0)
		return;
	if (op.class == PAWL_CLASS_RING)
		__atomic_store_n(&session->rings, 0, __ATOMIC_RELAXED);
	pawl_procfs_describe(op.tgid, &what);
	pawl_core_describe(daemon->core, hold, what.executable, what.cwd, what.args,
			   what.args_size);
}

static enum pawl_session_state state_of(uint64_t word, bool tripped)
{
	switch (PAWL_WORD_STATE(word)) {
	case PAWL_STATE_KILLED:
		return PAWL_SESSION_KILLED;
	case PAWL_STATE_DETACHED:
		return PAWL_SESSION_DETACHED;
	case PAWL_STATE_HELD:
		return tripped ? PAWL_SESSION_RUNNING : PAWL_SESSION_PAUSED;
	}
	return PAWL_SESSION_RUNNING;
}

static void adopt_session(struct daemon *daemon, uint32_t slot)
{
	struct pawl_session *session = pawl_sensor_session(daemon->sensor, slot);
	uint64_t word = __atomic_load_n(&session->word, __ATOMIC_ACQUIRE);
	bool tripped = session->trip_seq == PAWL_WORD_SEQ(word);
	struct pawl_label label;
	bool named = find_label(daemon, slot, &label);
	struct pawl_live_session left = {
		.id = session->id,
		.slot = slot,
		.root_pid = session->root_tgid,
		.root_start_ns = session->root_start_ns,
		.since = when_of(label.since_ns),
		.state = state_of(word, tripped),
		.profile = profile_of(daemon->policy, &label),
		.deny_until_ns = session->deny_until_ns,
		.seq = PAWL_WORD_SEQ(word),
	};
	const struct pawl_process *root = pawl_proctree_by_pid(daemon->tree, left.root_pid);
	bool held = PAWL_WORD_STATE(word) == PAWL_STATE_HELD && tripped;

	if (root)
		left.uid = root->uid;
	if (held)
		left.seq--; /* the periodic look opens the hold, if it is not known below */
	memcpy(left.agent, label.agent, sizeof(left.agent));
	session->terms = daemon_terms(daemon->policy, left.profile);
	if (held && named && label.hold && label.seq == PAWL_WORD_SEQ(word)) {
		left.seq = label.seq;
		if (pawl_core_adopt(daemon->core, daemon_now(), &left) == 0)
			adopt_hold(daemon, slot, label.hold);
	} else {
		pawl_core_adopt(daemon->core, daemon_now(), &left);
	}
	daemon_label(daemon, left.id);
}

/* Slots that were being filled, or emptied, when pawld died. */
static void free_claimed(struct daemon *daemon)
{
	uint32_t slots = pawl_sensor_slots(daemon->sensor), n = 0;
	_cleanup_free_ uint32_t *claimed = calloc(slots, sizeof(*claimed));

	for (uint32_t slot = 1; claimed && slot < slots; slot++) {
		if (pawl_sensor_session(daemon->sensor, slot)->word == PAWL_STATE_CLAIMED)
			claimed[n++] = slot;
	}
	if (n)
		usleep(CLAIM_US);
	for (uint32_t i = 0; i < n; i++) {
		if (pawl_sensor_session(daemon->sensor, claimed[i])->word == PAWL_STATE_CLAIMED)
			pawl_sensor_free_slot(daemon->sensor, claimed[i]);
	}
}

/* What was logged already is not logged again; what happened since pawld died is. */
static void prime(void *ctx, const struct pawl_dir_key *key, const struct pawl_dir *dir)
{
	struct daemon *daemon = ctx;
	uint64_t new;

	if (dir->last_ns + DRAIN_NS < daemon->before.beat_ns)
		pawl_assess_count(daemon->assess, key, dir->count, &new);
}

static void adopt_sessions(struct daemon *daemon)
{
	uint32_t slots = pawl_sensor_slots(daemon->sensor);

	pawl_core_number_holds(daemon->core, daemon->before.next_hold);
	pawl_sensor_each_task(daemon->sensor, true, daemon_learn, daemon);
	for (uint32_t slot = 1; slot < slots; slot++) {
		const struct pawl_session *session = pawl_sensor_session(daemon->sensor, slot);

		if (PAWL_WORD_STATE(session->word) >= PAWL_STATE_RUNNING) {
			adopt_session(daemon, slot);
			daemon->adopted_n++;
		}
	}
	free_claimed(daemon);
	daemon_end_empty(daemon);
	pawl_sensor_each_dir(daemon->sensor, prime, daemon);
	daemon->lost_seen = daemon_lost_records(daemon);
	daemon->tasks_seen = pawl_sensor_counter(daemon->sensor, PAWL_COUNT_LOST_TASKS);
}

int daemon_adopt(struct daemon *daemon)
{
	char text[160];

	if (!pawl_sensor_is_adopted(daemon->sensor))
		return 0;
	adopt_sessions(daemon);
	daemon_apply(daemon);
	daemon_refuse_again(daemon);
	pawl_sensor_recount_alarms(daemon->sensor);
	snprintf(text, sizeof(text), "%zu sessions taken over from generation %" PRIu64 " (%s)",
		 daemon->adopted_n, daemon_older_generation(daemon),
		 pawl_backend_name(daemon->before.backend));
	daemon_say("%s", text);
	pawl_record_daemon(daemon->recorder, daemon_now(), "daemon.adopt", text);
	return 0;
}

/* -- pins of another version ----------------------------------------------------------------- */

struct stopped_by {
	uint32_t pid;
	bool ours;
};

static void is_ours(void *ctx, const struct pawl_held *held)
{
	struct stopped_by *stopped = ctx;

	stopped->ours |= held->tgid == stopped->pid;
}

/* Continues what the other version stopped: its operation is judged by us. */
static size_t continue_theirs(struct daemon *daemon, struct pawl_target *list, size_t n)
{
	size_t theirs = 0;

	for (size_t i = 0; i < n; i++) {
		struct stopped_by stopped = {.pid = list[i].pid};

		pawl_sensor_each_held(daemon->sensor, is_ours, &stopped);
		if (!stopped.ours)
			list[theirs++] = list[i];
	}
	return daemon_continue_stopped(list, theirs);
}

/*
 * Watches who is watched by them, again until nobody is new: one whose parent has ended since
 * it was made is found by its own mark alone. Return: how many sessions that makes.
 */
static size_t watch_theirs(struct daemon *daemon, const struct pawl_pinned *pinned,
			   struct pawl_target **ret_list, size_t *ret_n)
{
	size_t sessions = 0, before;

	for (int round = 0; round < ROUNDS; round++) {
		before = sessions;
		free(*ret_list);
		*ret_list = NULL;
		*ret_n = 0;
		if (daemon_pinned_watched(pinned, ret_list, ret_n) < 0)
			break;
		for (size_t i = 0; i < *ret_n; i++)
			sessions += daemon_watch(daemon, (*ret_list)[i].pid, ADOPTED, 0, NULL) == 0;
		if (sessions == before)
			break;
	}
	return sessions;
}

/*
 * Marks under both versions, then their pins go, then their programs rest. A process that
 * neither watches is not there at any moment.
 */
int daemon_migrate(struct daemon *daemon)
{
	_cleanup_(pawl_pinned_closep) struct pawl_pinned *pinned = NULL;
	_cleanup_free_ struct pawl_target *list = NULL;
	size_t n = 0, sessions = 0, continued;
	char text[256];
	int r;

	if (pawl_pinned_open(daemon->options.pin_dir, &pinned) == 0)
		sessions = watch_theirs(daemon, pinned, &list, &n);
	r = daemon_pins_commit(daemon);
	/* ours first: theirs ends when its programs are silent */
	daemon_keep(daemon);
	if (pinned)
		pawl_pinned_silence(pinned);
	usleep(SETTLE_US);
	continued = continue_theirs(daemon, list, n);
	snprintf(
		text, sizeof(text),
		"pins of another version (ABI %" PRIu64 ", ours is %d) were replaced: %zu watched "
		"processes are %zu new sessions with fresh budgets, %zu were continued to be judged "
		"again",
		(uint64_t)daemon->before.abi, PAWL_ABI_VERSION, n, sessions, continued);
	daemon_say("warning: %s", text);
	pawl_record_daemon(daemon->recorder, daemon_now(), "daemon.adopt", text);
	daemon->migrated = strdup(text);
	return r;
}
