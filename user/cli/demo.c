/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `pawl demo`: becomes demo.sh, which is looked for where make and where make install
 * leave it. It knows nothing of what the script does.
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "user/cli/cli.h"
#include "user/cli/place.h"
#include "user/core/cleanup.h"

static char *find_script(void)
{
	static const char *const beside[] = {"../scripts/demo.sh", "../libexec/pawl/demo.sh"};
	const char *libexec = getenv("PAWL_LIBEXEC");
	char *path = NULL;

	if (libexec && *libexec) {
		if (asprintf(&path, "%s/demo.sh", libexec) < 0)
			return NULL;
		if (access(path, X_OK) == 0)
			return path;
		free(path);
	}
	for (size_t i = 0; i < sizeof(beside) / sizeof(beside[0]); i++) {
		path = pawl_place_beside(beside[i]);
		if (path)
			return path;
	}
	return NULL;
}

int pawl_cmd_demo(const struct pawl_cli *cli)
{
	_cleanup_free_ char *script = find_script();
	_cleanup_free_ char **argv = NULL;

	if (!script) {
		pawl_error(
			"demo.sh was not found in ../scripts or ../libexec/pawl beside this program: name its directory in PAWL_LIBEXEC");
		return PAWL_EXIT_FAILED;
	}
	argv = calloc((size_t)cli->args.words_n + 2, sizeof(*argv));
	if (!argv) {
		pawl_error("out of memory");
		return PAWL_EXIT_FAILED;
	}
	argv[0] = script;
	memcpy(argv + 1, cli->args.words, (size_t)cli->args.words_n * sizeof(*argv));
	pawl_say(cli, "running %s", script);
	execv(script, argv);
	pawl_error("cannot run %s: %s", script, strerror(errno));
	return PAWL_EXIT_FAILED;
}
