/* SPDX-License-Identifier: Apache-2.0 */
/* Why an operation was stopped, in words for people. Pure. */
#ifndef PAWL_CORE_EXPLAIN_H
#define PAWL_CORE_EXPLAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bpf/abi.h"

/* What a directory that is moved into a temporary place holds. */
struct pawl_content {
	uint64_t files;
	bool more; /* than could be counted */
};

/*
 * "more than 25 files in 60 s", "a file system was to be unmounted": into @out of @size bytes,
 * cut to fit. @limit and @per_ms: the budget, where its class has one. @name: that of the broker
 * or the temporary place op->broker, "" where it is not known. @content: of a directory that is
 * moved there. Return: @out.
 */
char *pawl_explain_reason(const struct pawl_operation *op, uint64_t limit, uint64_t per_ms,
			  const char *name, const struct pawl_content *content, char *out,
			  size_t size);

/* The key of the policy that says so: "files.budget", "mounts", "brokers.docker". Return: @out. */
char *pawl_explain_rule(const struct pawl_operation *op, const char *broker, char *out,
			size_t size);

#endif
