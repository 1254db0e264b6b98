/* SPDX-License-Identifier: Apache-2.0 */
/* user/core/assess.c: counts, names, what comes first, and the limit of directories. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "user/core/assess.h"

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

static int setup(void **state)
{
	return pawl_assess_new((struct pawl_assess **)state);
}

static int teardown(void **state)
{
	pawl_assess_free(*state);
	return 0;
}

static struct pawl_dir_key key_of(uint32_t session, uint64_t ino)
{
	return (struct pawl_dir_key){
		.id = session, .class = PAWL_CLASS_DELETE, .dev = 1, .ino = ino};
}

static void count(struct pawl_assess *assess, uint32_t session, uint64_t ino, uint64_t n)
{
	struct pawl_dir_key key = key_of(session, ino);

	assert_int_equal(pawl_assess_count(assess, &key, n, NULL), 0);
}

static void test_count_tells_what_is_new(void **state)
{
	static const struct {
		uint64_t count, expected;
	} cases[] = {
		{3, 3},
		{3, 0},
		{10, 7},
		/* the kernel dropped the aggregate and began another one */
		{2, 2},
		{5, 3},
		{0, 0},
		{1, 1},
	};
	struct pawl_dir_key key = key_of(1, 1);

	for (size_t i = 0; i < ROWS(cases); i++) {
		uint64_t new = 99;

		assert_int_equal(pawl_assess_count(*state, &key, cases[i].count, &new), 0);
		assert_int_equal(new, cases[i].expected);
	}
}

static void test_name_comes_before_or_after_the_count(void **state)
{
	struct pawl_dir_key before = key_of(1, 1), after = key_of(1, 2), never = key_of(1, 3);

	assert_int_equal(pawl_assess_name(*state, &before, "/before"), 0);
	count(*state, 1, 1, 1);
	count(*state, 1, 2, 1);
	assert_string_equal(pawl_assess_path(*state, &after), "");
	assert_int_equal(pawl_assess_name(*state, &after, "/after"), 0);
	assert_string_equal(pawl_assess_path(*state, &before), "/before");
	assert_string_equal(pawl_assess_path(*state, &after), "/after");
	assert_string_equal(pawl_assess_path(*state, &never), "");
}

static void test_first_name_stays(void **state)
{
	struct pawl_dir_key key = key_of(1, 1);

	assert_int_equal(pawl_assess_name(*state, &key, "/first"), 0);
	assert_int_equal(pawl_assess_name(*state, &key, "/second"), 0);
	assert_string_equal(pawl_assess_path(*state, &key), "/first");
}

static void test_every_part_of_the_key_tells_directories_apart(void **state)
{
	const struct pawl_dir_key keys[] = {
		{.id = 1, .class = 1, .dev = 1, .ino = 1, .hash = 1},
		{.id = 2, .class = 1, .dev = 1, .ino = 1, .hash = 1},
		{.id = 1, .class = 2, .dev = 1, .ino = 1, .hash = 1},
		{.id = 1, .class = 1, .dev = 2, .ino = 1, .hash = 1},
		{.id = 1, .class = 1, .dev = 1, .ino = 2, .hash = 1},
		{.id = 1, .class = 1, .dev = 1, .ino = 1, .hash = 2},
	};
	char name[16];

	for (size_t i = 0; i < ROWS(keys); i++) {
		snprintf(name, sizeof(name), "/%zu", i);
		assert_int_equal(pawl_assess_name(*state, &keys[i], name), 0);
	}
	for (size_t i = 0; i < ROWS(keys); i++) {
		snprintf(name, sizeof(name), "/%zu", i);
		assert_string_equal(pawl_assess_path(*state, &keys[i]), name);
	}
}

static void test_top_is_ordered_and_of_one_session(void **state)
{
	static const uint64_t counts[] = {5, 900, 1, 30, 30, 0, 7};
	static const uint64_t expected[] = {900, 30, 30, 7};
	struct pawl_assessed top[ROWS(counts)];
	struct pawl_dir_key named = key_of(1, 2);

	for (size_t i = 0; i < ROWS(counts); i++)
		count(*state, 1, i + 1, counts[i]);
	count(*state, 2, 1, 100000);
	assert_int_equal(pawl_assess_name(*state, &named, "/data"), 0);
	assert_int_equal(pawl_assess_top(*state, 1, top, ROWS(expected)), ROWS(expected));
	for (size_t i = 0; i < ROWS(expected); i++) {
		assert_int_equal(top[i].count, expected[i]);
		assert_int_equal(top[i].session, 1);
		assert_int_equal(top[i].class, PAWL_CLASS_DELETE);
		assert_string_equal(top[i].path, i ? "" : "/data");
	}
	/* a directory with nothing counted is not shown */
	assert_int_equal(pawl_assess_top(*state, 1, top, ROWS(counts)), ROWS(counts) - 1);
	assert_int_equal(pawl_assess_top(*state, 1, top, 1), 1);
	assert_int_equal(top[0].count, 900);
	assert_int_equal(pawl_assess_top(*state, 1, top, 0), 0);
	assert_int_equal(pawl_assess_top(*state, 3, top, ROWS(top)), 0);
}

static void test_forget_takes_one_session(void **state)
{
	struct pawl_dir_key first = key_of(1, 1), second = key_of(2, 1);
	struct pawl_assessed top[2];

	assert_int_equal(pawl_assess_name(*state, &first, "/first"), 0);
	assert_int_equal(pawl_assess_name(*state, &second, "/second"), 0);
	count(*state, 1, 1, 1);
	count(*state, 1, 2, 1);
	count(*state, 2, 1, 1);
	pawl_assess_forget(*state, 1);
	assert_int_equal(pawl_assess_top(*state, 1, top, ROWS(top)), 0);
	assert_int_equal(pawl_assess_top(*state, 2, top, ROWS(top)), 1);
	assert_string_equal(pawl_assess_path(*state, &first), "");
	assert_string_equal(pawl_assess_path(*state, &second), "/second");
	pawl_assess_forget(*state, 99);
	assert_string_equal(pawl_assess_path(*state, &second), "/second");
}

static void test_table_is_bounded_and_refills(void **state)
{
	struct pawl_dir_key more = key_of(2, 1), known = key_of(1, 1);
	uint64_t new = 99;

	for (uint64_t ino = 1; ino <= PAWL_ASSESS_MAX; ino++)
		count(*state, 1, ino, 1);
	assert_int_equal(pawl_assess_count(*state, &more, 5, &new), -ENOSPC);
	assert_int_equal(new, 99);
	assert_int_equal(pawl_assess_name(*state, &more, "/more"), -ENOSPC);
	/* what is known goes on */
	assert_int_equal(pawl_assess_count(*state, &known, 5, &new), 0);
	assert_int_equal(new, 4);
	pawl_assess_forget(*state, 1);
	assert_int_equal(pawl_assess_name(*state, &more, "/more"), 0);
	assert_string_equal(pawl_assess_path(*state, &more), "/more");
}

static void test_free_of_nothing(void **state)
{
	(void)state;
	pawl_assess_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_count_tells_what_is_new, setup, teardown),
		cmocka_unit_test_setup_teardown(test_name_comes_before_or_after_the_count, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_first_name_stays, setup, teardown),
		cmocka_unit_test_setup_teardown(test_every_part_of_the_key_tells_directories_apart,
						setup, teardown),
		cmocka_unit_test_setup_teardown(test_top_is_ordered_and_of_one_session, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_forget_takes_one_session, setup, teardown),
		cmocka_unit_test_setup_teardown(test_table_is_bounded_and_refills, setup, teardown),
		cmocka_unit_test(test_free_of_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
