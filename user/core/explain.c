/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Words for what was stopped: by its class and what exactly was attempted. Stands beside the
 * decisions, which do not need it; it must not decide anything.
 */
#include "user/core/explain.h"

#include <inttypes.h>
#include <stdio.h>

#include "user/core/decode.h"
#include "user/core/policy.h"

#define MOVE_BYTES (PAWL_ADDRESS_BYTES + 112)

/* What a budget counts. */
static const char *const counted[PAWL_BUCKET_MAX] = {
	[PAWL_BUCKET_FILES] = "files",
	[PAWL_BUCKET_DIRS] = "directories",
	[PAWL_BUCKET_ACCESS] = "changes of mode, owner or attributes",
	[PAWL_BUCKET_OVERWRITES] = "files opened to be overwritten",
};

/* What was attempted, where that says all; NULL: it takes more. */
static const char *const attempted[PAWL_DETAIL_MAX] = {
	[PAWL_DETAIL_MOUNT] = "a file system was to be mounted",
	[PAWL_DETAIL_UMOUNT] = "a file system was to be unmounted",
	[PAWL_DETAIL_MOVE_MOUNT] = "a mount was to be moved",
	[PAWL_DETAIL_PIVOT_ROOT] = "the root directory was to be exchanged",
	[PAWL_DETAIL_OPEN_DEVICE] = "a block device was to be written",
	[PAWL_DETAIL_DISCARD] = "blocks of a device were to be discarded",
	[PAWL_DETAIL_SUBVOLUME] = "a subvolume was to be destroyed",
	[PAWL_DETAIL_SHUTDOWN] = "a file system was to be shut down",
	[PAWL_DETAIL_PASSTHROUGH] = "commands were to be passed to a device",
	[PAWL_DETAIL_MODULE] = "a kernel module was to be loaded or removed",
	[PAWL_DETAIL_KEXEC] = "another kernel was to be loaded",
	[PAWL_DETAIL_MEMORY] = "raw memory was to be opened",
	[PAWL_DETAIL_SYSRQ] = "a system request was to be made",
	[PAWL_DETAIL_BPF_PROGRAM] = "a BPF program was to be loaded",
	[PAWL_DETAIL_TRACING] = "the tracing of the kernel was to be changed",
	[PAWL_DETAIL_HOTPLUG] = "a device was to be taken from its driver",
	[PAWL_DETAIL_REBOOT] = "the machine was to be stopped or restarted, or PID 1 signalled",
	[PAWL_DETAIL_CGROUP] = "processes were to be moved between control groups",
	[PAWL_DETAIL_SETTING] = "a setting of the kernel that pawl needs was to be changed",
	[PAWL_DETAIL_HELPER] = "a program that the kernel starts was to be set",
};

/* The same where the kernel does not say what exactly. */
static const char *const otherwise[PAWL_CLASS_MAX] = {
	[PAWL_CLASS_RING] = "an io_uring was created, whose operations cannot be counted here",
	[PAWL_CLASS_WIPE] = "a block device was to be changed",
	[PAWL_CLASS_MOUNT] = "mounts were to be changed",
	[PAWL_CLASS_KERNEL] = "the kernel was to be changed",
};

static char *reason_of_broker(const struct pawl_operation *op, const char *broker, char *out,
			      size_t size)
{
	const char *name = *broker ? broker : "somebody";

	if (op->detail == PAWL_DETAIL_PTRACE)
		snprintf(out, size, "a process outside the tree was to be traced or rewritten");
	else if (op->broker == PAWL_BROKER_SOCKETS)
		snprintf(out, size, "asked a socket of somebody outside the tree");
	else if (op->detail == PAWL_DETAIL_SPOOL)
		snprintf(out, size, "wrote what %s will run (a broker outside the tree)", name);
	else
		snprintf(out, size, "asked %s (a broker outside the tree)", name);
	return out;
}

/* "a file was to be moved into /tmp, a temporary place: "; "" where nothing is moved. */
static void explain_move(const struct pawl_operation *op, const char *place,
			 const struct pawl_content *content, char *out, size_t size)
{
	const char *of = *place ? ", a temporary place" : "a temporary place";
	int used;

	*out = 0;
	if (op->detail == PAWL_DETAIL_MOVED)
		snprintf(out, size, "a file was to be moved into %s%s: ", place, of);
	if (op->detail != PAWL_DETAIL_MOVED_DIR)
		return;
	if (content->more && !content->files)
		used = snprintf(out, size, "a directory of files that could not all be counted");
	else
		used = snprintf(out, size, "a directory of %s%" PRIu64 " files",
				content->more ? "more than " : "", content->files);
	if (used >= 0 && (size_t)used < size)
		snprintf(out + used, size - (size_t)used, " was to be moved into %s%s: ", place,
			 of);
}

char *pawl_explain_reason(const struct pawl_operation *op, uint64_t limit, uint64_t per_ms,
			  const char *name, const struct pawl_content *content, char *out,
			  size_t size)
{
	uint32_t bucket = pawl_bucket_of(op->class);
	const char *detail = pawl_detail_name(op->detail);
	const char *text = op->detail < PAWL_DETAIL_MAX ? attempted[op->detail] : NULL;
	char move[MOVE_BYTES];

	if (bucket < PAWL_BUCKET_MAX) {
		explain_move(op, name, content, move, sizeof(move));
		snprintf(out, size, "%smore than %" PRIu64 " %s in %" PRIu64 " s", move, limit,
			 counted[bucket], per_ms / 1000);
		return out;
	}
	if (op->class == PAWL_CLASS_BROKER)
		return reason_of_broker(op, name, out, size);
	if (op->class == PAWL_CLASS_TAMPER) {
		snprintf(out, size, "reached for pawl itself%s%s", *detail ? ": " : "", detail);
		return out;
	}
	if (!text && op->class < PAWL_CLASS_MAX)
		text = otherwise[op->class];
	snprintf(out, size, "%s", text ? text : "an operation that the policy does not let pass");
	return out;
}

char *pawl_explain_rule(const struct pawl_operation *op, const char *broker, char *out, size_t size)
{
	const struct pawl_section *section = pawl_section_of(op->class);

	if (op->class == PAWL_CLASS_BROKER)
		snprintf(out, size, "brokers%s%s", *broker ? "." : "", broker);
	else if (section)
		snprintf(out, size, "%s%s", section->key, section->buckets ? ".budget" : "");
	else
		snprintf(out, size, "unknown");
	return out;
}
