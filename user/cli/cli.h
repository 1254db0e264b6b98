/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every command of the client is given, what it may return, and the commands
 * themselves. A command returns its exit status; it reports an error once, by pawl_error().
 */
#ifndef PAWL_CLI_CLI_H
#define PAWL_CLI_CLI_H

#include <stdbool.h>
#include <stdio.h>

#include "user/cli/args.h"

#ifndef PAWL_VERSION
#define PAWL_VERSION "0.1.0"
#endif
#define PAWL_SOCKET_DEFAULT "/run/pawl/pawl.sock"

/* Exit statuses: a contract with scripts. */
enum pawl_exit {
	PAWL_EXIT_OK = 0,
	PAWL_EXIT_FAILED = 1,
	PAWL_EXIT_USAGE = 2,
	PAWL_EXIT_NO_DAEMON = 3,
	PAWL_EXIT_NOT_FOUND = 4,
	PAWL_EXIT_NOT_PERMITTED = 5,
	PAWL_EXIT_RUN_FAILED = 125,	  /* of `run`: our own failure */
	PAWL_EXIT_RUN_NOT_RUNNABLE = 126, /* the command is there and cannot be executed */
	PAWL_EXIT_RUN_NO_COMMAND = 127,	  /* there is no such command */
};

struct pawl_cli {
	struct pawl_args args;
	const char *socket;
	bool socket_named; /* by option: commands shown to people must repeat it */
	bool json;
	bool color;
	bool quiet;
	bool verbose;
	bool utf8; /* the terminal's character set */
};

/* The table of commands; ends with an entry whose name is NULL. In main.c. */
extern const struct pawl_subcommand pawl_subcommands[];

/* One line "pawl: …" on stderr, escaped. Standard output is flushed before. */
__attribute__((format(printf, 1, 2))) void pawl_error(const char *format, ...);

/* The same, but only with --verbose. */
__attribute__((format(printf, 2, 3))) void pawl_say(const struct pawl_cli *cli, const char *format,
						    ...);

/* Help of one command, of a group, or of everything; both NULL: everything. */
void pawl_help_print(FILE *out, const struct pawl_subcommand *command, const char *group);

int pawl_cmd_run(const struct pawl_cli *cli);
int pawl_cmd_attach(const struct pawl_cli *cli);
int pawl_cmd_detach(const struct pawl_cli *cli);
int pawl_cmd_ps(const struct pawl_cli *cli);
int pawl_cmd_tree(const struct pawl_cli *cli);
int pawl_cmd_pause(const struct pawl_cli *cli);
int pawl_cmd_resume(const struct pawl_cli *cli);
int pawl_cmd_kill(const struct pawl_cli *cli);
int pawl_cmd_holds(const struct pawl_cli *cli);
int pawl_cmd_show(const struct pawl_cli *cli);
int pawl_cmd_approve(const struct pawl_cli *cli);
int pawl_cmd_deny(const struct pawl_cli *cli);
int pawl_cmd_log(const struct pawl_cli *cli);
int pawl_cmd_doctor(const struct pawl_cli *cli);
int pawl_cmd_policy_check(const struct pawl_cli *cli);
int pawl_cmd_policy_show(const struct pawl_cli *cli);
int pawl_cmd_demo(const struct pawl_cli *cli);
int pawl_cmd_completion(const struct pawl_cli *cli);
int pawl_cmd_help(const struct pawl_cli *cli);

#endif
