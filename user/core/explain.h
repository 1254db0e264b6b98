/* SPDX-License-Identifier: Apache-2.0 */
/* Why an operation was stopped, in words for people. Pure. */
#ifndef PAWL_CORE_EXPLAIN_H
#define PAWL_CORE_EXPLAIN_H

#include <stddef.h>
#include <stdint.h>

#include "bpf/abi.h"

/*
 * "more than 25 files in 60 s", "a file system was to be unmounted": into @out of @size bytes,
 * cut to fit. @limit and @per_ms: the budget, where its class has one. @broker: the name of
 * op->broker, "" where it is not known. Return: @out.
 */
char *pawl_explain_reason(const struct pawl_operation *op, uint64_t limit, uint64_t per_ms,
			  const char *broker, char *out, size_t size);

/* The key of the policy that says so: "files.budget", "mounts", "brokers.docker". Return: @out. */
char *pawl_explain_rule(const struct pawl_operation *op, const char *broker, char *out,
			size_t size);

#endif
