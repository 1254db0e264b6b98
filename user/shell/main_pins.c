/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Part of main: what lies pinned when pawld starts, and what is left pinned when it ends; the
 * lease that the kernel side holds against pawld's last sign of life; and letting go of all.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "user/core/cleanup.h"
#include "user/shell/act.h"
#include "user/shell/main.h"
#include "user/shell/procfs.h"
#include "user/shell/refuse.h"

#define STARTING_NS 60000000000ULL /* how long loading may take; guests are slow */
#define SETTLE_US 20000		   /* for an operation under judgement when programs fall silent */

static void say_unpinned(struct daemon *daemon, int r)
{
	daemon_say("warning: nothing is pinned at %s (%s): if pawld is killed, nothing is enforced "
		   "until it is started again, and what is stopped is killed: mount -t bpf bpf "
		   "/sys/fs/bpf",
		   daemon->options.pin_dir, strerror(-r));
	daemon->options.pin_dir = NULL;
}

static int lock_pins(const char *dir)
{
	int fd = pawl_pins_lock(dir);

	for (int i = 0; fd == -EBUSY && i < DAEMON_LOCK_TRIES; i++) {
		usleep(DAEMON_LOCK_US);
		fd = pawl_pins_lock(dir);
	}
	return fd;
}

int daemon_pins_begin(struct daemon *daemon)
{
	_cleanup_(pawl_pinned_closep) struct pawl_pinned *pinned = NULL;
	const char *dir = daemon->options.pin_dir;
	int r;

	if (!dir)
		return 0;
	r = pawl_pins_prepare(dir, &daemon->mounted);
	if (r == 0)
		daemon->pins_fd = lock_pins(dir);
	if (r == 0 && daemon->pins_fd == -EBUSY) {
		daemon_say("another pawld runs with %s: stop it, or name another --pin-dir", dir);
		return -EBUSY;
	}
	if (r < 0 || daemon->pins_fd < 0) {
		say_unpinned(daemon, r < 0 ? r : daemon->pins_fd);
		return 0;
	}
	daemon->pins = pawl_pins_look(dir, &daemon->before);
	if (daemon->before.generation == 0 && daemon->pins == PAWL_PINS_FIT)
		daemon->pins = PAWL_PINS_NONE; /* let go, but not cleared away */
	if (daemon->pins == PAWL_PINS_FIT && pawl_pinned_open(dir, &pinned) == 0)
		pawl_pinned_starting(pinned, (uint32_t)getpid(), daemon_now().mono_ns, STARTING_NS);
	return 0;
}

/* The generation that is followed by ours. Where one died while taking over, its own. */
uint64_t daemon_older_generation(const struct daemon *daemon)
{
	uint64_t older = daemon->before.generation & ~PAWL_HANDOVER;

	if (daemon->pins != PAWL_PINS_FIT)
		return 0;
	return older + !!(daemon->before.generation & PAWL_HANDOVER);
}

int daemon_pins_commit(struct daemon *daemon)
{
	int r;

	if (!daemon->options.pin_dir)
		return 0;
	r = pawl_sensor_commit(daemon->sensor, daemon->options.pin_dir, &daemon->pins_fd);
	if (r == 0)
		return 0;
	if (pawl_sensor_is_adopted(daemon->sensor))
		return r;
	say_unpinned(daemon, r);
	return 0;
}

void daemon_pins_end(struct daemon *daemon)
{
	if (daemon->options.pin_dir && daemon->pins_fd >= 0 && !daemon->leaving && !daemon->lost &&
	    (daemon->sensor || daemon->pins == PAWL_PINS_NONE))
		pawl_pins_remove(daemon->options.pin_dir);
	if (daemon->pins_fd >= 0)
		close(daemon->pins_fd);
}

void daemon_beat(struct daemon *daemon)
{
	struct pawl_shared *shared = pawl_sensor_shared(daemon->sensor);

	if (!pawl_sensor_is_live(daemon->sensor)) {
		daemon->lost = true;
		daemon->stopping = true;
		return;
	}
	__atomic_store_n(&shared->on_loss, (uint32_t)daemon->policy->on_daemon_loss,
			 __ATOMIC_RELEASE);
	__atomic_store_n(&shared->beat_ns, daemon_now().mono_ns, __ATOMIC_RELEASE);
	__atomic_store_n(&shared->starts, 0, __ATOMIC_RELEASE);
	__atomic_store_n(&shared->lease_ns,
			 daemon->options.pin_dir ? daemon->options.lease_ms * 1000000 : 0,
			 __ATOMIC_RELEASE);
}

/* -- processes that are watched under pins, of whatever version ---------------------------- */

static int by_age(const void *a, const void *b)
{
	const struct pawl_target *left = a, *right = b;

	return (left->start_ns > right->start_ns) - (left->start_ns < right->start_ns);
}

int daemon_pinned_watched(const struct pawl_pinned *pinned, struct pawl_target **ret_list,
			  size_t *ret_n)
{
	_cleanup_free_ struct pawl_target *list = NULL;
	_cleanup_free_ uint32_t *pids = NULL;
	size_t pids_n = 0, n = 0;
	int r = pawl_procfs_pids(&pids, &pids_n);

	if (r < 0)
		return r;
	list = calloc(pids_n + 1, sizeof(*list));
	if (!list)
		return -ENOMEM;
	for (size_t i = 0; i < pids_n; i++) {
		struct pawl_target target = {.pid = pids[i]};
		_cleanup_close_ int pidfd = -1;

		if (pawl_act_start(target.pid, &target.start_ns) < 0)
			continue;
		pidfd = pawl_act_open(target.pid, target.start_ns);
		if (pidfd >= 0 && pawl_pinned_marks(pinned, pidfd))
			list[n++] = target;
	}
	qsort(list, n, sizeof(*list), by_age);
	*ret_list = TAKE_PTR(list);
	*ret_n = n;
	return 0;
}

size_t daemon_continue_stopped(const struct pawl_target *list, size_t n)
{
	size_t continued = 0;

	for (size_t i = n; i-- > 0;) { /* children are younger than their parents */
		if (pawl_act_any_stopped(list[i].pid))
			continued += pawl_act_continue(&list[i]) == 0;
	}
	return continued;
}

/* -- pawld --release ------------------------------------------------------------------------ */

/* Who is watched may not let itself go. */
static bool is_watched(const struct pawl_pinned *pinned)
{
	_cleanup_close_ int self = pawl_act_self();

	return self < 0 || pawl_pinned_marks(pinned, self);
}

static void tell_release(const struct options *options, const char *text)
{
	struct pawl_recorder *recorder = NULL;

	daemon_say("%s", text);
	openlog("pawld", LOG_PID, LOG_DAEMON);
	syslog(LOG_WARNING, "%s", text);
	closelog();
	if (pawl_recorder_open(options->log, &recorder) == 0)
		pawl_record_daemon(recorder, daemon_now(), "daemon.release", text);
	pawl_recorder_close(recorder);
}

int daemon_release(const struct options *options)
{
	_cleanup_(pawl_pinned_closep) struct pawl_pinned *pinned = NULL;
	_cleanup_free_ struct pawl_target *list = NULL;
	size_t sessions, holds, n = 0, continued;
	char text[256];
	int r = -ENOENT;

	if (geteuid() != 0) {
		daemon_say("not permitted: --release is for root");
		return -EPERM;
	}
	if (options->pin_dir)
		r = pawl_pinned_open(options->pin_dir, &pinned);
	if (r == -ENOENT) {
		daemon_say("nothing is pinned at %s: nothing to release",
			   options->pin_dir ? options->pin_dir : "none");
		return r;
	}
	if (r < 0 || is_watched(pinned)) {
		daemon_say("not permitted: --release is for root, outside every watched tree");
		return -EPERM;
	}
	pawl_pinned_count(pinned, &sessions, &holds);
	r = pawl_pinned_silence(pinned);
	usleep(SETTLE_US);
	if (daemon_pinned_watched(pinned, &list, &n) < 0)
		n = 0;
	for (size_t i = 0; i < n; i++)
		pawl_act_end_tracer(list[i].pid, PAWL_REFUSE_NAME);
	continued = daemon_continue_stopped(list, n);
	pawl_pins_remove(options->pin_dir);
	snprintf(text, sizeof(text),
		 "released: %zu sessions and %zu held operations were let go, %zu of %zu watched "
		 "processes continued; nothing is enforced any more",
		 sessions, holds, continued, n);
	tell_release(options, text);
	return r;
}
