/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commands about sessions: ps, tree, attach, detach, pause, resume, kill. Each asks
 * pawld once and shows the answer; none may signal a process itself.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "user/cli/client.h"
#include "user/cli/table.h"
#include "user/cli/when.h"
#include "user/core/cleanup.h"
#include "user/core/text.h"

static void print_ids(const json_t *list, const char *key)
{
	size_t index;
	json_t *item;

	json_array_foreach (list, index, item) {
		pawl_print_safe(pawl_json_text(item, key));
		putchar('\n');
	}
}

static long long sum_of(const json_t *counts)
{
	long long sum = 0;
	const char *key;
	json_t *value;

	json_object_foreach ((json_t *)counts, key, value)
		sum += pawl_json_number(counts, key);
	return sum;
}

int pawl_cmd_ps(const struct pawl_cli *cli)
{
	static const char *const titles[] = {"SESSION", "AGENT",   "STATE", "PIDS",
					     "USER",	"DELETED", "SINCE"};
	_cleanup_table_ struct pawl_table table = {
		.titles = titles, .columns = 7, .right = 1U << 3 | 1U << 5};
	bool all = cli->args.values[PAWL_OPT_ALL] != NULL;
	json_auto_t *sessions = NULL;
	json_t *session;
	size_t index;
	char since[32];
	int status;

	status = pawl_client_request(cli, json_pack("{s:s, s:b}", "cmd", "ps", "all", all),
				     &sessions);
	if (status != PAWL_EXIT_OK)
		return status;
	if (cli->json)
		return pawl_print_json(sessions);
	if (cli->quiet) {
		print_ids(sessions, "session");
		return PAWL_EXIT_OK;
	}
	json_array_foreach (sessions, index, session) {
		const char *state = pawl_json_text(session, "state");

		pawl_table_add(&table, PAWL_STYLE_BOLD, pawl_json_text(session, "session"));
		pawl_table_add(&table, PAWL_STYLE_PLAIN, pawl_json_text(session, "agent"));
		pawl_table_add(&table, pawl_style_of(state), state);
		pawl_table_printf(&table, "%zu", json_array_size(json_object_get(session, "pids")));
		pawl_table_add(&table, PAWL_STYLE_PLAIN, pawl_json_text(session, "user"));
		pawl_table_printf(&table, "%lld", sum_of(json_object_get(session, "operations")));
		pawl_table_add(&table, PAWL_STYLE_PLAIN,
			       pawl_when_local(pawl_json_text(session, "since"), since));
	}
	return pawl_table_print(&table, cli);
}

/* One process of a tree, sorted by (ppid, pid) so that children stand together. */
struct node {
	long long pid;
	long long ppid;
	const json_t *process;
	bool drawn; /* an answer with a circle in it must not draw for ever */
};

struct forest {
	const struct pawl_cli *cli;
	struct node *nodes;
	size_t nodes_n;
	struct pawl_text prefix; /* the lines of the ancestors, left of the next process */
};

static int compare_nodes(const void *left, const void *right)
{
	const struct node *one = left, *two = right;

	if (one->ppid != two->ppid)
		return one->ppid < two->ppid ? -1 : 1;
	return (one->pid > two->pid) - (one->pid < two->pid);
}

/* Return: index of the first child of @pid, nodes_n or another's child where it has none. */
static size_t first_child(const struct forest *forest, long long pid)
{
	size_t low = 0, high = forest->nodes_n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (forest->nodes[middle].ppid < pid)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* `held` is a hold's name, or true; absent or false: it runs. */
static void draw_process(const struct forest *forest, const struct node *node, const char *branch)
{
	const json_t *args = json_object_get(node->process, "args");
	_cleanup_free_ char *line = pawl_args_join(args);
	const json_t *held = json_object_get(node->process, "held");
	const char *name = json_is_string(held) ? json_string_value(held) : "";

	printf("%s%s%lld ", forest->prefix.data ? forest->prefix.data : "", branch, node->pid);
	pawl_print_safe(line && *line ? line : pawl_json_text(node->process, "executable"));
	if (json_is_true(held) || *name) {
		fputs("  ", stdout);
		pawl_print_styled(forest->cli, PAWL_STYLE_WARN, *name ? "held " : "held");
		pawl_print_styled(forest->cli, PAWL_STYLE_WARN, name);
	}
	putchar('\n');
}

static void draw_children(struct forest *forest, long long pid)
{
	static const char *const branches[2][2] = {{"|-- ", "`-- "}, {"├── ", "└── "}};
	static const char *const lines[2][2] = {{"|   ", "    "}, {"│   ", "    "}};
	size_t mark = forest->prefix.size;

	for (size_t i = first_child(forest, pid); i < forest->nodes_n; i++) {
		struct node *node = &forest->nodes[i];
		bool last = i + 1 == forest->nodes_n || forest->nodes[i + 1].ppid != pid;

		if (node->ppid != pid)
			return;
		if (node->drawn)
			continue;
		node->drawn = true;
		draw_process(forest, node, branches[forest->cli->utf8][last]);
		pawl_text_str(&forest->prefix, lines[forest->cli->utf8][last]);
		draw_children(forest, node->pid);
		forest->prefix.size = mark;
		if (forest->prefix.data)
			forest->prefix.data[mark] = '\0';
	}
}

static int compare_pids(const void *left, const void *right)
{
	const long long *one = left, *two = right;

	return (*one > *two) - (*one < *two);
}

/* Roots are those whose parent is not in the tree: orphans that init took are roots, too. */
static int draw_forest(struct forest *forest)
{
	size_t n = forest->nodes_n;
	_cleanup_free_ long long *pids = calloc(n + 1, sizeof(*pids));

	if (!pids)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		pids[i] = forest->nodes[i].pid;
	qsort(pids, n, sizeof(*pids), compare_pids);
	for (size_t i = 0; i < n; i++) {
		struct node *node = &forest->nodes[i];

		if (node->drawn || bsearch(&node->ppid, pids, n, sizeof(*pids), compare_pids))
			continue;
		node->drawn = true;
		draw_process(forest, node, "");
		draw_children(forest, node->pid);
	}
	return forest->prefix.failed ? -ENOMEM : 0;
}

static int draw_session(const struct pawl_cli *cli, const json_t *session)
{
	const json_t *processes = json_object_get(session, "processes");
	_cleanup_free_ struct node *nodes = calloc(json_array_size(processes) + 1, sizeof(*nodes));
	struct forest forest = {.cli = cli, .nodes = nodes};
	const char *state = pawl_json_text(session, "state");
	json_t *process;
	size_t index;
	int r;

	if (!nodes) {
		pawl_error("out of memory");
		return PAWL_EXIT_FAILED;
	}
	pawl_print_styled(cli, PAWL_STYLE_BOLD, pawl_json_text(session, "session"));
	putchar(' ');
	pawl_print_safe(pawl_json_text(session, "agent"));
	putchar(' ');
	pawl_print_styled(cli, pawl_style_of(state), state);
	putchar('\n');
	json_array_foreach (processes, index, process) {
		nodes[forest.nodes_n++] = (struct node){.pid = pawl_json_number(process, "pid"),
							.ppid = pawl_json_number(process, "ppid"),
							.process = process};
	}
	qsort(nodes, forest.nodes_n, sizeof(*nodes), compare_nodes);
	r = draw_forest(&forest);
	pawl_text_freep(&forest.prefix);
	if (r < 0) {
		pawl_error("out of memory");
		return PAWL_EXIT_FAILED;
	}
	return PAWL_EXIT_OK;
}

int pawl_cmd_tree(const struct pawl_cli *cli)
{
	json_t *request = json_pack("{s:s}", "cmd", "tree");
	json_auto_t *sessions = NULL;
	json_t *session;
	size_t index;
	int status;

	if (cli->args.words_n)
		json_object_set_new(request, "session", json_string(cli->args.words[0]));
	status = pawl_client_request(cli, request, &sessions);
	if (status != PAWL_EXIT_OK)
		return status;
	if (cli->json)
		return pawl_print_json(sessions);
	json_array_foreach (sessions, index, session) {
		if (index)
			putchar('\n');
		status = draw_session(cli, session);
		if (status != PAWL_EXIT_OK)
			return status;
	}
	return PAWL_EXIT_OK;
}

/* Asks for something to be done to a session and says in one line that it was. */
static int act_on(const struct pawl_cli *cli, json_t *request, const char *done)
{
	json_auto_t *session = NULL;
	int status = pawl_client_request(cli, request, &session);

	if (status != PAWL_EXIT_OK)
		return status;
	if (cli->json)
		return pawl_print_json(session);
	if (cli->quiet)
		return PAWL_EXIT_OK;
	pawl_print_styled(cli, PAWL_STYLE_BOLD, pawl_json_text(session, "session"));
	printf(" %s", done);
	if (json_object_get(session, "killed")) {
		const json_t *list = json_object_get(session, "killed");
		long long killed = json_is_array(list) ? (long long)json_array_size(list)
						       : pawl_json_number(session, "killed");

		printf(": %lld process%s", killed, killed == 1 ? "" : "es");
	}
	putchar('\n');
	return PAWL_EXIT_OK;
}

static json_t *session_request(const struct pawl_cli *cli, const char *cmd)
{
	return json_pack("{s:s, s:s}", "cmd", cmd, "session", cli->args.words[0]);
}

int pawl_cmd_detach(const struct pawl_cli *cli)
{
	return act_on(cli, session_request(cli, "detach"), "is no longer watched");
}

int pawl_cmd_pause(const struct pawl_cli *cli)
{
	return act_on(cli, session_request(cli, "pause"), "paused");
}

int pawl_cmd_resume(const struct pawl_cli *cli)
{
	return act_on(cli, session_request(cli, "resume"), "resumed");
}

int pawl_cmd_kill(const struct pawl_cli *cli)
{
	return act_on(cli, session_request(cli, "kill"), "killed");
}

int pawl_cmd_attach(const struct pawl_cli *cli)
{
	const char *const *values = cli->args.values;
	const char *word = cli->args.words[0];
	char *end = NULL;
	json_t *request;
	long pid;

	errno = 0;
	pid = strtol(word, &end, 10);
	if (errno || *end || pid < 1 || pid > 0x7fffffff) {
		pawl_error("attach: \"%s\" is not a process id (see \"ps\")", word);
		return PAWL_EXIT_USAGE;
	}
	request = json_pack("{s:s, s:i, s:s*, s:s*}", "cmd", "attach", "pid", (int)pid, "agent",
			    values[PAWL_OPT_AGENT], "policy", values[PAWL_OPT_POLICY]);
	return act_on(cli, request, "is watched");
}
