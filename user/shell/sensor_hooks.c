/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Part of the sensor: which programs stand on which hook, for each backend and kernel; and the one
 * hook that is attached only when it is needed. It must not know what the programs are for.
 */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <errno.h>
#include <string.h>

#include "user/shell/sensor_internal.h"

/* Programs by the hook that people know. Where two stand for one hook, either will do. */
struct hook_program {
	const char *program;
	const char *hook;
	enum pawl_backend backend; /* NONE: every backend */
};

#define PAIR(lsm, fmod_ret, hook)                                                                  \
	{lsm, hook, PAWL_BACKEND_LSM},                                                             \
	{                                                                                          \
		fmod_ret, hook, PAWL_BACKEND_FMOD_RET                                              \
	}

#define BOTH(event, hook) PAIR("on_" event, "on_m" event, hook)

#define COUNTED(event, hook)                                                                       \
	BOTH(event, hook), {"on_2" event, hook, PAWL_BACKEND_FMOD_RET},                            \
	{                                                                                          \
		"on_3" event, hook, PAWL_BACKEND_FMOD_RET                                          \
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
	BOTH("sqpoll", "uring_sqpoll"),
	COUNTED("permission", NEEDED_HOOK),
	PAIR("on_fallocate", "on_fallocate", "vfs_fallocate"),
	PAIR("on_2fallocate", "on_2fallocate", "vfs_fallocate"),
	PAIR("on_fallocated", "on_fallocated", "vfs_fallocate"),
	PAIR("on_2fallocated", "on_2fallocated", "vfs_fallocate"),
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
	{"on_sqpoll", "security_uring_sqpoll", -1},
	{"on_msqpoll", "security_uring_sqpoll", -1},
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

void pawl_sensor_choose_programs(struct pawl_bpf *bpf, enum pawl_backend backend)
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

	if (!pawl_sensor_shared(sensor)->hooked || in_use(sensor))
		return;
	set_hooked(sensor, false);
	if (in_use(sensor)) { /* it may have made its ring already */
		set_hooked(sensor, true);
		return;
	}
	while ((program = next_needed(sensor, &at))) {
		if (!*program->link)
			continue;
		if (sensor->pin_dir)
			pawl_sensor_unpin(sensor, sensor->pin_dir, program);
		pawl_sensor_forget_link(sensor, *program->link);
		bpf_link__destroy(*program->link);
		*program->link = NULL;
	}
}

/* -- for people --------------------------------------------------------------------------------- */

static uint64_t missed_runs(const struct bpf_program *program)
{
	struct bpf_prog_info info = {};
	uint32_t size = sizeof(info);

	if (bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &size) < 0)
		return 0;
	return info.recursion_misses;
}

/* The program of @hook that runs on this backend and kernel, or NULL. */
static const struct bpf_program *loaded(const struct pawl_sensor *sensor,
					const struct hook_program *hook)
{
	const struct bpf_program *program =
		bpf_object__find_program_by_name(sensor->bpf->obj, hook->program);

	return program && bpf_program__autoload(program) && serves(hook, sensor->backend) ? program
											  : NULL;
}

/* Where several programs stand on one hook, it is missed only when all of them are. */
static uint64_t missed_on(const struct pawl_sensor *sensor, const char *name)
{
	uint64_t least = UINT64_MAX;

	for (size_t i = 0; i < HOOK_PROGRAMS; i++) {
		const struct hook_program *hook = &hook_programs[i];
		const struct bpf_program *program =
			strcmp(hook->hook, name) ? NULL : loaded(sensor, hook);
		uint64_t missed = program ? missed_runs(program) : UINT64_MAX;

		if (missed < least)
			least = missed;
	}
	return least == UINT64_MAX ? 0 : least;
}

uint64_t pawl_sensor_skipped(const struct pawl_sensor *sensor)
{
	return missed_on(sensor, "sched_process_exec") + missed_on(sensor, "task_newtask");
}

static bool is_listed(const struct pawl_hook *hooks, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++) {
		if (!strcmp(hooks[i].name, name))
			return true;
	}
	return false;
}

size_t pawl_sensor_hooks(struct pawl_sensor *sensor, struct pawl_hook ret_hooks[PAWL_HOOKS_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < HOOK_PROGRAMS && n < PAWL_HOOKS_MAX; i++) {
		const struct hook_program *hook = &hook_programs[i];
		bool needed = !strcmp(hook->hook, NEEDED_HOOK);

		if (!loaded(sensor, hook) || is_listed(ret_hooks, n, hook->hook))
			continue;
		ret_hooks[n++] = (struct pawl_hook){
			.name = hook->hook,
			.attached = !needed || is_hooked(sensor), /* others: all or nothing */
			.when_needed = needed,
			.tested = sensor->tested[i],
			.missed = missed_on(sensor, hook->hook),
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
