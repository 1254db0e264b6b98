/* SPDX-License-Identifier: Apache-2.0 */
/*
 * user/core/text.c: what is escaped, where text is cut, and that nothing is read past
 * the end: every input stands at the end of its own allocation, where ASan sees it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "user/core/cleanup.h"
#include "user/core/text.h"

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

static const struct {
	const char *bytes;
	size_t length;
} utf8_cases[] = {
	{"", 0},
	{"a", 1},
	{"\x7f", 1},
	{"\xc2\x80", 2},
	{"\xdf\xbf", 2},
	{"\xe0\xa0\x80", 3},
	{"\xed\x9f\xbf", 3},
	{"\xee\x80\x80", 3},
	{"\xef\xbf\xbf", 3},
	{"\xf0\x90\x80\x80", 4},
	{"\xf4\x8f\xbf\xbf", 4},
	/* continuation bytes alone */
	{"\x80", 0},
	{"\xbf", 0},
	/* overlong */
	{"\xc0\x80", 0},
	{"\xc1\xbf", 0},
	{"\xe0\x80\x80", 0},
	{"\xe0\x9f\xbf", 0},
	{"\xf0\x80\x80\x80", 0},
	{"\xf0\x8f\xbf\xbf", 0},
	/* surrogates, past U+10FFFF, bytes that never occur */
	{"\xed\xa0\x80", 0},
	{"\xed\xbf\xbf", 0},
	{"\xf4\x90\x80\x80", 0},
	{"\xf5\x80\x80\x80", 0},
	{"\xfe", 0},
	{"\xff", 0},
	/* cut, or followed by something else */
	{"\xc3", 0},
	{"\xe2\x82", 0},
	{"\xe2", 0},
	{"\xf0\x9f\x98", 0},
	{"\xf0\x9f", 0},
	{"\xc3(", 0},
	{"\xe2\x82(", 0},
	{"\xf0\x9f\x98(", 0},
};

static void test_utf8_length(void **state)
{
	(void)state;
	for (size_t i = 0; i < ROWS(utf8_cases); i++) {
		_cleanup_free_ char *copy = strdup(utf8_cases[i].bytes);

		assert_non_null(copy);
		assert_int_equal(pawl_utf8_length((unsigned char *)copy), utf8_cases[i].length);
	}
}

static const struct {
	const char *bytes;
	const char *safe; /* NULL: as it is */
	const char *json; /* without its quotes; NULL: as it is */
} escape_cases[] = {
	{"", NULL, NULL},
	{"/home/a b/ü€😀", NULL, NULL},
	{"a\\b\"c", NULL, "a\\\\b\\\"c"},
	{"a\nb\tc\rd", "a\\x0ab\\x09c\\x0dd", "a\\nb\\tc\\rd"},
	{"\b\f\v\x01\x1f", "\\x08\\x0c\\x0b\\x01\\x1f", "\\b\\f\\u000b\\u0001\\u001f"},
	{"x\x7fy", "x\\x7fy", "x\\u007fy"},
	/* terminal sequences: colour, title, the eight-bit CSI in UTF-8 and as a byte */
	{"\x1b[31mred", "\\x1b[31mred", "\\u001b[31mred"},
	{"\x1b]0;title\a", "\\x1b]0;title\\x07", "\\u001b]0;title\\u0007"},
	{"\xc2\x9b"
	 "2J",
	 "\\xc2\\x9b2J", "\\u009b2J"},
	{"\x9b"
	 "2J",
	 "\\x9b2J",
	 "\xef\xbf\xbd"
	 "2J"},
	/* the ends of C1, and what stands beside them */
	{"\xc2\x80\xc2\x9f\xc2\xa0", "\\xc2\\x80\\xc2\\x9f\xc2\xa0", "\\u0080\\u009f\xc2\xa0"},
	/* bidirectional overrides U+202A to U+202E, and their neighbours */
	{"\xe2\x80\xa9\xe2\x80\xaa\xe2\x80\xae\xe2\x80\xaf",
	 "\xe2\x80\xa9\\xe2\\x80\\xaa\\xe2\\x80\\xae\xe2\x80\xaf",
	 "\xe2\x80\xa9\\u202a\\u202e\xe2\x80\xaf"},
	/* isolates U+2066 to U+2069, and their neighbours */
	{"\xe2\x81\xa5\xe2\x81\xa6\xe2\x81\xa9\xe2\x81\xaa",
	 "\xe2\x81\xa5\\xe2\\x81\\xa6\\xe2\\x81\\xa9\xe2\x81\xaa",
	 "\xe2\x81\xa5\\u2066\\u2069\xe2\x81\xaa"},
	/* not UTF-8: each byte for itself, and what follows is not swallowed */
	{"a\xff"
	 "b",
	 "a\\xffb",
	 "a\xef\xbf\xbd"
	 "b"},
	{"\xc0\xaf", "\\xc0\\xaf", "\xef\xbf\xbd\xef\xbf\xbd"},
	{"\xed\xa0\x80", "\\xed\\xa0\\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
	{"\xe2\x82\x1b[0m", "\\xe2\\x82\\x1b[0m", "\xef\xbf\xbd\xef\xbf\xbd\\u001b[0m"},
	{"end\xf0\x9f\x98", "end\\xf0\\x9f\\x98", "end\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
};

static void test_text_safe(void **state)
{
	(void)state;
	for (size_t i = 0; i < ROWS(escape_cases); i++) {
		_cleanup_(pawl_text_freep) struct pawl_text text = {0};
		_cleanup_free_ char *copy = strdup(escape_cases[i].bytes);
		const char *expected = escape_cases[i].safe ?: escape_cases[i].bytes;
		char fixed[128];

		pawl_text_str(&text, "<");
		pawl_text_safe(&text, copy);
		assert_false(text.failed);
		assert_string_equal(text.data + 1, expected);
		assert_int_equal(text.size, strlen(expected) + 1);
		assert_ptr_equal(pawl_safe(copy, fixed, sizeof(fixed)), fixed);
		assert_string_equal(fixed, expected);
	}
}

static void test_text_json(void **state)
{
	(void)state;
	for (size_t i = 0; i < ROWS(escape_cases); i++) {
		_cleanup_(pawl_text_freep) struct pawl_text text = {0}, expected = {0};
		_cleanup_free_ char *copy = strdup(escape_cases[i].bytes);

		pawl_text_json(&text, copy);
		pawl_text_printf(&expected, "\"%s\"",
				 escape_cases[i].json ?: escape_cases[i].bytes);
		assert_false(text.failed);
		assert_string_equal(text.data, expected.data);
	}
}

static const struct {
	const char *bytes;
	size_t size;
	const char *expected;
} cut_cases[] = {
	{"abc", 1, ""},
	{"abc", 2, "a"},
	{"abc", 3, "ab"},
	{"abc", 4, "abc"},
	{"", 1, ""},
	/* a character or an escape is there as a whole or not at all */
	{"a\xc3\xa9", 3, "a"},
	{"a\xc3\xa9", 4, "a\xc3\xa9"},
	{"a\xf0\x9f\x98\x80", 5, "a"},
	{"a\xf0\x9f\x98\x80", 6, "a\xf0\x9f\x98\x80"},
	{"a\x1b[m", 5, "a"},
	{"a\x1b[m", 6, "a\\x1b"},
	{"a\xc2\x9bm", 9, "a"},
	{"a\xc2\x9bm", 10, "a\\xc2\\x9b"},
	/* nothing comes after what was left out */
	{"\x1b"
	 "b",
	 4, ""},
};

static void test_safe_is_cut(void **state)
{
	(void)state;
	for (size_t i = 0; i < ROWS(cut_cases); i++) {
		_cleanup_free_ char *out = malloc(cut_cases[i].size);

		assert_non_null(out);
		pawl_safe(cut_cases[i].bytes, out, cut_cases[i].size);
		assert_string_equal(out, cut_cases[i].expected);
	}
}

static void test_text_grows(void **state)
{
	_cleanup_(pawl_text_freep) struct pawl_text text = {0};

	(void)state;
	pawl_text_add(&text, "", 0);
	assert_string_equal(text.data, "");
	for (unsigned int i = 0; i < 10000; i++)
		pawl_text_printf(&text, "%04u", i);
	assert_false(text.failed);
	assert_int_equal(text.size, 40000);
	assert_int_equal(strlen(text.data), 40000);
	assert_memory_equal(text.data + 39996, "9999", 4);
	pawl_text_add(&text, "a\0b", 3);
	assert_int_equal(text.size, 40003);
	assert_int_equal(text.data[40003], 0);
	pawl_text_freep(&text);
	assert_null(text.data);
	assert_int_equal(text.room, 0);
}

/* Sizes at which the terminating NUL is the byte that does not fit. */
static void test_text_boundaries(void **state)
{
	(void)state;
	for (size_t size = 1; size < 600; size++) {
		_cleanup_(pawl_text_freep) struct pawl_text text = {0};
		_cleanup_free_ char *filler = malloc(size);

		assert_non_null(filler);
		memset(filler, 'x', size);
		pawl_text_add(&text, filler, size);
		assert_int_equal(strlen(text.data), size);
		assert_true(text.room > text.size);
	}
}

static void test_text_failure(void **state)
{
	_cleanup_(pawl_text_freep) struct pawl_text text = {0};

	(void)state;
	pawl_text_str(&text, "kept");
	pawl_text_add(&text, "", SIZE_MAX / 2);
	assert_true(text.failed);
	assert_string_equal(text.data, "kept");
	/* What came later would stand in the wrong place. */
	pawl_text_str(&text, "lost");
	pawl_text_printf(&text, "%d", 1);
	assert_string_equal(text.data, "kept");
	assert_int_equal(text.size, 4);
}

static const struct {
	uint64_t ns;
	const char *expected;
} time_cases[] = {
	{0, "1970-01-01T00:00:00.000Z"},
	{999999, "1970-01-01T00:00:00.000Z"},
	{1000000, "1970-01-01T00:00:00.001Z"},
	{86399999999999, "1970-01-01T23:59:59.999Z"},
	{951782400000000000, "2000-02-29T00:00:00.000Z"},
	{951868800000000000, "2000-03-01T00:00:00.000Z"},
	{1709251199000000000, "2024-02-29T23:59:59.000Z"},
	{1735689599123456789, "2024-12-31T23:59:59.123Z"},
	{1735689600000000000, "2025-01-01T00:00:00.000Z"},
	{4107542400000000000, "2100-03-01T00:00:00.000Z"},
	{UINT64_MAX, "2554-07-21T23:34:33.709Z"},
};

static void test_time_format(void **state)
{
	(void)state;
	for (size_t i = 0; i < ROWS(time_cases); i++) {
		char out[32];

		assert_ptr_equal(pawl_time_format(time_cases[i].ns, out), out);
		assert_string_equal(out, time_cases[i].expected);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_utf8_length),  cmocka_unit_test(test_text_safe),
		cmocka_unit_test(test_text_json),    cmocka_unit_test(test_safe_is_cut),
		cmocka_unit_test(test_text_grows),   cmocka_unit_test(test_text_boundaries),
		cmocka_unit_test(test_text_failure), cmocka_unit_test(test_time_format),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
