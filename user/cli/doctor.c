/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `pawl doctor`: shows what pawld found out about this machine. Without a pawld it looks
 * at what can be seen from here, and says that it is only that. With --release it has everything let go; else it changes
 * nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "user/cli/client.h"
#include "user/cli/place.h"
#include "user/cli/table.h"
#include "user/core/cleanup.h"

#define BTF_PATH "/sys/kernel/btf/vmlinux"
#define LSM_PATH "/sys/kernel/security/lsm"
#define BPFFS_PATH "/sys/fs/bpf"

static void add_check(json_t *checks, const char *name, const char *status, const char *detail,
		      const char *remedy)
{
	json_array_append_new(checks, json_pack("{s:s, s:s, s:s, s:s}", "name", name, "status",
						status, "detail", detail, "remedy", remedy));
}

static void check_kernel(json_t *checks, const struct utsname *name)
{
	char *dot = NULL;
	unsigned long major = strtoul(name->release, &dot, 10);
	unsigned long minor = *dot == '.' ? strtoul(dot + 1, NULL, 10) : 0;
	bool old = major < 5 || (major == 5 && minor < 15);

	add_check(checks, "kernel", old ? "fail" : "ok", name->release,
		  old ? "boot Linux 5.15 or newer" : "");
}

static void check_root(json_t *checks)
{
	bool root = geteuid() == 0;

	add_check(checks, "root", root ? "ok" : "warn", root ? "yes" : "no",
		  root ? "" : "pawld must be started by root; pawl need not");
}

static void check_btf(json_t *checks)
{
	bool there = access(BTF_PATH, R_OK) == 0;

	add_check(checks, "btf", there ? "ok" : "fail",
		  there ? BTF_PATH : BTF_PATH " cannot be read",
		  there ? "" : "boot a kernel built with CONFIG_DEBUG_INFO_BTF=y");
}

static void check_lsm(json_t *checks)
{
	_cleanup_close_ int fd = open(LSM_PATH, O_RDONLY | O_CLOEXEC);
	char list[512] = ",";
	ssize_t n = fd < 0 ? -1 : read(fd, list + 1, sizeof(list) - 3);
	size_t size;

	if (n < 0) {
		add_check(checks, "lsm", "warn", LSM_PATH " cannot be read",
			  "mount -t securityfs none /sys/kernel/security");
		return;
	}
	list[n + 1] = '\0';
	size = strcspn(list, "\n");
	list[size++] = ','; /* so that each name stands between two */
	list[size] = '\0';
	if (strstr(list, ",bpf,")) {
		add_check(checks, "lsm", "ok", "bpf is in the list", "");
		return;
	}
	add_check(checks, "lsm", "warn", "bpf is not in the list: the lsm backend cannot be had",
		  "add bpf to lsm= on the kernel command line");
}

static void check_bpffs(json_t *checks)
{
	struct statfs fs;
	bool there = statfs(BPFFS_PATH, &fs) == 0 && fs.f_type == BPF_FS_MAGIC;

	add_check(checks, "bpffs", there ? "ok" : "warn",
		  there ? BPFFS_PATH : BPFFS_PATH " is not mounted",
		  there ? "" : "mount -t bpf none " BPFFS_PATH);
}

/* Of the shape that pawld answers, so that scripts need not tell them apart. */
static json_t *look_from_here(const char *socket, int error)
{
	struct utsname name;
	json_t *checks = json_array();
	char detail[256];

	if (uname(&name) < 0)
		memcpy(name.release, "unknown", sizeof("unknown"));
	snprintf(detail, sizeof(detail), "no pawld running at %s (%s)", socket, strerror(-error));
	add_check(checks, "pawld", "fail", detail,
		  "start it with \"systemctl start pawl\", or name its socket with --socket");
	check_kernel(checks, &name);
	check_root(checks);
	check_btf(checks);
	check_lsm(checks);
	check_bpffs(checks);
	return json_pack("{s:s, s:b, s:s, s:o, s:[], s:i}", "backend", "none", "enforcing", false,
			 "kernel", name.release, "checks", checks, "hooks", "lost_events", 0);
}

static int print_checks(const struct pawl_cli *cli, const json_t *checks)
{
	static const char *const titles[] = {"CHECK", "STATUS", "DETAIL"};
	_cleanup_table_ struct pawl_table table = {.titles = titles, .columns = 3};
	json_t *check;
	size_t index;

	json_array_foreach (checks, index, check) {
		const char *status = pawl_json_text(check, "status");

		if (cli->quiet && strcmp(status, "ok") == 0)
			continue;
		pawl_table_add(&table, PAWL_STYLE_PLAIN, pawl_json_text(check, "name"));
		pawl_table_add(&table, pawl_style_of(status), status);
		pawl_table_add(&table, PAWL_STYLE_PLAIN, pawl_json_text(check, "detail"));
	}
	return pawl_table_print(&table, cli);
}

static void print_remedies(const json_t *checks)
{
	const char *heading = "\nWhat to do:\n";
	json_t *check;
	size_t index;

	json_array_foreach (checks, index, check) {
		const char *remedy = pawl_json_text(check, "remedy");

		if (!*remedy || strcmp(pawl_json_text(check, "status"), "ok") == 0)
			continue;
		fputs(heading, stdout);
		heading = "";
		fputs("  ", stdout);
		pawl_print_safe(pawl_json_text(check, "name"));
		fputs(": ", stdout);
		pawl_print_safe(remedy);
		putchar('\n');
	}
}

static int print_hooks(const struct pawl_cli *cli, const json_t *hooks)
{
	static const char *const titles[] = {"HOOK", "ATTACHED", "TESTED"};
	_cleanup_table_ struct pawl_table table = {.titles = titles, .columns = 3};
	json_t *hook;
	size_t index;

	if (!json_array_size(hooks) || cli->quiet)
		return PAWL_EXIT_OK;
	putchar('\n');
	json_array_foreach (hooks, index, hook) {
		bool attached = json_is_true(json_object_get(hook, "attached"));
		bool tested = json_is_true(json_object_get(hook, "tested"));

		pawl_table_add(&table, PAWL_STYLE_PLAIN, pawl_json_text(hook, "name"));
		if (!attached && json_is_true(json_object_get(hook, "when_needed")))
			pawl_table_add(&table, PAWL_STYLE_PLAIN, "when needed");
		else
			pawl_table_add(&table, attached ? PAWL_STYLE_GOOD : PAWL_STYLE_BAD,
				       attached ? "yes" : "no");
		pawl_table_add(&table, tested ? PAWL_STYLE_GOOD : PAWL_STYLE_WARN,
			       tested ? "yes" : "no");
	}
	return pawl_table_print(&table, cli);
}

static int print_report(const struct pawl_cli *cli, const json_t *report)
{
	const json_t *checks = json_object_get(report, "checks");
	bool enforcing = json_is_true(json_object_get(report, "enforcing"));
	int status;

	if (cli->json)
		return pawl_print_json(report);
	fputs("backend ", stdout);
	pawl_print_styled(cli, PAWL_STYLE_BOLD, pawl_json_text(report, "backend"));
	fputs(", ", stdout);
	pawl_print_styled(cli, enforcing ? PAWL_STYLE_GOOD : PAWL_STYLE_BAD,
			  enforcing ? "enforcing" : "not enforcing");
	fputs(", kernel ", stdout);
	pawl_print_safe(pawl_json_text(report, "kernel"));
	printf(", %lld events lost\n\n", pawl_json_number(report, "lost_events"));
	status = print_checks(cli, checks);
	if (status != PAWL_EXIT_OK)
		return status;
	print_remedies(checks);
	return print_hooks(cli, json_object_get(report, "hooks"));
}

static bool has_failed(const json_t *checks)
{
	json_t *check;
	size_t index;

	json_array_foreach (checks, index, check) {
		if (strcmp(pawl_json_text(check, "status"), "fail") == 0)
			return true;
	}
	return false;
}

static int report_from_here(const struct pawl_cli *cli, int error)
{
	json_auto_t *report = look_from_here(cli->socket, error);
	int status = pawl_client_report(cli->socket, error);

	print_report(cli, report);
	return status;
}

/*
 * What is pinned is let go by pawld's program, which alone knows it. It takes our place, and
 * asks the kernel, not the socket: no pawld needs to answer.
 */
static int release(const struct pawl_cli *cli)
{
	_cleanup_free_ char *program = pawl_place_pawld();
	const char *pins = cli->args.values[PAWL_OPT_PINS];
	const char *argv[] = {"pawld", "--release", pins ? "--pin-dir" : NULL, pins, NULL};

	if (geteuid() != 0) {
		pawl_error("not permitted: --release is for root");
		return PAWL_EXIT_NOT_PERMITTED;
	}
	if (!program) {
		pawl_error("no pawld program beside this one, in ../sbin or in PATH");
		return PAWL_EXIT_FAILED;
	}
	execv(program, (char *const *)argv);
	pawl_error("cannot run %s: %s", program, strerror(errno));
	return PAWL_EXIT_FAILED;
}

int pawl_cmd_doctor(const struct pawl_cli *cli)
{
	struct pawl_client client = PAWL_CLIENT_NONE;
	json_auto_t *report = NULL;
	int status, r;

	if (cli->args.values[PAWL_OPT_RELEASE])
		return release(cli);
	r = pawl_client_open(&client, cli->socket);
	if (r < 0)
		return report_from_here(cli, r);
	status = pawl_client_ask(&client, cli, json_pack("{s:s}", "cmd", "doctor"), &report);
	pawl_client_close(&client);
	if (status != PAWL_EXIT_OK)
		return status;
	status = print_report(cli, report);
	if (status == PAWL_EXIT_OK && has_failed(json_object_get(report, "checks")))
		return PAWL_EXIT_FAILED;
	return status;
}
