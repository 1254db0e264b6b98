/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Part of main: who may ask for what, and the words of the answer. The core does it.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "user/core/cleanup.h"
#include "user/shell/act.h"
#include "user/shell/main.h"

enum code { CODE_OK = 0, CODE_FAILED = 1, CODE_USAGE = 2, CODE_NOT_FOUND = 4, CODE_DENIED = 5 };

struct request {
	struct daemon *daemon;
	struct pawl_peer *peer;
	const json_t *json;
	json_t *data;
	char *error;
};

__attribute__((format(printf, 3, 4))) static int fail(struct request *request, enum code code,
						      const char *format, ...)
{
	va_list args;

	va_start(args, format);
	if (vasprintf(&request->error, format, args) < 0)
		request->error = NULL;
	va_end(args);
	return code;
}

static const char *member(const struct request *request, const char *name)
{
	return json_string_value(json_object_get(request->json, name));
}

static json_int_t number(const struct request *request, const char *name)
{
	return json_integer_value(json_object_get(request->json, name));
}

/* "h7" or "7" after @letter; 0: it is neither. */
static uint32_t id_of(const char *text, char letter)
{
	unsigned long id;
	char *end;

	if (!text)
		return 0;
	if (*text == letter)
		text++;
	if (*text < '0' || *text > '9')
		return 0;
	id = strtoul(text, &end, 10);
	return *end || id > UINT32_MAX ? 0 : (uint32_t)id;
}

/*
 * Whether the peer is inside a watched tree, root or not. What cannot be told counts as
 * inside: a peer that has gone may have been anybody.
 */
static bool peer_is_watched(const struct request *request)
{
	struct pawl_task mark;
	int r;

	if (request->peer->pidfd < 0)
		return true;
	r = pawl_sensor_mark_of(request->daemon->sensor, request->peer->pidfd, &mark);
	if (r == 0)
		return daemon_is_watching(request->daemon, &mark);
	return r != -ENOENT;
}

/* Deciding is for people: root and the socket's group, outside every watched tree. */
static int may_decide(struct request *request)
{
	const char *cmd = member(request, "cmd");

	if (!request->peer->privileged)
		return fail(request, CODE_DENIED,
			    "not permitted: %s is for root and members of the group pawl", cmd);
	/* a connection that `run` keeps is as good as its child's: both can be taken over */
	if (peer_is_watched(request) || request->peer->follows)
		return fail(request, CODE_DENIED,
			    "not permitted: %s is refused from inside a watched process tree", cmd);
	return CODE_OK;
}

static int find_session(struct request *request, const struct pawl_live_session **ret_session)
{
	const char *name = member(request, "session");

	*ret_session = pawl_core_session(request->daemon->core, id_of(name, 's'));
	if (*ret_session)
		return CODE_OK;
	return fail(request, CODE_NOT_FOUND, "no session %s: `pawl ps` lists them",
		    name ? name : "given");
}

static int find_hold(struct request *request, const struct pawl_hold **ret_hold)
{
	const char *name = member(request, "hold");

	*ret_hold = pawl_core_hold(request->daemon->core, id_of(name, 'h'));
	if (*ret_hold)
		return CODE_OK;
	return fail(request, CODE_NOT_FOUND, "no hold %s: `pawl holds --all` lists them",
		    name ? name : "given");
}

static int do_status(struct request *request)
{
	request->data = show_status(request->daemon);
	return CODE_OK;
}

static int do_ps(struct request *request)
{
	request->data =
		show_sessions(request->daemon, json_is_true(json_object_get(request->json, "all")));
	return CODE_OK;
}

static int do_tree(struct request *request)
{
	const struct pawl_live_session *session = NULL;
	int r = CODE_OK;

	if (member(request, "session"))
		r = find_session(request, &session);
	if (r == CODE_OK)
		request->data = show_tree(request->daemon, session ? session->id : 0);
	return r;
}

static int do_holds(struct request *request)
{
	request->data =
		show_holds(request->daemon, json_is_true(json_object_get(request->json, "all")));
	return CODE_OK;
}

static int do_show(struct request *request)
{
	const struct pawl_hold *hold;
	int r = find_hold(request, &hold);

	if (r == CODE_OK)
		request->data = show_hold(request->daemon, hold, true);
	return r;
}

static int do_doctor(struct request *request)
{
	request->data = show_doctor(request->daemon);
	return CODE_OK;
}

static int do_policy(struct request *request)
{
	_cleanup_free_ char *text = NULL;

	if (pawl_policy_format(request->daemon->policy, &text) < 0)
		return fail(request, CODE_FAILED, "out of memory");
	request->data = json_pack("{s:s, s:s}", "name", request->daemon->config_name, "text", text);
	return CODE_OK;
}

#define FOR_MAX_MS (365LL * 24 * 3600 * 1000)

static uint64_t clamp_ms(json_int_t ms)
{
	if (ms <= 0)
		return 0;
	return (uint64_t)(ms < FOR_MAX_MS ? ms : FOR_MAX_MS);
}

static int command(struct request *request, enum pawl_verb verb, uint32_t id)
{
	char by[PAWL_NAME_MAX];
	struct pawl_command command = {
		.verb = verb,
		.id = id,
		.by = by,
		.reason = member(request, "reason"),
		.for_ms = clamp_ms(number(request, "for_ms")),
	};
	int r;

	show_user(request->peer->uid, by, sizeof(by));
	r = pawl_core_command(request->daemon->core, daemon_now(), &command);
	daemon_apply(request->daemon);
	return r;
}

static int decide(struct request *request, enum pawl_verb verb)
{
	const struct pawl_hold *hold;
	int r = may_decide(request);

	if (r == CODE_OK)
		r = find_hold(request, &hold);
	if (r != CODE_OK)
		return r;
	if (command(request, verb, hold->id) == -EALREADY)
		return fail(request, CODE_FAILED, "hold h%" PRIu32 " is %s already", hold->id,
			    pawl_hold_state_name(hold->state));
	request->data = show_hold(request->daemon, hold, false);
	return CODE_OK;
}

static int do_approve(struct request *request)
{
	return decide(request, PAWL_VERB_APPROVE);
}

static int do_deny(struct request *request)
{
	return decide(request, PAWL_VERB_DENY);
}

static int act_on_session(struct request *request, enum pawl_verb verb)
{
	const struct pawl_live_session *session;
	json_t *before;
	int r = may_decide(request);

	if (r == CODE_OK)
		r = find_session(request, &session);
	if (r != CODE_OK)
		return r;
	daemon_take(request->daemon);
	session = pawl_core_session(request->daemon->core, session->id);
	before = show_session(request->daemon, session->id);
	if (command(request, verb, session->id) == -EALREADY) {
		json_decref(before);
		return fail(request, CODE_FAILED, "session s%" PRIu32 " is %s%s", session->id,
			    pawl_session_state_name(session->state),
			    verb == PAWL_VERB_PAUSE || verb == PAWL_VERB_DETACH
				    ? " already"
				    : ": only a paused one is resumed, a held one is approved or "
				      "denied");
	}
	json_object_set_new(before, "state", json_string(pawl_session_state_name(session->state)));
	if (verb == PAWL_VERB_KILL)
		json_object_set(before, "killed", json_object_get(before, "pids"));
	request->data = before;
	return CODE_OK;
}

static int do_kill(struct request *request)
{
	return act_on_session(request, PAWL_VERB_KILL);
}

static int do_pause(struct request *request)
{
	return act_on_session(request, PAWL_VERB_PAUSE);
}

static int do_resume(struct request *request)
{
	return act_on_session(request, PAWL_VERB_RESUME);
}

static int do_detach(struct request *request)
{
	return act_on_session(request, PAWL_VERB_DETACH);
}

/* Agent's name and profile as the request gives them, or as the policy has them. */
static int find_terms(struct request *request, const char *fallback, char *agent, size_t size,
		      int *ret_profile)
{
	const struct pawl_policy *policy = request->daemon->policy;
	const char *profile = member(request, "policy");

	snprintf(agent, size, "%s", member(request, "agent") ? member(request, "agent") : fallback);
	*ret_profile = 0;
	for (size_t i = 0; i < policy->agents_n; i++) {
		if (!strcmp(policy->agents[i].name, agent))
			*ret_profile = (int)policy->agents[i].profile;
	}
	if (!profile)
		return CODE_OK;
	*ret_profile = pawl_policy_find_profile(policy, profile);
	if (*ret_profile < 0)
		return fail(request, CODE_NOT_FOUND,
			    "no policy named \"%s\": `pawl policy show` lists them", profile);
	return CODE_OK;
}

/* Widening the watch is for root, the group, and the owner of the process. */
static int may_watch(struct request *request, json_int_t pid)
{
	uid_t owner;

	if (pid <= 1 || pid > INT32_MAX)
		return fail(request, CODE_USAGE, "pid %" JSON_INTEGER_FORMAT " cannot be watched",
			    pid);
	if (pawl_act_owner((uint32_t)pid, &owner) < 0)
		return fail(request, CODE_NOT_FOUND, "no process %" JSON_INTEGER_FORMAT, pid);
	if (!request->peer->privileged && owner != request->peer->uid)
		return fail(request, CODE_DENIED,
			    "not permitted: process %" JSON_INTEGER_FORMAT " is another user's",
			    pid);
	return CODE_OK;
}

static int watch(struct request *request, const char *fallback, uint32_t *ret_session)
{
	json_int_t pid = number(request, "pid");
	char agent[PAWL_NAME_MAX];
	int profile, r = may_watch(request, pid);

	if (r == CODE_OK)
		r = find_terms(request, fallback, agent, sizeof(agent), &profile);
	if (r != CODE_OK)
		return r;
	r = daemon_watch(request->daemon, (uint32_t)pid, agent, profile, ret_session);
	switch (-r) {
	case 0:
		return CODE_OK;
	case EBUSY:
		return fail(request, CODE_FAILED,
			    "process %" JSON_INTEGER_FORMAT
			    " is watched already: `pawl tree` shows "
			    "its session",
			    pid);
	case ESRCH:
		return fail(request, CODE_NOT_FOUND, "no process %" JSON_INTEGER_FORMAT, pid);
	case EPERM:
		return fail(request, CODE_DENIED,
			    "process %" JSON_INTEGER_FORMAT
			    " cannot be watched: it is pawld or init",
			    pid);
	case ENOSPC:
		return fail(request, CODE_FAILED,
			    "%d sessions are watched already, the most there "
			    "can be",
			    PAWL_MAX_SESSIONS);
	}
	return fail(request, CODE_FAILED, "cannot watch process %" JSON_INTEGER_FORMAT ": %s", pid,
		    strerror(-r));
}

/* An agent that could have people's own shells watched would lock them out. */
static int may_widen(struct request *request)
{
	if (!peer_is_watched(request))
		return CODE_OK;
	return fail(request, CODE_DENIED,
		    "not permitted: other processes cannot be watched on behalf of a watched "
		    "process tree");
}

static int do_attach(struct request *request)
{
	uint32_t session = 0;
	int r = may_widen(request);

	if (r == CODE_OK)
		r = watch(request, "attached", &session);
	if (r == CODE_OK)
		request->data = show_session(request->daemon, session);
	return r;
}

/* The session that watches a process already, 0 if none. */
static uint32_t session_of(struct request *request, uint32_t pid)
{
	_cleanup_close_ int pidfd = -1;
	struct pawl_task mark;
	uint64_t start_ns;

	if (pawl_act_start(pid, &start_ns) < 0)
		return 0;
	pidfd = pawl_act_open(pid, start_ns);
	if (pidfd < 0 || pawl_sensor_mark_of(request->daemon->sensor, pidfd, &mark) < 0)
		return 0;
	return daemon_is_watching(request->daemon, &mark) ? mark.id : 0;
}

/* Inside a watched tree, what is run belongs to that tree's session. */
static int do_run(struct request *request)
{
	json_int_t pid = number(request, "pid");
	uint32_t session = 0;
	int r = may_watch(request, pid);

	if (r == CODE_OK)
		session = session_of(request, (uint32_t)pid);
	if (r == CODE_OK && !session)
		r = may_widen(request);
	if (r == CODE_OK && !session)
		r = watch(request, "run", &session);
	if (r != CODE_OK)
		return r;
	request->peer->follows = session;
	request->peer->stderr_dev = (dev_t)number(request, "stderr_dev");
	request->peer->stderr_ino = (ino_t)number(request, "stderr_ino");
	request->data = show_session(request->daemon, session);
	return CODE_OK;
}

static int do_reload(struct request *request)
{
	_cleanup_free_ char *error = NULL;
	int r = may_decide(request);

	if (r != CODE_OK)
		return r;
	if (daemon_reload(request->daemon, &error) < 0)
		return fail(request, CODE_FAILED, "%s", error ? error : "out of memory");
	request->data = json_pack("{s:s}", "name", request->daemon->config_name);
	return CODE_OK;
}

static const struct {
	const char *cmd;
	int (*answer)(struct request *request);
} commands[] = {
	{"status", do_status}, {"ps", do_ps},		{"tree", do_tree},
	{"holds", do_holds},   {"show", do_show},	{"doctor", do_doctor},
	{"policy", do_policy}, {"approve", do_approve}, {"deny", do_deny},
	{"kill", do_kill},     {"pause", do_pause},	{"resume", do_resume},
	{"detach", do_detach}, {"attach", do_attach},	{"run", do_run},
	{"reload", do_reload},
};

int daemon_answer(void *ctx, struct pawl_peer *peer, const json_t *request, json_t **ret_data,
		  char **ret_error)
{
	struct request asked = {.daemon = ctx, .peer = peer, .json = request};
	const char *cmd = member(&asked, "cmd");
	int code = CODE_USAGE;

	/* what is shown is as new as what is asked */
	daemon_take(asked.daemon);
	for (size_t i = 0; cmd && i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(commands[i].cmd, cmd))
			continue;
		code = commands[i].answer(&asked);
		*ret_data = asked.data;
		*ret_error = asked.error;
		return code;
	}
	code = fail(&asked, CODE_USAGE, "unknown command");
	*ret_error = asked.error;
	return code;
}
