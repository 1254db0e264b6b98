/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Part of main: has counted what a directory holds that goes to a temporary place, takes that from
 * the session's budget where it fits, and tells the core. Whoever counts is not waited for.
 */
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "user/core/cleanup.h"
#include "user/shell/act.h"
#include "user/shell/census.h"
#include "user/shell/main.h"

#define NS_PER_MS 1000000ULL
#define LATE_NS ((PAWL_CENSUS_MS + 1000) * NS_PER_MS) /* a file system does not answer */

/*
 * As budget_spend() in bpf/budget.h, for many at once. Return: false: it does not cover them, and
 * nothing was spent.
 */
static bool spend(struct pawl_session *session, uint64_t files)
{
	__u64 *word = &session->spent[PAWL_BUCKET_FILES];
	uint64_t limit = session->terms.limit[PAWL_BUCKET_FILES];
	uint64_t per_ms = session->terms.per_ms[PAWL_BUCKET_FILES];
	uint64_t now_ms = daemon_now().mono_ns / NS_PER_MS;
	__u64 old = __atomic_load_n(word, __ATOMIC_ACQUIRE), window, spent;

	do {
		window = old >> PAWL_SPENT_BITS;
		spent = old & PAWL_SPENT_MASK;
		if (!old || (int64_t)(now_ms - window) >= (int64_t)per_ms) {
			window = now_ms;
			spent = 0;
		}
		if (!files)
			return true;
		if (files > limit || spent > limit - files)
			return false;
	} while (!__atomic_compare_exchange_n(word, &old,
					      window << PAWL_SPENT_BITS | (spent + files), false,
					      __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE));
	return true;
}

/* The count of a hold's directory, if somebody still waits for it. */
static void counted(struct daemon *daemon, uint32_t id, const struct pawl_content *found)
{
	const struct pawl_hold *hold = pawl_core_hold(daemon->core, id);
	const struct pawl_live_session *live =
		hold && hold->state == PAWL_HOLD_HELD && hold->counting
			? pawl_core_session(daemon->core, hold->session)
			: NULL;
	struct pawl_session *session;
	bool covered;

	if (!live)
		return;
	session = pawl_sensor_session(daemon->sensor, live->slot);
	covered = !found->more && spend(session, found->files);
	/* the kernel counts the move as one */
	if (covered && found->files > 1)
		__atomic_fetch_add(&session->ops[PAWL_CLASS_DELETE], found->files - 1,
				   __ATOMIC_RELAXED);
	pawl_core_counted(daemon->core, daemon_now(), id, found, covered);
}

static struct census *free_census(struct daemon *daemon)
{
	for (size_t i = 0; i < DAEMON_CENSUSES; i++) {
		if (!daemon->censuses[i].hold)
			return &daemon->censuses[i];
	}
	return NULL;
}

/* Begins to count. False: it cannot be counted. */
static bool count(struct daemon *daemon, const struct pawl_hold *hold, uint64_t most)
{
	const struct pawl_census_job job = {
		.pid = hold->op.tid, /* rights are a thread's own */
		.path = pawl_path_text(&hold->op.path),
		.dev = hold->op.dev,
		.ino = hold->op.ino,
		.most = most,
	};
	_cleanup_close_ int pidfd = pawl_act_open(hold->op.tgid, hold->op.start_ns);
	struct census *census = free_census(daemon);
	pid_t pid;
	int fd;

	if (pidfd < 0 || !census || hold->op.path.flags || pawl_census_start(&job, &pid, &fd) < 0)
		return false;
	*census = (struct census){
		.hold = hold->id,
		.fd = fd,
		.child = {.pid = (uint32_t)pid},
		.late_ns = daemon_now().mono_ns + LATE_NS,
	};
	pawl_act_start(census->child.pid, &census->child.start_ns);
	return true;
}

void daemon_count_moved(struct daemon *daemon, const struct pawl_effect *effect)
{
	static const struct pawl_content unknown = {.more = true};
	const struct pawl_hold *hold = pawl_core_hold(daemon->core, effect->hold);

	if (hold && !count(daemon, hold, effect->limit))
		counted(daemon, hold->id, &unknown);
}

static void end_census(struct daemon *daemon, struct census *census)
{
	struct pawl_content found = pawl_census_result(census->fd);
	uint32_t hold = census->hold;

	close(census->fd);
	*census = (struct census){0};
	counted(daemon, hold, &found);
	daemon_apply(daemon);
}

bool daemon_census_ended(struct daemon *daemon, pid_t pid)
{
	for (size_t i = 0; i < DAEMON_CENSUSES; i++) {
		if (!daemon->censuses[i].hold || daemon->censuses[i].child.pid != (uint32_t)pid)
			continue;
		end_census(daemon, &daemon->censuses[i]);
		return true;
	}
	return false;
}

void daemon_end_late_censuses(struct daemon *daemon)
{
	uint64_t now = daemon_now().mono_ns;

	for (size_t i = 0; i < DAEMON_CENSUSES; i++) {
		if (!daemon->censuses[i].hold || now < daemon->censuses[i].late_ns)
			continue;
		pawl_act_kill(&daemon->censuses[i].child);
		end_census(daemon, &daemon->censuses[i]);
	}
}
