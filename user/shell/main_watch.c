/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Part of main: makes processes that run already into sessions, on request and at start.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "user/core/cleanup.h"
#include "user/shell/act.h"
#include "user/shell/main.h"
#include "user/shell/procfs.h"

/*
 * A new ring is held: until what comes before its requests is attached, or where they cannot be
 * counted. One that is older than its session is told of there, as nothing more can be done.
 */
static void find_ring(struct daemon *daemon, const struct pawl_task_record *task)
{
	struct pawl_verdict_event event = {
		.h = {.type = PAWL_EVENT_VERDICT,
		      .size = sizeof(event),
		      .id = task->id,
		      .slot = task->slot,
		      .cookie = task->cookie,
		      .at_ns = daemon_now().mono_ns,
		      .tgid = task->tgid,
		      .tid = task->tid},
		.action = PAWL_ACTION_OBSERVE,
		.op = {.class = PAWL_CLASS_RING,
		       .at_ns = daemon_now().mono_ns,
		       .start_ns = task->start_ns,
		       .tgid = task->tgid,
		       .tid = task->tid,
		       .uid = task->uid,
		       .path.start = PAWL_PATH_MAX - 1},
	};

	if (pawl_sensor_backend(daemon->sensor) != PAWL_BACKEND_TRACEPOINT) {
		daemon_hook(daemon);
		return;
	}
	memcpy(event.op.comm, task->comm, sizeof(event.op.comm));
	daemon_on_verdict(daemon, &event, sizeof(event));
}

void daemon_learn(void *ctx, const struct pawl_task_record *task)
{
	struct daemon *daemon = ctx;
	struct pawl_description what;

	const struct pawl_process *known;

	pawl_proctree_learn(daemon->tree, task);
	known = pawl_proctree_find(daemon->tree, task->cookie);
	if (task->tid != task->tgid || !known || known->exe)
		return;
	if (pawl_procfs_has_ring(task->tgid))
		find_ring(daemon, task);
	pawl_procfs_describe(task->tgid, &what);
	pawl_proctree_describe(daemon->tree, task->cookie, what.executable, what.args,
			       what.args_size);
	pawl_procfs_description_free(&what);
}

/* Whether a mark means anything: its session may be detached, or long gone. */
bool daemon_is_watching(const struct daemon *daemon, const struct pawl_task *mark)
{
	const struct pawl_live_session *session = pawl_core_session(daemon->core, mark->id);

	return !mark->id || (session && session->state != PAWL_SESSION_DETACHED);
}

/* Marks one process as the root of a new session; descendants follow when seeded. */
static int begin(struct daemon *daemon, uint32_t pid, uint32_t rule, const char *agent,
		 uint32_t profile, uint32_t *ret_session)
{
	struct pawl_terms terms = daemon_terms(daemon->policy, profile);
	_cleanup_close_ int pidfd = -1;
	struct pawl_task mark;
	uint64_t start_ns;
	uint32_t slot, id;
	int r = pawl_act_start(pid, &start_ns);

	if (r < 0)
		return r;
	pidfd = pawl_act_open(pid, start_ns);
	if (pidfd < 0)
		return pidfd;
	if (pawl_sensor_mark_of(daemon->sensor, pidfd, &mark) == 0 &&
	    daemon_is_watching(daemon, &mark))
		return -EBUSY;
	r = pawl_sensor_claim(daemon->sensor, &terms, rule, pid, start_ns, &slot, &id);
	if (r < 0)
		return r;
	r = pawl_sensor_mark(daemon->sensor, pidfd, slot, id);
	if (r < 0) {
		pawl_sensor_free_slot(daemon->sensor, slot);
		return r;
	}
	r = daemon_begin_session(daemon, slot, agent, profile);
	if (ret_session)
		*ret_session = id;
	return r;
}

int daemon_watch(struct daemon *daemon, uint32_t pid, const char *agent, int profile,
		 uint32_t *ret_session)
{
	int r = begin(daemon, pid, PAWL_RULE_RUN, agent, (uint32_t)profile, ret_session);

	if (r < 0)
		return r;
	pawl_sensor_each_task(daemon->sensor, true, daemon_learn, daemon);
	daemon_apply(daemon);
	return 0;
}

struct aged {
	struct pawl_found found;
	uint64_t start_ns;
};

static int by_age(const void *a, const void *b)
{
	const struct aged *left = a, *right = b;

	return (left->start_ns > right->start_ns) - (left->start_ns < right->start_ns);
}

/* Whether it has a mark of a session that lives; it may be one that pawld is still to hear of. */
static bool is_known(struct daemon *daemon, const struct aged *aged)
{
	_cleanup_close_ int pidfd = pawl_act_open(aged->found.pid, aged->start_ns);
	const struct pawl_session *session;
	struct pawl_task mark;

	if (pidfd < 0 || pawl_sensor_mark_of(daemon->sensor, pidfd, &mark) < 0)
		return false;
	session = pawl_sensor_session(daemon->sensor, mark.slot);
	return session && session->id == mark.id;
}

/*
 * Agents older than pawld, or that the kernel did not show it. Parents are older than their children, so by age a root comes
 * before what it started, and marks it: its own sub-agents are no sessions of their own.
 */
int daemon_seed(struct daemon *daemon)
{
	_cleanup_free_ struct pawl_found *found = NULL;
	_cleanup_free_ struct aged *aged = NULL;
	const struct pawl_policy *policy = daemon->policy;
	size_t n = 0;
	int r;

	if (daemon->options.no_agents)
		return 0;
	r = pawl_procfs_agents(policy, &found, &n);
	if (r < 0 || !n)
		return r;
	aged = calloc(n, sizeof(*aged));
	if (!aged)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		aged[i].found = found[i];
		if (pawl_act_start(found[i].pid, &aged[i].start_ns) < 0)
			aged[i].start_ns = 0; /* ended meanwhile */
	}
	qsort(aged, n, sizeof(*aged), by_age);
	for (size_t i = 0; i < n; i++) {
		const struct pawl_agent *agent =
			&policy->agents[policy->matches[aged[i].found.match].agent];

		if (aged[i].start_ns && !is_known(daemon, &aged[i]) &&
		    begin(daemon, aged[i].found.pid, aged[i].found.match, agent->name,
			  agent->profile, NULL) == 0)
			pawl_sensor_each_task(daemon->sensor, true, daemon_learn, daemon);
	}
	daemon_apply(daemon);
	return 0;
}
