/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `pawl completion`: writes a shell's completion from the tables that also drive parsing
 * and help. The scripts name sessions and holds by asking `pawl ps -q` and `pawl holds -q`.
 */
#include <string.h>

#include "user/cli/cli.h"

#define SESSIONS "$(pawl ps --quiet 2>/dev/null)"
#define HOLDS "$(pawl holds --quiet 2>/dev/null)"
#define FISH_SESSIONS "(pawl ps --quiet 2>/dev/null)"
#define FISH_HOLDS "(pawl holds --quiet 2>/dev/null)"

static bool is_first_of_group(const struct pawl_subcommand *command)
{
	return command->group && (command == pawl_subcommands || !command[-1].group ||
				  strcmp(command[-1].group, command->group) != 0);
}

/* The words that may stand first: commands, and each group once. */
static void print_first_words(const char *separator)
{
	const char *between = "";

	for (const struct pawl_subcommand *c = pawl_subcommands; c->name; c++) {
		if (c->group && !is_first_of_group(c))
			continue;
		printf("%s%s", between, c->group ? c->group : c->name);
		between = separator;
	}
}

static void print_group_words(const char *group, const char *separator)
{
	const char *between = "";

	for (const struct pawl_subcommand *c = pawl_subcommands; c->name; c++) {
		if (!c->group || strcmp(c->group, group) != 0)
			continue;
		printf("%s%s", between, c->name);
		between = separator;
	}
}

static void print_option_words(unsigned int options)
{
	for (int id = 0; id < PAWL_OPT_MAX; id++) {
		if (options & (1U << id))
			printf(" --%s", pawl_options[id].name);
	}
}

static void print_choices(const char *choices, char separator)
{
	for (; *choices; choices++)
		putchar(*choices == '|' ? separator : *choices);
}

/* "--output|-o" */
static void print_pattern(const struct pawl_option *option)
{
	printf("--%s", option->name);
	if (option->letter)
		printf("|-%c", option->letter);
}

/* ---- bash ---- */

static const char *const bash_takes[] = {
	[PAWL_TAKES_NONE] = "",
	[PAWL_TAKES_FILE] = "files=1",
	[PAWL_TAKES_PROGRAM] = "programs=1",
	[PAWL_TAKES_SESSION] = "words=\"" SESSIONS "\"",
	[PAWL_TAKES_HOLD] = "words=\"" HOLDS "\"",
	[PAWL_TAKES_COMMAND] = "words=\"$first\"",
	[PAWL_TAKES_SHELL] = "words=\"bash zsh fish\"",
};

static void bash_values(void)
{
	fputs("\tcase \"$prev\" in\n", stdout);
	for (int id = 0; id < PAWL_OPT_MAX; id++) {
		const struct pawl_option *option = &pawl_options[id];

		if (!option->value)
			continue;
		fputs("\t", stdout);
		print_pattern(option);
		fputs(")\n\t\t", stdout);
		if (option->choices) {
			fputs("words=\"", stdout);
			print_choices(option->choices, ' ');
			fputs("\"", stdout);
		} else {
			fputs(option->takes ? bash_takes[option->takes] : "words=\"\"", stdout);
		}
		fputs("\n\t\tvalue=1\n\t\t;;\n", stdout);
	}
	fputs("\tesac\n", stdout);
}

static void bash_commands(void)
{
	fputs("\t\"\") words=\"$first\" ;;\n", stdout);
	for (const struct pawl_subcommand *c = pawl_subcommands; c->name; c++) {
		char name[64];

		if (is_first_of_group(c)) {
			printf("\t\"%s\") words=\"", c->group);
			print_group_words(c->group, " ");
			fputs("\" ;;\n", stdout);
		}
		printf("\t\"%s\")\n\t\toptions=\"$options",
		       pawl_subcommand_name(c, name, sizeof(name)));
		print_option_words(c->options);
		fputs("\"\n", stdout);
		if (c->takes)
			printf("\t\t%s\n", bash_takes[c->takes]);
		if (c->stops)
			fputs("\t\tstops=1\n", stdout);
		fputs("\t\t;;\n", stdout);
	}
}

static void bash_find_command(void)
{
	fputs("\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
	      "\t\tcase \"${COMP_WORDS[i]}\" in\n\t\t",
	      stdout);
	for (int id = 0, n = 0; id < PAWL_OPT_MAX; id++) {
		if (!pawl_options[id].value)
			continue;
		fputs(n++ ? "|" : "", stdout);
		print_pattern(&pawl_options[id]);
	}
	fputs(") ((i++)) ;;\n\t\t-*) ;;\n\t\t*)\n", stdout);
	fputs("\t\t\tif [[ -z $name ]]; then\n\t\t\t\tname=${COMP_WORDS[i]}\n", stdout);
	for (const struct pawl_subcommand *c = pawl_subcommands; c->name; c++) {
		if (is_first_of_group(c))
			printf("\t\t\telif [[ $name == %s ]]; then\n"
			       "\t\t\t\tname+=\" ${COMP_WORDS[i]}\"\n",
			       c->group);
	}
	fputs("\t\t\telse\n\t\t\t\tgiven=1\n\t\t\tfi\n\t\t\t;;\n\t\tesac\n\tdone\n", stdout);
}

static void bash(void)
{
	fputs("# bash completion for pawl\n_pawl()\n{\n"
	      "\tlocal cur=\"${COMP_WORDS[COMP_CWORD]}\" prev=\"${COMP_WORDS[COMP_CWORD-1]}\"\n"
	      "\tlocal name=\"\" words=\"\" files=\"\" programs=\"\" stops=\"\" given=\"\" value=\"\" i\n"
	      "\tlocal first=\"",
	      stdout);
	print_first_words(" ");
	fputs("\"\n\tlocal options=\"", stdout);
	print_option_words(PAWL_OPTS_GLOBAL);
	fputs("\"\n", stdout);
	bash_find_command();
	bash_values();
	fputs("\tif [[ -z $value ]]; then\n\tcase \"$name\" in\n", stdout);
	bash_commands();
	fputs("\tesac\n\tfi\n"
	      "\tif [[ -n $stops && -n $given ]]; then\n"
	      "\t\tCOMPREPLY=($(compgen -f -- \"$cur\"))\n"
	      "\telif [[ $cur == -* && -z $value ]]; then\n"
	      "\t\tCOMPREPLY=($(compgen -W \"$options\" -- \"$cur\"))\n"
	      "\telif [[ -n $files ]]; then\n"
	      "\t\tcompopt -o filenames 2>/dev/null\n"
	      "\t\tCOMPREPLY=($(compgen -f -- \"$cur\"))\n"
	      "\telif [[ -n $programs ]]; then\n"
	      "\t\tCOMPREPLY=($(compgen -c -- \"$cur\"))\n"
	      "\telse\n"
	      "\t\tCOMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
	      "\tfi\n}\ncomplete -F _pawl pawl\n",
	      stdout);
}

/* ---- zsh ---- */

static const char *const zsh_takes[] = {
	[PAWL_TAKES_NONE] = " ",
	[PAWL_TAKES_FILE] = "_files",
	[PAWL_TAKES_PROGRAM] = "_command_names -e",
	[PAWL_TAKES_SESSION] = "_pawl_sessions",
	[PAWL_TAKES_HOLD] = "_pawl_holds",
	[PAWL_TAKES_COMMAND] = "_pawl_first",
	[PAWL_TAKES_SHELL] = "(bash zsh fish)",
};

/* Inside '...' and, in help, inside [...]: what would end either is written otherwise. */
static void zsh_text(const char *text)
{
	for (; *text; text++) {
		if (*text == '\'')
			fputs("'\\''", stdout);
		else if (strchr("[]:", *text))
			printf("\\%c", *text);
		else
			putchar(*text);
	}
}

static void zsh_option(const struct pawl_option *option)
{
	for (int form = 0; form < 2; form++) {
		if (form == 1 && !option->letter)
			return;
		fputs(" \\\n\t\t'", stdout);
		if (form == 0)
			printf("--%s%s", option->name, option->value ? "=" : "");
		else
			printf("-%c%s", option->letter, option->value ? "+" : "");
		putchar('[');
		zsh_text(option->help);
		putchar(']');
		if (option->value)
			printf(":%s:", option->value);
		if (option->choices) {
			putchar('(');
			print_choices(option->choices, ' ');
			putchar(')');
		} else if (option->value) {
			fputs(zsh_takes[option->takes], stdout);
		}
		putchar('\'');
	}
}

static void zsh_options(unsigned int options)
{
	for (int id = 0; id < PAWL_OPT_MAX; id++) {
		if (options & (1U << id))
			zsh_option(&pawl_options[id]);
	}
}

static void zsh_command(const struct pawl_subcommand *command)
{
	printf("\t%s%s%s)\n\t\t_arguments -s", command->group ? command->group : "",
	       command->group ? "-" : "", command->name);
	zsh_options(PAWL_OPTS_GLOBAL | command->options);
	if (command->stops)
		printf(" \\\n\t\t'*::%s:_normal'", "command");
	else if (command->takes)
		printf(" \\\n\t\t'%s:%s:%s'", command->words_max < 0 ? "*" : "1",
		       command->words_max < 0 ? "file" : "word", zsh_takes[command->takes]);
	fputs("\n\t\t;;\n", stdout);
}

static void zsh(void)
{
	fputs("#compdef pawl\n"
	      "_pawl_sessions() { compadd -- ${(f)\"" SESSIONS "\"} }\n"
	      "_pawl_holds() { compadd -- ${(f)\"" HOLDS "\"} }\n"
	      "_pawl_first() {\n\tlocal -a names\n\tnames=(",
	      stdout);
	for (const struct pawl_subcommand *c = pawl_subcommands; c->name; c++) {
		if (c->group && !is_first_of_group(c))
			continue;
		printf("\n\t\t'%s:", c->group ? c->group : c->name);
		zsh_text(c->summary);
		putchar('\'');
	}
	fputs("\n\t)\n\t_describe command names\n}\n_pawl() {\n"
	      "\tlocal context state line curcontext=\"$curcontext\"\n"
	      "\ttypeset -A opt_args\n\t_arguments -C -s",
	      stdout);
	zsh_options(PAWL_OPTS_GLOBAL);
	fputs(" \\\n\t\t'1:command:_pawl_first' \\\n\t\t'*::argument:->rest'\n"
	      "\t[[ $state == rest ]] || return\n\tlocal name=$line[1]\n",
	      stdout);
	for (const struct pawl_subcommand *c = pawl_subcommands; c->name; c++) {
		if (!is_first_of_group(c))
			continue;
		printf("\tif [[ $name == %s ]]; then\n"
		       "\t\tif ((CURRENT == 2)); then\n\t\t\tcompadd -- ",
		       c->group);
		print_group_words(c->group, " ");
		fputs("\n\t\t\treturn\n\t\tfi\n\t\tname+=-$words[2]\n"
		      "\t\tshift words\n\t\t((CURRENT--))\n\tfi\n",
		      stdout);
	}
	fputs("\tcase $name in\n", stdout);
	for (const struct pawl_subcommand *c = pawl_subcommands; c->name; c++)
		zsh_command(c);
	fputs("\tesac\n}\nif [[ $funcstack[1] == _pawl ]]; then\n\t_pawl \"$@\"\n"
	      "else\n\tcompdef _pawl pawl\nfi\n",
	      stdout);
}

/* ---- fish ---- */

static const char *const fish_takes[] = {
	[PAWL_TAKES_NONE] = "",
	[PAWL_TAKES_FILE] = "",
	[PAWL_TAKES_PROGRAM] = "(__fish_complete_command)",
	[PAWL_TAKES_SESSION] = FISH_SESSIONS,
	[PAWL_TAKES_HOLD] = FISH_HOLDS,
	[PAWL_TAKES_COMMAND] = "$__pawl_first",
	[PAWL_TAKES_SHELL] = "bash zsh fish",
};

static void fish_text(const char *text)
{
	putchar('\'');
	for (; *text; text++)
		printf(*text == '\'' ? "\\'" : "%c", *text);
	putchar('\'');
}

/* @condition: NULL: everywhere */
static void fish_options(unsigned int options, const char *condition)
{
	for (int id = 0; id < PAWL_OPT_MAX; id++) {
		const struct pawl_option *option = &pawl_options[id];

		if (!(options & (1U << id)))
			continue;
		fputs("complete -c pawl", stdout);
		if (condition)
			printf(" -n '%s'", condition);
		printf(" -l %s", option->name);
		if (option->letter)
			printf(" -s %c", option->letter);
		if (option->value)
			fputs(option->takes == PAWL_TAKES_FILE ? " -r -F" : " -x", stdout);
		if (option->choices) {
			fputs(" -a '", stdout);
			print_choices(option->choices, ' ');
			putchar('\'');
		} else if (option->takes && *fish_takes[option->takes]) {
			printf(" -a '%s'", fish_takes[option->takes]);
		}
		fputs(" -d ", stdout);
		fish_text(option->help);
		putchar('\n');
	}
}

static void fish_command(const struct pawl_subcommand *command)
{
	char condition[128];

	if (!command->group)
		printf("complete -c pawl -n __fish_use_subcommand -a %s -d ", command->name);
	else
		printf("complete -c pawl -n '__fish_seen_subcommand_from %s; and not __fish_seen_subcommand_from ",
		       command->group);
	if (command->group) {
		print_group_words(command->group, " ");
		printf("' -a %s -d ", command->name);
	}
	fish_text(command->summary);
	putchar('\n');
	if (is_first_of_group(command))
		printf("complete -c pawl -n __fish_use_subcommand -a %s\n", command->group);
	snprintf(condition, sizeof(condition), "__fish_seen_subcommand_from %s%s%s",
		 command->group ? command->group : command->name,
		 command->group ? "; and __fish_seen_subcommand_from " : "",
		 command->group ? command->name : "");
	fish_options(command->options, condition);
	if (command->takes == PAWL_TAKES_FILE)
		printf("complete -c pawl -n '%s' -F\n", condition);
	else if (command->takes)
		printf("complete -c pawl -n '%s' -a '%s'\n", condition, fish_takes[command->takes]);
}

static void fish(void)
{
	fputs("# fish completion for pawl\nset -g __pawl_first ", stdout);
	print_first_words(" ");
	fputs("\ncomplete -c pawl -f\n", stdout);
	fish_options(PAWL_OPTS_GLOBAL, NULL);
	for (const struct pawl_subcommand *c = pawl_subcommands; c->name; c++)
		fish_command(c);
}

static const struct {
	const char *name;
	void (*print)(void);
} shells[] = {{"bash", bash}, {"zsh", zsh}, {"fish", fish}};

int pawl_cmd_completion(const struct pawl_cli *cli)
{
	for (size_t i = 0; i < sizeof(shells) / sizeof(shells[0]); i++) {
		if (strcmp(shells[i].name, cli->args.words[0]) == 0) {
			shells[i].print();
			return PAWL_EXIT_OK;
		}
	}
	pawl_error("completion: there is none for \"%s\": take bash, zsh or fish",
		   cli->args.words[0]);
	return PAWL_EXIT_USAGE;
}
