/* SPDX-License-Identifier: Apache-2.0 */
/*
 * user/core/explain.c: the words for every class and detail, and that nothing outside their
 * tables is looked at.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "user/core/decode.h"
#include "user/core/explain.h"

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

static const struct {
	uint32_t detail;
	const char *reason, *into;
	struct pawl_content content;
} moved[] = {
	{PAWL_DETAIL_MOVED,
	 "a file was to be moved into /tmp, a temporary place: more than 25 files in 60 s",
	 "/tmp",
	 {0}},
	{PAWL_DETAIL_MOVED_DIR,
	 "a directory of 7 files was to be moved into /tmp, a temporary place: more than 25 files "
	 "in 60 s",
	 "/tmp",
	 {7, false}},
	{PAWL_DETAIL_MOVED_DIR,
	 "a directory of more than 26 files was to be moved into a temporary place: more than 25 "
	 "files in 60 s",
	 "",
	 {26, true}},
	{PAWL_DETAIL_MOVED_DIR,
	 "a directory of files that could not all be counted was to be moved into a temporary place: more "
	 "than 25 files in 60 s",
	 "",
	 {0, true}},
};

static const struct {
	uint32_t class, detail;
	const char *reason, *rule;
} cases[] = {
	{PAWL_CLASS_DELETE, 0, "more than 25 files in 60 s", "files.budget"},
	{PAWL_CLASS_TRUNCATE, PAWL_DETAIL_FALLOCATE, "more than 25 files in 60 s", "files.budget"},
	{PAWL_CLASS_RMDIR, 0, "more than 25 directories in 60 s", "files.budget"},
	{PAWL_CLASS_ACCESS, 0, "more than 25 changes of mode, owner or attributes in 60 s",
	 "access.budget"},
	{PAWL_CLASS_OVERWRITE, 0, "more than 25 files opened to be overwritten in 60 s",
	 "overwrites.budget"},
	{PAWL_CLASS_RING, 0, "an io_uring was created, whose operations cannot be counted here",
	 "rings"},
	{PAWL_CLASS_WIPE, 0, "a block device was to be changed", "devices"},
	{PAWL_CLASS_WIPE, PAWL_DETAIL_OPEN_DEVICE, "a block device was to be written", "devices"},
	{PAWL_CLASS_MOUNT, PAWL_DETAIL_UMOUNT, "a file system was to be unmounted", "mounts"},
	{PAWL_CLASS_MOUNT, PAWL_DETAIL_MAX, "mounts were to be changed", "mounts"},
	{PAWL_CLASS_KERNEL, PAWL_DETAIL_SYSRQ, "a system request was to be made", "kernel"},
	{PAWL_CLASS_BROKER, PAWL_DETAIL_CONNECT, "asked docker (a broker outside the tree)",
	 "brokers.docker"},
	{PAWL_CLASS_BROKER, PAWL_DETAIL_SPOOL,
	 "wrote what docker will run (a broker outside the tree)", "brokers.docker"},
	{PAWL_CLASS_BROKER, PAWL_DETAIL_PTRACE,
	 "a process outside the tree was to be traced or rewritten", "brokers.docker"},
	{PAWL_CLASS_TAMPER, PAWL_DETAIL_SIGNAL, "reached for pawl itself: signal", "tamper"},
	{PAWL_CLASS_TAMPER, 0, "reached for pawl itself", "tamper"},
	{PAWL_CLASS_TAMPER, UINT32_MAX, "reached for pawl itself: unknown", "tamper"},
	{PAWL_CLASS_NONE, 0, "an operation that the policy does not let pass", "unknown"},
	{PAWL_CLASS_MAX, UINT32_MAX, "an operation that the policy does not let pass", "unknown"},
	{UINT32_MAX, PAWL_DETAIL_MAX, "an operation that the policy does not let pass", "unknown"},
};

static void test_words(void **state)
{
	const struct pawl_content nothing = {};
	char out[256];

	(void)state;
	for (size_t i = 0; i < ROWS(moved); i++) {
		const struct pawl_operation op = {.class = PAWL_CLASS_DELETE,
						  .detail = moved[i].detail};
		assert_string_equal(pawl_explain_reason(&op, 25, 60999, moved[i].into,
							&moved[i].content, out, sizeof(out)),
				    moved[i].reason);
	}
	for (size_t i = 0; i < ROWS(cases); i++) {
		const struct pawl_operation op = {.class = cases[i].class,
						  .detail = cases[i].detail};
		assert_string_equal(pawl_explain_reason(&op, 25, 60999, "docker", &nothing, out,
							sizeof(out)),
				    cases[i].reason);
		assert_string_equal(pawl_explain_rule(&op, "docker", out, sizeof(out)),
				    cases[i].rule);
	}
}

static void test_unknown_broker(void **state)
{
	const struct pawl_operation op = {.class = PAWL_CLASS_BROKER, .broker = UINT32_MAX};
	char out[128];

	(void)state;
	assert_string_equal(pawl_explain_reason(&op, 0, 0, "", NULL, out, sizeof(out)),
			    "asked somebody (a broker outside the tree)");
	assert_string_equal(pawl_explain_rule(&op, "", out, sizeof(out)), "brokers");
}

/* Each has words of its own, and all fit: classes without any would look alike. */
static void test_every_class_and_detail_has_words(void **state)
{
	char out[128];

	(void)state;
	for (uint32_t class = PAWL_CLASS_NONE + 1; class < PAWL_CLASS_MAX; class ++) {
		const struct pawl_operation op = {.class = class};

		pawl_explain_rule(&op, "", out, sizeof(out));
		assert_string_not_equal(out, "unknown");
		pawl_explain_reason(&op, UINT64_MAX, UINT64_MAX, "", NULL, out, sizeof(out));
		assert_null(strstr(out, "does not let pass"));
		assert_true(strlen(out) < sizeof(out) - 1);
	}
	assert_string_equal(pawl_detail_name(PAWL_DETAIL_NONE), "");
	for (uint32_t detail = 1; detail < PAWL_DETAIL_MAX; detail++) {
		assert_non_null(pawl_detail_name(detail));
		assert_string_not_equal(pawl_detail_name(detail), "");
	}
	assert_string_equal(pawl_detail_name(PAWL_DETAIL_MAX), "unknown");
	assert_string_equal(pawl_detail_name(UINT32_MAX), "unknown");
}

static void test_long_names_are_cut(void **state)
{
	const struct pawl_operation op = {.class = PAWL_CLASS_BROKER};
	char out[10];

	(void)state;
	assert_string_equal(pawl_explain_rule(&op, "docker", out, sizeof(out)), "brokers.d");
	assert_string_equal(pawl_explain_reason(&op, 0, 0, "docker", NULL, out, sizeof(out)),
			    "asked doc");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_unknown_broker),
		cmocka_unit_test(test_every_class_and_detail_has_words),
		cmocka_unit_test(test_long_names_are_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
