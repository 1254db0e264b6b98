/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a session has done so far, by directory: the assessment that people see with a
 * hold. Pure. The kernel aggregates; here the aggregates get their names.
 */
#ifndef PAWL_CORE_ASSESS_H
#define PAWL_CORE_ASSESS_H

#include <stddef.h>
#include <stdint.h>

#include "bpf/abi.h"

#define PAWL_ASSESS_MAX 16384 /* directories; operations in further ones have no name */

struct pawl_assess;

struct pawl_assessed {
	uint32_t session;
	uint32_t class; /* enum pawl_class */
	uint64_t count;
	const char *path; /* "" where it is not known; valid until the next change */
};

int pawl_assess_new(struct pawl_assess **ret_assess);
void pawl_assess_free(struct pawl_assess *assess);

/* Gives a directory its name. 0, -ENOMEM, -ENOSPC. */
int pawl_assess_name(struct pawl_assess *assess, const struct pawl_dir_key *key, const char *path);

/*
 * Sets the operations counted in a directory so far.
 * @ret_new: how many are new since the last call; may be NULL
 * Return: 0, -ENOMEM, -ENOSPC.
 */
int pawl_assess_count(struct pawl_assess *assess, const struct pawl_dir_key *key, uint64_t count,
		      uint64_t *ret_new);

/* Name of a directory, "" where it is not known. */
const char *pawl_assess_path(const struct pawl_assess *assess, const struct pawl_dir_key *key);

/* The @max directories of @session with most operations, most first. Return: how many. */
size_t pawl_assess_top(const struct pawl_assess *assess, uint32_t session,
		       struct pawl_assessed *ret_top, size_t max);

void pawl_assess_forget(struct pawl_assess *assess, uint32_t session);

#endif
