/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commands about holds: holds, show, approve, deny. They ask pawld once and show what
 * it answered; the decision itself is made there, and so is the check of who may make it.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "user/cli/client.h"
#include "user/cli/table.h"
#include "user/cli/when.h"
#include "user/core/cleanup.h"
#include "user/core/policy.h"
#include "user/core/text.h"

#define DIRECTORIES_SHOWN 10
#define PROCESSES_SHOWN 10

static void add_hold(struct pawl_table *table, const json_t *hold)
{
	const char *state = pawl_json_text(hold, "state");
	char since[32];

	pawl_table_add(table, PAWL_STYLE_BOLD, pawl_json_text(hold, "id"));
	pawl_table_add(table, PAWL_STYLE_PLAIN, pawl_json_text(hold, "session"));
	pawl_table_add(table, PAWL_STYLE_PLAIN, pawl_json_text(hold, "agent"));
	pawl_table_add(table, pawl_style_of(state), state);
	pawl_table_printf(table, "%lld", pawl_json_number(hold, "lost"));
	pawl_table_printf(table, "%lld", pawl_json_number(hold, "pid"));
	pawl_table_add(table, PAWL_STYLE_PLAIN,
		       pawl_when_local(pawl_json_text(hold, "since"), since));
	pawl_table_add(table, PAWL_STYLE_PLAIN, pawl_json_text(hold, "operation"));
	pawl_table_add(table, PAWL_STYLE_PLAIN, pawl_json_text(hold, "target"));
}

int pawl_cmd_holds(const struct pawl_cli *cli)
{
	static const char *const titles[] = {"HOLD", "SESSION", "AGENT",     "STATE", "LOST",
					     "PID",  "SINCE",	"OPERATION", "TARGET"};
	_cleanup_table_ struct pawl_table table = {
		.titles = titles, .columns = 9, .right = 1U << 4 | 1U << 5};
	bool all = cli->args.values[PAWL_OPT_ALL] != NULL;
	json_auto_t *holds = NULL;
	json_t *hold;
	size_t index;
	int status;

	status = pawl_client_request(cli, json_pack("{s:s, s:b}", "cmd", "holds", "all", all),
				     &holds);
	if (status != PAWL_EXIT_OK)
		return status;
	if (cli->json)
		return pawl_print_json(holds);
	json_array_foreach (holds, index, hold) {
		if (cli->quiet) {
			pawl_print_safe(pawl_json_text(hold, "id"));
			putchar('\n');
			continue;
		}
		add_hold(&table, hold);
	}
	return cli->quiet ? PAWL_EXIT_OK : pawl_table_print(&table, cli);
}

/* "  target     /home/me/x"; nothing where there is nothing to say */
static void print_field(const struct pawl_cli *cli, const char *name, const char *value)
{
	if (!*value)
		return;
	fputs("  ", stdout);
	pawl_print_styled(cli, PAWL_STYLE_DIM, name);
	printf("%*s", (int)(12 - strlen(name)), "");
	pawl_print_safe(value);
	putchar('\n');
}

static void print_number(const struct pawl_cli *cli, const char *name, long long number,
			 const char *meaning)
{
	char text[96];

	snprintf(text, sizeof(text), "%lld %s", number, meaning);
	print_field(cli, name, text);
}

static void print_process(const struct pawl_cli *cli, const char *name, const json_t *process)
{
	_cleanup_free_ char *line = pawl_args_join(json_object_get(process, "args"));
	const char *shown = line && *line ? line : pawl_json_text(process, "executable");
	_cleanup_free_ char *text = NULL;

	if (asprintf(&text, "%lld  %s", pawl_json_number(process, "pid"), shown) < 0) {
		text = NULL;
		return;
	}
	print_field(cli, name, text);
}

static const json_t *find_process(const json_t *processes, long long pid)
{
	json_t *process;
	size_t index;

	json_array_foreach (processes, index, process) {
		if (pawl_json_number(process, "pid") == pid)
			return process;
	}
	return NULL;
}

/* From the stopped process up to the agent's root; at most as long as the tree is large. */
static void print_chain(const struct pawl_cli *cli, const json_t *hold)
{
	const json_t *tree = json_object_get(hold, "tree");
	const json_t *process = find_process(tree, pawl_json_number(hold, "pid"));
	size_t left = json_array_size(tree);

	if (!process) {
		print_process(cli, "by", hold);
		return;
	}
	print_process(cli, "by", process);
	for (; left; left--) {
		process = find_process(tree, pawl_json_number(process, "ppid"));
		if (!process)
			return;
		print_process(cli, "started by", process);
	}
}

static void print_stopped(const struct pawl_cli *cli, const json_t *hold)
{
	const json_t *processes = json_object_get(hold, "processes");
	size_t n = json_array_size(processes), index;
	json_t *process;

	if (n < 2)
		return;
	print_number(cli, "stopped", (long long)n, "processes");
	json_array_foreach (processes, index, process) {
		if (index == PROCESSES_SHOWN) {
			print_number(cli, "", (long long)(n - index), "more");
			return;
		}
		print_process(cli, "", process);
	}
}

struct directory {
	const char *path;
	long long count;
};

static int compare_directories(const void *left, const void *right)
{
	const struct directory *one = left, *two = right;

	return (one->count < two->count) - (one->count > two->count);
}

static void print_directories(const struct pawl_cli *cli, const json_t *hold)
{
	const json_t *list = json_object_get(hold, "directories");
	size_t n = json_array_size(list), index;
	_cleanup_free_ struct directory *directories = calloc(n + 1, sizeof(*directories));
	json_t *item;

	if (!directories)
		return;
	json_array_foreach (list, index, item) {
		directories[index].path = pawl_json_text(item, "path");
		directories[index].count = pawl_json_number(item, "count");
	}
	qsort(directories, n, sizeof(*directories), compare_directories);
	for (size_t i = 0; i < n && i < DIRECTORIES_SHOWN; i++)
		print_number(cli, i ? "" : "directories", directories[i].count,
			     directories[i].path);
	if (n > DIRECTORIES_SHOWN)
		print_number(cli, "", (long long)(n - DIRECTORIES_SHOWN), "more directories");
}

#define FAILS "make it fail with \"Operation not permitted\"; the session goes on"
#define KILLS "end all processes of the session"

static const struct {
	const char *command;
	const char *key; /* the member that names what it is done to */
	const char *option;
	const char *meaning;
	const char *meaning_once; /* of what has no budget; NULL: it is not offered then */
} resolutions[] = {
	{"approve", "id", "", "let it go on, with a fresh budget", "let it go on, this once"},
	{"approve", "id", " --for 10m", "let it go on, with no limit for ten minutes", NULL},
	{"deny", "id", "", FAILS, FAILS},
	{"kill", "session", "", KILLS, KILLS},
};

/* Rules of budgets end so, and a broker may be called anything. */
static bool has_budget(const json_t *hold)
{
	const char *rule = pawl_json_text(hold, "rule");
	const char *dot = strrchr(rule, '.');

	return dot && strcmp(dot, ".budget") == 0 && strncmp(rule, "brokers.", 8) != 0;
}

/* "pawl approve h7 --for 10m", to be pasted; .data is NULL when memory ran out */
static struct pawl_text resolution_command(const struct pawl_cli *cli, const json_t *hold, size_t i)
{
	struct pawl_text command = {0};

	pawl_text_str(&command, "pawl ");
	if (cli->socket_named) {
		pawl_text_str(&command, "--socket ");
		pawl_text_quote(&command, cli->socket);
		pawl_text_str(&command, " ");
	}
	pawl_text_printf(&command, "%s ", resolutions[i].command);
	pawl_text_quote(&command, pawl_json_text(hold, resolutions[i].key));
	pawl_text_str(&command, resolutions[i].option);
	return command;
}

static void print_resolutions(const struct pawl_cli *cli, const json_t *hold)
{
	bool budget = has_budget(hold);
	size_t widest = 0;

	putchar('\n');
	for (int printing = 0; printing < 2; printing++) {
		for (size_t i = 0; i < sizeof(resolutions) / sizeof(resolutions[0]); i++) {
			_cleanup_(pawl_text_freep) struct pawl_text command =
				resolution_command(cli, hold, i);

			const char *meaning =
				budget ? resolutions[i].meaning : resolutions[i].meaning_once;

			if (!meaning)
				continue;
			if (widest < command.size)
				widest = command.size;
			if (!printing || !command.data)
				continue;
			fputs("  ", stdout);
			pawl_print_styled(cli, PAWL_STYLE_BOLD, command.data);
			printf("%*s   %s\n", (int)(widest - command.size), "", meaning);
		}
	}
}

/* "h7 held for 2m 3s: file.delete by claude-code (s12)" */
static void print_headline(const struct pawl_cli *cli, const json_t *hold)
{
	const char *state = pawl_json_text(hold, "state");
	int64_t since_ms;
	char span[32];

	pawl_print_styled(cli, PAWL_STYLE_BOLD, pawl_json_text(hold, "id"));
	putchar(' ');
	pawl_print_styled(cli, pawl_style_of(state), state);
	if (strcmp(state, "held") == 0 &&
	    pawl_when_parse(pawl_json_text(hold, "since"), &since_ms) == 0)
		printf(" for %s", pawl_when_span(pawl_when_now_ms() - since_ms, span));
	fputs(": ", stdout);
	pawl_print_safe(pawl_json_text(hold, "operation"));
	fputs(" by ", stdout);
	pawl_print_safe(pawl_json_text(hold, "agent"));
	fputs(" (", stdout);
	pawl_print_safe(pawl_json_text(hold, "session"));
	fputs(")\n", stdout);
}

static void print_hold(const struct pawl_cli *cli, const json_t *hold)
{
	char since[32];

	print_headline(cli, hold);
	print_field(cli, "target", pawl_json_text(hold, "target"));
	print_field(cli, "detail", pawl_json_text(hold, "detail"));
	print_field(cli, "broker", pawl_json_text(hold, "broker"));
	print_field(cli, "cwd", pawl_json_text(hold, "cwd"));
	print_chain(cli, hold);
	print_stopped(cli, hold);
	print_field(cli, "reason", pawl_json_text(hold, "reason"));
	print_field(cli, "rule", pawl_json_text(hold, "rule"));
	print_number(cli, "lost", pawl_json_number(hold, "lost"), "so far");
	if (json_object_get(hold, "recoverable"))
		print_number(cli, "recoverable", pawl_json_number(hold, "recoverable"), "of them");
	print_directories(cli, hold);
	print_field(cli, "since", pawl_when_local(pawl_json_text(hold, "since"), since));
	print_field(cli, "backend", pawl_json_text(hold, "backend"));
	print_field(cli, "decided by", pawl_json_text(hold, "by"));
	if (strcmp(pawl_json_text(hold, "state"), "held") == 0)
		print_resolutions(cli, hold);
}

int pawl_cmd_show(const struct pawl_cli *cli)
{
	json_auto_t *hold = NULL;
	int status = pawl_client_request(
		cli, json_pack("{s:s, s:s}", "cmd", "show", "hold", cli->args.words[0]), &hold);

	if (status != PAWL_EXIT_OK)
		return status;
	if (cli->json)
		return pawl_print_json(hold);
	print_hold(cli, hold);
	return PAWL_EXIT_OK;
}

static int decide(const struct pawl_cli *cli, json_t *request, const char *done)
{
	json_auto_t *hold = NULL;
	int status = pawl_client_request(cli, request, &hold);

	if (status != PAWL_EXIT_OK)
		return status;
	if (cli->json)
		return pawl_print_json(hold);
	if (cli->quiet)
		return PAWL_EXIT_OK;
	pawl_print_styled(cli, PAWL_STYLE_BOLD, pawl_json_text(hold, "id"));
	printf(" %s\n", done);
	return PAWL_EXIT_OK;
}

static json_t *decision_request(const struct pawl_cli *cli, const char *cmd)
{
	return json_pack("{s:s, s:s, s:s*}", "cmd", cmd, "hold", cli->args.words[0], "reason",
			 cli->args.values[PAWL_OPT_REASON]);
}

int pawl_cmd_approve(const struct pawl_cli *cli)
{
	const char *span = cli->args.values[PAWL_OPT_FOR];
	json_t *request = NULL;
	uint64_t for_ms = 0;
	char done[96];

	if (span && pawl_duration_parse(span, &for_ms) < 0) {
		pawl_error(
			"approve: --for takes a duration up to 365 days, as 90s, 10m or 1h30m, not \"%s\"",
			span);
		return PAWL_EXIT_USAGE;
	}
	request = decision_request(cli, "approve");
	snprintf(done, sizeof(done), "approved");
	if (span) {
		json_object_set_new(request, "for_ms", json_integer((json_int_t)for_ms));
		snprintf(done, sizeof(done), "approved, without a limit for %s", span);
	}
	return decide(cli, request, done);
}

int pawl_cmd_deny(const struct pawl_cli *cli)
{
	return decide(cli, decision_request(cli, "deny"), "denied");
}
