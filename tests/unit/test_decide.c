/* SPDX-License-Identifier: Apache-2.0 */
/*
 * user/core/decide.c where a trace would be long or cannot look: what is remembered and
 * what is forgotten, the queue of effects, ownership, lists and names. How sessions and
 * holds go on is told by the traces, see test_traces.c.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "user/core/cleanup.h"
#include "user/core/decide.h"

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

/* Two profiles, and a time-out of a millisecond. */
static const struct pawl_policy policy = {
	.mode = PAWL_MODE_ENFORCE,
	.hold_timeout_ms = 1,
	.on_timeout = PAWL_ACTION_DENY,
	.profiles = {{.name = "default",
		      .terms = {.limit = {25, 25, 250, 1000},
				.per_ms = {60000, 60000, 30000, 20000}}},
		     {.name = "strict",
		      .terms = {.limit = {3, 3, 3, 3}, .per_ms = {10, 10, 10, 10}}}},
	.profiles_n = 2,
	.brokers = {{.name = "ptrace"}, {.name = "docker"}},
	.brokers_n = 2,
	.temporary = {"/tmp", "/scratch"},
	.temporary_n = 2,
};

static int setup(void **state)
{
	return pawl_core_new(&policy, PAWL_BACKEND_LSM, (struct pawl_core **)state);
}

static int teardown(void **state)
{
	pawl_core_free(*state);
	return 0;
}

static struct pawl_when at(uint64_t ms)
{
	return (struct pawl_when){.mono_ns = ms * 1000000, .real_ns = (ms + 1000) * 1000000};
}

static void begin(struct pawl_core *core, uint32_t id)
{
	const struct pawl_live_session start = {.id = id, .slot = id, .agent = "codex"};

	assert_int_equal(pawl_core_begin(core, at(id), &start), 0);
}

static int hold(struct pawl_core *core, uint32_t session, uint64_t seq)
{
	const struct pawl_operation op = {.class = PAWL_CLASS_DELETE, .tgid = 123};

	return pawl_core_verdict(core, at(seq), session, seq, PAWL_ACTION_HOLD, &op, 25);
}

static int command(struct pawl_core *core, enum pawl_verb verb, uint32_t id)
{
	const struct pawl_command asked = {.verb = verb, .id = id, .by = "alice"};

	return pawl_core_command(core, at(5), &asked);
}

/* Takes all effects. Return: how many. */
static size_t drain(struct pawl_core *core)
{
	struct pawl_effect effect;
	size_t n = 0;

	while (pawl_core_effect(core, &effect))
		n++;
	return n;
}

/* The id of the oldest hold, and how many there are. */
static uint32_t oldest_hold(const struct pawl_core *core, size_t *ret_n)
{
	*ret_n = 0;
	for (const struct pawl_hold *h = pawl_core_holds(core); h; h = h->next)
		++*ret_n;
	return pawl_core_holds(core) ? pawl_core_holds(core)->id : 0;
}

static void test_begin_takes_only_what_it_says(void **state)
{
	const struct pawl_live_session *session;
	struct pawl_live_session start;

	memset(&start, 0xff, sizeof(start));
	start.id = 7;
	start.slot = 8;
	start.root_pid = 9;
	start.uid = 10;
	start.root_start_ns = 11;
	start.profile = 1;
	snprintf(start.agent, sizeof(start.agent), "codex");
	assert_int_equal(pawl_core_begin(*state, at(5), &start), 0);
	session = pawl_core_session(*state, 7);
	assert_non_null(session);
	assert_int_equal(session->slot, 8);
	assert_int_equal(session->root_pid, 9);
	assert_int_equal(session->uid, 10);
	assert_int_equal(session->root_start_ns, 11);
	assert_int_equal(session->profile, 1);
	assert_string_equal(session->agent, "codex");
	assert_int_equal(session->state, PAWL_SESSION_RUNNING);
	assert_int_equal(session->hold, 0);
	assert_int_equal(session->seq, 0);
	assert_int_equal(session->deny_until_ns, 0);
	assert_int_equal(session->since.mono_ns, at(5).mono_ns);
	assert_int_equal(session->since.real_ns, at(5).real_ns);
	assert_null(session->next);
	assert_int_equal(pawl_core_begin(*state, at(6), &start), -EEXIST);
}

static void test_sessions_are_listed_by_id(void **state)
{
	static const uint32_t order[] = {3, 1, 9, 2}, expected[] = {1, 2, 3, 9};
	const struct pawl_live_session *session;
	size_t i = 0;

	for (size_t k = 0; k < ROWS(order); k++)
		begin(*state, order[k]);
	for (session = pawl_core_sessions(*state); session; session = session->next)
		assert_int_equal(session->id, expected[i++]);
	assert_int_equal(i, ROWS(expected));
	assert_null(pawl_core_session(*state, 4));
	assert_null(pawl_core_ended(*state));
}

static void test_hold_says_what_it_knows(void **state)
{
	const struct pawl_hold *found;

	begin(*state, 1);
	pawl_core_set_profile(*state, 1, 1);
	assert_int_equal(hold(*state, 1, 40), 0);
	found = pawl_core_hold(*state, 1);
	assert_non_null(found);
	assert_int_equal(found->session, 1);
	assert_int_equal(found->seq, 40);
	assert_int_equal(found->state, PAWL_HOLD_HELD);
	assert_int_equal(found->since.mono_ns, at(40).mono_ns);
	assert_int_equal(found->until.mono_ns, at(41).mono_ns);
	assert_int_equal(found->until.real_ns, at(41).real_ns);
	assert_int_equal(found->lost, 25);
	assert_int_equal(found->limit, 3);
	assert_int_equal(found->per_ms, 10);
	assert_string_equal(found->agent, "codex");
	assert_string_equal(found->by, "");
	assert_string_equal(found->reason, "");
	assert_int_equal(found->op.tgid, 123);
	assert_null(pawl_core_hold(*state, 2));
	assert_null(pawl_core_hold(*state, 0));
}

static void test_resolved_holds_are_forgotten_oldest_first(void **state)
{
	const uint32_t all = PAWL_HOLDS_KEPT + 10;
	size_t n;

	begin(*state, 1);
	for (uint32_t seq = 1; seq <= all; seq++) {
		assert_int_equal(hold(*state, 1, seq), 0);
		assert_int_equal(command(*state, PAWL_VERB_APPROVE, seq), 0);
		drain(*state);
		assert_int_equal(oldest_hold(*state, &n),
				 seq <= PAWL_HOLDS_KEPT ? 1 : seq - PAWL_HOLDS_KEPT + 1);
		assert_int_equal(n, seq <= PAWL_HOLDS_KEPT ? seq : PAWL_HOLDS_KEPT);
	}
	assert_null(pawl_core_hold(*state, 10));
	assert_non_null(pawl_core_hold(*state, 11));
	assert_non_null(pawl_core_hold(*state, all));
	assert_int_equal(command(*state, PAWL_VERB_APPROVE, 10), -ENOENT);
	assert_int_equal(command(*state, PAWL_VERB_APPROVE, 11), -EALREADY);
}

static void test_open_holds_are_never_forgotten(void **state)
{
	const uint32_t open = PAWL_HOLDS_KEPT + 20;
	size_t n;

	for (uint32_t id = 1; id <= open; id++) {
		begin(*state, id);
		assert_int_equal(hold(*state, id, 1), 0);
		drain(*state);
	}
	assert_int_equal(oldest_hold(*state, &n), 1);
	assert_int_equal(n, open);
	/* the first is decided; it goes when the next one comes, and no open one does */
	assert_int_equal(command(*state, PAWL_VERB_APPROVE, 1), 0);
	assert_int_equal(hold(*state, 1, 2), 0);
	assert_int_equal(oldest_hold(*state, &n), 2);
	assert_int_equal(n, open);
	assert_int_equal(command(*state, PAWL_VERB_APPROVE, 2), 0);
	assert_int_equal(command(*state, PAWL_VERB_APPROVE, open + 1), 0);
}

static void test_ended_sessions_are_forgotten_oldest_first(void **state)
{
	const uint32_t all = PAWL_ENDED_KEPT + 3;
	const uint64_t ops[PAWL_CLASS_MAX] = {[PAWL_CLASS_DELETE] = 4, [PAWL_CLASS_RMDIR] = 2};
	const struct pawl_live_session *session;
	uint32_t id = all;

	for (uint32_t i = 1; i <= all; i++) {
		begin(*state, i);
		pawl_core_end(*state, at(i), i, ops);
		drain(*state);
	}
	assert_null(pawl_core_sessions(*state));
	assert_null(pawl_core_session(*state, all));
	for (session = pawl_core_ended(*state); session; session = session->next, id--) {
		assert_int_equal(session->id, id);
		assert_int_equal(session->state, PAWL_SESSION_ENDED);
		assert_memory_equal(session->ops, ops, sizeof(ops));
	}
	assert_int_equal(id, all - PAWL_ENDED_KEPT);
	/* its number may come again */
	begin(*state, all);
	assert_non_null(pawl_core_session(*state, all));
}

static void test_effects_come_in_order_and_overflow_is_counted(void **state)
{
	struct pawl_effect effect;

	begin(*state, 1);
	begin(*state, 2);
	assert_int_equal(drain(*state), 2);
	assert_false(pawl_core_effect(*state, &effect));
	for (size_t i = 0; i < PAWL_EFFECTS_MAX + 5; i++)
		pawl_core_stopped(*state, 1 + i % 2, 0, 0);
	assert_int_equal(pawl_core_overflow(*state), 5);
	for (size_t i = 0; i < PAWL_EFFECTS_MAX; i++) {
		assert_true(pawl_core_effect(*state, &effect));
		assert_int_equal(effect.session, 1 + i % 2);
		assert_int_equal(effect.type, PAWL_EFFECT_RESUME);
	}
	assert_false(pawl_core_effect(*state, &effect));
	/* and it works again, also where the ring begins anew */
	for (size_t i = 0; i < 3 * PAWL_EFFECTS_MAX; i++) {
		pawl_core_stopped(*state, 1 + i % 2, 0, 0);
		if (i % 2) {
			assert_true(pawl_core_effect(*state, &effect));
			assert_int_equal(effect.session, 1 + (i / 2) % 2);
		}
		if (i == PAWL_EFFECTS_MAX)
			break;
	}
	assert_int_equal(pawl_core_overflow(*state), 5);
}

static void test_next_is_the_earliest_open_time_out(void **state)
{
	static const uint64_t seqs[] = {50, 20, 90};

	assert_true(pawl_core_next_ns(*state) == UINT64_MAX);
	for (uint32_t i = 0; i < ROWS(seqs); i++) {
		begin(*state, i + 1);
		assert_int_equal(hold(*state, i + 1, seqs[i]), 0);
	}
	assert_int_equal(pawl_core_next_ns(*state), at(21).mono_ns);
	assert_int_equal(command(*state, PAWL_VERB_APPROVE, 2), 0);
	assert_int_equal(pawl_core_next_ns(*state), at(51).mono_ns);
	assert_int_equal(command(*state, PAWL_VERB_KILL, 1), 0);
	assert_int_equal(pawl_core_next_ns(*state), at(91).mono_ns);
	pawl_core_tick(*state, at(91));
	assert_true(pawl_core_next_ns(*state) == UINT64_MAX);
}

static void test_every_time_out_that_is_due_is_resolved_in_one_tick(void **state)
{
	for (uint32_t id = 1; id <= 100; id++) {
		begin(*state, id);
		assert_int_equal(hold(*state, id, id), 0);
	}
	pawl_core_tick(*state, at(51));
	for (uint32_t id = 1; id <= 100; id++)
		assert_int_equal(pawl_core_hold(*state, id)->state,
				 id <= 50 ? PAWL_HOLD_EXPIRED : PAWL_HOLD_HELD);
	pawl_core_expire(*state, at(52));
	for (uint32_t id = 1; id <= 100; id++)
		assert_int_equal(pawl_core_hold(*state, id)->state, PAWL_HOLD_EXPIRED);
}

/* ASan's leak check sees a text that is lost or freed twice. */
static void test_describe_owns_its_texts(void **state)
{
	begin(*state, 1);
	assert_int_equal(hold(*state, 1, 1), 0);
	pawl_core_describe(*state, 1, strdup("/bin/rm"), strdup("/work"), strdup("rm"), 3);
	assert_string_equal(pawl_core_hold(*state, 1)->executable, "/bin/rm");
	assert_string_equal(pawl_core_hold(*state, 1)->cwd, "/work");
	assert_string_equal(pawl_core_hold(*state, 1)->args, "rm");
	assert_int_equal(pawl_core_hold(*state, 1)->args_size, 3);
	pawl_core_describe(*state, 1, strdup("/bin/mv"), NULL, NULL, 0);
	assert_string_equal(pawl_core_hold(*state, 1)->executable, "/bin/mv");
	assert_null(pawl_core_hold(*state, 1)->cwd);
	/* a hold that is not there, any more */
	pawl_core_describe(*state, 2, strdup("/bin/rm"), strdup("/work"), strdup("rm"), 3);
	pawl_core_describe(*state, 2, NULL, NULL, NULL, 0);
}

static void test_long_names_and_reasons_are_cut(void **state)
{
	char by[PAWL_NAME_MAX + 50], reason[PAWL_REASON_MAX + 50];
	const struct pawl_command asked = {
		.verb = PAWL_VERB_DENY, .id = 1, .by = by, .reason = reason};

	memset(by, 'b', sizeof(by));
	by[sizeof(by) - 1] = 0;
	memset(reason, 'r', sizeof(reason));
	reason[sizeof(reason) - 1] = 0;
	begin(*state, 1);
	assert_int_equal(hold(*state, 1, 1), 0);
	assert_int_equal(pawl_core_command(*state, at(2), &asked), 0);
	assert_int_equal(strlen(pawl_core_hold(*state, 1)->by), PAWL_NAME_MAX - 1);
	assert_int_equal(strlen(pawl_core_hold(*state, 1)->reason), PAWL_REASON_MAX - 1);
}

/* Every command in every state of a session: done, or -EALREADY, and never more. */
static void test_commands_by_state(void **state)
{
	static const struct {
		enum pawl_session_state from;
		int expected[PAWL_VERB_MAX]; /* approve deny kill pause resume detach */
	} cases[] = {
		{PAWL_SESSION_RUNNING, {-EALREADY, -EALREADY, 0, 0, -EALREADY, 0}},
		{PAWL_SESSION_HELD, {0, 0, 0, -EALREADY, -EALREADY, 0}},
		{PAWL_SESSION_PAUSED, {-EALREADY, -EALREADY, 0, -EALREADY, 0, 0}},
		{PAWL_SESSION_KILLED, {-EALREADY, -EALREADY, 0, -EALREADY, -EALREADY, -EALREADY}},
		{PAWL_SESSION_DETACHED, {-EALREADY, -EALREADY, 0, -EALREADY, -EALREADY, -EALREADY}},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(cases) * PAWL_VERB_MAX; i++) {
		enum pawl_session_state from = cases[i / PAWL_VERB_MAX].from;
		enum pawl_verb verb = i % PAWL_VERB_MAX;
		int expected = cases[i / PAWL_VERB_MAX].expected[verb];
		struct pawl_core *core = NULL;

		assert_int_equal(setup((void **)&core), 0);
		begin(core, 1);
		assert_int_equal(hold(core, 1, 1), 0);
		if (from == PAWL_SESSION_KILLED)
			command(core, PAWL_VERB_KILL, 1);
		else if (from == PAWL_SESSION_DETACHED)
			command(core, PAWL_VERB_DETACH, 1);
		else if (from != PAWL_SESSION_HELD)
			command(core, PAWL_VERB_APPROVE, 1);
		if (from == PAWL_SESSION_PAUSED)
			command(core, PAWL_VERB_PAUSE, 1);
		drain(core);
		assert_int_equal(pawl_core_session(core, 1)->state, from);
		if (command(core, verb, 1) != expected)
			fail_msg("verb %d in state %s", verb, pawl_session_state_name(from));
		/* what is refused does nothing; what is done says so */
		assert_int_equal(drain(core) > 0, expected == 0);
		pawl_core_free(core);
	}
}

static void test_set_policy_is_used_for_the_next_hold(void **state)
{
	struct pawl_policy other = policy;

	other.profiles[0].terms.limit[PAWL_BUCKET_FILES] = 100;
	other.hold_timeout_ms = 7;
	begin(*state, 1);
	pawl_core_set_policy(*state, &other);
	assert_int_equal(hold(*state, 1, 1), 0);
	assert_int_equal(pawl_core_hold(*state, 1)->limit, 100);
	assert_int_equal(pawl_core_hold(*state, 1)->until.mono_ns, at(8).mono_ns);
}

static int judge(struct pawl_core *core, uint64_t ms, uint64_t seq, enum pawl_action action,
		 uint32_t class)
{
	const struct pawl_operation op = {.class = class, .broker = 1};

	return pawl_core_verdict(core, at(ms), 1, seq, action, &op, 0);
}

/* The next effect of that type; those before it are dropped. */
static struct pawl_effect next(struct pawl_core *core, enum pawl_effect_type type)
{
	struct pawl_effect effect;

	while (pawl_core_effect(core, &effect)) {
		if (effect.type == type)
			return effect;
	}
	fail_msg("no effect %d", type);
	return effect;
}

#define BIT(n) (1U << (n))

/* What a hold was about, and which budget begins anew once it is approved or denied. */
static void test_a_decision_refreshes_its_own_budget(void **state)
{
	static const struct {
		uint32_t class, fresh;
		uint64_t limit, per_ms;
	} cases[] = {
		{PAWL_CLASS_DELETE, BIT(PAWL_BUCKET_FILES) | BIT(PAWL_BUCKET_DIRS), 25, 60000},
		{PAWL_CLASS_RMDIR, BIT(PAWL_BUCKET_FILES) | BIT(PAWL_BUCKET_DIRS), 25, 60000},
		{PAWL_CLASS_ACCESS, BIT(PAWL_BUCKET_ACCESS), 250, 30000},
		{PAWL_CLASS_OVERWRITE, BIT(PAWL_BUCKET_OVERWRITES), 1000, 20000},
		{PAWL_CLASS_WIPE, 0, 0, 0},
		{PAWL_CLASS_MOUNT, 0, 0, 0},
		{PAWL_CLASS_KERNEL, 0, 0, 0},
		{PAWL_CLASS_BROKER, 0, 0, 0},
		{PAWL_CLASS_RING, 0, 0, 0},
	};
	static const enum pawl_verb verbs[] = {PAWL_VERB_APPROVE, PAWL_VERB_DENY};

	(void)state;
	for (size_t i = 0; i < ROWS(cases) * ROWS(verbs); i++) {
		enum pawl_verb verb = verbs[i % ROWS(verbs)];
		size_t c = i / ROWS(verbs);
		struct pawl_core *core = NULL;
		struct pawl_effect effect;

		assert_int_equal(setup((void **)&core), 0);
		begin(core, 1);
		assert_int_equal(judge(core, 1, 1, PAWL_ACTION_HOLD, cases[c].class), 0);
		assert_int_equal(pawl_core_hold(core, 1)->limit, cases[c].limit);
		assert_int_equal(pawl_core_hold(core, 1)->per_ms, cases[c].per_ms);
		assert_string_equal(pawl_core_hold(core, 1)->name,
				    cases[c].class == PAWL_CLASS_BROKER ? "docker" : "");
		assert_int_equal(command(core, verb, 1), 0);
		effect = next(core, PAWL_EFFECT_RESOLVE);
		assert_int_equal(effect.fresh, cases[c].fresh);
		assert_int_equal(effect.decision,
				 verb == PAWL_VERB_APPROVE ? PAWL_DECIDE_ALLOW : PAWL_DECIDE_DENY);
		/* a denial lasts as long as the window; of what has none, it is of this once */
		assert_int_equal(effect.deny_until_ns, verb == PAWL_VERB_DENY && cases[c].per_ms
							       ? at(5 + cases[c].per_ms).mono_ns
							       : 0);
		pawl_core_free(core);
	}
}

static void test_what_waits_for_a_hook_goes_on_by_itself(void **state)
{
	const struct pawl_operation op = {.class = PAWL_CLASS_RING, .detail = PAWL_DETAIL_UNHOOKED};
	struct pawl_effect resolved;

	begin(*state, 1);
	/* whatever the policy says of rings where they cannot be counted */
	assert_int_equal(pawl_core_verdict(*state, at(1), 1, 1, PAWL_ACTION_OBSERVE, &op, 0), 0);
	assert_int_equal(pawl_core_hold(*state, 1)->state, PAWL_HOLD_APPROVED);
	resolved = next(*state, PAWL_EFFECT_RESOLVE);
	assert_int_equal(resolved.decision, PAWL_DECIDE_ALLOW);
	assert_true(resolved.one);
	assert_int_equal(resolved.fresh, 0);
	assert_int_equal(next(*state, PAWL_EFFECT_RESUME).seq, 1);
	assert_int_equal(next(*state, PAWL_EFFECT_RECORD).record, PAWL_RECORD_HOLD_RESOLVED);
	assert_int_equal(pawl_core_session(*state, 1)->state, PAWL_SESSION_RUNNING);
}

static void test_what_was_counted_is_spent_from_the_budget_that_is_there(void **state)
{
	static const struct pawl_content few = {.files = 7}, many = {.files = 26, .more = true};
	const struct pawl_operation op = {
		.class = PAWL_CLASS_DELETE, .detail = PAWL_DETAIL_MOVED_DIR, .broker = 1};
	const struct pawl_hold *moved;
	struct pawl_effect resolved;

	begin(*state, 1);
	assert_int_equal(pawl_core_verdict(*state, at(1), 1, 1, PAWL_ACTION_HOLD, &op, 0), 0);
	moved = pawl_core_hold(*state, 1);
	assert_true(moved->counting && moved->content.more);
	assert_string_equal(moved->name, "/scratch");
	assert_int_equal(next(*state, PAWL_EFFECT_COUNT).limit, 25);
	pawl_core_counted(*state, at(1), 1, &few, true);
	assert_false(moved->counting);
	assert_string_equal(moved->by, "pawld");
	assert_string_equal(moved->reason, "the budget covers its 7 files");
	assert_int_equal(next(*state, PAWL_EFFECT_RESOLVE).fresh, 0);
	drain(*state);

	/* refused by the policy: this once, as where the kernel refuses by itself */
	assert_int_equal(pawl_core_verdict(*state, at(2), 1, 2, PAWL_ACTION_DENY, &op, 0), 0);
	pawl_core_counted(*state, at(2), 2, &many, false);
	resolved = next(*state, PAWL_EFFECT_RESOLVE);
	assert_int_equal(resolved.decision, PAWL_DECIDE_DENY);
	assert_int_equal(resolved.fresh, 0);
	assert_int_equal(resolved.deny_until_ns, 0);
	drain(*state);

	/* a person's approval gives a fresh one, as for any other hold */
	assert_int_equal(pawl_core_verdict(*state, at(3), 1, 3, PAWL_ACTION_HOLD, &op, 0), 0);
	pawl_core_counted(*state, at(3), 3, &many, false);
	assert_int_equal(pawl_core_hold(*state, 3)->content.files, 26);
	next(*state, PAWL_EFFECT_NOTICE);
	assert_int_equal(command(*state, PAWL_VERB_APPROVE, 3), 0);
	assert_int_equal(next(*state, PAWL_EFFECT_RESOLVE).fresh,
			 BIT(PAWL_BUCKET_FILES) | BIT(PAWL_BUCKET_DIRS));
}

static void test_a_denial_that_lasts_is_not_lifted_by_another_approval(void **state)
{
	struct pawl_effect effect;

	begin(*state, 1);
	assert_int_equal(judge(*state, 1, 1, PAWL_ACTION_HOLD, PAWL_CLASS_DELETE), 0);
	assert_int_equal(command(*state, PAWL_VERB_DENY, 1), 0);
	drain(*state);
	/* it asks all the same: files are denied, and this is no file */
	assert_int_equal(judge(*state, 4, 2, PAWL_ACTION_HOLD, PAWL_CLASS_MOUNT), 0);
	assert_int_equal(pawl_core_hold(*state, 2)->state, PAWL_HOLD_HELD);
	assert_int_equal(command(*state, PAWL_VERB_APPROVE, 2), 0);
	effect = next(*state, PAWL_EFFECT_RESOLVE);
	assert_int_equal(effect.decision, PAWL_DECIDE_ALLOW);
	assert_int_equal(effect.deny_until_ns, at(60005).mono_ns);
	assert_int_equal(pawl_core_session(*state, 1)->deny_until_ns, at(60005).mono_ns);
}

/* There a tracer refuses, for a time; on the others this once is enough. */
static void test_tracepoint_denies_what_has_no_budget_for_a_window(void **state)
{
	struct pawl_core *core = NULL;

	(void)state;
	assert_int_equal(pawl_core_new(&policy, PAWL_BACKEND_TRACEPOINT, &core), 0);
	begin(core, 1);
	assert_int_equal(judge(core, 1, 1, PAWL_ACTION_HOLD, PAWL_CLASS_RING), 0);
	assert_int_equal(command(core, PAWL_VERB_DENY, 1), 0);
	assert_int_equal(next(core, PAWL_EFFECT_RESOLVE).deny_until_ns, at(60005).mono_ns);
	next(core, PAWL_EFFECT_REFUSE);
	pawl_core_free(core);
}

static void test_every_attempt_is_recorded(void **state)
{
	static const struct {
		uint32_t class;
		enum pawl_action action;
		enum pawl_record_type record;
	} cases[] = {
		{PAWL_CLASS_DELETE, PAWL_ACTION_OBSERVE, PAWL_RECORD_OBSERVED},
		{PAWL_CLASS_ACCESS, PAWL_ACTION_DENY, PAWL_RECORD_DENIED},
		{PAWL_CLASS_OVERWRITE, PAWL_ACTION_OBSERVE, PAWL_RECORD_OBSERVED},
		{PAWL_CLASS_TAMPER, PAWL_ACTION_OBSERVE, PAWL_RECORD_TAMPER_OBSERVED},
		{PAWL_CLASS_TAMPER, PAWL_ACTION_DENY, PAWL_RECORD_TAMPER_DENIED},
		{PAWL_CLASS_BROKER, PAWL_ACTION_OBSERVE, PAWL_RECORD_BROKER_OBSERVED},
		{PAWL_CLASS_BROKER, PAWL_ACTION_DENY, PAWL_RECORD_BROKER_DENIED},
		{PAWL_CLASS_MOUNT, PAWL_ACTION_OBSERVE, PAWL_RECORD_OPERATION_OBSERVED},
		{PAWL_CLASS_WIPE, PAWL_ACTION_DENY, PAWL_RECORD_OPERATION_DENIED},
		{PAWL_CLASS_RING, PAWL_ACTION_OBSERVE, PAWL_RECORD_OPERATION_OBSERVED},
		{UINT32_MAX, PAWL_ACTION_OBSERVE, PAWL_RECORD_OPERATION_OBSERVED},
	};
	struct pawl_effect effect;

	begin(*state, 1);
	assert_int_equal(hold(*state, 1, 7), 0);
	drain(*state);
	for (size_t i = 0; i < 2 * ROWS(cases); i++) {
		assert_int_equal(judge(*state, 9, 7, cases[i / 2].action, cases[i / 2].class), 0);
		assert_true(pawl_core_effect(*state, &effect));
		assert_int_equal(effect.type, PAWL_EFFECT_RECORD);
		assert_int_equal(effect.record, cases[i / 2].record);
		assert_false(pawl_core_effect(*state, &effect));
	}
	assert_int_equal(pawl_core_session(*state, 1)->state, PAWL_SESSION_HELD);
}

#define WINDOW_MS PAWL_ATTEMPTS_WINDOW_MS
#define SINGLY PAWL_ATTEMPTS_SINGLY

/* @n times the same, at @ms. Return: how many were recorded. */
static size_t attempts(struct pawl_core *core, uint64_t ms, size_t n, enum pawl_action action,
		       uint32_t class)
{
	for (size_t i = 0; i < n; i++)
		assert_int_equal(judge(core, ms, 0, action, class), 0);
	return drain(core);
}

/* The next effect is a record of @count attempts. */
static void assert_told(struct pawl_core *core, enum pawl_record_type record, uint32_t class,
			const char *broker, uint64_t count)
{
	struct pawl_effect effect;

	assert_true(pawl_core_effect(core, &effect));
	assert_int_equal(effect.type, PAWL_EFFECT_RECORD);
	assert_int_equal(effect.record, record);
	assert_int_equal(effect.session, 1);
	assert_int_equal(effect.class, class);
	assert_string_equal(effect.broker, broker);
	assert_int_equal(effect.count, count);
}

static void test_further_attempts_are_counted_and_told_at_the_end_of_the_window(void **state)
{
	begin(*state, 1);
	drain(*state);
	assert_int_equal(attempts(*state, 10, 100000, PAWL_ACTION_DENY, PAWL_CLASS_TAMPER), SINGLY);
	/* each kind for itself: what is let pass, other classes, other brokers */
	assert_int_equal(attempts(*state, 11, SINGLY + 1, PAWL_ACTION_OBSERVE, PAWL_CLASS_TAMPER),
			 SINGLY);
	assert_int_equal(attempts(*state, 12, SINGLY + 2, PAWL_ACTION_OBSERVE, PAWL_CLASS_BROKER),
			 SINGLY);
	assert_int_equal(attempts(*state, 13, SINGLY, PAWL_ACTION_DENY, PAWL_CLASS_MOUNT), SINGLY);
	assert_int_equal(attempts(*state, 13, SINGLY + 3, PAWL_ACTION_DENY, UINT32_MAX), SINGLY);
	assert_int_equal(pawl_core_next_ns(*state), at(10 + WINDOW_MS).mono_ns);
	pawl_core_tick(*state, at(9 + WINDOW_MS));
	assert_int_equal(drain(*state), 0);
	pawl_core_tick(*state, at(10 + WINDOW_MS));
	assert_told(*state, PAWL_RECORD_OPERATION_DENIED, PAWL_CLASS_NONE, "", 3);
	assert_told(*state, PAWL_RECORD_TAMPER_DENIED, PAWL_CLASS_TAMPER, "", 100000 - SINGLY);
	assert_told(*state, PAWL_RECORD_TAMPER_OBSERVED, PAWL_CLASS_TAMPER, "", 1);
	assert_told(*state, PAWL_RECORD_BROKER_OBSERVED, PAWL_CLASS_BROKER, "docker", 2);
	assert_int_equal(drain(*state), 0);
	assert_true(pawl_core_next_ns(*state) == UINT64_MAX);
	/* the next window begins with its first attempt */
	assert_int_equal(attempts(*state, 2 * WINDOW_MS, SINGLY, PAWL_ACTION_DENY,
				  PAWL_CLASS_TAMPER),
			 SINGLY);
	assert_int_equal(pawl_core_next_ns(*state), at(3 * WINDOW_MS).mono_ns);
}

/* Also where no tick comes between. */
static void test_an_attempt_after_the_window_tells_the_old_one(void **state)
{
	begin(*state, 1);
	attempts(*state, 1, SINGLY + 7, PAWL_ACTION_OBSERVE, PAWL_CLASS_BROKER);
	assert_int_equal(judge(*state, 1 + WINDOW_MS, 0, PAWL_ACTION_OBSERVE, PAWL_CLASS_BROKER),
			 0);
	assert_told(*state, PAWL_RECORD_BROKER_OBSERVED, PAWL_CLASS_BROKER, "docker", 7);
	assert_told(*state, PAWL_RECORD_BROKER_OBSERVED, 0, "", 0);
	assert_int_equal(drain(*state), 0);
}

static void test_counted_attempts_are_told_before_anything_ends(void **state)
{
	static const uint64_t ops[PAWL_CLASS_MAX];
	static struct pawl_policy other;

	begin(*state, 1);
	attempts(*state, 1, SINGLY + 1, PAWL_ACTION_DENY, PAWL_CLASS_TAMPER);
	pawl_core_expire(*state, at(2)); /* pawld ends */
	assert_told(*state, PAWL_RECORD_TAMPER_DENIED, PAWL_CLASS_TAMPER, "", 1);
	assert_int_equal(drain(*state), 0);

	attempts(*state, 3, SINGLY + 2, PAWL_ACTION_OBSERVE, PAWL_CLASS_BROKER);
	other = policy; /* with another numbering of brokers */
	other.brokers_n = 0;
	pawl_core_set_policy(*state, &other);
	assert_told(*state, PAWL_RECORD_BROKER_OBSERVED, PAWL_CLASS_BROKER, "docker", 2);
	assert_int_equal(drain(*state), 0);

	attempts(*state, 4, SINGLY + 3, PAWL_ACTION_DENY, PAWL_CLASS_WIPE);
	pawl_core_end(*state, at(5), 1, ops);
	assert_told(*state, PAWL_RECORD_OPERATION_DENIED, PAWL_CLASS_WIPE, "", 3);
	next(*state, PAWL_EFFECT_FORGET);
}

static void test_executions_are_bounded_too(void **state)
{
	size_t told = 0;

	assert_true(pawl_core_exec(*state, at(1), 1)); /* of a session not known yet */
	begin(*state, 1);
	drain(*state);
	for (size_t i = 0; i < PAWL_EXECS_SINGLY + 9; i++)
		told += pawl_core_exec(*state, at(1), 1);
	assert_int_equal(told, PAWL_EXECS_SINGLY);
	pawl_core_tick(*state, at(1 + WINDOW_MS));
	assert_told(*state, PAWL_RECORD_EXEC, PAWL_ATTEMPTS_EXEC, "", 9);
	assert_true(pawl_core_exec(*state, at(2 + WINDOW_MS), 1));
}

/* What does not fit among the effects is told when there is room. */
static void test_counts_wait_for_room(void **state)
{
	begin(*state, 1);
	begin(*state, 2);
	attempts(*state, 1, SINGLY + 1, PAWL_ACTION_DENY, PAWL_CLASS_TAMPER);
	for (size_t i = 0; i < PAWL_EFFECTS_MAX; i++)
		pawl_core_stopped(*state, 2, 0, 0);
	pawl_core_tick(*state, at(1 + WINDOW_MS));
	assert_int_equal(drain(*state), PAWL_EFFECTS_MAX);
	assert_int_equal(pawl_core_overflow(*state), 0);
	pawl_core_tick(*state, at(2 + WINDOW_MS));
	assert_told(*state, PAWL_RECORD_TAMPER_DENIED, PAWL_CLASS_TAMPER, "", 1);
}

/* On tracepoint a denial is a hold, where the kernel opened one, and else it is told. */
static void test_tracepoint_records_what_was_not_held(void **state)
{
	struct pawl_core *core = NULL;

	(void)state;
	assert_int_equal(pawl_core_new(&policy, PAWL_BACKEND_TRACEPOINT, &core), 0);
	begin(core, 1);
	assert_int_equal(judge(core, 1, 0, PAWL_ACTION_DENY, PAWL_CLASS_TAMPER), 0);
	assert_null(pawl_core_holds(core));
	next(core, PAWL_EFFECT_RECORD);
	assert_int_equal(next(core, PAWL_EFFECT_RECORD).record, PAWL_RECORD_TAMPER_DENIED);
	assert_int_equal(judge(core, 1, 1, PAWL_ACTION_DENY, PAWL_CLASS_TAMPER), 0);
	assert_int_equal(pawl_core_hold(core, 1)->state, PAWL_HOLD_DENIED);
	assert_string_equal(pawl_core_hold(core, 1)->reason, "the policy denies this");
	drain(core);
	/* said again of the same hold: of what has a budget that is no news */
	assert_int_equal(judge(core, 1, 1, PAWL_ACTION_DENY, PAWL_CLASS_DELETE), 0);
	assert_int_equal(drain(core), 0);
	pawl_core_free(core);
}

static void test_the_policy_kills_for_what_has_no_budget(void **state)
{
	begin(*state, 1);
	assert_int_equal(judge(*state, 1, 1, PAWL_ACTION_KILL, PAWL_CLASS_TAMPER), 0);
	assert_int_equal(pawl_core_session(*state, 1)->state, PAWL_SESSION_KILLED);
	assert_int_equal(pawl_core_hold(*state, 1)->state, PAWL_HOLD_KILLED);
	assert_string_equal(pawl_core_hold(*state, 1)->reason, "the policy kills for this");
	next(*state, PAWL_EFFECT_KILL);
}

static void test_names(void **state)
{
	static const char *const sessions[] = {"running", "held",     "paused",
					       "killed",  "detached", "ended"};
	static const char *const holds[] = {"held",   "approved", "denied",
					    "killed", "expired",  "gone"};
	static const char *const records[] = {
		"session.start",   "session.end",    "session.kill",	   "session.pause",
		"session.resume",  "session.detach", "hold.open",	   "hold.resolved",
		"budget.exceeded", "budget.denied",  "tamper.observed",	   "tamper.denied",
		"broker.observed", "broker.denied",  "operation.observed", "operation.denied",
		"process.exec"};

	(void)state;
	assert_int_equal(ROWS(sessions), PAWL_SESSION_STATE_MAX);
	for (unsigned int i = 0; i < ROWS(sessions); i++)
		assert_string_equal(pawl_session_state_name(i), sessions[i]);
	assert_int_equal(ROWS(holds), PAWL_HOLD_STATE_MAX);
	for (unsigned int i = 0; i < ROWS(holds); i++)
		assert_string_equal(pawl_hold_state_name(i), holds[i]);
	assert_int_equal(ROWS(records), PAWL_RECORD_MAX);
	for (unsigned int i = 0; i < ROWS(records); i++)
		assert_string_equal(pawl_record_name(i), records[i]);
	assert_false(pawl_record_is_operation(PAWL_RECORD_HOLD_RESOLVED));
	assert_true(pawl_record_is_operation(PAWL_RECORD_OBSERVED));
	assert_true(pawl_record_is_operation(PAWL_RECORD_OPERATION_DENIED));
	assert_false(pawl_record_is_operation(PAWL_RECORD_EXEC));
	assert_false(pawl_record_is_operation(PAWL_RECORD_MAX));
}

static void test_free_of_nothing(void **state)
{
	(void)state;
	pawl_core_free(NULL);
}

#define WITH_CORE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_CORE(test_begin_takes_only_what_it_says),
		WITH_CORE(test_sessions_are_listed_by_id),
		WITH_CORE(test_hold_says_what_it_knows),
		WITH_CORE(test_resolved_holds_are_forgotten_oldest_first),
		WITH_CORE(test_open_holds_are_never_forgotten),
		WITH_CORE(test_ended_sessions_are_forgotten_oldest_first),
		WITH_CORE(test_effects_come_in_order_and_overflow_is_counted),
		WITH_CORE(test_next_is_the_earliest_open_time_out),
		WITH_CORE(test_every_time_out_that_is_due_is_resolved_in_one_tick),
		WITH_CORE(test_describe_owns_its_texts),
		WITH_CORE(test_long_names_and_reasons_are_cut),
		cmocka_unit_test(test_commands_by_state),
		WITH_CORE(test_set_policy_is_used_for_the_next_hold),
		cmocka_unit_test(test_a_decision_refreshes_its_own_budget),
		WITH_CORE(test_what_waits_for_a_hook_goes_on_by_itself),
		WITH_CORE(test_what_was_counted_is_spent_from_the_budget_that_is_there),
		WITH_CORE(test_a_denial_that_lasts_is_not_lifted_by_another_approval),
		cmocka_unit_test(test_tracepoint_denies_what_has_no_budget_for_a_window),
		WITH_CORE(test_every_attempt_is_recorded),
		WITH_CORE(test_further_attempts_are_counted_and_told_at_the_end_of_the_window),
		WITH_CORE(test_an_attempt_after_the_window_tells_the_old_one),
		WITH_CORE(test_counted_attempts_are_told_before_anything_ends),
		WITH_CORE(test_executions_are_bounded_too),
		WITH_CORE(test_counts_wait_for_room),
		cmocka_unit_test(test_tracepoint_records_what_was_not_held),
		WITH_CORE(test_the_policy_kills_for_what_has_no_budget),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_free_of_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
