/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libFuzzer target: any bytes are a record or are refused, and what is decoded can be
 * applied, named and shown without a look past it. The first byte sets the type, so that
 * most inputs get past the header.
 *
 * make fuzz builds and runs it.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "user/core/assess.h"
#include "user/core/cleanup.h"
#include "user/core/decode.h"
#include "user/core/explain.h"
#include "user/core/policy.h"
#include "user/core/proctree.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "broken: %s\n", what);
	abort();
}

static void check_path(const struct pawl_path *path)
{
	char directory[PAWL_PATH_MAX];

	require(strlen(pawl_path_text(path)) < sizeof(path->text), "a text inside its path");
	require(pawl_path_directory(path, directory) == directory, "a directory");
	require(strlen(directory) < sizeof(directory), "a directory that fits");
}

static void check_operation(const struct pawl_operation *op)
{
	static const struct pawl_policy policy = {.brokers = {{.name = "ptrace"}}, .brokers_n = 1};
	const char *broker = pawl_broker_name(&policy, op->broker);
	char out[64];

	require(pawl_class_name(op->class) != NULL, "a class");
	require(pawl_detail_name(op->detail) != NULL, "a detail");
	require(strlen(broker) < PAWL_NAME_MAX, "a broker, or none");
	pawl_explain_reason(op, op->at_ns, op->ino, broker, out, sizeof(out));
	require(strlen(out) > 0 && strlen(out) < sizeof(out), "a reason");
	pawl_explain_rule(op, broker, out, sizeof(out));
	require(strlen(out) > 0 && strlen(out) < sizeof(out), "a rule");
}

static void check_dir(const struct pawl_dir_event *event)
{
	struct pawl_assess *assess = NULL;
	char directory[PAWL_PATH_MAX];

	check_path(&event->path);
	if (pawl_assess_new(&assess) < 0)
		return;
	pawl_path_directory(&event->path, directory);
	require(pawl_assess_name(assess, &event->key, directory) == 0, "a name");
	require(!strcmp(pawl_assess_path(assess, &event->key), directory), "the same name");
	pawl_assess_free(assess);
}

static void check_tree(const struct pawl_record *record)
{
	_cleanup_(pawl_proctree_freep) struct pawl_proctree *tree = NULL;
	_cleanup_free_ const struct pawl_process **list = NULL;
	size_t n;

	if (pawl_proctree_new(&tree) < 0)
		return;
	for (int again = 0; again < 2; again++) {
		require(pawl_proctree_apply(tree, record) == 0, "a record that applies");
		require(pawl_proctree_count(tree) <= 1, "one process");
		require(pawl_proctree_depth(tree, record->header->cookie) <= PAWL_DEPTH_MAX,
			"a depth that ends");
	}
	require(pawl_proctree_list(tree, 0, &list, &n) == 0, "a list");
	for (size_t i = 0; i < n; i++) {
		require(strlen(list[i]->comm) < PAWL_COMM_LEN, "a name that ends");
		require(!list[i]->exe || strlen(list[i]->exe) <= PAWL_PATH_MAX, "a path that ends");
		require(list[i]->args_size <= PAWL_ARGS_MAX, "arguments that fit");
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* an allocation of its own size, aligned as the ring buffer is */
	_cleanup_free_ uint8_t *copy = malloc(size ? size : 1);
	struct pawl_record record;
	struct pawl_header header;

	if (!copy || !size)
		return 0;
	memcpy(copy, data, size);
	if (size >= sizeof(header) && data[0] & 0x80) {
		memcpy(&header, data, sizeof(header));
		header.type = data[0] & 0x7f;
		header.size = (uint16_t)size;
		memcpy(copy, &header, sizeof(header));
	}
	if (pawl_decode(copy, size, &record) < 0)
		return 0;
	require(record.type > 0 && record.type < PAWL_EVENT_MAX, "a known type");
	require(record.header->size <= size, "a record inside its bytes");
	if (record.type == PAWL_EVENT_DIR)
		check_dir(record.dir);
	if (record.type == PAWL_EVENT_VERDICT) {
		check_path(&record.verdict->op.path);
		check_operation(&record.verdict->op);
	}
	check_tree(&record);
	return 0;
}
