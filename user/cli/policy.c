/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `pawl policy`: check reads files with the same parser as pawld and needs no daemon;
 * show prints the policy in force, or the built-in one.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "user/cli/client.h"
#include "user/cli/table.h"
#include "user/core/cleanup.h"
#include "user/core/policy.h"
#include "user/core/text.h"

/* "-" is standard input. One byte past the parser's limit is enough for it to refuse. */
static int read_file(const char *path, char **ret_text, size_t *ret_size)
{
	bool standard_input = strcmp(path, "-") == 0;
	_cleanup_close_ int fd = standard_input ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
						: open(path, O_RDONLY | O_CLOEXEC);
	_cleanup_free_ char *text = NULL;
	size_t size = 0;

	if (fd < 0)
		return -errno;
	text = malloc(PAWL_POLICY_BYTES_MAX + 1);
	if (!text)
		return -ENOMEM;
	while (size <= PAWL_POLICY_BYTES_MAX) {
		ssize_t n = read(fd, text + size, PAWL_POLICY_BYTES_MAX + 1 - size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		size += n;
	}
	*ret_text = TAKE_PTR(text);
	*ret_size = size;
	return 0;
}

/*
 * What is wrong with a file, for people; NULL: nothing, and *ret_policy is set. The caller
 * frees it.
 */
static char *find_fault(const char *path, struct pawl_policy **ret_policy)
{
	_cleanup_free_ char *text = NULL;
	const char *what = NULL;
	char *error = NULL;
	size_t size = 0;
	int r = read_file(path, &text, &size);

	if (r < 0) {
		what = strerror(-r);
	} else {
		r = pawl_policy_parse(text, size, path, ret_policy, &error);
		if (r == 0)
			return NULL;
		if (r == -EINVAL && error)
			return error;
		what = r == -E2BIG ? "larger than 1 MiB: split it, or name another file"
				   : strerror(-r);
	}
	if (asprintf(&error, "%s: error: %s\n", path, what) < 0)
		return strdup("out of memory\n");
	return error;
}

static void print_fault(const char *fault)
{
	size_t size = strlen(fault);

	fflush(stdout);
	fputs(fault, stderr);
	if (size && fault[size - 1] != '\n')
		fputc('\n', stderr);
}

static json_t *check_result(const char *path, const char *fault)
{
	return json_pack("{s:s, s:b, s:s}", "file", path, "ok", !fault, "error",
			 fault ? fault : "");
}

int pawl_cmd_policy_check(const struct pawl_cli *cli)
{
	json_auto_t *results = json_array();
	int status = PAWL_EXIT_OK;

	for (int i = 0; i < cli->args.words_n; i++) {
		_cleanup_(pawl_policy_freep) struct pawl_policy *policy = NULL;
		const char *path = cli->args.words[i];
		_cleanup_free_ char *fault = find_fault(path, &policy);

		if (fault)
			status = PAWL_EXIT_FAILED;
		if (cli->json) {
			json_array_append_new(results, check_result(path, fault));
		} else if (fault) {
			print_fault(fault);
		} else if (policy && !cli->quiet) {
			pawl_print_safe(path);
			printf(": ok: mode %s, agents %zu, profiles %zu\n",
			       pawl_mode_name(policy->mode), policy->agents_n, policy->profiles_n);
		}
	}
	if (cli->json && pawl_print_json(results) != PAWL_EXIT_OK)
		return PAWL_EXIT_FAILED;
	return status;
}

/* On a terminal line by line and escaped; into a file byte for byte, to be parsed again. */
static void print_text(const char *text)
{
	if (!isatty(STDOUT_FILENO)) {
		fputs(text, stdout);
		return;
	}
	while (*text) {
		size_t size = strcspn(text, "\n");
		_cleanup_free_ char *line = strndup(text, size);

		pawl_print_safe(line ? line : "");
		putchar('\n');
		text += size + (text[size] == '\n');
	}
}

int pawl_cmd_policy_show(const struct pawl_cli *cli)
{
	json_auto_t *policy = NULL;
	int status;

	if (cli->args.values[PAWL_OPT_BUILTIN]) {
		policy = json_pack("{s:s, s:s%}", "name", "built-in", "text", pawl_policy_builtin,
				   pawl_policy_builtin_size);
	} else {
		status = pawl_client_request(cli, json_pack("{s:s}", "cmd", "policy"), &policy);
		if (status != PAWL_EXIT_OK)
			return status;
	}
	if (cli->json)
		return pawl_print_json(policy);
	print_text(pawl_json_text(policy, "text"));
	return PAWL_EXIT_OK;
}
