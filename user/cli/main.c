/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The client's entry: the table of commands, what holds for all of them (options, help,
 * exit status) and the hand-over to one. It must not speak to pawld itself.
 */
#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "user/cli/cli.h"
#include "user/core/text.h"

#define EXITS_RUN                                                                                  \
	"Exit status: that of the command, 128+n if signal n ended it; 127: no such command;\n"    \
	"126: it cannot be executed; 125: pawl failed; 3: no pawld; 2: usage.\n"
#define EXITS "Exit status: 0 ok, 1 failed, 2 usage, 3 no pawld, 4 not found, 5 not permitted.\n"

const struct pawl_subcommand pawl_subcommands[] = {
	{.heading = "Watch",
	 .name = "run",
	 .words = "COMMAND [ARGUMENT...]",
	 .summary = "start a command as a watched agent",
	 .details =
		 "Without a pawld, root gets a watchdog of its own for the time of the command.\n",
	 .options = PAWL_OPT(AGENT) | PAWL_OPT(POLICY) | PAWL_OPT(CONFIG),
	 .takes = PAWL_TAKES_PROGRAM,
	 .words_min = 1,
	 .words_max = -1,
	 .stops = true,
	 .run = pawl_cmd_run},
	{.name = "attach",
	 .words = "PID",
	 .summary = "watch a process and its descendants from now on",
	 .options = PAWL_OPT(AGENT) | PAWL_OPT(POLICY),
	 .words_min = 1,
	 .words_max = 1,
	 .run = pawl_cmd_attach},
	{.name = "detach",
	 .words = "SESSION",
	 .summary = "stop watching a session",
	 .takes = PAWL_TAKES_SESSION,
	 .words_min = 1,
	 .words_max = 1,
	 .run = pawl_cmd_detach},
	{.heading = "Look",
	 .name = "ps",
	 .words = "",
	 .summary = "list the sessions",
	 .options = PAWL_OPT(ALL),
	 .run = pawl_cmd_ps},
	{.name = "tree",
	 .words = "[SESSION]",
	 .summary = "draw the sessions' processes",
	 .takes = PAWL_TAKES_SESSION,
	 .words_max = 1,
	 .run = pawl_cmd_tree},
	{.name = "holds",
	 .words = "",
	 .summary = "list what is stopped and waits for a decision",
	 .options = PAWL_OPT(ALL),
	 .run = pawl_cmd_holds},
	{.name = "show",
	 .words = "HOLD",
	 .summary = "what was stopped, by whom, where, and how to resolve it",
	 .takes = PAWL_TAKES_HOLD,
	 .words_min = 1,
	 .words_max = 1,
	 .run = pawl_cmd_show},
	{.name = "log",
	 .words = "",
	 .summary = "what happened",
	 .options = PAWL_OPT(FOLLOW) | PAWL_OPT(SINCE) | PAWL_OPT(SESSION) | PAWL_OPT(TYPE),
	 .run = pawl_cmd_log},
	{.heading = "Decide",
	 .name = "approve",
	 .words = "HOLD",
	 .summary = "let the held operations through and grant a fresh budget",
	 .options = PAWL_OPT(REASON) | PAWL_OPT(FOR),
	 .takes = PAWL_TAKES_HOLD,
	 .words_min = 1,
	 .words_max = 1,
	 .run = pawl_cmd_approve},
	{.name = "deny",
	 .words = "HOLD",
	 .summary = "make the held operations fail; the session goes on",
	 .options = PAWL_OPT(REASON),
	 .takes = PAWL_TAKES_HOLD,
	 .words_min = 1,
	 .words_max = 1,
	 .run = pawl_cmd_deny},
	{.name = "pause",
	 .words = "SESSION",
	 .summary = "stop all processes of a session",
	 .takes = PAWL_TAKES_SESSION,
	 .words_min = 1,
	 .words_max = 1,
	 .run = pawl_cmd_pause},
	{.name = "resume",
	 .words = "SESSION",
	 .summary = "let a paused session go on",
	 .takes = PAWL_TAKES_SESSION,
	 .words_min = 1,
	 .words_max = 1,
	 .run = pawl_cmd_resume},
	{.name = "kill",
	 .words = "SESSION",
	 .summary = "kill all processes of a session",
	 .takes = PAWL_TAKES_SESSION,
	 .words_min = 1,
	 .words_max = 1,
	 .run = pawl_cmd_kill},
	{.heading = "Set up",
	 .name = "doctor",
	 .words = "",
	 .summary = "say what works here, what does not, and what to do about it",
	 .options = PAWL_OPT(RELEASE) | PAWL_OPT(PINS),
	 .run = pawl_cmd_doctor},
	{.group = "policy",
	 .name = "check",
	 .words = "FILE...",
	 .summary = "read policy files and point at every fault",
	 .takes = PAWL_TAKES_FILE,
	 .words_min = 1,
	 .words_max = -1,
	 .run = pawl_cmd_policy_check},
	{.group = "policy",
	 .name = "show",
	 .words = "",
	 .summary = "print the policy in force",
	 .options = PAWL_OPT(BUILTIN),
	 .run = pawl_cmd_policy_show},
	{.name = "demo",
	 .words = "[ARGUMENT...]",
	 .summary = "watch a scripted agent delete 10,000 files, and be stopped",
	 .words_max = -1,
	 .stops = true,
	 .run = pawl_cmd_demo},
	{.name = "completion",
	 .words = "bash|zsh|fish",
	 .summary = "print the completion script of a shell",
	 .takes = PAWL_TAKES_SHELL,
	 .words_min = 1,
	 .words_max = 1,
	 .run = pawl_cmd_completion},
	{.name = "help",
	 .words = "[COMMAND]",
	 .summary = "print the help of a command",
	 .takes = PAWL_TAKES_COMMAND,
	 .words_max = 2,
	 .run = pawl_cmd_help},
	{.name = NULL},
};

static void say(const char *format, va_list list)
{
	char raw[4096], safe[8192];

	vsnprintf(raw, sizeof(raw), format, list);
	fflush(stdout);
	fprintf(stderr, "pawl: %s\n", pawl_safe(raw, safe, sizeof(safe)));
}

void pawl_error(const char *format, ...)
{
	va_list list;

	va_start(list, format);
	say(format, list);
	va_end(list);
}

void pawl_say(const struct pawl_cli *cli, const char *format, ...)
{
	va_list list;

	if (!cli->verbose)
		return;
	va_start(list, format);
	say(format, list);
	va_end(list);
}

static void print_options(FILE *out, unsigned int options)
{
	char left[64];

	for (int id = 0; id < PAWL_OPT_MAX; id++) {
		const struct pawl_option *option = &pawl_options[id];
		char letter[] = {'-', option->letter, ',', ' ', '\0'};

		if (!(options & (1U << id)))
			continue;
		snprintf(left, sizeof(left), "%s--%s%s%s", option->letter ? letter : "    ",
			 option->name, option->value ? " " : "",
			 option->value ? option->value : "");
		fprintf(out, "  %-24s %s\n", left, option->help);
	}
}

static void print_all(FILE *out, const char *group)
{
	char name[64], left[96];

	fputs(group ? "" : "pawl stops AI agents from destroying what they did not make.\n\n", out);
	fprintf(out, "usage: pawl [OPTION...] %s%sCOMMAND [ARGUMENT...]\n", group ? group : "",
		group ? " " : "");
	for (const struct pawl_subcommand *c = pawl_subcommands; c->name; c++) {
		if (group && (!c->group || strcmp(c->group, group) != 0))
			continue;
		if (!group && c->heading)
			fprintf(out, "\n%s:\n", c->heading);
		snprintf(left, sizeof(left), "%s %s", pawl_subcommand_name(c, name, sizeof(name)),
			 c->words);
		fprintf(out, "  %-28s %s\n", left, c->summary);
	}
	fputs("\nOptions, before or after the command:\n", out);
	print_options(out, PAWL_OPTS_GLOBAL);
	fputs("\n" EXITS "\"pawl COMMAND --help\" tells more about a command.\n", out);
}

void pawl_help_print(FILE *out, const struct pawl_subcommand *command, const char *group)
{
	char name[64];

	if (!command) {
		print_all(out, group);
		return;
	}
	fprintf(out, "usage: pawl %s%s%s%s\n", pawl_subcommand_name(command, name, sizeof(name)),
		command->options ? " [OPTION...]" : "", *command->words ? " " : "", command->words);
	fprintf(out, "\n%s\n%s", command->summary, command->details ? command->details : "");
	if (command->options) {
		fputs("\nOptions:\n", out);
		print_options(out, command->options);
	}
	fputs("\nOptions of every command:\n", out);
	print_options(out, PAWL_OPTS_GLOBAL);
	fprintf(out, "\n%s", command->run == pawl_cmd_run ? EXITS_RUN : EXITS);
}

int pawl_cmd_help(const struct pawl_cli *cli)
{
	const struct pawl_args *given = &cli->args;
	char *argv[] = {(char *)"pawl", NULL, NULL, (char *)"--help", NULL};
	struct pawl_args args;
	int argc = 1;

	for (int i = 0; i < given->words_n; i++)
		argv[argc++] = given->words[i];
	argv[argc++] = (char *)"--help";
	if (pawl_args_parse(pawl_subcommands, argc, argv, &args) < 0) {
		pawl_error("%s", args.error);
		return PAWL_EXIT_USAGE;
	}
	pawl_help_print(stdout, args.command, args.group);
	return PAWL_EXIT_OK;
}

static bool wants_color(const char *when)
{
	const char *no_color = getenv("NO_COLOR");
	const char *term = getenv("TERM");

	if (when && strcmp(when, "auto") != 0)
		return strcmp(when, "always") == 0;
	if (no_color && *no_color)
		return false;
	return isatty(STDOUT_FILENO) && term && strcmp(term, "dumb") != 0;
}

static void set_up(struct pawl_cli *cli)
{
	const char *const *values = cli->args.values;
	const char *from_environment = getenv("PAWL_SOCKET");

	cli->socket = PAWL_SOCKET_DEFAULT;
	if (from_environment && *from_environment)
		cli->socket = from_environment;
	cli->socket_named = values[PAWL_OPT_SOCKET] != NULL;
	if (cli->socket_named)
		cli->socket = values[PAWL_OPT_SOCKET];
	cli->json = values[PAWL_OPT_OUTPUT] && strcmp(values[PAWL_OPT_OUTPUT], "json") == 0;
	cli->color = wants_color(values[PAWL_OPT_COLOR]);
	cli->quiet = values[PAWL_OPT_QUIET] != NULL;
	cli->verbose = values[PAWL_OPT_VERBOSE] != NULL;
	cli->utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

static int usage_error(const struct pawl_args *args)
{
	char name[64] = "";

	if (args->command)
		pawl_subcommand_name(args->command, name, sizeof(name));
	else if (args->group)
		snprintf(name, sizeof(name), "%s", args->group);
	pawl_error("%s (see \"pawl %s%s--help\")", args->error, name, *name ? " " : "");
	return PAWL_EXIT_USAGE;
}

static int dispatch(const struct pawl_cli *cli)
{
	const struct pawl_args *args = &cli->args;

	if (args->values[PAWL_OPT_HELP]) {
		pawl_help_print(stdout, args->command, args->group);
		return PAWL_EXIT_OK;
	}
	if (args->values[PAWL_OPT_VERSION]) {
		puts("pawl " PAWL_VERSION);
		return PAWL_EXIT_OK;
	}
	if (!args->command) {
		pawl_help_print(stderr, NULL, args->group);
		return PAWL_EXIT_USAGE;
	}
	return args->command->run(cli);
}

int main(int argc, char **argv)
{
	struct pawl_cli cli = {0};
	int status;

	setlocale(LC_CTYPE, "");
	if (pawl_args_parse(pawl_subcommands, argc, argv, &cli.args) < 0)
		return usage_error(&cli.args);
	set_up(&cli);
	status = dispatch(&cli);
	if ((fflush(stdout) != 0 || ferror(stdout)) && status == PAWL_EXIT_OK) {
		pawl_error("cannot write the output: %s", strerror(errno));
		status = PAWL_EXIT_FAILED;
	}
	return status;
}
