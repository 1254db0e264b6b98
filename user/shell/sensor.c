/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the kernel meets user space. open → rodata → load → attach, as libbpf's users know
 * it, and the rings by which it speaks. It must not judge, log or signal.
 */
#include "user/shell/sensor.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "user/core/cleanup.h"
#include "user/core/syscalls.h"
#include "user/shell/sensor_internal.h"

/* Records in one round, about what the rings hold: then other things have their turn. */
#define VERDICTS_TAKEN 1024
#define EVENTS_TAKEN 16384
#define WAKE_SHARE 4 /* telemetry wakes pawld when a quarter of the ring is full */

static char last_message[512]; /* libbpf's last warning: the reason that the kernel gave */

static int keep_message(enum libbpf_print_level level, const char *format, va_list args)
{
	char line[sizeof(last_message)];

	if (level != LIBBPF_WARN)
		return 0;
	vsnprintf(line, sizeof(line), format, args);
	line[strcspn(line, "\n")] = 0;
	/* the first one names the cause, the later ones only who gives up because of it */
	if (!last_message[0])
		memcpy(last_message, line, sizeof(line));
	return 0;
}

static void set_knobs(struct pawl_bpf *bpf, const struct pawl_sensor_options *options)
{
	uint32_t bytes = options->ring_kib * 1024;

	if (options->adopt) /* its size was chosen when it was made */
		bytes = bpf_map__max_entries(bpf->maps.events);
	else
		bpf_map__set_max_entries(bpf->maps.events, bytes);
	bpf->rodata->generation = options->generation;
	bpf->rodata->wake_bytes = bytes / WAKE_SHARE;
	for (uint64_t nr = 0; nr < PAWL_SYSCALL_NUMBERS; nr++) {
		bpf->rodata->syscalls[nr] = pawl_syscall_kind(false, nr);
		bpf->rodata->compat_syscalls[nr] = pawl_syscall_kind(true, nr);
	}
}

static int load(struct pawl_sensor *sensor, const struct pawl_sensor_options *options)
{
	int r;

	sensor->bpf = pawl_bpf__open();
	if (!sensor->bpf)
		return -errno;
	pawl_sensor_choose_programs(sensor->bpf, options->backend);
	sensor->adopted = options->adopt;
	r = options->adopt ? pawl_sensor_reuse_maps(sensor->bpf, options->adopt) : 0;
	if (r < 0)
		return r;
	set_knobs(sensor->bpf, options);
	r = pawl_bpf__load(sensor->bpf);
	if (r < 0)
		return r;
	sensor->sessions_size = sizeof(struct pawl_session) * PAWL_MAX_SESSIONS;
	sensor->sessions = mmap(NULL, sensor->sessions_size, PROT_READ | PROT_WRITE, MAP_SHARED,
				bpf_map__fd(sensor->bpf->maps.sessions), 0);
	if (sensor->sessions == MAP_FAILED) {
		sensor->sessions = NULL;
		return -errno;
	}
	return 0;
}

/* The shared session must enforce before the first program runs. */
static void open_overflow_session(struct pawl_sensor *sensor)
{
	struct pawl_session *shared = &sensor->sessions[0];

	for (int bucket = 0; bucket < PAWL_BUCKET_MAX; bucket++)
		shared->terms.per_ms[bucket] = 60000;
	memset(shared->terms.action, PAWL_ACTION_DENY, sizeof(shared->terms.action));
	shared->rule = PAWL_RULE_SHARED;
	__atomic_store_n(&shared->word, PAWL_WORD(PAWL_STATE_RUNNING, 0), __ATOMIC_RELEASE);
}

/*
 * libbpf reads a ring buffer until it is empty, which it never is while a tree writes faster
 * than we read; a negative value ends the round.
 */
static int next_of_round(unsigned int *taken, unsigned int max)
{
	return ++*taken < max ? 0 : -EAGAIN;
}

static int take_verdict(void *ctx, void *data, size_t size)
{
	struct pawl_sensor *sensor = ctx;

	if (sensor->on_verdict)
		sensor->on_verdict(sensor->ctx, data, size);
	return next_of_round(&sensor->verdicts_taken, VERDICTS_TAKEN);
}

static int take_event(void *ctx, void *data, size_t size)
{
	struct pawl_sensor *sensor = ctx;

	if (sensor->on_event)
		sensor->on_event(sensor->ctx, data, size);
	return next_of_round(&sensor->events_taken, EVENTS_TAKEN);
}

/* Mounts are everybody's where PID 1 sees them; a service manager may have put us elsewhere. */
static void set_home(struct pawl_sensor *sensor)
{
	static const char *const homes[] = {"/proc/1/ns/mnt", "/proc/self/ns/mnt"};
	struct stat st;

	for (int i = 0; i < 2; i++) {
		if (stat(homes[i], &st) == 0)
			sensor->bpf->data_shared->shared.mount_ns[i] = (uint32_t)st.st_ino;
	}
}

static int attach(struct pawl_sensor *sensor)
{
	int r;

	sensor->verdicts = ring_buffer__new(bpf_map__fd(sensor->bpf->maps.verdicts), take_verdict,
					    sensor, NULL);
	sensor->events =
		ring_buffer__new(bpf_map__fd(sensor->bpf->maps.events), take_event, sensor, NULL);
	if (!sensor->verdicts || !sensor->events)
		return -errno;
	if (!sensor->adopted)
		open_overflow_session(sensor);
	set_home(sensor);
	r = pawl_bpf__attach(sensor->bpf);
	sensor->was_hooked = sensor->bpf->data_shared->shared.hooked;
	if (r == 0 && sensor->was_hooked)
		r = pawl_sensor_hook(sensor);
	return r;
}

int pawl_sensor_open(const struct pawl_sensor_options *options, struct pawl_sensor **ret_sensor,
		     char **ret_why)
{
	_cleanup_(pawl_sensor_closep) struct pawl_sensor *sensor = calloc(1, sizeof(*sensor));
	int r;

	if (!sensor)
		return -ENOMEM;
	last_message[0] = 0;
	libbpf_set_print(keep_message);
	sensor->backend = options->backend;
	r = load(sensor, options);
	if (r >= 0)
		r = attach(sensor);
	if (r < 0) {
		*ret_why = strdup(last_message[0] ? last_message : strerror(-r));
		return r;
	}
	*ret_sensor = TAKE_PTR(sensor);
	return 0;
}

void pawl_sensor_close(struct pawl_sensor *sensor)
{
	if (!sensor)
		return;
	ring_buffer__free(sensor->verdicts);
	ring_buffer__free(sensor->events);
	if (sensor->sessions)
		munmap(sensor->sessions, sensor->sessions_size);
	pawl_bpf__destroy(sensor->bpf);
	free(sensor->pin_dir);
	free(sensor);
}

void pawl_sensor_closep(struct pawl_sensor **sensor)
{
	pawl_sensor_close(*sensor);
}

enum pawl_backend pawl_sensor_backend(const struct pawl_sensor *sensor)
{
	return sensor->backend;
}

int pawl_sensor_verdict_fd(const struct pawl_sensor *sensor)
{
	return ring_buffer__epoll_fd(sensor->verdicts);
}

int pawl_sensor_event_fd(const struct pawl_sensor *sensor)
{
	return ring_buffer__epoll_fd(sensor->events);
}

void pawl_sensor_receive(struct pawl_sensor *sensor, pawl_sensor_record_fn verdict,
			 pawl_sensor_record_fn event, void *ctx)
{
	sensor->on_verdict = verdict;
	sensor->on_event = event;
	sensor->ctx = ctx;
}

void pawl_sensor_take_verdicts(struct pawl_sensor *sensor)
{
	sensor->verdicts_taken = 0;
	ring_buffer__consume(sensor->verdicts);
}

void pawl_sensor_take_events(struct pawl_sensor *sensor)
{
	sensor->events_taken = 0;
	ring_buffer__consume(sensor->events);
}
