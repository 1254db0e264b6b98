/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Replays tests/traces/NAME.trace through the core and compares what comes out with
 * NAME.golden. PAWL_TRACES_UPDATE=1 writes the golden files instead of comparing; read the
 * difference before it is kept. Run from the top of the tree.
 *
 * A trace is text. `#` begins a comment; every other line is one event:
 *
 *	MS EVENT [KEY=VALUE]...		values hold no space; MS never goes back
 *
 *	core [backend=lsm] [loss=25] [per_ms=60000] [timeout_ms=600000] [on_timeout=deny]
 *					comes first; profile 0 is loss and per_ms, profile 1
 *					is 3 and 600000
 *	policy [the same but backend]	another policy
 *	session id= slot= agent= pid= [profile=0] [uid=0]
 *	profile id= profile=
 *	verdict id= seq= action= class= path= [detail=] [pid=0] [lost=0]
 *	counted hold= files= [more=0] [covered=0]
 *	stopped id= seq= [provisional=0]
 *	nobody id=			no process is stopped any more
 *	end id= [deleted=0]		the last process has ended
 *	approve hold= by= [for_ms=0] [reason=]
 *	deny hold= by= [reason=]
 *	kill id= by= [reason=]		likewise pause, resume, detach
 *	tick				time passes
 *	expire				pawld ends
 *
 * A golden file has a line for each effect: its time, its type, session, slot, hold and seq,
 * and what the type adds (times in ms, 0 where there is none). An event that was refused is
 * `MS EVENT: -ERRNO`. At the end come the sessions, holds and the next time-out as they stand.
 */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
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
#include "user/core/text.h"

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))
#define TRACES "tests/traces"
#define TRACES_MAX 128
#define FIELDS_MAX 12
#define MS UINT64_C(1000000)
#define EPOCH_NS UINT64_C(1700000000000000000)

struct field {
	const char *key;
	const char *value;
	bool used;
};

/* One event as it was written. */
struct line {
	int number;
	uint64_t at_ms;
	const char *event;
	struct field fields[FIELDS_MAX];
	size_t n;
	char fault[160]; /* "" while nothing is wrong with it */
};

struct replay {
	struct pawl_policy policies[2]; /* the one in force, and the one before */
	size_t policy;
	struct pawl_core *core;
	struct pawl_when now;
	struct pawl_text out;
};

static void replay_clear(struct replay *replay)
{
	pawl_core_free(replay->core);
	pawl_text_freep(&replay->out);
}

__attribute__((format(printf, 2, 3))) static void fault(struct line *line, const char *format, ...)
{
	va_list args;

	if (line->fault[0])
		return;
	va_start(args, format);
	vsnprintf(line->fault, sizeof(line->fault), format, args);
	va_end(args);
}

/* ---- reading ---- */

/* The value of @key, or @otherwise; NULL there means that it must be given. */
static const char *word(struct line *line, const char *key, const char *otherwise)
{
	for (size_t i = 0; i < line->n; i++) {
		if (!strcmp(line->fields[i].key, key)) {
			line->fields[i].used = true;
			return line->fields[i].value;
		}
	}
	if (!otherwise)
		fault(line, "%s needs %s=", line->event, key);
	return otherwise ? otherwise : "";
}

static uint64_t number(struct line *line, const char *key, const char *otherwise)
{
	const char *text = word(line, key, otherwise);
	char *end;
	uint64_t value = strtoull(text, &end, 10);

	if (*text < '0' || *text > '9' || *end)
		fault(line, "%s=%s is no number", key, text);
	return value;
}

static uint32_t number32(struct line *line, const char *key, const char *otherwise)
{
	return (uint32_t)number(line, key, otherwise);
}

/* The place of a word in a list. */
static unsigned int one_of(struct line *line, const char *key, const char *otherwise,
			   const char *(*name)(unsigned int), unsigned int n)
{
	const char *text = word(line, key, otherwise);

	for (unsigned int i = 0; i < n; i++) {
		if (!strcmp(text, name(i)))
			return i;
	}
	fault(line, "%s=%s is not known", key, text);
	return 0;
}

static const char *action_name(unsigned int action)
{
	return pawl_action_name(action);
}

static const char *detail_name(unsigned int detail)
{
	return pawl_detail_name(detail);
}

/* What a time-out does is an action, but people say allow. */
static const char *timeout_name(unsigned int action)
{
	return action == PAWL_ACTION_OBSERVE ? "allow" : pawl_action_name(action);
}

/* Splits "MS EVENT KEY=VALUE..." in place. Return: false: blank or a comment. */
static bool line_split(char *text, struct line *ret_line)
{
	char *save = NULL, *at, *end, *equals;

	text[strcspn(text, "#\n")] = 0;
	at = strtok_r(text, " \t", &save);
	if (!at)
		return false;
	ret_line->at_ms = strtoull(at, &end, 10);
	if (*end)
		fault(ret_line, "%s is no time in ms", at);
	at = strtok_r(NULL, " \t", &save);
	ret_line->event = at ? at : "";
	while ((at = strtok_r(NULL, " \t", &save))) {
		equals = strchr(at, '=');
		if (!equals || ret_line->n == FIELDS_MAX) {
			fault(ret_line, "%s is no KEY=VALUE, or one too many", at);
			continue;
		}
		*equals = 0;
		ret_line->fields[ret_line->n++] = (struct field){.key = at, .value = equals + 1};
	}
	return true;
}

/* ---- events: each returns what the core said ---- */

/* The same for every bucket. */
static void set_budget(struct pawl_profile *profile, uint64_t loss, uint64_t per_ms)
{
	for (int bucket = 0; bucket < PAWL_BUCKET_MAX; bucket++) {
		profile->terms.limit[bucket] = loss;
		profile->terms.per_ms[bucket] = per_ms;
	}
}

static struct pawl_policy *read_policy(struct replay *replay, struct line *line)
{
	struct pawl_policy *policy;

	replay->policy = !replay->policy;
	policy = &replay->policies[replay->policy];
	*policy = (struct pawl_policy){
		.mode = PAWL_MODE_ENFORCE,
		.hold_timeout_ms = number(line, "timeout_ms", "600000"),
		.on_timeout = one_of(line, "on_timeout", "deny", timeout_name, PAWL_ACTION_MAX),
		.profiles = {{.name = "default"}, {.name = "strict"}},
		.profiles_n = 2,
	};
	set_budget(&policy->profiles[0], number(line, "loss", "25"),
		   number(line, "per_ms", "60000"));
	set_budget(&policy->profiles[1], 3, 600000);
	return policy;
}

static int on_core(struct replay *replay, struct line *line)
{
	enum pawl_backend backend =
		one_of(line, "backend", "lsm", pawl_backend_name, PAWL_BACKEND_MAX);

	if (replay->core)
		fault(line, "there is a core already");
	if (line->fault[0])
		return 0;
	return pawl_core_new(read_policy(replay, line), backend, &replay->core);
}

static int on_policy(struct replay *replay, struct line *line)
{
	pawl_core_set_policy(replay->core, read_policy(replay, line));
	return 0;
}

static uint32_t read_profile(struct line *line, const char *otherwise)
{
	uint32_t profile = number32(line, "profile", otherwise);

	if (profile > 1)
		fault(line, "there is no profile %" PRIu32, profile);
	return profile > 1 ? 0 : profile;
}

static int on_session(struct replay *replay, struct line *line)
{
	struct pawl_live_session start = {
		.id = number32(line, "id", NULL),
		.slot = number32(line, "slot", NULL),
		.root_pid = number32(line, "pid", NULL),
		.uid = number32(line, "uid", "0"),
		.profile = read_profile(line, "0"),
	};

	snprintf(start.agent, sizeof(start.agent), "%s", word(line, "agent", NULL));
	return pawl_core_begin(replay->core, replay->now, &start);
}

static int on_profile(struct replay *replay, struct line *line)
{
	pawl_core_set_profile(replay->core, number32(line, "id", NULL), read_profile(line, NULL));
	return 0;
}

static int on_verdict(struct replay *replay, struct line *line)
{
	_cleanup_free_ struct pawl_operation *op = calloc(1, sizeof(*op));
	const char *path = word(line, "path", NULL);
	size_t length = strnlen(path, PAWL_PATH_MAX - 1);

	if (!op)
		return -ENOMEM;
	op->class = one_of(line, "class", NULL, pawl_class_name, PAWL_CLASS_MAX);
	op->detail = one_of(line, "detail", "", detail_name, PAWL_DETAIL_MAX);
	op->at_ns = replay->now.mono_ns;
	op->tgid = number32(line, "pid", "0");
	op->path.start = (uint16_t)(PAWL_PATH_MAX - 1 - length);
	memcpy(op->path.text + op->path.start, path, length);
	return pawl_core_verdict(replay->core, replay->now, number32(line, "id", NULL),
				 number(line, "seq", NULL),
				 one_of(line, "action", NULL, action_name, PAWL_ACTION_MAX), op,
				 number(line, "lost", "0"));
}

static int on_counted(struct replay *replay, struct line *line)
{
	const struct pawl_content content = {
		.files = number(line, "files", NULL),
		.more = number(line, "more", "0"),
	};

	pawl_core_counted(replay->core, replay->now, number32(line, "hold", NULL), &content,
			  number(line, "covered", "0"));
	return 0;
}

static int on_stopped(struct replay *replay, struct line *line)
{
	pawl_core_stopped(replay->core, number32(line, "id", NULL), number(line, "seq", NULL),
			  number(line, "provisional", "0") ? PAWL_HELD_PROVISIONAL : 0);
	return 0;
}

static int on_nobody(struct replay *replay, struct line *line)
{
	pawl_core_nobody(replay->core, replay->now, number32(line, "id", NULL));
	return 0;
}

static int on_end(struct replay *replay, struct line *line)
{
	const uint64_t ops[PAWL_CLASS_MAX] = {
		[PAWL_CLASS_DELETE] = number(line, "deleted", "0"),
	};

	pawl_core_end(replay->core, replay->now, number32(line, "id", NULL), ops);
	return 0;
}

static const char *const verbs[PAWL_VERB_MAX] = {
	[PAWL_VERB_APPROVE] = "approve", [PAWL_VERB_DENY] = "deny",
	[PAWL_VERB_KILL] = "kill",	 [PAWL_VERB_PAUSE] = "pause",
	[PAWL_VERB_RESUME] = "resume",	 [PAWL_VERB_DETACH] = "detach",
};

static int on_command(struct replay *replay, struct line *line)
{
	struct pawl_command command = {
		.by = word(line, "by", NULL),
		.reason = word(line, "reason", ""),
	};

	while (strcmp(verbs[command.verb], line->event))
		command.verb++;
	if (command.verb == PAWL_VERB_APPROVE)
		command.for_ms = number(line, "for_ms", "0");
	command.id = number32(line, command.verb <= PAWL_VERB_DENY ? "hold" : "id", NULL);
	return pawl_core_command(replay->core, replay->now, &command);
}

static int on_tick(struct replay *replay, struct line *line)
{
	(void)line;
	pawl_core_tick(replay->core, replay->now);
	return 0;
}

static int on_expire(struct replay *replay, struct line *line)
{
	(void)line;
	pawl_core_expire(replay->core, replay->now);
	return 0;
}

static const struct {
	const char *name;
	int (*apply)(struct replay *replay, struct line *line);
} events[] = {
	{"core", on_core},	 {"policy", on_policy},	  {"session", on_session},
	{"profile", on_profile}, {"verdict", on_verdict}, {"stopped", on_stopped},
	{"nobody", on_nobody},	 {"end", on_end},	  {"approve", on_command},
	{"deny", on_command},	 {"kill", on_command},	  {"pause", on_command},
	{"resume", on_command},	 {"detach", on_command},  {"tick", on_tick},
	{"expire", on_expire},	 {"counted", on_counted},
};

/* ---- what comes out ---- */

static const char *const effect_names[PAWL_EFFECT_MAX] = {
	[PAWL_EFFECT_NONE] = "none",	   [PAWL_EFFECT_RESOLVE] = "resolve",
	[PAWL_EFFECT_RESUME] = "resume",   [PAWL_EFFECT_REFUSE] = "refuse",
	[PAWL_EFFECT_KILL] = "kill",	   [PAWL_EFFECT_PAUSE] = "pause",
	[PAWL_EFFECT_UNPAUSE] = "unpause", [PAWL_EFFECT_DETACH] = "detach",
	[PAWL_EFFECT_NOTICE] = "notice",   [PAWL_EFFECT_RECORD] = "record",
	[PAWL_EFFECT_FORGET] = "forget",   [PAWL_EFFECT_COUNT] = "count",
};

static const char *const decision_names[] = {
	[PAWL_DECIDE_DENY] = "deny",
	[PAWL_DECIDE_ALLOW] = "allow",
	[PAWL_DECIDE_RETRY] = "retry",
};

static void show_effects(struct replay *replay)
{
	struct pawl_text *out = &replay->out;
	struct pawl_effect e;

	while (pawl_core_effect(replay->core, &e)) {
		pawl_text_printf(out,
				 "%" PRIu64 " %s session=%" PRIu32 " slot=%" PRIu32 " hold=%" PRIu32
				 " seq=%" PRIu64,
				 replay->now.mono_ns / MS, effect_names[e.type], e.session, e.slot,
				 e.hold, e.seq);
		if (e.type == PAWL_EFFECT_RESOLVE)
			pawl_text_printf(out,
					 " decision=%s free_until=%" PRIu64 " deny_until=%" PRIu64
					 " rings=%d%s",
					 decision_names[e.decision], e.free_until_ns / MS,
					 e.deny_until_ns / MS, e.rings, e.one ? " one" : "");
		if (e.type == PAWL_EFFECT_COUNT)
			pawl_text_printf(out, " limit=%" PRIu64, e.limit);
		if (e.type == PAWL_EFFECT_RECORD)
			pawl_text_printf(out, " record=%s", pawl_record_name(e.record));
		pawl_text_str(out, "\n");
	}
}

static void show_session(struct pawl_text *out, const struct pawl_live_session *s)
{
	pawl_text_printf(out, "session %" PRIu32 " %s agent=%s hold=%" PRIu32 " seq=%" PRIu64,
			 s->id, pawl_session_state_name(s->state), s->agent, s->hold, s->seq);
	if (s->ops[PAWL_CLASS_DELETE])
		pawl_text_printf(out, " deleted=%" PRIu64, s->ops[PAWL_CLASS_DELETE]);
	pawl_text_str(out, "\n");
}

/* How everything stands when the trace is over. */
static void show_state(struct replay *replay)
{
	struct pawl_text *out = &replay->out;
	const struct pawl_core *core = replay->core;

	pawl_text_str(out, "-- at the end\n");
	for (const struct pawl_live_session *s = pawl_core_sessions(core); s; s = s->next)
		show_session(out, s);
	for (const struct pawl_live_session *s = pawl_core_ended(core); s; s = s->next)
		show_session(out, s);
	for (const struct pawl_hold *h = pawl_core_holds(core); h; h = h->next) {
		pawl_text_printf(out,
				 "hold %" PRIu32 " %s session=%" PRIu32 " seq=%" PRIu64
				 " since=%" PRIu64 " until=%" PRIu64 " lost=%" PRIu64
				 " limit=%" PRIu64 " %s %s by=%s reason=%s\n",
				 h->id, pawl_hold_state_name(h->state), h->session, h->seq,
				 h->since.mono_ns / MS, h->until.mono_ns / MS, h->lost, h->limit,
				 pawl_class_name(h->op.class), pawl_path_text(&h->op.path), h->by,
				 h->reason);
		/* both clocks say the same */
		assert_true(h->until.real_ns - h->until.mono_ns == EPOCH_NS);
	}
	if (pawl_core_next_ns(core) == UINT64_MAX)
		pawl_text_str(out, "next never\n");
	else
		pawl_text_printf(out, "next %" PRIu64 "\n", pawl_core_next_ns(core) / MS);
	assert_int_equal(pawl_core_overflow(core), 0);
}

/* ---- a whole trace ---- */

static void replay_line(struct replay *replay, struct line *line)
{
	size_t i = 0;
	int r;

	while (i < ROWS(events) && strcmp(events[i].name, line->event))
		i++;
	if (i == ROWS(events))
		fault(line, "there is no event '%s'", line->event);
	else if (!replay->core && events[i].apply != on_core)
		fault(line, "core comes first");
	if (line->at_ms * MS < replay->now.mono_ns)
		fault(line, "time goes back");
	if (line->fault[0])
		return;
	replay->now.mono_ns = line->at_ms * MS;
	replay->now.real_ns = replay->now.mono_ns + EPOCH_NS;
	r = events[i].apply(replay, line);
	for (size_t k = 0; k < line->n; k++) {
		if (!line->fields[k].used)
			fault(line, "%s knows no %s=", line->event, line->fields[k].key);
	}
	if (r < 0)
		pawl_text_printf(&replay->out, "%" PRIu64 " %s: -%s\n", line->at_ms, line->event,
				 strerrorname_np(-r));
	if (replay->core)
		show_effects(replay);
}

/*
 * Replays @trace. Return: what came out, the caller frees it; NULL: the trace is broken,
 * and @ret_fault says where.
 */
static char *replay_run(char *trace, char *ret_fault, size_t size)
{
	_cleanup_(replay_clear) struct replay replay = {0};
	char *next = trace;
	int count = 0;

	while (next) {
		char *text = strsep(&next, "\n");
		struct line line = {.number = ++count};

		if (!line_split(text, &line))
			continue;
		replay_line(&replay, &line);
		if (line.fault[0]) {
			snprintf(ret_fault, size, "line %d: %s", line.number, line.fault);
			return NULL;
		}
	}
	if (!replay.core) {
		snprintf(ret_fault, size, "nothing happens in it");
		return NULL;
	}
	show_state(&replay);
	assert_false(replay.out.failed);
	return TAKE_PTR(replay.out.data);
}

/* ---- comparing ---- */

static size_t line_length(const char *text)
{
	return strcspn(text, "\n");
}

/*
 * The first line in which @found differs from @golden, both versions, for people.
 * Return: false: they are the same.
 */
static bool first_difference(const char *golden, const char *found, char *out, size_t size)
{
	int count = 1;

	if (!strcmp(golden, found))
		return false;
	while (*golden && line_length(golden) == line_length(found) &&
	       !strncmp(golden, found, line_length(golden) + 1)) {
		golden += line_length(golden) + 1;
		found += line_length(found) + 1;
		count++;
	}
	snprintf(out, size, "first difference in line %d\n  golden: %.*s\n  found:  %.*s", count,
		 *golden ? (int)line_length(golden) : 14, *golden ? golden : "(nothing more)",
		 *found ? (int)line_length(found) : 14, *found ? found : "(nothing more)");
	return true;
}

static char *read_text(const char *path)
{
	_cleanup_fclose_ FILE *file = fopen(path, "re");
	_cleanup_(pawl_text_freep) struct pawl_text text = {0};
	char block[4096];
	size_t n;

	if (!file)
		return NULL;
	pawl_text_add(&text, "", 0);
	while ((n = fread(block, 1, sizeof(block), file)) > 0)
		pawl_text_add(&text, block, n);
	return text.failed ? NULL : TAKE_PTR(text.data);
}

static bool write_text(const char *path, const char *text)
{
	_cleanup_fclose_ FILE *file = fopen(path, "we");

	return file && fputs(text, file) >= 0;
}

/* Return: whether the trace @name did what its golden file says; if not, @ret_message. */
static bool check_trace(const char *name, char *ret_message, size_t size)
{
	_cleanup_free_ char *trace = NULL, *golden = NULL, *found = NULL;
	char path[512], golden_path[512], what[768];

	snprintf(path, sizeof(path), TRACES "/%s.trace", name);
	snprintf(golden_path, sizeof(golden_path), TRACES "/%s.golden", name);
	trace = read_text(path);
	found = trace ? replay_run(trace, what, sizeof(what)) : NULL;
	if (!found) {
		snprintf(ret_message, size, "%s: %s", path, trace ? what : "cannot be read");
		return false;
	}
	if (getenv("PAWL_TRACES_UPDATE")) {
		snprintf(ret_message, size, "%s: cannot be written", golden_path);
		return write_text(golden_path, found);
	}
	golden = read_text(golden_path);
	if (golden && !first_difference(golden, found, what, sizeof(what)))
		return true;
	snprintf(ret_message, size, "%s: %s", golden_path, golden ? what : "cannot be read");
	return false;
}

/* @state: the name of the trace, without directory and suffix. */
static void replays_to_its_golden_file(void **state)
{
	char message[1536];

	if (!check_trace(*state, message, sizeof(message)))
		fail_msg("%s", message);
}

/* ---- the reader and the comparison can fail ---- */

static void test_broken_traces_are_refused(void **state)
{
	static const struct {
		const char *trace, *fault;
	} cases[] = {
		{"", "nothing happens in it"},
		{"# only a comment\n", "nothing happens in it"},
		{"0 tick\n", "line 1: core comes first"},
		{"0 core\n0 core\n", "line 2: there is a core already"},
		{"0 core\nsoon tick\n", "line 2: soon is no time in ms"},
		{"0 core\n1\n", "line 2: there is no event ''"},
		{"0 core\n1 aprove hold=1 by=a\n", "line 2: there is no event 'aprove'"},
		{"5 core\n4 tick\n", "line 2: time goes back"},
		{"0 core\n\n1 tick now\n", "line 3: now is no KEY=VALUE, or one too many"},
		{"0 core\n1 tick when=now\n", "line 2: tick knows no when="},
		{"0 core\n1 approve by=a\n", "line 2: approve needs hold="},
		{"0 core\n1 deny hold=1 by=a for_ms=1\n", "line 2: deny knows no for_ms="},
		{"0 core\n1 deny hold=x by=a\n", "line 2: hold=x is no number"},
		{"0 core\n1 deny hold=-1 by=a\n", "line 2: hold=-1 is no number"},
		{"0 core backend=magic\n", "line 1: backend=magic is not known"},
		{"0 core on_timeout=observe\n", "line 1: on_timeout=observe is not known"},
		{"0 core\n1 profile id=1 profile=2\n", "line 2: there is no profile 2"},
	};
	char found[256];

	(void)state;
	for (size_t i = 0; i < ROWS(cases); i++) {
		_cleanup_free_ char *copy = strdup(cases[i].trace);

		assert_non_null(copy);
		assert_null(replay_run(copy, found, sizeof(found)));
		assert_string_equal(found, cases[i].fault);
	}
}

static void test_first_difference_is_shown(void **state)
{
	static const struct {
		const char *golden, *found, *message;
	} cases[] = {
		{"a\nb\n", "a\nc\n", "first difference in line 2\n  golden: b\n  found:  c"},
		{"a\n", "a\nb\n",
		 "first difference in line 2\n  golden: (nothing more)\n  found:  b"},
		{"a\nb\n", "a\n",
		 "first difference in line 2\n  golden: b\n  found:  (nothing more)"},
		{"ab\n", "a\n", "first difference in line 1\n  golden: ab\n  found:  a"},
		{"", "a\n", "first difference in line 1\n  golden: (nothing more)\n  found:  a"},
	};
	char message[256] = "";

	(void)state;
	for (size_t i = 0; i < ROWS(cases); i++) {
		assert_true(first_difference(cases[i].golden, cases[i].found, message,
					     sizeof(message)));
		assert_string_equal(message, cases[i].message);
	}
	assert_false(first_difference("a\nb\n", "a\nb\n", message, sizeof(message)));
}

/* The names of all files of TRACES that end in @suffix, without it. */
static size_t list_traces(const char *suffix, char *ret_names[TRACES_MAX])
{
	_cleanup_closedir_ DIR *directory = opendir(TRACES);
	struct dirent *entry;
	size_t n = 0;

	while (directory && (entry = readdir(directory)) && n < TRACES_MAX) {
		char *end = strrchr(entry->d_name, '.');

		if (end && !strcmp(end, suffix))
			ret_names[n++] = strndup(entry->d_name, (size_t)(end - entry->d_name));
	}
	return n;
}

static void test_no_golden_file_is_left_over(void **state)
{
	char *names[TRACES_MAX], path[512];
	size_t n = list_traces(".golden", names);

	(void)state;
	for (size_t i = 0; i < n; i++) {
		snprintf(path, sizeof(path), TRACES "/%s.trace", names[i]);
		if (access(path, R_OK) < 0)
			fail_msg("%s.golden has no trace", names[i]);
		free(names[i]);
	}
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int main(void)
{
	struct CMUnitTest tests[TRACES_MAX + 3] = {
		cmocka_unit_test(test_broken_traces_are_refused),
		cmocka_unit_test(test_first_difference_is_shown),
		cmocka_unit_test(test_no_golden_file_is_left_over),
	};
	char *names[TRACES_MAX];
	size_t n = list_traces(".trace", names);
	int r;

	if (!n) {
		fprintf(stderr, "no trace in " TRACES ": run from the top of the tree\n");
		return 1;
	}
	qsort(names, n, sizeof(*names), by_name);
	for (size_t i = 0; i < n; i++)
		tests[3 + i] = (struct CMUnitTest){
			.name = names[i],
			.test_func = replays_to_its_golden_file,
			.initial_state = names[i],
		};
	r = _cmocka_run_group_tests("traces", tests, n + 3, NULL, NULL);
	for (size_t i = 0; i < n; i++)
		free(names[i]);
	return r;
}
