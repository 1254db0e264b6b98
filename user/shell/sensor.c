/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the kernel meets user space. open → rodata → load → attach, as libbpf's users know
 * it; then maps behind functions. It must not judge, log or signal.
 */
#include "user/shell/sensor.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
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

/* Programs by the hook that people know. Where two stand for one hook, either will do. */
struct hook_program {
	const char *program;
	const char *hook;
	enum pawl_backend backend; /* NONE: every backend */
};

#define BOTH(event, hook)                                                                          \
	{"on_" event, hook, PAWL_BACKEND_LSM},                                                     \
	{                                                                                          \
		"on_m" event, hook, PAWL_BACKEND_FMOD_RET                                          \
	}

#define COUNTED(event, hook)                                                                       \
	BOTH(event, hook), {"on_2" event, hook, PAWL_BACKEND_FMOD_RET},                            \
	{                                                                                          \
		"on_3" event, hook, PAWL_BACKEND_FMOD_RET                                          \
	}

#define REFUSING(program, hook)                                                                    \
	{program, hook, PAWL_BACKEND_LSM},                                                         \
	{                                                                                          \
		program, hook, PAWL_BACKEND_FMOD_RET                                               \
	}

/* Attached when it is needed: every read and write of the machine comes by. */
#define NEEDED_HOOK "file_permission"

static const struct hook_program hook_programs[] = {
	{"on_fork", "task_newtask", PAWL_BACKEND_NONE},
	{"on_fork_again", "task_newtask", PAWL_BACKEND_NONE},
	COUNTED("alloc", "task_alloc"),
	{"on_exec", "sched_process_exec", PAWL_BACKEND_NONE},
	{"on_exit", "sched_process_exit", PAWL_BACKEND_NONE},
	{"on_exit_again", "sched_process_exit", PAWL_BACKEND_NONE},
	COUNTED("path_unlink", "path_unlink"),
	COUNTED("unlink", "inode_unlink"),
	COUNTED("path_rmdir", "path_rmdir"),
	COUNTED("rmdir", "inode_rmdir"),
	COUNTED("path_rename", "path_rename"),
	COUNTED("rename", "inode_rename"),
	BOTH("create", "inode_create"),
	BOTH("mkdir", "inode_mkdir"),
	BOTH("mknod", "inode_mknod"),
	BOTH("symlink", "inode_symlink"),
	BOTH("link", "inode_link"),
	COUNTED("path_trunc", "path_truncate"),
	COUNTED("file_trunc", "file_truncate"),
	BOTH("chmod", "path_chmod"),
	BOTH("chown", "path_chown"),
	COUNTED("setattr", "inode_setattr"),
	BOTH("setxattr", "inode_setxattr"),
	BOTH("rmxattr", "inode_removexattr"),
	BOTH("set_acl", "inode_set_acl"),
	BOTH("rm_acl", "inode_remove_acl"),
	BOTH("anonymous", "inode_init_security_anon"),
	COUNTED("permission", NEEDED_HOOK),
	REFUSING("on_fallocate", "vfs_fallocate"),
	REFUSING("on_fallocate_again", "vfs_fallocate"),
	REFUSING("on_fallocated", "end of vfs_fallocate"),
	REFUSING("on_fallocated_again", "end of vfs_fallocate"),
	BOTH("open", "file_open"),
	BOTH("receive", "file_receive"),
	BOTH("ioctl", "file_ioctl"),
	BOTH("ioctl32", "file_ioctl_compat"),
	BOTH("mount", "sb_mount"),
	BOTH("umount", "sb_umount"),
	BOTH("move_mount", "move_mount"),
	BOTH("pivot", "sb_pivotroot"),
	BOTH("unix", "unix_stream_connect"),
	BOTH("listen", "socket_listen"),
	BOTH("datagram", "unix_may_send"),
	BOTH("connect", "socket_connect"),
	BOTH("kill", "task_kill"),
	BOTH("capable", "capable"),
	BOTH("sigio", "file_send_sigiotask"),
	BOTH("ptrace", "ptrace_access_check"),
	BOTH("setrlimit", "task_setrlimit"),
	BOTH("setnice", "task_setnice"),
	BOTH("setsched", "task_setscheduler"),
	BOTH("setioprio", "task_setioprio"),
	BOTH("movemem", "task_movememory"),
	BOTH("bpf_map", "bpf_map"),
	BOTH("bpf_prog", "bpf_prog"),
	BOTH("bpf", "bpf"),
	BOTH("load_data", "kernel_load_data"),
	BOTH("read_file", "kernel_read_file"),
	{"on_setattr_old", "inode_setattr", PAWL_BACKEND_LSM},
	BOTH("bpf_old", "bpf"),
	{"on_sys_enter", "sys_enter", PAWL_BACKEND_TRACEPOINT},
	{"on_sys_exit", "sys_exit", PAWL_BACKEND_TRACEPOINT},
	{"on_ring", "io_uring_create", PAWL_BACKEND_TRACEPOINT},
};
#define HOOK_PROGRAMS (sizeof(hook_programs) / sizeof(hook_programs[0]))
_Static_assert(HOOK_PROGRAMS <= PAWL_HOOKS_MAX * 2, "PAWL_HOOKS_MAX");

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

/* Parameters of a kernel function, from its BTF; -1: not in this kernel. */
static int parameters_of(const struct btf *btf, const char *function)
{
	int id = btf__find_by_name_kind(btf, function, BTF_KIND_FUNC);

	return id > 0 ? btf_vlen(btf__type_by_id(btf, btf__type_by_id(btf, id)->type)) : -1;
}

/* A program whose hook has other parameters in other kernels, or is not in all of them. */
struct variant {
	const char *program;
	const char *function;
	int parameters; /* -1: any */
};

static const struct variant variants[] = {
	{"on_file_trunc", "security_file_truncate", -1},
	{"on_mfile_trunc", "security_file_truncate", -1},
	{"on_2file_trunc", "security_file_truncate", -1},
	{"on_3file_trunc", "security_file_truncate", -1},
	{"on_set_acl", "security_inode_set_acl", -1},
	{"on_mset_acl", "security_inode_set_acl", -1},
	{"on_rm_acl", "security_inode_remove_acl", -1},
	{"on_mrm_acl", "security_inode_remove_acl", -1},
	{"on_ioctl32", "security_file_ioctl_compat", -1},
	{"on_mioctl32", "security_file_ioctl_compat", -1},
	{"on_setattr", "bpf_lsm_inode_setattr", 3},
	{"on_setattr_old", "bpf_lsm_inode_setattr", 2},
	{"on_bpf", "bpf_lsm_bpf", 4},
	{"on_bpf_old", "bpf_lsm_bpf", 3},
	{"on_mbpf", "security_bpf", 4},
	{"on_mbpf_old", "security_bpf", 3},
};

static bool fits(const struct btf *btf, const char *program)
{
	for (size_t i = 0; i < sizeof(variants) / sizeof(variants[0]); i++) {
		const struct variant *variant = &variants[i];
		int n;

		if (strcmp(variant->program, program))
			continue;
		n = parameters_of(btf, variant->function);
		return variant->parameters < 0 ? n >= 0 : n == variant->parameters;
	}
	return true;
}

static bool serves(const struct hook_program *hook, enum pawl_backend backend)
{
	return hook->backend == PAWL_BACKEND_NONE || hook->backend == backend;
}

/* Switches on the programs of one backend, as far as this kernel has their hooks. */
static void choose_programs(struct pawl_bpf *bpf, enum pawl_backend backend)
{
	struct btf *btf = btf__load_vmlinux_btf();

	/* the tables name no other ones: what is optional is off until it is switched on here */
	for (size_t i = 0; btf && i < HOOK_PROGRAMS; i++) {
		const struct hook_program *hook = &hook_programs[i];
		struct bpf_program *program =
			bpf_object__find_program_by_name(bpf->obj, hook->program);

		if (!program || !serves(hook, backend))
			continue;
		bpf_program__set_autoload(program, fits(btf, hook->program));
		bpf_program__set_autoattach(program, strcmp(hook->hook, NEEDED_HOOK) != 0);
	}
	btf__free(btf);
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
	choose_programs(sensor->bpf, options->backend);
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

/* -- the hook that is attached when it is needed -------------------------------------------- */

/* Its programs on this backend, from number *@at on, which is then that of the next. NULL: no more. */
static struct bpf_prog_skeleton *next_needed(const struct pawl_sensor *sensor, size_t *at)
{
	struct bpf_object_skeleton *skeleton = sensor->bpf->skeleton;

	while (*at < HOOK_PROGRAMS) {
		const struct hook_program *hook = &hook_programs[(*at)++];

		if (strcmp(hook->hook, NEEDED_HOOK) || !serves(hook, sensor->backend))
			continue;
		for (int i = 0; i < skeleton->prog_cnt; i++) {
			if (!strcmp(skeleton->progs[i].name, hook->program))
				return &skeleton->progs[i];
		}
	}
	return NULL;
}

static void set_hooked(struct pawl_sensor *sensor, bool hooked)
{
	__atomic_store_n(&sensor->bpf->data_shared->shared.hooked, hooked, __ATOMIC_SEQ_CST);
}

static bool is_hooked(const struct pawl_sensor *sensor)
{
	size_t at = 0;
	const struct bpf_prog_skeleton *program = next_needed(sensor, &at);

	return program && *program->link;
}

int pawl_sensor_hook(struct pawl_sensor *sensor)
{
	struct bpf_prog_skeleton *program;
	size_t at = 0;
	int r = 0;

	while ((program = next_needed(sensor, &at))) {
		if (*program->link)
			continue;
		*program->link = bpf_program__attach(*program->prog);
		if (!*program->link)
			r = -errno;
		else if (sensor->pin_dir && pawl_sensor_pin(sensor, sensor->pin_dir, program) < 0)
			r = -EIO;
	}
	pawl_sensor_add_own_objects(sensor);
	set_hooked(sensor, true); /* or what waits for it would wait for ever */
	return r;
}

/* Sessions that pawld may not know of yet count, too. */
static bool in_use(struct pawl_sensor *sensor)
{
	for (uint32_t slot = 0; slot < pawl_sensor_slots(sensor); slot++) {
		uint64_t word = __atomic_load_n(&sensor->sessions[slot].word, __ATOMIC_SEQ_CST);

		if (slot ? PAWL_WORD_STATE(word) != PAWL_STATE_FREE
			 : __atomic_load_n(&sensor->sessions[0].live, __ATOMIC_SEQ_CST) != 0)
			return true;
	}
	return false;
}

void pawl_sensor_unhook(struct pawl_sensor *sensor)
{
	struct bpf_prog_skeleton *program;
	size_t at = 0;

	if (!is_hooked(sensor) || in_use(sensor))
		return;
	set_hooked(sensor, false);
	if (in_use(sensor)) { /* it may have made its ring already */
		set_hooked(sensor, true);
		return;
	}
	while ((program = next_needed(sensor, &at))) {
		if (sensor->pin_dir)
			pawl_sensor_unpin(sensor, sensor->pin_dir, program);
		bpf_link__destroy(*program->link);
		*program->link = NULL;
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
	if (r == 0 && sensor->adopted && sensor->bpf->data_shared->shared.hooked)
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

struct pawl_session *pawl_sensor_session(struct pawl_sensor *sensor, uint32_t slot)
{
	return slot < PAWL_MAX_SESSIONS ? &sensor->sessions[slot] : NULL;
}

void pawl_sensor_reset(struct pawl_sensor *sensor)
{
	struct pawl_shared *shared = &sensor->bpf->data_shared->shared;

	memset(shared->counters, 0, sizeof(shared->counters));
	__atomic_store_n(&shared->next_session, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&shared->next_slot, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&shared->alert, 0, __ATOMIC_RELAXED);
}

uint32_t pawl_sensor_slots(const struct pawl_sensor *sensor)
{
	uint32_t claimed =
		__atomic_load_n(&sensor->bpf->data_shared->shared.next_slot, __ATOMIC_RELAXED);

	/* slots are handed out in order, and further on when the first ones are taken */
	return claimed + 64 < PAWL_MAX_SESSIONS ? claimed + 64 : PAWL_MAX_SESSIONS;
}

int pawl_sensor_trip(const struct pawl_sensor *sensor, uint32_t slot,
		     struct pawl_operation *ret_operation)
{
	return bpf_map_lookup_elem(bpf_map__fd(sensor->bpf->maps.trips), &slot, ret_operation) < 0
		       ? -errno
		       : 0;
}

/* The kernel side has the same: session_claim() in bpf/process.h. */
static uint32_t claim_slot(struct pawl_sensor *sensor)
{
	uint32_t start = __atomic_fetch_add(&sensor->bpf->data_shared->shared.next_slot, 1,
					    __ATOMIC_RELAXED);

	for (uint32_t i = 0; i < PAWL_MAX_SESSIONS - 1; i++) {
		uint32_t slot = 1 + (start + i) % (PAWL_MAX_SESSIONS - 1);
		uint64_t expected = PAWL_STATE_FREE;

		if (__atomic_compare_exchange_n(&sensor->sessions[slot].word, &expected,
						PAWL_STATE_CLAIMED, false, __ATOMIC_ACQ_REL,
						__ATOMIC_ACQUIRE))
			return slot;
	}
	return 0;
}

int pawl_sensor_claim(struct pawl_sensor *sensor, const struct pawl_terms *terms, uint32_t rule,
		      uint32_t pid, uint64_t start_ns, uint32_t *ret_slot, uint32_t *ret_id)
{
	uint32_t slot = claim_slot(sensor);
	struct pawl_session *session = &sensor->sessions[slot];

	if (!slot)
		return -ENOSPC;
	session->terms = *terms;
	session->rule = rule;
	session->root_tgid = pid;
	session->root_start_ns = start_ns;
	session->id = __atomic_add_fetch(&sensor->bpf->data_shared->shared.next_session, 1,
					 __ATOMIC_RELAXED);
	session->live = 1;
	__atomic_store_n(&session->word, PAWL_WORD(PAWL_STATE_RUNNING, 0), __ATOMIC_RELEASE);
	*ret_slot = slot;
	*ret_id = session->id;
	return 0;
}

void pawl_sensor_free_slot(struct pawl_sensor *sensor, uint32_t slot)
{
	struct pawl_session *session = pawl_sensor_session(sensor, slot);

	if (!session || !slot)
		return;
	/* .word comes first and must stay claimed until the rest is clean */
	__atomic_store_n(&session->word, PAWL_STATE_CLAIMED, __ATOMIC_RELEASE);
	memset((char *)session + sizeof(session->word), 0,
	       sizeof(*session) - sizeof(session->word));
	__atomic_store_n(&session->word, PAWL_STATE_FREE, __ATOMIC_RELEASE);
}

/* A pidfd is readable once its process has ended. */
static bool has_ended(int pidfd)
{
	struct pollfd ended = {.fd = pidfd, .events = POLLIN};

	return poll(&ended, 1, 0) != 0;
}

int pawl_sensor_mark(struct pawl_sensor *sensor, int pidfd, uint32_t slot, uint32_t id)
{
	struct pawl_task mark = {
		.slot = slot,
		.id = id,
		.cookie = __atomic_add_fetch(&sensor->bpf->data_shared->shared.next_cookie, 1,
					     __ATOMIC_RELAXED),
	};

	struct pawl_task old = {};
	bool was = bpf_map_lookup_elem(bpf_map__fd(sensor->bpf->maps.tasks), &pidfd, &old) == 0;

	if (bpf_map_update_elem(bpf_map__fd(sensor->bpf->maps.tasks), &pidfd, &mark, BPF_ANY) < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	/* a process that had ended before it was marked is not counted out by its end */
	if (has_ended(pidfd))
		return -ESRCH;
	if (was && old.slot < PAWL_MAX_SESSIONS && sensor->sessions[old.slot].id == old.id)
		__atomic_fetch_sub(&sensor->sessions[old.slot].live, 1, __ATOMIC_RELAXED);
	return 0;
}

int pawl_sensor_mark_of(const struct pawl_sensor *sensor, int pidfd, struct pawl_task *ret_mark)
{
	struct pawl_task mark;

	if (bpf_map_lookup_elem(bpf_map__fd(sensor->bpf->maps.tasks), &pidfd, &mark) == 0) {
		*ret_mark = mark;
		return 0;
	}
	/* the kernel says ENOENT for a task without a mark, and for one that is gone */
	if (errno == ENOENT && has_ended(pidfd))
		return -ESRCH;
	return -errno;
}

/* One walk over the tasks. Return: watched tasks met, or a negative errno. */
static int walk_tasks(struct pawl_sensor *sensor, pawl_sensor_task_fn fn, void *ctx)
{
	_cleanup_close_ int fd = bpf_iter_create(bpf_link__fd(sensor->bpf->links.on_each_task));
	struct pawl_task_record records[128];
	size_t have = 0, n;
	int tasks = 0;
	ssize_t got;

	if (fd < 0)
		return -errno;
	for (;;) {
		got = read(fd, (char *)records + have, sizeof(records) - have);
		if (got < 0 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (got <= 0)
			return got < 0 ? -errno : tasks;
		have += got;
		n = have / sizeof(records[0]);
		for (size_t i = 0; fn && i < n; i++)
			fn(ctx, &records[i]);
		tasks += n;
		have -= n * sizeof(records[0]);
		memmove(records, records + n, have);
	}
}

#define SEED_ROUNDS 64 /* deepest chain of parents with falling pids; more than any real one */

int pawl_sensor_each_task(struct pawl_sensor *sensor, bool seed, pawl_sensor_task_fn fn, void *ctx)
{
	int before = -1, now = 0;

	/* the walk goes by pid: a child below its parent's pid is reached in the next round */
	__atomic_store_n(&sensor->bpf->data_shared->shared.seeding, seed, __ATOMIC_RELEASE);
	for (int round = 0; seed && round < SEED_ROUNDS && before != now; round++) {
		before = now;
		now = walk_tasks(sensor, NULL, NULL);
		if (now < 0)
			break;
	}
	__atomic_store_n(&sensor->bpf->data_shared->shared.seeding, 0, __ATOMIC_RELEASE);
	return now < 0 ? now : walk_tasks(sensor, fn, ctx);
}

int pawl_sensor_each_held(const struct pawl_sensor *sensor, pawl_sensor_held_fn fn, void *ctx)
{
	int fd = bpf_map__fd(sensor->bpf->maps.holds);
	struct pawl_held held;
	uint64_t key, next;
	bool more = bpf_map_get_next_key(fd, NULL, &key) == 0;

	for (uint32_t i = 0; more && i < PAWL_MAX_HELD; i++) {
		/* the next key is found before @fn may delete this one */
		more = bpf_map_get_next_key(fd, &key, &next) == 0;
		if (bpf_map_lookup_elem(fd, &key, &held) == 0)
			fn(ctx, &held);
		key = next;
	}
	return 0;
}

void pawl_sensor_delete_held(const struct pawl_sensor *sensor, const struct pawl_held *held)
{
	uint64_t key = PAWL_HELD_KEY(held->tid, held->seq);

	bpf_map_delete_elem(bpf_map__fd(sensor->bpf->maps.holds), &key);
}

int pawl_sensor_each_dir(const struct pawl_sensor *sensor, pawl_sensor_dir_fn fn, void *ctx)
{
	int fd = bpf_map__fd(sensor->bpf->maps.dirs);
	struct pawl_dir_key key, next = {};
	bool more = bpf_map_get_next_key(fd, NULL, &key) == 0;
	struct pawl_dir dir;

	for (uint32_t i = 0; more && i < PAWL_MAX_DIRS; i++) {
		more = bpf_map_get_next_key(fd, &key, &next) == 0;
		if (bpf_map_lookup_elem(fd, &key, &dir) == 0)
			fn(ctx, &key, &dir);
		key = next;
	}
	return 0;
}

void pawl_sensor_delete_dir(const struct pawl_sensor *sensor, const struct pawl_dir_key *key)
{
	bpf_map_delete_elem(bpf_map__fd(sensor->bpf->maps.dirs), key);
}

int pawl_sensor_clear_rules(struct pawl_sensor *sensor)
{
	int fd = bpf_map__fd(sensor->bpf->maps.signatures);
	struct pawl_signature_key key;
	struct pawl_rule unused = {};
	int r = 0;

	while (bpf_map_get_next_key(fd, NULL, &key) == 0) {
		if (bpf_map_delete_elem(fd, &key) < 0)
			return -errno;
	}
	for (uint32_t i = 0; i < PAWL_MAX_RULES && r == 0; i++)
		r = pawl_sensor_set_rule(sensor, i, &unused);
	return r;
}

int pawl_sensor_set_rule(struct pawl_sensor *sensor, uint32_t index, const struct pawl_rule *rule)
{
	if (bpf_map_update_elem(bpf_map__fd(sensor->bpf->maps.rules), &index, rule, BPF_ANY) < 0)
		return -errno;
	return 0;
}

int pawl_sensor_add_signature(struct pawl_sensor *sensor, enum pawl_kind kind, uint64_t value,
			      uint32_t rule)
{
	int fd = bpf_map__fd(sensor->bpf->maps.signatures);
	struct pawl_signature_key key = {.kind = kind, .value = value};
	struct pawl_signature signature = {};
	size_t n = 0;

	bpf_map_lookup_elem(fd, &key, &signature);
	while (n < PAWL_RULES_PER_KEY && signature.rules[n])
		n++;
	if (rule < PAWL_MAX_RULES) {
		if (n == PAWL_RULES_PER_KEY)
			return -E2BIG;
		signature.rules[n] = rule + 1;
	}
	return bpf_map_update_elem(fd, &key, &signature, BPF_ANY) < 0 ? -errno : 0;
}

void pawl_sensor_look_at(struct pawl_sensor *sensor, bool environment, bool scope)
{
	__atomic_store_n(&sensor->bpf->data_shared->shared.env_rules, environment,
			 __ATOMIC_RELEASE);
	__atomic_store_n(&sensor->bpf->data_shared->shared.scope_rules, scope, __ATOMIC_RELEASE);
}

int pawl_sensor_add_broker_address(struct pawl_sensor *sensor, uint64_t hash, uint32_t index)
{
	int fd = bpf_map__fd(sensor->bpf->maps.brokers);

	return bpf_map_update_elem(fd, &hash, &index, BPF_ANY) < 0 ? -errno : 0;
}

int pawl_sensor_set_broker(struct pawl_sensor *sensor, uint32_t index,
			   const struct pawl_broker *broker)
{
	int fd = bpf_map__fd(sensor->bpf->maps.broker_terms);

	return bpf_map_update_elem(fd, &index, broker, BPF_ANY) < 0 ? -errno : 0;
}

/* Our own objects in the kernel: a watched tree gets no descriptor of them. */
struct own {
	struct pawl_place_key keys[PAWL_MAX_PLACES];
	size_t n;
};

/* The object that @fd stands for. */
static void own_object(struct own *own, uint64_t dev, int fd)
{
	union {
		struct bpf_map_info map;
		struct bpf_prog_info program;
		struct bpf_link_info link;
	} info = {};
	uint32_t size = sizeof(info);
	struct pawl_place_key key = {.dev = dev};

	if (fd < 0 || own->n == PAWL_MAX_PLACES || bpf_obj_get_info_by_fd(fd, &info, &size) < 0)
		return;
	key.ino = dev == PAWL_PLACE_BPF_MAP    ? info.map.id
		  : dev == PAWL_PLACE_BPF_PROG ? info.program.id
					       : info.link.id;
	own->keys[own->n++] = key;
}

static void own_objects(const struct pawl_sensor *sensor, struct own *own)
{
	struct bpf_object_skeleton *skeleton = sensor->bpf->skeleton;
	struct bpf_map *map;

	/* cppcheck-suppress unknownMacro ; a loop of libbpf's */
	bpf_object__for_each_map(map, sensor->bpf->obj)
		own_object(own, PAWL_PLACE_BPF_MAP, bpf_map__fd(map));
	for (int i = 0; i < skeleton->prog_cnt; i++) {
		struct bpf_link *link = *skeleton->progs[i].link;

		own_object(own, PAWL_PLACE_BPF_PROG, bpf_program__fd(*skeleton->progs[i].prog));
		own_object(own, PAWL_PLACE_BPF_LINK, link ? bpf_link__fd(link) : -1);
	}
}

/* Whether one of @n keys of @size bytes at @keys is @key. */
static bool is_among(const void *keys, size_t n, size_t size, const void *key)
{
	for (size_t i = 0; i < n; i++) {
		if (!memcmp((const char *)keys + i * size, key, size))
			return true;
	}
	return false;
}

/* Deletes all keys of a hash map but the @n of @size bytes at @keep, and those in @own. */
static int keep_keys(int fd, const void *keep, size_t n, size_t size, const struct own *own)
{
	struct pawl_place_key key, next; /* room for a hash, too */
	bool more = bpf_map_get_next_key(fd, NULL, &key) == 0;

	for (size_t seen = 0; more && seen < PAWL_MAX_PLACES; seen++) {
		/* the next key is found before this one may be deleted */
		more = bpf_map_get_next_key(fd, &key, &next) == 0;
		if (!is_among(keep, n, size, &key) &&
		    !(own && is_among(own->keys, own->n, sizeof(key), &key)) &&
		    bpf_map_delete_elem(fd, &key) < 0)
			return -errno;
		key = next;
	}
	return 0;
}

_Static_assert(PAWL_MAX_PLACES == PAWL_MAX_BROKERS * 16, "keep_keys() sees every key of both maps");

int pawl_sensor_keep_broker_addresses(struct pawl_sensor *sensor, const uint64_t *hashes, size_t n)
{
	return keep_keys(bpf_map__fd(sensor->bpf->maps.brokers), hashes, n, sizeof(*hashes), NULL);
}

static int put_place(int fd, const struct pawl_place_key *key, const struct pawl_place *place)
{
	return bpf_map_update_elem(fd, key, place, BPF_ANY) < 0 ? -errno : 0;
}

int pawl_sensor_add_place(struct pawl_sensor *sensor, uint64_t dev, uint64_t ino,
			  const struct pawl_place *place)
{
	struct pawl_place_key key = {.dev = dev, .ino = ino};

	return put_place(bpf_map__fd(sensor->bpf->maps.places), &key, place);
}

static int put_own(int fd, const struct own *own)
{
	static const struct pawl_place place = {.flags = PAWL_PLACE_OWN};
	int r = 0;

	for (size_t i = 0; r == 0 && i < own->n; i++)
		r = put_place(fd, &own->keys[i], &place);
	return r;
}

void pawl_sensor_add_own_objects(struct pawl_sensor *sensor)
{
	_cleanup_free_ struct own *own = calloc(1, sizeof(*own));

	if (!own)
		return;
	own_objects(sensor, own);
	put_own(bpf_map__fd(sensor->bpf->maps.places), own);
}

int pawl_sensor_replace_places(struct pawl_sensor *sensor, const struct pawl_place_key *keys,
			       const struct pawl_place *places, size_t n)
{
	int fd = bpf_map__fd(sensor->bpf->maps.places), r = 0;
	_cleanup_free_ struct own *own = calloc(1, sizeof(*own));

	if (!own)
		return -ENOMEM;
	own_objects(sensor, own);
	/* old ones make room where both would not fit: then some are missing for a moment */
	for (int round = 0; round < 2; round++) {
		r = put_own(fd, own);
		for (size_t i = 0; r == 0 && i < n; i++)
			r = put_place(fd, &keys[i], &places[i]);
		if (r < 0 && r != -E2BIG)
			return r;
		/* objects of an earlier pawld, too: else each one that starts leaves some */
		if (keep_keys(fd, keys, n, sizeof(*keys), own) < 0)
			return -EIO;
		if (r == 0)
			break;
	}
	return r;
}

void pawl_sensor_guard(struct pawl_sensor *sensor, enum pawl_guard which, uint32_t pid)
{
	__atomic_store_n(&sensor->bpf->data_shared->shared.guards[which], pid, __ATOMIC_RELEASE);
}

uint64_t pawl_sensor_counter(const struct pawl_sensor *sensor, enum pawl_counter counter)
{
	return __atomic_load_n(&sensor->bpf->data_shared->shared.counters[counter],
			       __ATOMIC_RELAXED);
}

void pawl_sensor_alarm(struct pawl_sensor *sensor)
{
	__atomic_fetch_add(&sensor->bpf->data_shared->shared.alert, 1, __ATOMIC_RELAXED);
}

void pawl_sensor_calm(struct pawl_sensor *sensor)
{
	__atomic_fetch_sub(&sensor->bpf->data_shared->shared.alert, 1, __ATOMIC_RELAXED);
}

static uint64_t missed_runs(const struct bpf_program *program)
{
	struct bpf_prog_info info = {};
	uint32_t size = sizeof(info);

	if (bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &size) < 0)
		return 0;
	return info.recursion_misses;
}

static struct pawl_hook *hook_named(struct pawl_hook *hooks, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++) {
		if (!strcmp(hooks[i].name, name))
			return &hooks[i];
	}
	return NULL;
}

/* Where several programs stand on one hook, it is missed only when all of them are. */
size_t pawl_sensor_hooks(struct pawl_sensor *sensor, struct pawl_hook ret_hooks[PAWL_HOOKS_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < HOOK_PROGRAMS && n < PAWL_HOOKS_MAX; i++) {
		const struct hook_program *hook = &hook_programs[i];
		const struct bpf_program *program =
			bpf_object__find_program_by_name(sensor->bpf->obj, hook->program);
		struct pawl_hook *same = hook_named(ret_hooks, n, hook->hook);
		bool needed = !strcmp(hook->hook, NEEDED_HOOK);
		uint64_t missed;

		if (!program || !bpf_program__autoload(program) || !serves(hook, sensor->backend))
			continue;
		missed = missed_runs(program);
		if (same) {
			if (missed < same->missed)
				same->missed = missed;
			continue;
		}
		ret_hooks[n++] = (struct pawl_hook){
			.name = hook->hook,
			.attached = !needed || is_hooked(sensor), /* others: all or nothing */
			.when_needed = needed,
			.tested = sensor->tested[i],
			.missed = missed,
		};
	}
	return n;
}

void pawl_sensor_set_tested(struct pawl_sensor *sensor, const char *hook)
{
	for (size_t i = 0; i < HOOK_PROGRAMS; i++) {
		if (!strcmp(hook_programs[i].hook, hook))
			sensor->tested[i] = true;
	}
}
