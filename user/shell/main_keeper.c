/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Part of main: what the keeper may do with the maps and processes of a pawld that is gone.
 * It runs in the keeper, on copies of what pawld had.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "user/core/cleanup.h"
#include "user/shell/act.h"
#include "user/shell/main.h"
#include "user/shell/procfs.h"

static void begin(void *ctx)
{
	struct daemon *daemon = ctx;

	pawl_sensor_guard(daemon->sensor, PAWL_GUARD_KEEPER, (uint32_t)getpid());
}

/*
 * Not when other programs are live: the pawld that has loaded them may be killed before it has
 * a keeper of its own, or give way to the older ones again.
 */
static bool replaced(void *ctx)
{
	struct daemon *daemon = ctx;
	const struct pawl_shared *shared = pawl_sensor_shared(daemon->sensor);

	return __atomic_load_n(&shared->guards[PAWL_GUARD_KEEPER], __ATOMIC_ACQUIRE) !=
		       (uint32_t)getpid() ||
	       !__atomic_load_n(&shared->generation, __ATOMIC_ACQUIRE);
}

static bool lease_over(void *ctx)
{
	struct daemon *daemon = ctx;
	const struct pawl_shared *shared = pawl_sensor_shared(daemon->sensor);
	uint64_t lease_ns = __atomic_load_n(&shared->lease_ns, __ATOMIC_ACQUIRE);
	uint64_t beat_ns = __atomic_load_n(&shared->beat_ns, __ATOMIC_ACQUIRE);

	return lease_ns && (int64_t)(daemon_now().mono_ns - beat_ns) > (int64_t)lease_ns;
}

struct release {
	struct daemon *daemon;
	bool kills; /* going on would lose one more: the hooks cannot refuse it */
	size_t n;
};

static void release_held(void *ctx, const struct pawl_held *held)
{
	struct release *release = ctx;
	struct pawl_target target = {.pid = held->tgid, .start_ns = held->start_ns};

	/* what restarts takes its entry out itself */
	if (release->kills) {
		release->n += pawl_act_kill(&target) == 0;
	} else if (pawl_act_is_stopped(held->tid)) {
		pawl_act_continue(&target);
		release->n++;
	}
}

static bool is_paused(struct daemon *daemon, uint32_t slot)
{
	const struct pawl_session *session = pawl_sensor_session(daemon->sensor, slot);
	uint64_t word = __atomic_load_n(&session->word, __ATOMIC_ACQUIRE);

	return PAWL_WORD_STATE(word) == PAWL_STATE_HELD && session->trip_seq != PAWL_WORD_SEQ(word);
}

/* A paused session is not over its budget: it goes on with what is left of it. */
static void unpause(struct daemon *daemon, uint32_t slot)
{
	struct pawl_session *session = pawl_sensor_session(daemon->sensor, slot);
	uint64_t word = __atomic_load_n(&session->word, __ATOMIC_ACQUIRE);
	uint64_t seq = PAWL_WORD_SEQ(word);

	__atomic_store_n(&session->decisions[seq % PAWL_DECISIONS], PAWL_DECIDE_RETRY,
			 __ATOMIC_RELEASE);
	if (__atomic_compare_exchange_n(&session->word, &word, PAWL_WORD(PAWL_STATE_RUNNING, seq),
					false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
		pawl_sensor_calm(daemon->sensor);
}

/* By /proc: the walk over the tasks is a program, and the keeper keeps none. */
static size_t continue_marked(struct daemon *daemon, const bool *slots)
{
	_cleanup_free_ uint32_t *pids = NULL;
	size_t pids_n = 0, n = 0;

	if (pawl_procfs_pids(&pids, &pids_n) < 0)
		return 0;
	for (size_t i = pids_n; i-- > 0;) {
		struct pawl_target target = {.pid = pids[i]};
		_cleanup_close_ int pidfd = -1;
		struct pawl_task mark;

		if (!pawl_act_any_stopped(target.pid) ||
		    pawl_act_start(target.pid, &target.start_ns) < 0)
			continue;
		pidfd = pawl_act_open(target.pid, target.start_ns);
		if (pidfd >= 0 && pawl_sensor_mark_of(daemon->sensor, pidfd, &mark) == 0 &&
		    mark.slot < PAWL_MAX_SESSIONS && slots[mark.slot])
			n += pawl_act_continue(&target) == 0;
	}
	return n;
}

static size_t release_paused(struct daemon *daemon)
{
	_cleanup_free_ bool *slots = calloc(PAWL_MAX_SESSIONS, sizeof(*slots));
	size_t paused = 0;

	for (uint32_t slot = 1; slots && slot < pawl_sensor_slots(daemon->sensor); slot++) {
		slots[slot] = is_paused(daemon, slot);
		paused += slots[slot];
	}
	if (!paused)
		return 0;
	continue_marked(daemon, slots);
	for (uint32_t slot = 1; slot < PAWL_MAX_SESSIONS; slot++) {
		if (slots[slot])
			unpause(daemon, slot);
	}
	return paused;
}

static size_t release_all(void *ctx)
{
	struct daemon *daemon = ctx;
	const struct pawl_shared *shared = pawl_sensor_shared(daemon->sensor);
	struct release release = {.daemon = daemon};

	release.kills = pawl_sensor_backend(daemon->sensor) == PAWL_BACKEND_TRACEPOINT &&
			shared->on_loss != PAWL_ACTION_OBSERVE;
	release.n = release_paused(daemon);
	pawl_sensor_each_held(daemon->sensor, release_held, &release);
	if (release.n)
		syslog(LOG_DAEMON | LOG_WARNING,
		       "pawld was not heard of for longer than its lease: %zu stopped processes or "
		       "paused sessions were %s; what is over its budget is %s",
		       release.n, release.kills ? "killed" : "let go",
		       shared->on_loss == PAWL_ACTION_OBSERVE ? "allowed" : "refused");
	return release.n;
}

/* Nothing was pinned, so nothing counts any more: what stood still must not go on uncounted. */
static void abandon(void *ctx)
{
	struct daemon *daemon = ctx;
	struct release release = {.daemon = daemon, .kills = true};

	pawl_sensor_each_held(daemon->sensor, release_held, &release);
}

void daemon_keep(struct daemon *daemon)
{
	struct pawl_keeper_host host = {
		.ctx = daemon,
		.fds = {pawl_sensor_holds_fd(daemon->sensor), pawl_sensor_tasks_fd(daemon->sensor)},
		.fds_n = 2,
		.pinned = daemon->options.pin_dir != NULL,
		.begin = begin,
		.replaced = replaced,
		.lease_over = lease_over,
		.release = release_all,
		.abandon = abandon,
	};
	int r = pawl_keeper_start(&host, &daemon->keeper);

	if (r < 0)
		daemon_say("warning: no keeper could be started: %s", strerror(-r));
}
