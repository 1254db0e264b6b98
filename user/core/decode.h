/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes of a ring buffer to typed records. Pure. */
#ifndef PAWL_CORE_DECODE_H
#define PAWL_CORE_DECODE_H

#include <stddef.h>
#include <stdint.h>

#include "bpf/abi.h"

/* A record, still in the ring buffer: valid until the buffer is told to go on. */
struct pawl_record {
	enum pawl_event type;
	const struct pawl_header *header;
	union {
		const struct pawl_fork_event *fork;
		const struct pawl_exec_event *exec;
		const struct pawl_exit_event *exit;
		const struct pawl_session_event *session;
		const struct pawl_dir_event *dir;
		const struct pawl_verdict_event *verdict;
		const struct pawl_stopped_event *stopped;
	};
};

/*
 * pawl_decode() - check a record's type and size.
 * Return: 0; -EINVAL: of no known type, or not of that type's size.
 */
int pawl_decode(const void *data, size_t size, struct pawl_record *ret_record);

/* The text of a path, always terminated inside @path; "" where it is not known. */
const char *pawl_path_text(const struct pawl_path *path);

/* The same where a directory is meant: @out of PAWL_PATH_MAX bytes. Return: @out. */
char *pawl_path_directory(const struct pawl_path *path, char *out);

/* file.delete, dir.delete, … as the command line and the log name them. */
const char *pawl_class_name(uint32_t class);

/* umount, discard, connect, …: what exactly was attempted; "" where the class says all. */
const char *pawl_detail_name(uint32_t detail);

const char *pawl_backend_name(uint32_t backend);

/* FNV-1a of the bytes of @text, as the kernel side hashes names. */
uint64_t pawl_hash(const char *text);

#endif
