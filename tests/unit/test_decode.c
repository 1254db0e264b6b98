/* SPDX-License-Identifier: Apache-2.0 */
/*
 * user/core/decode.c: which bytes are a record, and what a path says. Every record stands
 * in an allocation of its own size, so that ASan sees a read past it.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "user/core/cleanup.h"
#include "user/core/decode.h"

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

static const struct {
	enum pawl_event type;
	size_t size;
} records[] = {
	{PAWL_EVENT_FORK, sizeof(struct pawl_fork_event)},
	{PAWL_EVENT_EXEC, sizeof(struct pawl_exec_event)},
	{PAWL_EVENT_EXIT, sizeof(struct pawl_exit_event)},
	{PAWL_EVENT_SESSION, sizeof(struct pawl_session_event)},
	{PAWL_EVENT_DIR, sizeof(struct pawl_dir_event)},
	{PAWL_EVENT_VERDICT, sizeof(struct pawl_verdict_event)},
	{PAWL_EVENT_STOPPED, sizeof(struct pawl_stopped_event)},
};

/* @size bytes whose header claims @type and @claimed; what the header lacks room for is cut. */
static void *make_record(uint16_t type, uint16_t claimed, size_t size)
{
	struct pawl_header header = {.type = type, .size = claimed, .id = 7, .tgid = 42};
	void *data = calloc(1, size ? size : 1);

	assert_non_null(data);
	memcpy(data, &header, size < sizeof(header) ? size : sizeof(header));
	return data;
}

static int decode(uint16_t type, size_t claimed, size_t size)
{
	_cleanup_free_ void *data = make_record(type, (uint16_t)claimed, size);
	struct pawl_record record;

	return pawl_decode(data, size, &record);
}

static void test_every_type_is_decoded(void **state)
{
	(void)state;
	assert_int_equal(ROWS(records), PAWL_EVENT_MAX - PAWL_EVENT_FORK);
	for (size_t i = 0; i < ROWS(records); i++) {
		_cleanup_free_ void *data = make_record((uint16_t)records[i].type,
							(uint16_t)records[i].size, records[i].size);
		struct pawl_record record;

		assert_int_equal(pawl_decode(data, records[i].size, &record), 0);
		assert_int_equal(record.type, records[i].type);
		assert_ptr_equal(record.header, data);
		assert_ptr_equal(record.verdict, data);
		assert_int_equal(record.header->id, 7);
	}
}

static void test_wrong_sizes_are_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < ROWS(records); i++) {
		uint16_t type = (uint16_t)records[i].type;
		size_t right = records[i].size;

		/* every cut, whether the header says so or not */
		for (size_t size = 0; size < right; size++) {
			assert_int_equal(decode(type, right, size), -EINVAL);
			assert_int_equal(decode(type, size, size), -EINVAL);
		}
		assert_int_equal(decode(type, right - 1, right), -EINVAL);
		assert_int_equal(decode(type, right + 1, right + 1), -EINVAL);
		assert_int_equal(decode(type, 0, right), -EINVAL);
		assert_int_equal(decode(type, UINT16_MAX, right), -EINVAL);
		/* the ring buffer rounds up */
		assert_int_equal(decode(type, right, right + 8), 0);
	}
}

static void test_unknown_types_are_refused(void **state)
{
	static const uint16_t types[] = {0, PAWL_EVENT_MAX, PAWL_EVENT_MAX + 1, 0x7fff, UINT16_MAX};

	(void)state;
	for (size_t i = 0; i < ROWS(types); i++) {
		assert_int_equal(decode(types[i], sizeof(struct pawl_verdict_event),
					sizeof(struct pawl_verdict_event)),
				 -EINVAL);
		assert_int_equal(decode(types[i], 0, sizeof(struct pawl_verdict_event)), -EINVAL);
	}
}

static void test_refusal_leaves_the_output_alone(void **state)
{
	struct pawl_record record = {.type = PAWL_EVENT_MAX};
	struct pawl_header header = {.type = PAWL_EVENT_EXIT, .size = 1};

	(void)state;
	assert_int_equal(pawl_decode(&header, sizeof(header), &record), -EINVAL);
	assert_int_equal(record.type, PAWL_EVENT_MAX);
	assert_null(record.header);
}

/* A path as the kernel leaves it: the text ends at PAWL_PATH_MAX - 1. */
static struct pawl_path *make_path(const char *text, uint16_t flags)
{
	struct pawl_path *path = calloc(1, sizeof(*path));
	size_t length = strlen(text);

	assert_non_null(path);
	assert_true(length < PAWL_PATH_MAX);
	path->start = (uint16_t)(PAWL_PATH_MAX - 1 - length);
	path->flags = flags;
	memcpy(path->text + path->start, text, length);
	return path;
}

static void test_path_text(void **state)
{
	static const char *const texts[] = {"", "/", "/home/a/file", "relative/name",
					    "/a\n\x1b[2J"};

	(void)state;
	for (size_t i = 0; i < ROWS(texts); i++) {
		_cleanup_free_ struct pawl_path *path = make_path(texts[i], 0);

		assert_string_equal(pawl_path_text(path), texts[i]);
	}
}

static void test_path_text_stays_inside(void **state)
{
	static const struct {
		uint16_t start;
		size_t length; /* of what is read */
	} cases[] = {
		{0, PAWL_PATH_MAX + PAWL_PATH_SLACK - 1},
		{PAWL_PATH_MAX, PAWL_PATH_SLACK - 1},
		{PAWL_PATH_MAX + PAWL_PATH_SLACK - 1, 0},
		{PAWL_PATH_MAX + PAWL_PATH_SLACK, 0},
		{UINT16_MAX, 0},
	};
	_cleanup_free_ struct pawl_path *path = malloc(sizeof(*path));

	(void)state;
	assert_non_null(path);
	for (size_t i = 0; i < ROWS(cases); i++) {
		memset(path, 'x', sizeof(*path));
		path->start = cases[i].start;
		/* nothing ends it: nothing is known */
		assert_string_equal(pawl_path_text(path), "");
		path->text[sizeof(path->text) - 1] = 0;
		assert_int_equal(strlen(pawl_path_text(path)), cases[i].length);
	}
}

static void test_path_directory(void **state)
{
	static const struct {
		const char *text;
		uint16_t flags;
		const char *directory;
	} cases[] = {
		{"/home/a", 0, "/home/a"},
		{"/home/a/file", PAWL_PATH_TARGET, "/home/a"},
		{"/file", PAWL_PATH_TARGET, "/"},
		{"/", PAWL_PATH_TARGET, "/"},
		{"a/file", PAWL_PATH_TARGET | PAWL_PATH_RELATIVE, "a"},
		{"file", PAWL_PATH_TARGET | PAWL_PATH_RELATIVE, ""},
		{"", PAWL_PATH_TARGET, ""},
		{"", 0, ""},
	};
	char out[PAWL_PATH_MAX];

	(void)state;
	for (size_t i = 0; i < ROWS(cases); i++) {
		_cleanup_free_ struct pawl_path *path = make_path(cases[i].text, cases[i].flags);

		assert_ptr_equal(pawl_path_directory(path, out), out);
		assert_string_equal(out, cases[i].directory);
	}
}

static void test_path_directory_is_cut_to_fit(void **state)
{
	_cleanup_free_ struct pawl_path *path = calloc(1, sizeof(*path));
	_cleanup_free_ char *out = malloc(PAWL_PATH_MAX);

	(void)state;
	assert_non_null(path);
	assert_non_null(out);
	/* a broken record: the text runs on into the slack */
	memset(path->text, 'y', sizeof(path->text) - 1);
	pawl_path_directory(path, out);
	assert_int_equal(strlen(out), PAWL_PATH_MAX - 1);
	path->flags = PAWL_PATH_TARGET;
	path->text[100] = '/';
	pawl_path_directory(path, out);
	assert_int_equal(strlen(out), 100);
}

static void test_names_of_classes_and_backends(void **state)
{
	static const char *const classes[] = {
		"none",		 "file.delete",	   "dir.delete",    "file.replace", "file.truncate",
		"ring.create",	 "file.overwrite", "access.change", "device.wipe",  "mount.change",
		"kernel.change", "broker.connect", "tamper",
	};
	static const char *const backends[] = {"none", "lsm", "fmod_ret", "tracepoint"};

	(void)state;
	assert_int_equal(ROWS(classes), PAWL_CLASS_MAX);
	for (uint32_t i = 0; i < PAWL_CLASS_MAX; i++)
		assert_string_equal(pawl_class_name(i), classes[i]);
	assert_int_equal(ROWS(backends), PAWL_BACKEND_MAX);
	for (uint32_t i = 0; i < PAWL_BACKEND_MAX; i++)
		assert_string_equal(pawl_backend_name(i), backends[i]);
	assert_string_equal(pawl_class_name(PAWL_CLASS_MAX), "unknown");
	assert_string_equal(pawl_class_name(UINT32_MAX), "unknown");
	assert_string_equal(pawl_backend_name(PAWL_BACKEND_MAX), "unknown");
	assert_string_equal(pawl_backend_name(UINT32_MAX), "unknown");
}

/* Published vectors of FNV-1a, and a byte over 0x7f, which counts as unsigned. */
static void test_hash_is_fnv1a(void **state)
{
	static const struct {
		const char *text;
		uint64_t hash;
	} cases[] = {
		{"", 0xcbf29ce484222325ULL},
		{"a", 0xaf63dc4c8601ec8cULL},
		{"foobar", 0x85944171f73967e8ULL},
		{"\xff", 0xaf64724c8602eb6eULL},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(cases); i++)
		assert_true(pawl_hash(cases[i].text) == cases[i].hash);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_type_is_decoded),
		cmocka_unit_test(test_wrong_sizes_are_refused),
		cmocka_unit_test(test_unknown_types_are_refused),
		cmocka_unit_test(test_refusal_leaves_the_output_alone),
		cmocka_unit_test(test_path_text),
		cmocka_unit_test(test_path_text_stays_inside),
		cmocka_unit_test(test_path_directory),
		cmocka_unit_test(test_path_directory_is_cut_to_fit),
		cmocka_unit_test(test_names_of_classes_and_backends),
		cmocka_unit_test(test_hash_is_fnv1a),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
