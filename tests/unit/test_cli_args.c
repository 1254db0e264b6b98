/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The client's pure parts: reading a command line, and points in time. Their sources are
 * included: the client is a program, not a library.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "user/cli/args.c"
#include "user/cli/when.c"

#include <cmocka.h>

#define ARGS_MAX 8

static const struct pawl_subcommand commands[] = {
	{.name = "ps", .words = "", .options = PAWL_OPT(ALL)},
	{.name = "show", .words = "HOLD", .words_min = 1, .words_max = 1},
	{.name = "run",
	 .words = "COMMAND",
	 .options = PAWL_OPT(AGENT),
	 .words_min = 1,
	 .words_max = -1,
	 .stops = true},
	{.group = "policy", .name = "check", .words = "FILE", .words_min = 1, .words_max = -1},
	{.group = "policy", .name = "show", .words = ""},
	{.name = NULL},
};

struct taken {
	const char *line[ARGS_MAX];
	const char *command; /* full name; NULL: none */
	const char *words[ARGS_MAX];
	int id; /* an option, and its value; NULL: not given */
	const char *value;
};

static int parse(const char *const *line, char **argv, struct pawl_args *args)
{
	int argc = 1;

	argv[0] = (char *)"pawl";
	for (; line[argc - 1]; argc++)
		argv[argc] = (char *)line[argc - 1];
	argv[argc] = NULL;
	return pawl_args_parse(commands, argc, argv, args);
}

static void test_taken(void **state)
{
	static const struct taken cases[] = {
		{.line = {NULL}},
		{.line = {"ps"}, .command = "ps"},
		{.line = {"ps", "--all"}, .command = "ps", .id = PAWL_OPT_ALL, .value = ""},
		{.line = {"ps", "-a"}, .command = "ps", .id = PAWL_OPT_ALL, .value = ""},
		{.line = {"-o", "json", "ps"},
		 .command = "ps",
		 .id = PAWL_OPT_OUTPUT,
		 .value = "json"},
		{.line = {"ps", "-ojson"}, .command = "ps", .id = PAWL_OPT_OUTPUT, .value = "json"},
		{.line = {"ps", "-qao", "json"},
		 .command = "ps",
		 .id = PAWL_OPT_OUTPUT,
		 .value = "json"},
		{.line = {"ps", "--output=table", "-o", "json"},
		 .command = "ps",
		 .id = PAWL_OPT_OUTPUT,
		 .value = "json"},
		{.line = {"--socket=", "ps"}, .command = "ps", .id = PAWL_OPT_SOCKET, .value = ""},
		{.line = {"show", "h1", "--socket", "/s"},
		 .command = "show",
		 .words = {"h1"},
		 .id = PAWL_OPT_SOCKET,
		 .value = "/s"},
		{.line = {"show", "--", "-q"}, .command = "show", .words = {"-q"}},
		{.line = {"show", "-"}, .command = "show", .words = {"-"}},
		{.line = {"run", "ls", "-o", "--", "-q"},
		 .command = "run",
		 .words = {"ls", "-o", "--", "-q"},
		 .id = PAWL_OPT_QUIET},
		{.line = {"run", "--agent", "a", "--", "ls", "--all"},
		 .command = "run",
		 .words = {"ls", "--all"},
		 .id = PAWL_OPT_AGENT,
		 .value = "a"},
		{.line = {"run", "--", "--", "x"}, .command = "run", .words = {"--", "x"}},
		{.line = {"policy", "-q", "check", "a", "b"},
		 .command = "policy check",
		 .words = {"a", "b"},
		 .id = PAWL_OPT_QUIET,
		 .value = ""},
		{.line = {"policy", "show"}, .command = "policy show"},
		{.line = {"show", "--help"}, .command = "show", .id = PAWL_OPT_HELP, .value = ""},
		{.line = {"ps", "x", "--version"},
		 .command = "ps",
		 .words = {"x"},
		 .id = PAWL_OPT_VERSION,
		 .value = ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct taken *one = &cases[i];
		char *argv[ARGS_MAX + 2];
		struct pawl_args args;
		char name[64];
		int n = 0;

		assert_int_equal(parse(one->line, argv, &args), 0);
		assert_int_equal(!args.command, !one->command);
		if (one->command)
			assert_string_equal(pawl_subcommand_name(args.command, name, sizeof(name)),
					    one->command);
		for (; one->words[n]; n++)
			assert_string_equal(args.words[n], one->words[n]);
		assert_int_equal(args.words_n, n);
		assert_null(args.words[n]);
		if (one->value)
			assert_string_equal(args.values[one->id], one->value);
		else
			assert_null(args.values[one->id]);
	}
}

static void test_refused(void **state)
{
	static const struct {
		const char *line[ARGS_MAX];
		const char *error;
	} cases[] = {
		{{"pss"}, "unknown command \"pss\": did you mean \"ps\"?"},
		{{"shwo", "h1"}, "unknown command \"shwo\": did you mean \"show\"?"},
		{{"polici"}, "unknown command \"polici\": did you mean \"policy\"?"},
		{{"zebra"}, "unknown command \"zebra\""},
		{{"\033[31m"}, "unknown command \"\\x1b[31m\""},
		{{"check", "f"}, "unknown command \"check\""},
		{{"policy", "ps"}, "unknown command \"policy ps\""},
		{{"policy", "chek"}, "unknown command \"policy chek\": did you mean \"check\"?"},
		{{"show"}, "show needs HOLD"},
		{{"show", "h1", "h2"}, "show: \"h2\" is one word too many"},
		{{"policy", "check"}, "policy check needs FILE"},
		{{"ps", "--al"}, "unknown option --al: did you mean --all?"},
		{{"--all", "ps"}, "unknown option --all"},
		{{"show", "--all", "h1"}, "unknown option --all"},
		{{"ps", "-x"}, "unknown option -x"},
		{{"ps", "-qx"}, "unknown option -x in -qx"},
		{{"ps", "--all=yes"}, "--all takes no value"},
		{{"ps", "--socket"}, "--socket needs a value: --socket PATH"},
		{{"ps", "-o"}, "-o needs a value: -o FORMAT"},
		{{"ps", "-o", "js"}, "-o takes table|json, not \"js\""},
		{{"ps", "--output="}, "--output takes table|json, not \"\""},
		{{"ps", "--color", "table"}, "--color takes auto|always|never, not \"table\""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *argv[ARGS_MAX + 2];
		struct pawl_args args;

		assert_int_equal(parse(cases[i].line, argv, &args), -EINVAL);
		assert_string_equal(args.error, cases[i].error);
	}
}

static void test_group_alone(void **state)
{
	static const char *const line[] = {"policy", "--help", NULL};
	char *argv[ARGS_MAX + 2];
	struct pawl_args args;

	(void)state;
	assert_int_equal(parse(line, argv, &args), 0);
	assert_null(args.command);
	assert_string_equal(args.group, "policy");
}

static void test_no_arguments(void **state)
{
	char *argv[] = {NULL};
	struct pawl_args args;

	(void)state;
	assert_int_equal(pawl_args_parse(commands, 0, argv, &args), 0);
	assert_null(args.command);
}

static void test_distance(void **state)
{
	(void)state;
	assert_int_equal(pawl_args_distance("", ""), 0);
	assert_int_equal(pawl_args_distance("", "abc"), 3);
	assert_int_equal(pawl_args_distance("deny", "deny"), 0);
	assert_int_equal(pawl_args_distance("dney", "deny"), 2);
	assert_int_equal(pawl_args_distance("kitten", "sitting"), 3);
	assert_int_equal(pawl_args_distance("a", "0123456789012345678901234567890123"), WORD_MAX);
}

static void test_when_parse(void **state)
{
	static const struct {
		const char *text;
		int64_t ms; /* -1: refused */
	} cases[] = {
		{"1970-01-01T00:00:00Z", 0},
		{"2026-01-31T12:00:00Z", 1769860800000},
		{"2026-01-31T12:00:00.5Z", 1769860800500},
		{"2026-01-31T12:00:00.123456789Z", 1769860800123},
		{"2026-01-31T14:00:00+02:00", 1769860800000},
		{"2026-01-31T06:30:00-05:30", 1769860800000},
		{"2026-01-31 12:00:00Z", 1769860800000},
		{"", -1},
		{"10m", -1},
		{"2026-01-31", -1},
		{"2026-01-31T12:00:00", -1},
		{"2026-01-31T12:00:00Zulu", -1},
		{"2026-01-31T12:00:00+2:00", -1},
		{"2026-01-31T12:00:00+25:00", -1},
		{"2026-13-31T12:00:00Z", -1},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int64_t ms = -1;

		assert_int_equal(pawl_when_parse(cases[i].text, &ms),
				 cases[i].ms < 0 ? -EINVAL : 0);
		assert_int_equal(ms, cases[i].ms);
	}
}

static void test_when_format(void **state)
{
	const int64_t noon_ms = 1769860800000;
	char out[32];

	(void)state;
	setenv("TZ", "UTC-2", 1); /* two hours east */
	tzset();
	assert_string_equal(pawl_when_format(noon_ms, noon_ms + 1000, out), "14:00:00");
	assert_string_equal(pawl_when_format(noon_ms, noon_ms + 86400000, out), "2026-01-31 14:00");
	assert_string_equal(pawl_when_local("2001-02-03T04:05:06Z", out), "2001-02-03 06:05");
	assert_string_equal(pawl_when_local("never", out), "?");
	assert_string_equal(pawl_when_span(-5, out), "0s");
	assert_string_equal(pawl_when_span(59999, out), "59s");
	assert_string_equal(pawl_when_span(200000, out), "3m 20s");
	assert_string_equal(pawl_when_span(7500000, out), "2h 5m");
	assert_string_equal(pawl_when_span(349200000, out), "4d 1h");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_taken),	    cmocka_unit_test(test_refused),
		cmocka_unit_test(test_group_alone), cmocka_unit_test(test_no_arguments),
		cmocka_unit_test(test_distance),    cmocka_unit_test(test_when_parse),
		cmocka_unit_test(test_when_format),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
