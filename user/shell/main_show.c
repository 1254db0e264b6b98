/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Part of main: sessions, holds, trees and pawld's own state as JSON. Field names are a
 * contract with scripts; texts that are not UTF-8 are escaped, so that they always fit.
 */
#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "user/core/cleanup.h"
#include "user/core/explain.h"
#include "user/core/text.h"
#include "user/shell/main.h"
#include "user/shell/procfs.h"

#define TOP_DIRECTORIES 8

static json_t *text(const char *string)
{
	json_t *json = string ? json_string(string) : json_null();
	_cleanup_(pawl_text_freep) struct pawl_text safe = {};

	if (json)
		return json;
	pawl_text_safe(&safe, string);
	return json_string(safe.data ? safe.data : "");
}

static json_t *label(char letter, uint32_t id)
{
	return json_sprintf("%c%" PRIu32, letter, id);
}

static json_t *time_of(struct pawl_when when)
{
	char out[32];

	return json_string(pawl_time_format(when.real_ns, out));
}

static json_t *arguments(const char *args, size_t size)
{
	_cleanup_free_ char *copy = args && size ? malloc(size + 1) : NULL;
	json_t *list = json_array();

	if (!copy)
		return list;
	memcpy(copy, args, size);
	copy[size] = 0;
	for (const char *at = copy; at < copy + size; at += strlen(at) + 1)
		json_array_append_new(list, text(at));
	return list;
}

#define USERS_KEPT 16

/*
 * From the local file alone, and a few are remembered: a directory service that is slow or
 * down must not hold up the loop.
 */
void show_user(uint32_t uid, char *out, size_t size)
{
	static struct {
		uint32_t uid;
		char name[PAWL_NAME_MAX];
	} known[USERS_KEPT];
	static size_t next;
	_cleanup_fclose_ FILE *file = NULL;
	const struct passwd *user;

	for (size_t i = 0; i < USERS_KEPT; i++) {
		if (!known[i].name[0] || known[i].uid != uid)
			continue;
		snprintf(out, size, "%s", known[i].name);
		return;
	}
	snprintf(out, size, "%" PRIu32, uid);
	file = fopen("/etc/passwd", "re");
	while (file && (user = fgetpwent(file))) {
		if (user->pw_uid != uid)
			continue;
		snprintf(out, size, "%s", user->pw_name);
		break;
	}
	known[next].uid = uid;
	snprintf(known[next].name, sizeof(known[next].name), "%s", out);
	next = (next + 1) % USERS_KEPT;
}

static json_t *user_of(uint32_t uid)
{
	char name[PAWL_NAME_MAX];

	show_user(uid, name, sizeof(name));
	return text(name);
}

static json_t *operations(const uint64_t ops[PAWL_CLASS_MAX])
{
	json_t *object = json_object();

	for (uint32_t class = PAWL_CLASS_DELETE; class < PAWL_CLASS_MAX; class ++) {
		if (ops[class])
			json_object_set_new(object, pawl_class_name(class),
					    json_integer((json_int_t)ops[class]));
	}
	return object;
}

static json_t *pids_of(struct daemon *daemon, uint32_t session)
{
	_cleanup_free_ const struct pawl_process **list = NULL;
	json_t *pids = json_array();
	size_t n = 0;

	if (pawl_proctree_list(daemon->tree, session, &list, &n) < 0)
		return pids;
	for (size_t i = 0; i < n; i++)
		json_array_append_new(pids, json_integer(list[i]->pid));
	return pids;
}

static json_t *one_session(struct daemon *daemon, const struct pawl_live_session *s, bool live)
{
	uint64_t ops[PAWL_CLASS_MAX];

	memcpy(ops, s->ops, sizeof(ops));
	for (int class = 0; live && class < PAWL_CLASS_MAX; class ++)
		ops[class] = pawl_sensor_session(daemon->sensor, s->slot)->ops[class];
	return json_pack("{s:o, s:o, s:s, s:i, s:o, s:o, s:o, s:o}", "session", label('s', s->id),
			 "agent", text(s->agent), "state", pawl_session_state_name(s->state),
			 "root_pid", (int)s->root_pid, "pids",
			 live ? pids_of(daemon, s->id) : json_array(), "user", user_of(s->uid),
			 "operations", operations(ops), "since", time_of(s->since));
}

json_t *show_sessions(struct daemon *daemon, bool all)
{
	json_t *list = json_array();

	for (const struct pawl_live_session *s = pawl_core_ended(daemon->core); all && s;
	     s = s->next)
		json_array_insert_new(list, 0, one_session(daemon, s, false));
	for (const struct pawl_live_session *s = pawl_core_sessions(daemon->core); s; s = s->next)
		json_array_append_new(list, one_session(daemon, s, true));
	return list;
}

json_t *show_session(struct daemon *daemon, uint32_t id)
{
	const struct pawl_live_session *session = pawl_core_session(daemon->core, id);

	return session ? one_session(daemon, session, true) : json_null();
}

/* Processes with a stopped operation. */
struct stopped {
	uint32_t *tgids;
	size_t n, room;
};

static void add_stopped(void *ctx, const struct pawl_held *held)
{
	struct stopped *stopped = ctx;
	uint32_t *larger;

	if (stopped->n == stopped->room) {
		larger = reallocarray(stopped->tgids, stopped->room * 2 + 64, sizeof(*larger));
		if (!larger)
			return;
		stopped->tgids = larger;
		stopped->room = stopped->room * 2 + 64;
	}
	stopped->tgids[stopped->n++] = held->tgid;
}

static bool is_stopped(const struct stopped *stopped, uint32_t pid)
{
	for (size_t i = 0; i < stopped->n; i++) {
		if (stopped->tgids[i] == pid)
			return true;
	}
	return false;
}

static json_t *processes(struct daemon *daemon, uint32_t session, bool only_stopped)
{
	_cleanup_free_ const struct pawl_process **list = NULL;
	struct stopped stopped = {};
	json_t *array = json_array();
	size_t n = 0;

	pawl_sensor_each_held(daemon->sensor, add_stopped, &stopped);
	pawl_proctree_list(daemon->tree, session, &list, &n);
	for (size_t i = 0; i < n; i++) {
		const struct pawl_process *p = list[i];
		bool held = is_stopped(&stopped, p->pid);

		if (only_stopped && !held)
			continue;
		json_array_append_new(array,
				      json_pack("{s:i, s:i, s:o, s:o, s:b, s:o}", "pid",
						(int)p->pid, "ppid", (int)p->ppid, "executable",
						text(p->exe ? p->exe : p->comm), "args",
						arguments(p->args, p->args_size), "held", held,
						"cookie", json_sprintf("%" PRIu64, p->cookie)));
	}
	free(stopped.tgids);
	return array;
}

json_t *show_tree(struct daemon *daemon, uint32_t session)
{
	json_t *list = json_array();

	for (const struct pawl_live_session *s = pawl_core_sessions(daemon->core); s; s = s->next) {
		if (session && s->id != session)
			continue;
		json_array_append_new(list,
				      json_pack("{s:o, s:o, s:s, s:o}", "session",
						label('s', s->id), "agent", text(s->agent), "state",
						pawl_session_state_name(s->state), "processes",
						processes(daemon, s->id, false)));
	}
	return list;
}

static json_t *directories(struct daemon *daemon, uint32_t session)
{
	struct pawl_assessed top[TOP_DIRECTORIES];
	size_t n = pawl_assess_top(daemon->assess, session, top, TOP_DIRECTORIES);
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(list, json_pack("{s:o, s:s, s:I}", "path", text(top[i].path),
						      "operation", pawl_class_name(top[i].class),
						      "count", (json_int_t)top[i].count));
	return list;
}

static json_t *reason_of(const struct pawl_hold *hold)
{
	char reason[PAWL_REASON_MAX];

	return text(pawl_explain_reason(&hold->op, hold->limit, hold->per_ms, hold->name,
					&hold->content, reason, sizeof(reason)));
}

static json_t *rule_of(const struct pawl_hold *hold)
{
	char rule[PAWL_REASON_MAX];

	return text(pawl_explain_rule(&hold->op, hold->name, rule, sizeof(rule)));
}

json_t *show_hold(struct daemon *daemon, const struct pawl_hold *hold, bool whole)
{
	const char *backend = pawl_backend_name(pawl_sensor_backend(daemon->sensor));
	json_t *object = json_pack(
		"{s:o, s:o, s:o, s:s, s:s, s:o, s:i, s:o, s:o, s:I, s:I, s:o, s:o, s:o, s:s}", "id",
		label('h', hold->id), "session", label('s', hold->session), "agent",
		text(hold->agent), "state", pawl_hold_state_name(hold->state), "operation",
		pawl_class_name(hold->op.class), "target", text(pawl_path_text(&hold->op.path)),
		"pid", (int)hold->op.tgid, "executable",
		text(hold->executable ? hold->executable : hold->op.comm), "args",
		arguments(hold->args, hold->args_size), "lost", (json_int_t)hold->lost,
		"recoverable", (json_int_t)hold->recoverable, "reason", reason_of(hold), "rule",
		rule_of(hold), "since", time_of(hold->since), "backend", backend);

	if (!object)
		return json_null();
	if (hold->op.detail)
		json_object_set_new(object, "detail", text(pawl_detail_name(hold->op.detail)));
	if (hold->op.class == PAWL_CLASS_BROKER && *hold->name)
		json_object_set_new(object, "broker", text(hold->name));
	if (hold->state == PAWL_HOLD_HELD) {
		json_object_set_new(object, "expires", time_of(hold->until));
	} else {
		json_object_set_new(object, "resolved", time_of(hold->until));
		json_object_set_new(object, "by", text(hold->by));
		json_object_set_new(object, "comment", text(hold->reason));
	}
	if (!whole)
		return object;
	json_object_set_new(object, "cwd", text(hold->cwd));
	json_object_set_new(object, "user", user_of(hold->op.uid));
	json_object_set_new(object, "directories", directories(daemon, hold->session));
	json_object_set_new(object, "processes", processes(daemon, hold->session, true));
	json_object_set_new(object, "tree", processes(daemon, hold->session, false));
	return object;
}

json_t *show_holds(struct daemon *daemon, bool all)
{
	json_t *list = json_array();

	for (const struct pawl_hold *h = pawl_core_holds(daemon->core); h; h = h->next) {
		/* what is still counted may need nobody */
		if (all || (h->state == PAWL_HOLD_HELD && !h->counting))
			json_array_append_new(list, show_hold(daemon, h, false));
	}
	return list;
}

static void check(json_t *checks, const char *name, const char *status, json_t *detail,
		  const char *remedy)
{
	json_array_append_new(checks, json_pack("{s:s, s:s, s:o, s:s}", "name", name, "status",
						status, "detail", detail, "remedy", remedy));
}

/* What is weaker with each backend than with lsm. */
struct weakness {
	enum pawl_backend backend;
	const char *name;
	const char *detail;
	const char *remedy;
};

static const struct weakness weaknesses[] = {
	{PAWL_BACKEND_FMOD_RET, "preemption",
	 "where the kernel preempts itself (preempt=full, 7.x by default) it skips a program while "
	 "another task is interrupted inside it on the same CPU: what counts deletions stands "
	 "three times, the other hooks once, and a busy tree can get past these (see missed runs)",
	 "boot with bpf in lsm= to use the lsm backend"},
	{PAWL_BACKEND_TRACEPOINT, "effect",
	 "operations are stopped after their effect: the one that reaches the budget is lost, "
	 "and what other CPUs have in flight",
	 "boot with bpf in lsm=, or use a kernel that allows fmod_ret programs"},
	{PAWL_BACKEND_TRACEPOINT, "deny",
	 "a denied process is traced until its budget refills, and its operations made to fail; "
	 "one that another tracer has is killed",
	 "boot with bpf in lsm=, or use a kernel that allows fmod_ret programs"},
	{PAWL_BACKEND_TRACEPOINT, "replace",
	 "a rename counts whether or not its target existed; an O_TRUNC of an existing file "
	 "whether or not it was empty",
	 "raise files.budget where agents rename much"},
	{PAWL_BACKEND_TRACEPOINT, "temporary",
	 "what is moved into a temporary place is not counted",
	 "boot with bpf in lsm=, or use a kernel that allows fmod_ret programs"},
	{PAWL_BACKEND_TRACEPOINT, "io_uring",
	 "requests of a ring cannot be counted: creating one is held, and once approved, its "
	 "operations are not seen",
	 "boot with bpf in lsm=, or use a kernel that allows fmod_ret programs"},
};

static void add_backend_checks(struct daemon *daemon, json_t *checks)
{
	enum pawl_backend backend = pawl_sensor_backend(daemon->sensor);
	bool weak = backend == PAWL_BACKEND_TRACEPOINT;

	check(checks, "backend", weak ? "warn" : "ok",
	      json_sprintf("%s, chosen by a live self-test", pawl_backend_name(backend)),
	      weak ? "see the checks below for what is weaker" : "");
	for (size_t i = 0; i < daemon->refused_n; i++)
		check(checks, pawl_backend_name(daemon->refused[i].backend), "warn",
		      json_sprintf("not used: %s", daemon->refused[i].why),
		      daemon->refused[i].backend == PAWL_BACKEND_LSM
			      ? "boot with bpf in lsm= and a kernel that allows BPF LSM programs"
			      : "use a kernel that allows fmod_ret programs");
	for (size_t i = 0; i < sizeof(weaknesses) / sizeof(weaknesses[0]); i++) {
		if (weaknesses[i].backend == backend)
			check(checks, weaknesses[i].name, "warn", text(weaknesses[i].detail),
			      weaknesses[i].remedy);
	}
}

/* Counters that should be 0, and what each one means. */
struct loss {
	enum pawl_counter counter;
	const char *name;
	const char *meaning;
	const char *remedy;
};

static const struct loss losses[] = {
	{PAWL_COUNT_LOST_EVENTS, "lost events", "records of the tree or the log were lost",
	 "a larger --ring-kib"},
	{PAWL_COUNT_LOST_VERDICTS, "lost verdicts", "found again by the periodic look",
	 "less load, or a newer pawl"},
	{PAWL_COUNT_LOST_TASKS, "lost tasks", "tasks that could not be marked went unwatched",
	 "free kernel memory"},
	{PAWL_COUNT_LOST_DIRS, "lost aggregates", "operations without a directory's name", ""},
	{PAWL_COUNT_HELD_FULL, "holds full", "operations were denied instead of held",
	 "fewer processes under one hold"},
	{PAWL_COUNT_SLOTS_FULL, "sessions full", "agents share one session, which denies",
	 "fewer agents at once"},
	{PAWL_COUNT_SIGNAL_FAILED, "failed stops", "operations were denied instead of held", ""},
	{PAWL_COUNT_RACES, "races", "spending gave up and read as over the budget", ""},
};

static void add_loss_checks(struct daemon *daemon, json_t *checks)
{
	uint64_t lost_lines = pawl_recorder_lost(daemon->recorder);

	for (size_t i = 0; i < sizeof(losses) / sizeof(losses[0]); i++) {
		uint64_t n = pawl_sensor_counter(daemon->sensor, losses[i].counter);

		check(checks, losses[i].name, n ? "warn" : "ok",
		      n ? json_sprintf("%" PRIu64 ": %s", n, losses[i].meaning) : text("none"),
		      n ? losses[i].remedy : "");
	}
	check(checks, "log", lost_lines ? "warn" : "ok",
	      lost_lines ? json_sprintf("%" PRIu64 " lines could not be written to %s", lost_lines,
					daemon->options.log)
			 : text(daemon->options.log),
	      lost_lines ? "free space, or another --log" : "");
}

/* What is left of pawl when pawld is killed. */
static void add_pin_checks(struct daemon *daemon, json_t *checks)
{
	bool allow = daemon->policy->on_daemon_loss == PAWL_ACTION_OBSERVE;
	const char *dir = daemon->options.pin_dir;

	if (dir)
		check(checks, "pins", "ok",
		      json_sprintf("%s, generation %" PRIu64 ": %" PRIu64 " s after pawld's death "
				   "nothing is held any more, and what is over its budget is %s",
				   dir, pawl_sensor_generation(daemon->sensor),
				   daemon->options.lease_ms / 1000, allow ? "allowed" : "refused"),
		      "");
	else
		check(checks, "pins", "warn",
		      text("nothing is pinned: when pawld is killed nothing is enforced, and what it "
			   "had stopped is killed"),
		      "mount -t bpf bpf /sys/fs/bpf, and start pawld with a --pin-dir there");
	if (daemon->migrated)
		check(checks, "adopted", "warn", text(daemon->migrated),
		      "look at the new sessions: `pawl ps`");
	else if (daemon->pins == PAWL_PINS_FIT)
		check(checks, "adopted", "ok",
		      json_sprintf("%zu sessions of an earlier pawld", daemon->adopted_n), "");
}

static uint64_t missed_runs(const struct pawl_hook *hooks, size_t n)
{
	uint64_t missed = 0;

	for (size_t i = 0; i < n; i++)
		missed += hooks[i].missed;
	return missed;
}

static json_t *hook_list(const struct pawl_hook *hooks, size_t n)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(list,
				      json_pack("{s:s, s:b, s:b, s:b, s:I}", "name", hooks[i].name,
						"attached", hooks[i].attached, "when_needed",
						hooks[i].when_needed, "tested", hooks[i].tested,
						"missed", (json_int_t)hooks[i].missed));
	return list;
}

json_t *show_doctor(struct daemon *daemon)
{
	struct pawl_hook hooks[PAWL_HOOKS_MAX];
	size_t n = pawl_sensor_hooks(daemon->sensor, hooks);
	bool enforcing = daemon->policy->mode == PAWL_MODE_ENFORCE;
	uint64_t missed = missed_runs(hooks, n);
	json_t *checks = json_array();
	struct utsname name;

	uname(&name);
	check(checks, "mode", enforcing ? "ok" : "warn", text(pawl_mode_name(daemon->policy->mode)),
	      enforcing ? "" : "mode: enforce in the policy, or --mode enforce");
	add_backend_checks(daemon, checks);
	check(checks, "missed runs", missed ? "warn" : "ok",
	      missed ? json_sprintf("%" PRIu64 " times a hook was skipped by the kernel", missed)
		     : text("none"),
	      missed ? "the hooks of the lsm backend are never skipped: bpf in lsm=" : "");
	add_pin_checks(daemon, checks);
	add_loss_checks(daemon, checks);
	check(checks, "memory", "ok",
	      json_sprintf("%" PRIu64 " KiB resident", pawl_procfs_resident_kib()), "");
	check(checks, "start", "ok",
	      json_sprintf("enforcing after %" PRIu64 " ms", daemon->load_ms), "");
	return json_pack("{s:s, s:b, s:s, s:o, s:o, s:I}", "backend",
			 pawl_backend_name(pawl_sensor_backend(daemon->sensor)), "enforcing",
			 enforcing, "kernel", name.release, "checks", checks, "hooks",
			 hook_list(hooks, n), "lost_events",
			 (json_int_t)daemon_lost_records(daemon));
}

json_t *show_status(struct daemon *daemon)
{
	size_t sessions = 0, held = 0;
	struct utsname name;

	uname(&name);
	for (const struct pawl_live_session *s = pawl_core_sessions(daemon->core); s; s = s->next)
		sessions++;
	for (const struct pawl_hold *h = pawl_core_holds(daemon->core); h; h = h->next)
		held += h->state == PAWL_HOLD_HELD;
	return json_pack("{s:s, s:s, s:s, s:b, s:s, s:i, s:o, s:o, s:o, s:i, s:i, s:I}", "version",
			 PAWL_VERSION, "backend",
			 pawl_backend_name(pawl_sensor_backend(daemon->sensor)), "mode",
			 pawl_mode_name(daemon->policy->mode), "enforcing",
			 daemon->policy->mode == PAWL_MODE_ENFORCE, "kernel", name.release, "pid",
			 (int)getpid(), "log", text(daemon->options.log), "policy",
			 text(daemon->config_name), "since", time_of(daemon->since), "sessions",
			 (int)sessions, "held", (int)held, "lost_events",
			 (json_int_t)daemon_lost_records(daemon));
}
