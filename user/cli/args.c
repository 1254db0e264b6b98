/* SPDX-License-Identifier: Apache-2.0 */
/*
 * First step of the client: turns argv and the tables into struct pawl_args. It must
 * not print, exit or look at the world, so that tests can feed it any command line.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "user/cli/args.h"
#include "user/core/text.h"

#define WORD_MAX 31

const struct pawl_option pawl_options[PAWL_OPT_MAX] = {
	[PAWL_OPT_SOCKET] =
		{.name = "socket",
		 .value = "PATH",
		 .takes = PAWL_TAKES_FILE,
		 .help = "socket of pawld (default: $PAWL_SOCKET, else /run/pawl/pawl.sock)"},
	[PAWL_OPT_OUTPUT] = {.name = "output",
			     .letter = 'o',
			     .value = "FORMAT",
			     .choices = "table|json",
			     .help = "table for people, json for scripts"},
	[PAWL_OPT_COLOR] = {.name = "color",
			    .value = "WHEN",
			    .choices = "auto|always|never",
			    .help = "colour: auto, always or never; NO_COLOR is respected"},
	[PAWL_OPT_QUIET] = {.name = "quiet",
			    .letter = 'q',
			    .help = "say only what was asked for; lists print identifiers alone"},
	[PAWL_OPT_VERBOSE] = {.name = "verbose", .letter = 'v', .help = "say what is done"},
	[PAWL_OPT_VERSION] = {.name = "version", .help = "print the version"},
	[PAWL_OPT_HELP] = {.name = "help", .letter = 'h', .help = "print this"},
	[PAWL_OPT_ALL] = {.name = "all", .letter = 'a', .help = "also what is over"},
	[PAWL_OPT_REASON] = {.name = "reason", .value = "TEXT", .help = "why, for the record"},
	[PAWL_OPT_FOR] = {.name = "for",
			  .value = "DURATION",
			  .help = "no limit for that long: 90s, 10m, 1h30m"},
	[PAWL_OPT_FOLLOW] = {.name = "follow",
			     .letter = 'f',
			     .help = "go on with what is logged from now on"},
	[PAWL_OPT_SINCE] = {.name = "since",
			    .value = "WHEN",
			    .help = "only what is younger: 10m, or 2026-01-31T12:00:00Z"},
	[PAWL_OPT_SESSION] = {.name = "session",
			      .value = "SESSION",
			      .takes = PAWL_TAKES_SESSION,
			      .help = "only this session"},
	[PAWL_OPT_TYPE] =
		{.name = "type",
		 .value = "TYPE",
		 .help = "only this event.action, or what begins with it and a dot or a dash"},
	[PAWL_OPT_AGENT] = {.name = "agent", .value = "NAME", .help = "name of the agent"},
	[PAWL_OPT_POLICY] = {.name = "policy",
			     .value = "NAME",
			     .help = "budget profile of the policy file to watch it with"},
	[PAWL_OPT_CONFIG] = {.name = "config",
			     .value = "FILE",
			     .takes = PAWL_TAKES_FILE,
			     .help = "policy file for a watchdog of its own"},
	[PAWL_OPT_RELEASE] = {.name = "release",
			      .help = "let go of everything: all that pawl stopped goes on, and "
				      "nothing is enforced any more"},
	[PAWL_OPT_PINS] = {.name = "pin-dir",
			   .value = "DIR",
			   .takes = PAWL_TAKES_FILE,
			   .help = "what to release, where pawld was given another --pin-dir"},
	[PAWL_OPT_BUILTIN] = {.name = "builtin", .help = "the built-in one; needs no pawld"},
};

struct parser {
	const struct pawl_subcommand *commands;
	char **argv;
	int argc;
	int next;   /* index of the argument to be read */
	bool ended; /* "--" was seen */
	struct pawl_args *args;
};

__attribute__((format(printf, 2, 3))) static int refuse(struct parser *parser, const char *format,
							...)
{
	char raw[sizeof(parser->args->error)];
	va_list list;

	va_start(list, format);
	vsnprintf(raw, sizeof(raw), format, list);
	va_end(list);
	pawl_safe(raw, parser->args->error, sizeof(parser->args->error));
	return -EINVAL;
}

const char *pawl_subcommand_name(const struct pawl_subcommand *command, char *out, size_t size)
{
	snprintf(out, size, "%s%s%s", command->group ? command->group : "",
		 command->group ? " " : "", command->name);
	return out;
}

unsigned int pawl_args_distance(const char *one, const char *two)
{
	unsigned int row[WORD_MAX + 1], above, left, best;
	size_t one_n = strlen(one), two_n = strlen(two);

	if (one_n > WORD_MAX || two_n > WORD_MAX)
		return WORD_MAX;
	for (size_t j = 0; j <= two_n; j++)
		row[j] = j;
	for (size_t i = 1; i <= one_n; i++) {
		above = row[0];
		row[0] = i;
		for (size_t j = 1; j <= two_n; j++) {
			left = row[j - 1];
			best = above + (one[i - 1] != two[j - 1]);
			if (best > left + 1)
				best = left + 1;
			if (best > row[j] + 1)
				best = row[j] + 1;
			above = row[j];
			row[j] = best;
		}
	}
	return row[two_n];
}

/* Two edits are a slip of the fingers; in a word of three letters they are another word. */
static bool nearer(const char *given, const char *name, unsigned int *best)
{
	unsigned int distance = pawl_args_distance(given, name);

	if (distance >= *best || distance > 2 || distance * 2 > strlen(given))
		return false;
	*best = distance;
	return true;
}

static const char *nearest_command(const struct parser *parser, const char *group,
				   const char *given)
{
	const char *found = NULL;
	unsigned int best = WORD_MAX;

	for (const struct pawl_subcommand *c = parser->commands; c->name; c++) {
		const char *name = c->group && !group ? c->group : c->name;

		if (group && (!c->group || strcmp(c->group, group) != 0))
			continue;
		if (nearer(given, name, &best))
			found = name;
	}
	return found;
}

static unsigned int options_taken(const struct pawl_args *args)
{
	return PAWL_OPTS_GLOBAL | (args->command ? args->command->options : 0);
}

static const char *nearest_option(const struct pawl_args *args, const char *given)
{
	const char *found = NULL;
	unsigned int best = WORD_MAX;

	for (int id = 0; id < PAWL_OPT_MAX; id++) {
		if (!(options_taken(args) & (1U << id)))
			continue;
		if (nearer(given, pawl_options[id].name, &best))
			found = pawl_options[id].name;
	}
	return found;
}

static bool choice_taken(const char *choices, const char *value)
{
	size_t size = strlen(value);

	for (const char *at = choices; at; at = strchr(at, '|')) {
		at += *at == '|';
		if (strncmp(at, value, size) == 0 && size && (at[size] == '|' || !at[size]))
			return true;
	}
	return false;
}

/* @inside: rest of the argument after the option, or NULL: the next argument is the value */
static int take_value(struct parser *parser, int id, const char *shown, const char *inside)
{
	const struct pawl_option *option = &pawl_options[id];
	const char *value = inside;

	if (!value && parser->next >= parser->argc)
		return refuse(parser, "%s needs a value: %s %s", shown, shown, option->value);
	if (!value)
		value = parser->argv[parser->next++];
	if (option->choices && !choice_taken(option->choices, value))
		return refuse(parser, "%s takes %s, not \"%s\"", shown, option->choices, value);
	parser->args->values[id] = value;
	return 0;
}

static int find_option(const struct pawl_args *args, const char *name, size_t size, char letter)
{
	for (int id = 0; id < PAWL_OPT_MAX; id++) {
		const struct pawl_option *option = &pawl_options[id];

		if (!(options_taken(args) & (1U << id)))
			continue;
		if (letter ? option->letter == letter
			   : strlen(option->name) == size && memcmp(option->name, name, size) == 0)
			return id;
	}
	return -ENOENT;
}

static int parse_long(struct parser *parser, const char *argument)
{
	const char *equals = strchr(argument, '=');
	size_t size = equals ? (size_t)(equals - argument) : strlen(argument);
	int id = find_option(parser->args, argument + 2, size - 2, 0);
	char shown[64];

	snprintf(shown, sizeof(shown), "%.*s", (int)size, argument);
	if (id < 0) {
		const char *near = nearest_option(parser->args, shown + 2);

		return refuse(parser, "unknown option %s%s%s%s", shown,
			      near ? ": did you mean --" : "", near ? near : "", near ? "?" : "");
	}
	if (pawl_options[id].value)
		return take_value(parser, id, shown, equals ? equals + 1 : NULL);
	if (equals)
		return refuse(parser, "%s takes no value", shown);
	parser->args->values[id] = "";
	return 0;
}

static int parse_letters(struct parser *parser, const char *argument)
{
	for (const char *at = argument + 1; *at; at++) {
		int id = find_option(parser->args, NULL, 0, *at);
		char shown[3] = {'-', *at, '\0'};

		if (id < 0)
			return refuse(parser, "unknown option %s%s%s", shown,
				      at[1] || at > argument + 1 ? " in " : "",
				      at[1] || at > argument + 1 ? argument : "");
		if (pawl_options[id].value)
			return take_value(parser, id, shown, at[1] ? at + 1 : NULL);
		parser->args->values[id] = "";
	}
	return 0;
}

/* A word before the command is known names it, or the group that it belongs to. */
static int parse_command(struct parser *parser, const char *word)
{
	struct pawl_args *args = parser->args;
	const char *near;

	for (const struct pawl_subcommand *c = parser->commands; c->name; c++) {
		if (!args->group && c->group && strcmp(c->group, word) == 0) {
			args->group = c->group;
			return 0;
		}
		if (strcmp(c->name, word) != 0 || !c->group != !args->group)
			continue;
		if (c->group && strcmp(c->group, args->group) != 0)
			continue;
		args->command = c;
		args->group = NULL;
		return 0;
	}
	near = nearest_command(parser, args->group, word);
	return refuse(parser, "unknown command \"%s%s%s\"%s%s%s", args->group ? args->group : "",
		      args->group ? " " : "", word, near ? ": did you mean \"" : "",
		      near ? near : "", near ? "\"?" : "");
}

static int parse_one(struct parser *parser)
{
	struct pawl_args *args = parser->args;
	char *argument = parser->argv[parser->next++];
	bool option = !parser->ended && argument[0] == '-' && argument[1];

	if (option && strcmp(argument, "--") == 0) {
		parser->ended = true;
		return 0;
	}
	if (option)
		return argument[1] == '-' ? parse_long(parser, argument)
					  : parse_letters(parser, argument);
	if (!args->command)
		return parse_command(parser, argument);
	/* Words never outrun the arguments already read: the front of argv is free. */
	args->words[args->words_n++] = argument;
	if (args->command->stops)
		parser->ended = true;
	return 0;
}

static int check_words(struct parser *parser)
{
	const struct pawl_args *args = parser->args;
	const struct pawl_subcommand *command = args->command;
	char name[64];

	if (args->values[PAWL_OPT_HELP] || args->values[PAWL_OPT_VERSION] || !command)
		return 0;
	pawl_subcommand_name(command, name, sizeof(name));
	if (args->words_n < command->words_min)
		return refuse(parser, "%s needs %s", name, command->words);
	if (command->words_max >= 0 && args->words_n > command->words_max)
		return refuse(parser, "%s: \"%s\" is one word too many", name,
			      args->words[command->words_max]);
	return 0;
}

int pawl_args_parse(const struct pawl_subcommand *commands, int argc, char **argv,
		    struct pawl_args *ret_args)
{
	struct parser parser = {
		.commands = commands, .argv = argv, .argc = argc, .next = 1, .args = ret_args};

	*ret_args = (struct pawl_args){.words = argv};
	while (parser.next < argc) {
		int r = parse_one(&parser);

		if (r < 0)
			return r;
	}
	if (argc > 0)
		argv[ret_args->words_n] = NULL;
	return check_words(&parser);
}
