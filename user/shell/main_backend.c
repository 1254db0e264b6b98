/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Part of main: tries the backends, best first, and takes the one that stops real operations.
 * What is not used, and why, is kept for people.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "user/core/cleanup.h"
#include "user/shell/act.h"
#include "user/shell/main.h"
#include "user/shell/selftest.h"

#define SELFTEST_PER_MS 3600000

static int selftest_enroll(void *ctx, int pidfd, uint32_t pid, enum pawl_action action,
			   uint64_t limit)
{
	struct pawl_sensor *sensor = ctx;
	struct pawl_terms terms;
	uint32_t slot, id;
	int r;

	for (int bucket = 0; bucket < PAWL_BUCKET_MAX; bucket++) {
		terms.limit[bucket] = limit;
		terms.per_ms[bucket] = SELFTEST_PER_MS;
	}
	memset(terms.action, (int)action, sizeof(terms.action));
	/* the tests open what they change: that is not what they test */
	terms.action[PAWL_CLASS_OVERWRITE] = PAWL_ACTION_OBSERVE;
	r = pawl_sensor_claim(sensor, &terms, PAWL_RULE_SELFTEST, pid, 0, &slot, &id);

	pawl_sensor_guard(sensor, PAWL_GUARD_TRIAL, pid);
	return r < 0 ? r : pawl_sensor_mark(sensor, pidfd, slot, id);
}

static int selftest_scratch(void *ctx, uint64_t dev, uint64_t ino)
{
	static const struct pawl_place scratch = {.flags = PAWL_PLACE_SCRATCH};

	return pawl_sensor_add_place(ctx, dev, ino, &scratch);
}

static int selftest_guard(void *ctx, int own, const char *address)
{
	static const struct pawl_broker denied = {PAWL_ACTION_DENY, PAWL_ACTION_DENY};
	static const struct pawl_place place = {.flags = PAWL_PLACE_OWN};
	static const uint8_t loopback[4] = {127, 0, 0, 1};
	const uint32_t broker = PAWL_MAX_BROKERS - 1;
	struct stat st;
	bool prefix;
	int r = fstat(own, &st) < 0 ? -errno : 0;

	pawl_sensor_guard(ctx, PAWL_GUARD_DAEMON, (uint32_t)getpid());
	pawl_sensor_add_own_objects(ctx);
	if (r == 0)
		r = pawl_sensor_add_place(ctx, st.st_dev, st.st_ino, &place);
	if (r == 0)
		r = pawl_sensor_set_broker(ctx, broker, &denied);
	if (r == 0)
		r = pawl_sensor_add_broker_address(ctx, pawl_broker_hash(address, &prefix), broker);
	return r < 0 ? r
		     : pawl_sensor_add_broker_address(
			       ctx,
			       pawl_broker_hash_inet(AF_INET, loopback, htons(PAWL_SELFTEST_PORT)),
			       broker);
}

static int selftest_hook(void *ctx)
{
	return pawl_sensor_hook(ctx);
}

static void selftest_tested(void *ctx, const char *hook)
{
	pawl_sensor_set_tested(ctx, hook);
}

static bool is_selftest(struct pawl_sensor *sensor, uint32_t slot, uint32_t id)
{
	const struct pawl_session *session = pawl_sensor_session(sensor, slot);

	return session && session->id == id && session->rule == PAWL_RULE_SELFTEST;
}

/* The self-test's tree was seen: its hooks work. */
static void selftest_event(void *ctx, void *data, size_t size)
{
	static const char *const hooks[PAWL_EVENT_MAX] = {
		[PAWL_EVENT_FORK] = "task_newtask",
		[PAWL_EVENT_EXEC] = "sched_process_exec",
		[PAWL_EVENT_EXIT] = "sched_process_exit",
	};
	struct pawl_record record;

	if (pawl_decode(data, size, &record) < 0 || !hooks[record.type] ||
	    !is_selftest(ctx, record.header->slot, record.header->id))
		return;
	pawl_sensor_set_tested(ctx, hooks[record.type]);
	if (record.type == PAWL_EVENT_FORK && record.header->flags & PAWL_FORK_ALLOCATED)
		pawl_sensor_set_tested(ctx, "task_alloc");
}

/* Only what the test did: sessions that were taken over keep theirs. */
static void forget_dir(void *ctx, const struct pawl_dir_key *key, const struct pawl_dir *dir)
{
	(void)dir;
	for (uint32_t slot = 1; slot < pawl_sensor_slots(ctx); slot++) {
		if (is_selftest(ctx, slot, key->id)) {
			pawl_sensor_delete_dir(ctx, key);
			return;
		}
	}
}

/* The slots of the test's sessions are free again, and what it left is forgotten. */
static void selftest_clear(struct pawl_sensor *sensor)
{
	pawl_sensor_guard(sensor, PAWL_GUARD_TRIAL, 0);
	pawl_sensor_take_verdicts(sensor);
	pawl_sensor_take_events(sensor);
	pawl_sensor_each_dir(sensor, forget_dir, sensor);
	for (uint32_t slot = 1; slot < pawl_sensor_slots(sensor); slot++) {
		if (pawl_sensor_session(sensor, slot)->rule == PAWL_RULE_SELFTEST)
			pawl_sensor_free_slot(sensor, slot);
	}
	if (pawl_sensor_is_adopted(sensor))
		pawl_sensor_recount_alarms(sensor);
	else
		pawl_sensor_reset(sensor);
	pawl_sensor_unhook(sensor);
}

static int try_backend(struct daemon *daemon, enum pawl_backend backend, char **ret_why)
{
	_cleanup_(pawl_sensor_closep) struct pawl_sensor *sensor = NULL;
	struct pawl_sensor_options options = {.backend = backend,
					      .ring_kib = daemon->options.ring_kib,
					      .generation = daemon_older_generation(daemon) + 1};
	struct pawl_selftest_host host = {
		.enroll = selftest_enroll,
		.scratch = selftest_scratch,
		.end = pawl_act_end_child,
		.guard = selftest_guard,
		.signal = pawl_act_probe,
		.hook = selftest_hook,
		.tested = selftest_tested,
	};
	int r;

	if (daemon->pins == PAWL_PINS_FIT)
		options.adopt = daemon->options.pin_dir;
	r = pawl_sensor_open(&options, &sensor, ret_why);
	if (r < 0)
		return r;
	host.ctx = sensor;
	pawl_sensor_receive(sensor, NULL, selftest_event, sensor);
	r = pawl_sensor_go(sensor, options.adopt);
	if (r == 0)
		r = pawl_selftest_run(backend, daemon->options.state_dir, &host, ret_why);
	if (r < 0) {
		pawl_sensor_give_back(sensor, options.adopt);
		return r;
	}
	selftest_clear(sensor);
	daemon->sensor = TAKE_PTR(sensor);
	return 0;
}

int daemon_choose_backend(struct daemon *daemon)
{
	enum pawl_backend wanted = daemon->options.backend;
	int r = -ENOTSUP;

	/* a better one, or a weaker one, is for people to ask for: what is pinned works */
	if (!wanted && daemon->pins == PAWL_PINS_FIT)
		wanted = (enum pawl_backend)daemon->before.backend;
	for (int backend = PAWL_BACKEND_LSM; backend < PAWL_BACKEND_MAX; backend++) {
		_cleanup_free_ char *why = NULL;

		if (wanted && wanted != (enum pawl_backend)backend)
			continue;
		r = try_backend(daemon, (enum pawl_backend)backend, &why);
		if (r == 0)
			return 0;
		if (!why)
			why = strdup(strerror(-r));
		daemon->refused[daemon->refused_n++] = (struct refused){
			.backend = (enum pawl_backend)backend, .why = TAKE_PTR(why)};
	}
	if (daemon->pins == PAWL_PINS_FIT)
		daemon_say("not started: the programs that are pinned at %s stay in force, until "
			   "the lease is over",
			   daemon->options.pin_dir);
	daemon_say("no backend works here (%s: %s): is bpf() allowed for this process?",
		   pawl_backend_name(daemon->refused[daemon->refused_n - 1].backend),
		   daemon->refused[daemon->refused_n - 1].why);
	return r;
}
