/* SPDX-License-Identifier: Apache-2.0 */
/*
 * First stage of user space: what the kernel wrote, checked and given a type. It copies
 * nothing and believes nothing that it has not checked; it must not do I/O.
 */
#include "user/core/decode.h"

#include <errno.h>
#include <string.h>

static const size_t record_sizes[PAWL_EVENT_MAX] = {
	[PAWL_EVENT_FORK] = sizeof(struct pawl_fork_event),
	[PAWL_EVENT_EXEC] = sizeof(struct pawl_exec_event),
	[PAWL_EVENT_EXIT] = sizeof(struct pawl_exit_event),
	[PAWL_EVENT_SESSION] = sizeof(struct pawl_session_event),
	[PAWL_EVENT_DIR] = sizeof(struct pawl_dir_event),
	[PAWL_EVENT_VERDICT] = sizeof(struct pawl_verdict_event),
	[PAWL_EVENT_STOPPED] = sizeof(struct pawl_stopped_event),
};

static const char *const class_names[PAWL_CLASS_MAX] = {
	[PAWL_CLASS_NONE] = "none",
	[PAWL_CLASS_DELETE] = "file.delete",
	[PAWL_CLASS_RMDIR] = "dir.delete",
	[PAWL_CLASS_REPLACE] = "file.replace",
	[PAWL_CLASS_TRUNCATE] = "file.truncate",
	[PAWL_CLASS_RING] = "ring.create",
	[PAWL_CLASS_OVERWRITE] = "file.overwrite",
	[PAWL_CLASS_ACCESS] = "access.change",
	[PAWL_CLASS_WIPE] = "device.wipe",
	[PAWL_CLASS_MOUNT] = "mount.change",
	[PAWL_CLASS_KERNEL] = "kernel.change",
	[PAWL_CLASS_BROKER] = "broker.connect",
	[PAWL_CLASS_TAMPER] = "tamper",
};

/* Words of the log and of JSON: stable. */
static const char *const detail_names[PAWL_DETAIL_MAX] = {
	[PAWL_DETAIL_NONE] = "",
	[PAWL_DETAIL_MOUNT] = "mount",
	[PAWL_DETAIL_UMOUNT] = "umount",
	[PAWL_DETAIL_MOVE_MOUNT] = "move_mount",
	[PAWL_DETAIL_PIVOT_ROOT] = "pivot_root",
	[PAWL_DETAIL_OPEN_DEVICE] = "open_device",
	[PAWL_DETAIL_DISCARD] = "discard",
	[PAWL_DETAIL_SUBVOLUME] = "subvolume",
	[PAWL_DETAIL_SHUTDOWN] = "shutdown",
	[PAWL_DETAIL_PASSTHROUGH] = "passthrough",
	[PAWL_DETAIL_FALLOCATE] = "fallocate",
	[PAWL_DETAIL_MODULE] = "module",
	[PAWL_DETAIL_KEXEC] = "kexec",
	[PAWL_DETAIL_MEMORY] = "memory",
	[PAWL_DETAIL_SYSRQ] = "sysrq",
	[PAWL_DETAIL_HOTPLUG] = "hotplug",
	[PAWL_DETAIL_HELPER] = "helper",
	[PAWL_DETAIL_CONNECT] = "connect",
	[PAWL_DETAIL_SPOOL] = "spool",
	[PAWL_DETAIL_PTRACE] = "ptrace",
	[PAWL_DETAIL_SIGNAL] = "signal",
	[PAWL_DETAIL_TRACE] = "trace",
	[PAWL_DETAIL_LIMITS] = "limits",
	[PAWL_DETAIL_BPF_OBJECT] = "bpf_object",
	[PAWL_DETAIL_BPF_PROGRAM] = "bpf_program",
	[PAWL_DETAIL_FILE] = "file",
	[PAWL_DETAIL_CGROUP] = "cgroup",
	[PAWL_DETAIL_REBOOT] = "reboot",
	[PAWL_DETAIL_TRACING] = "tracing",
	[PAWL_DETAIL_SETTING] = "setting",
	[PAWL_DETAIL_MOVED] = "moved",
	[PAWL_DETAIL_MOVED_DIR] = "moved_directory",
	[PAWL_DETAIL_UNHOOKED] = "unhooked",
};

static const char *const backend_names[PAWL_BACKEND_MAX] = {
	[PAWL_BACKEND_NONE] = "none",
	[PAWL_BACKEND_LSM] = "lsm",
	[PAWL_BACKEND_FMOD_RET] = "fmod_ret",
	[PAWL_BACKEND_TRACEPOINT] = "tracepoint",
};

int pawl_decode(const void *data, size_t size, struct pawl_record *ret_record)
{
	const struct pawl_header *header = data;

	if (size < sizeof(*header) || header->type >= PAWL_EVENT_MAX)
		return -EINVAL;
	if (!record_sizes[header->type] || record_sizes[header->type] > size ||
	    header->size != record_sizes[header->type])
		return -EINVAL;
	ret_record->type = header->type;
	ret_record->header = header;
	ret_record->fork = data;
	return 0;
}

const char *pawl_path_text(const struct pawl_path *path)
{
	size_t start = path->start;

	if (start >= sizeof(path->text) ||
	    !memchr(path->text + start, 0, sizeof(path->text) - start))
		return "";
	return path->text + start;
}

char *pawl_path_directory(const struct pawl_path *path, char *out)
{
	const char *text = pawl_path_text(path);
	size_t length = strnlen(text, PAWL_PATH_MAX - 1);
	const char *slash;

	if (path->flags & PAWL_PATH_TARGET) {
		slash = memrchr(text, '/', length);
		length = slash ? (size_t)(slash - text) : 0;
		if (slash == text)
			length = 1;
	}
	memcpy(out, text, length);
	out[length] = 0;
	return out;
}

const char *pawl_class_name(uint32_t class)
{
	return class < PAWL_CLASS_MAX ? class_names[class] : "unknown";
}

const char *pawl_detail_name(uint32_t detail)
{
	return detail < PAWL_DETAIL_MAX ? detail_names[detail] : "unknown";
}

const char *pawl_backend_name(uint32_t backend)
{
	return backend < PAWL_BACKEND_MAX ? backend_names[backend] : "unknown";
}

uint64_t pawl_hash(const char *text)
{
	uint64_t hash = PAWL_HASH_INIT;

	for (; *text; text++)
		hash = PAWL_HASH_STEP(hash, *text);
	return hash;
}
