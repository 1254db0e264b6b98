/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line as data: options and commands are tables, which drive parsing,
 * help and completion alike. Pure: nothing here prints or exits.
 */
#ifndef PAWL_CLI_ARGS_H
#define PAWL_CLI_ARGS_H

#include <stdbool.h>
#include <stddef.h>

struct pawl_cli;

enum pawl_option_id {
	PAWL_OPT_SOCKET = 0, /* the first seven are taken by every command */
	PAWL_OPT_OUTPUT,
	PAWL_OPT_COLOR,
	PAWL_OPT_QUIET,
	PAWL_OPT_VERBOSE,
	PAWL_OPT_VERSION,
	PAWL_OPT_HELP,
	PAWL_OPT_ALL,
	PAWL_OPT_REASON,
	PAWL_OPT_FOR,
	PAWL_OPT_FOLLOW,
	PAWL_OPT_SINCE,
	PAWL_OPT_SESSION,
	PAWL_OPT_TYPE,
	PAWL_OPT_AGENT,
	PAWL_OPT_POLICY,
	PAWL_OPT_CONFIG,
	PAWL_OPT_BUILTIN,
	PAWL_OPT_RELEASE,
	PAWL_OPT_PINS,
	PAWL_OPT_MAX,
};
#define PAWL_OPT(id) (1U << PAWL_OPT_##id)
#define PAWL_OPTS_GLOBAL                                                                           \
	(PAWL_OPT(SOCKET) | PAWL_OPT(OUTPUT) | PAWL_OPT(COLOR) | PAWL_OPT(QUIET) |                 \
	 PAWL_OPT(VERBOSE) | PAWL_OPT(VERSION) | PAWL_OPT(HELP))

/* What a value or a word stands for: the shells complete by it. */
enum pawl_takes {
	PAWL_TAKES_NONE = 0,
	PAWL_TAKES_FILE,
	PAWL_TAKES_PROGRAM,
	PAWL_TAKES_SESSION,
	PAWL_TAKES_HOLD,
	PAWL_TAKES_COMMAND,
	PAWL_TAKES_SHELL,
};

struct pawl_option {
	const char *name;      /* without the dashes */
	char letter;	       /* 0: none */
	const char *value;     /* what help calls the value; NULL: the option takes none */
	const char *choices;   /* "a|b": the only values taken; NULL: any */
	enum pawl_takes takes; /* of the value */
	const char *help;
};
extern const struct pawl_option pawl_options[PAWL_OPT_MAX];

struct pawl_subcommand {
	const char *heading; /* of the part of the help that begins here, or NULL */
	const char *group;   /* the word before the name, as in "policy check", or NULL */
	const char *name;
	const char *words; /* as usage shows them; "" for none */
	const char *summary;
	const char *details;  /* more lines of help, or NULL */
	unsigned int options; /* PAWL_OPT() beside the global ones */
	enum pawl_takes takes;
	int words_min;
	int words_max; /* -1: any number */
	bool stops;    /* what follows the first word is not ours to read */
	int (*run)(const struct pawl_cli *cli);
};

struct pawl_args {
	const struct pawl_subcommand *command; /* NULL: none was named */
	const char *group;		       /* named without a command of it, or NULL */
	const char *values[PAWL_OPT_MAX];      /* NULL: not given; "" where none is taken */
	char **words;			       /* NULL-terminated; inside argv */
	int words_n;
	char error[512]; /* one line, escaped */
};

/*
 * pawl_args_parse() - read a command line.
 * @commands: ends with an entry whose name is NULL; members of a group stand together
 * @argv:     is permuted: words are moved to its front
 * @ret_args: filled also on failure, as far as it was read
 *
 * --help and --version win over a fault in the number of words, so that both always work.
 *
 * Return: 0, or -EINVAL with ret_args->error set.
 */
int pawl_args_parse(const struct pawl_subcommand *commands, int argc, char **argv,
		    struct pawl_args *ret_args);

/* Full name of a command: "policy check". Return: @out. */
const char *pawl_subcommand_name(const struct pawl_subcommand *command, char *out, size_t size);

/* Single-character edits between two words; words over 31 bytes are far from everything. */
unsigned int pawl_args_distance(const char *one, const char *two);

#endif
