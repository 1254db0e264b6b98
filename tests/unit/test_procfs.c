/* SPDX-License-Identifier: Apache-2.0 */
/*
 * user/shell/procfs.c against processes of this test's own, under names that nothing else
 * has: which rule finds which process, and what a process is said to run.
 */
#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <fcntl.h>
#include <unistd.h>

#include <cmocka.h>

#include "user/core/cleanup.h"
#include "user/shell/procfs.h"

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))
#define EXE "pawl-made-up-exe"
#define ARGV0 "pawl-made-up-argv0"
#define SCRIPT "pawl-made-up-script"

/* A directory with an executable and a script, both of which do nothing for long. */
static char directory[64];

static char *path_of(const char *name, char out[PATH_MAX])
{
	snprintf(out, PATH_MAX, "%s/%s", directory, name);
	return out;
}

static int run(char *const argv[])
{
	pid_t pid = fork();
	int status = -1;

	if (pid == 0) {
		execvp(argv[0], argv);
		_exit(127);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid ? status : -1;
}

static int make_files(void **state)
{
	static const char script[] = "#!/bin/sh\nread never_comes\n";
	char exe[PATH_MAX], text[PATH_MAX];
	char *const copy[] = {"cp", "/bin/sleep", exe, NULL};
	_cleanup_close_ int fd = -1;

	(void)state;
	snprintf(directory, sizeof(directory), "/tmp/pawl-procfs-XXXXXX");
	if (!mkdtemp(directory) || chmod(directory, 0755) < 0)
		return -1;
	path_of(EXE, exe);
	fd = open(path_of(SCRIPT, text), O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
	if (fd < 0 || write(fd, script, sizeof(script) - 1) != sizeof(script) - 1)
		return -1;
	return run(copy);
}

static int remove_files(void **state)
{
	char path[PATH_MAX];

	(void)state;
	unlink(path_of(EXE, path));
	unlink(path_of(SCRIPT, path));
	return rmdir(directory);
}

/* How a child is started: with @file, relative to the directory unless it begins with "/". */
struct start {
	const char *file;
	char *argv[6];
	char *env[4];
	uid_t uid; /* 0: as we are */
};

static void become(const struct start *start, int null)
{
	char path[PATH_MAX];

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	dup2(null, STDIN_FILENO);
	if (start->uid && setresuid(start->uid, start->uid, start->uid) < 0)
		_exit(126);
	if (chdir(directory) < 0)
		_exit(126);
	path_of(start->file, path);
	execve(*start->file == '/' ? start->file : path, start->argv, start->env);
	_exit(127);
}

/* Starts it and waits until it runs the new program. */
static pid_t start_child(const struct start *start)
{
	int ready[2], input[2];
	char byte;
	pid_t pid;

	/* a pipe that nobody writes to, so that `read` in the script waits */
	assert_int_equal(pipe2(input, O_CLOEXEC), 0);
	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		/* its own writing end keeps the pipe open */
		fcntl(input[1], F_SETFD, 0);
		become(start, input[0]);
	}
	close(ready[1]);
	close(input[0]);
	close(input[1]);
	assert_int_equal(read(ready[0], &byte, 1), 0);
	close(ready[0]);
	assert_int_equal(waitpid(pid, NULL, WNOHANG), 0);
	return pid;
}

static void end_child(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static struct pawl_policy *make_policy(const struct pawl_match *matches, size_t n)
{
	struct pawl_policy *policy = calloc(1, sizeof(*policy));

	assert_non_null(policy);
	memcpy(policy->matches, matches, n * sizeof(*matches));
	policy->matches_n = n;
	return policy;
}

/* The rule by which a process is found; -1: it is not. */
static int match_of(pid_t pid, const struct pawl_match *matches, size_t n)
{
	_cleanup_free_ struct pawl_policy *policy = make_policy(matches, n);
	_cleanup_free_ struct pawl_found *found = NULL;
	size_t found_n = 0;
	int match = -1;

	assert_int_equal(pawl_procfs_agents(policy, &found, &found_n), 0);
	for (size_t i = 0; i < found_n; i++) {
		if (found[i].pid != (uint32_t)pid)
			continue;
		assert_int_equal(match, -1);
		assert_int_equal(found[i].ppid, getpid());
		match = (int)found[i].match;
	}
	return match;
}

#define BY_EXE (1 << PAWL_KIND_EXE)
#define BY_SCRIPT (1 << PAWL_KIND_SCRIPT)
#define BY_ENV (1 << PAWL_KIND_ENV)
#define BY_UID (1 << PAWL_KIND_UID)
#define BY_CGROUP (1 << PAWL_KIND_CGROUP)

static const struct start as_exe = {.file = EXE, .argv = {ARGV0, "1000"}};
static const struct start as_link = {.file = EXE, .argv = {"/x/y/" ARGV0, "1000"}};
static const struct start as_script = {.file = SCRIPT, .argv = {SCRIPT}};
static const struct start by_shell = {.file = "/bin/sh", .argv = {"sh", "-e", SCRIPT, "x"}};
static const struct start no_shell = {.file = "/bin/cat", .argv = {"cat", "-", SCRIPT}};
static const struct start with_env = {
	.file = EXE, .argv = {EXE, "1000"}, .env = {"OTHER=1", "PAWL_T=abc", "EMPTY="}};

static const struct {
	const struct start *start;
	struct pawl_match match;
	bool found;
} rules[] = {
	{&as_exe, {.need = BY_EXE, .exe = EXE}, true},
	{&as_exe, {.need = BY_EXE, .exe = ARGV0}, true},
	{&as_link, {.need = BY_EXE, .exe = ARGV0}, true},
	{&as_exe, {.need = BY_EXE, .exe = "pawl-made-up"}, false},
	{&as_exe, {.need = BY_EXE, .exe = EXE "2"}, false},
	{&as_exe, {.need = BY_EXE, .exe = ""}, false},
	/* a rule without a need is not in use */
	{&as_exe, {.exe = EXE}, false},
	{&as_script, {.need = BY_SCRIPT, .script = SCRIPT}, true},
	{&by_shell, {.need = BY_SCRIPT, .script = SCRIPT}, true},
	{&by_shell, {.need = BY_SCRIPT, .script = "x"}, false},
	{&by_shell, {.need = BY_SCRIPT, .script = "-e"}, false},
	{&no_shell, {.need = BY_SCRIPT, .script = SCRIPT}, false},
	{&as_exe, {.need = BY_SCRIPT, .script = EXE}, false},
	{&with_env, {.need = BY_ENV, .env = "PAWL_T"}, true},
	{&with_env, {.need = BY_ENV, .env = "PAWL_T=abc"}, true},
	{&with_env, {.need = BY_ENV, .env = "PAWL_T=a*"}, true},
	{&with_env, {.need = BY_ENV, .env = "PAWL_T=*"}, true},
	{&with_env, {.need = BY_ENV, .env = "PAWL_T=ab"}, false},
	{&with_env, {.need = BY_ENV, .env = "PAWL_T=abcd"}, false},
	{&with_env, {.need = BY_ENV, .env = "PAWL_T=b*"}, false},
	{&with_env, {.need = BY_ENV, .env = "PAWL_"}, false},
	{&with_env, {.need = BY_ENV, .env = "AWL_T"}, false},
	{&with_env, {.need = BY_ENV, .env = "EMPTY"}, true},
	{&with_env, {.need = BY_ENV, .env = "EMPTY="}, true},
	{&with_env, {.need = BY_ENV, .env = "abc"}, false},
	/* everything that is needed must be found */
	{&with_env, {.need = BY_EXE | BY_ENV, .exe = EXE, .env = "PAWL_T"}, true},
	{&with_env, {.need = BY_EXE | BY_ENV, .exe = EXE, .env = "PAWL_U"}, false},
	{&with_env, {.need = BY_EXE | BY_ENV, .exe = "x", .env = "PAWL_T"}, false},
	/* what is not needed is not looked at */
	{&with_env, {.need = BY_EXE, .exe = EXE, .env = "PAWL_U", .uid = 9}, true},
};

static void test_rules(void **state)
{
	(void)state;
	for (size_t i = 0; i < ROWS(rules); i++) {
		pid_t pid = start_child(rules[i].start);
		int match = match_of(pid, &rules[i].match, 1);

		end_child(pid);
		if ((match == 0) != rules[i].found)
			fail_msg("row %zu: %sfound", i, match == 0 ? "" : "not ");
	}
}

static void test_rule_of_a_user(void **state)
{
	const struct start start = {.file = EXE, .argv = {EXE, "1000"}, .uid = 54321};
	const struct pawl_match theirs = {.need = BY_UID | BY_EXE, .uid = 54321, .exe = EXE};
	const struct pawl_match ours = {.need = BY_UID | BY_EXE, .uid = geteuid(), .exe = EXE};
	pid_t pid;

	(void)state;
	if (geteuid() != 0)
		skip();
	pid = start_child(&start);
	assert_int_equal(match_of(pid, &theirs, 1), 0);
	assert_int_equal(match_of(pid, &ours, 1), -1);
	end_child(pid);
}

/* Our own v2 cgroup; "" where there is none, or it is too long for a rule. */
static void own_cgroup(char *out, size_t size)
{
	_cleanup_fclose_ FILE *file = fopen("/proc/self/cgroup", "re");
	char line[PATH_MAX];

	*out = 0;
	while (file && fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = 0;
		if (!strncmp(line, "0::", 3) && strlen(line + 3) < size)
			strcpy(out, line + 3);
	}
}

static void test_rule_of_a_cgroup(void **state)
{
	struct pawl_match match = {.need = BY_CGROUP | BY_EXE, .exe = EXE};
	size_t n;
	pid_t pid;

	(void)state;
	own_cgroup(match.cgroup, sizeof(match.cgroup) - 8);
	if (!match.cgroup[0])
		skip();
	n = strlen(match.cgroup);
	pid = start_child(&as_exe);
	assert_int_equal(match_of(pid, &match, 1), 0);
	/* a path that only begins alike, and one below */
	strcpy(match.cgroup + n, n > 1 ? "x" : "nowhere");
	assert_int_equal(match_of(pid, &match, 1), -1);
	strcpy(match.cgroup + n, n > 1 ? "/below" : "below");
	assert_int_equal(match_of(pid, &match, 1), -1);
	/* everything is below the root; a slash at the end changes nothing */
	strcpy(match.cgroup + n, n > 1 ? "/" : "");
	assert_int_equal(match_of(pid, &match, 1), 0);
	strcpy(match.cgroup, "/");
	assert_int_equal(match_of(pid, &match, 1), 0);
	end_child(pid);
}

static void test_earlier_rules_win(void **state)
{
	const struct pawl_match matches[] = {
		{.need = BY_EXE, .exe = "nobody"},
		{.need = BY_ENV, .env = "PAWL_T"},
		{.need = BY_EXE, .exe = EXE},
	};
	pid_t pid = start_child(&with_env), other = start_child(&as_exe);

	(void)state;
	assert_int_equal(match_of(pid, matches, ROWS(matches)), 1);
	assert_int_equal(match_of(other, matches, ROWS(matches)), 2);
	end_child(pid);
	end_child(other);
}

static void test_nobody_is_found_and_never_ourselves(void **state)
{
	struct pawl_match match = {.need = BY_EXE, .exe = "pawl-nobody-is-called-this"};
	char own[PATH_MAX] = "";

	(void)state;
	assert_int_equal(match_of(getpid(), &match, 1), -1);
	assert_true(readlink("/proc/self/exe", own, sizeof(own) - 1) > 0);
	snprintf(match.exe, sizeof(match.exe), "%s", strrchr(own, '/') + 1);
	assert_int_equal(match_of(getpid(), &match, 1), -1);
	assert_int_equal(match_of(getpid(), &match, 0), -1);
}

static void test_describe(void **state)
{
	struct pawl_description what;
	char exe[PATH_MAX];
	pid_t pid = start_child(&as_exe);

	(void)state;
	pawl_procfs_describe((uint32_t)pid, &what);
	assert_string_equal(what.executable, path_of(EXE, exe));
	assert_string_equal(what.cwd, directory);
	assert_int_equal(what.args_size, sizeof(ARGV0 "\0"
						      "1000"));
	assert_memory_equal(what.args,
			    ARGV0 "\0"
				  "1000",
			    what.args_size);
	pawl_procfs_description_free(&what);
	assert_null(what.executable);
	assert_null(what.args);
	assert_int_equal(what.args_size, 0);
	end_child(pid);
}

static void test_describe_of_nobody(void **state)
{
	struct pawl_description what;
	pid_t pid = start_child(&as_exe);

	(void)state;
	end_child(pid);
	pawl_procfs_describe((uint32_t)pid, &what);
	assert_null(what.executable);
	assert_null(what.cwd);
	assert_null(what.args);
	assert_int_equal(what.args_size, 0);
	pawl_procfs_description_free(&what);
}

/* Around the sizes at which the buffer grows; ASan sees a read or write past it. */
static void test_long_arguments_are_read(void **state)
{
	static const struct {
		size_t given, read; /* bytes of all arguments */
	} cases[] = {
		{4095, 4095},
		{4096, 4096},
		{4097, 4097},
		{PAWL_ARGS_READ_MAX - 1, PAWL_ARGS_READ_MAX - 1},
		{PAWL_ARGS_READ_MAX, PAWL_ARGS_READ_MAX},
		{PAWL_ARGS_READ_MAX + 1, PAWL_ARGS_READ_MAX},
		{100000, PAWL_ARGS_READ_MAX},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(cases); i++) {
		/* sh -c 'read x' LONG, where LONG fills up what is given */
		_cleanup_free_ char *fill = calloc(1, cases[i].given);
		size_t rest = strlen("sh") + strlen("-c") + strlen("read x") + 3;
		struct start start = {.file = "/bin/sh", .argv = {"sh", "-c", "read x", fill}};
		struct pawl_description what;
		pid_t pid;

		assert_non_null(fill);
		memset(fill, 'f', cases[i].given - rest - 1);
		pid = start_child(&start);
		pawl_procfs_describe((uint32_t)pid, &what);
		end_child(pid);
		assert_int_equal(what.args_size, cases[i].read);
		assert_string_equal(what.args, "sh");
		assert_int_equal(what.args[what.args_size - 1],
				 cases[i].given > cases[i].read ? 'f' : 0);
		pawl_procfs_description_free(&what);
	}
}

static void test_cgroup_id_is_the_inode_of_its_directory(void **state)
{
	struct stat st;

	(void)state;
	assert_int_equal(pawl_procfs_cgroup_id("/pawl-no-such-group"), 0);
	if (access("/sys/fs/cgroup/cgroup.procs", F_OK) == 0)
		assert_int_equal(stat("/sys/fs/cgroup", &st), 0);
	else if (access("/sys/fs/cgroup/unified/cgroup.procs", F_OK) == 0)
		assert_int_equal(stat("/sys/fs/cgroup/unified", &st), 0);
	else
		skip();
	assert_true(st.st_ino != 0);
	assert_int_equal(pawl_procfs_cgroup_id("/"), st.st_ino);
}

static void test_resident_memory_grows_with_what_is_touched(void **state)
{
	const size_t size = 64 << 20;
	uint64_t before = pawl_procfs_resident_kib();
	_cleanup_free_ char *touched = malloc(size);

	(void)state;
	assert_true(before > 0);
	assert_non_null(touched);
	memset(touched, 1, size);
	assert_true(pawl_procfs_resident_kib() >= before + size / 1024 / 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_rule_of_a_user),
		cmocka_unit_test(test_rule_of_a_cgroup),
		cmocka_unit_test(test_earlier_rules_win),
		cmocka_unit_test(test_nobody_is_found_and_never_ourselves),
		cmocka_unit_test(test_describe),
		cmocka_unit_test(test_describe_of_nobody),
		cmocka_unit_test(test_long_arguments_are_read),
		cmocka_unit_test(test_cgroup_id_is_the_inode_of_its_directory),
		cmocka_unit_test(test_resident_memory_grows_with_what_is_touched),
	};

	return cmocka_run_group_tests(tests, make_files, remove_files);
}
