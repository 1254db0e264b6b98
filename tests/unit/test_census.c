/* SPDX-License-Identifier: Apache-2.0 */
/*
 * user/shell/census.c on real directories: wide, deep, with what must not be followed or cannot
 * be read; and by a process of its own, with the rights of the one that moves it.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "user/core/cleanup.h"
#include "user/shell/census.h"

#define FEW 25
#define LONG_MS 60000 /* longer than any of these takes: what they show does not hang on it */
#define SPARE_UID 61234

/* A directory of this test's own; each test begins in it. */
static char top[64];

static int set_up(void **state)
{
	(void)state;
	snprintf(top, sizeof(top), "%s/pawl-census.XXXXXX",
		 access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	return mkdtemp(top) && chmod(top, 0755) == 0 && chdir(top) == 0 ? 0 : -1;
}

static int tear_down(void **state)
{
	char command[192];

	(void)state;
	snprintf(command, sizeof(command), "chmod -R u+rwX %s; rm -rf %s", top, top);
	return chdir("/") == 0 && system(command) == 0 ? 0 : -1; /* NOLINT(cert-env33-c) */
}

static void make_file(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	close(fd);
}

static void make_files(const char *dir, int n)
{
	char path[128];

	for (int i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "%s/file%d", dir, i);
		make_file(path);
	}
}

static void expect(const char *path, uint64_t most, uint64_t files, bool more)
{
	const struct pawl_content found =
		pawl_census_count(open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), most, LONG_MS);

	assert_int_equal(found.files, files);
	assert_int_equal(found.more, more);
}

static void test_exact_up_to_what_is_asked(void **state)
{
	(void)state;
	assert_int_equal(mkdir("a", 0700), 0);
	expect("a", 0, 0, false);
	make_files("a", FEW);
	expect("a", FEW, FEW, false);
	expect("a", FEW - 1, FEW - 1, true);
	expect("a", 0, 0, true);
	expect("a/none", FEW, 0, true);
}

/* More entries than one read brings, and directories between them. */
static void test_wide(void **state)
{
	char path[64];

	(void)state;
	assert_int_equal(mkdir("a", 0700), 0);
	make_files("a", 3000);
	for (int i = 0; i < 500; i++) {
		snprintf(path, sizeof(path), "a/dir%d", i);
		assert_int_equal(mkdir(path, 0700), 0);
		make_files(path, 2);
	}
	expect("a", 1000000, 4000, false);
	expect("a", 3999, 3999, true);
}

/* Nested so far, each level with one file; the working directory is at the bottom then. */
static void make_deep(int levels)
{
	assert_int_equal(mkdir("a", 0700), 0);
	assert_int_equal(chdir("a"), 0);
	for (int i = 0; i < levels; i++) {
		make_file("file");
		assert_int_equal(mkdir("d", 0700), 0);
		assert_int_equal(chdir("d"), 0);
	}
	assert_int_equal(chdir(top), 0);
}

static void test_deep(void **state)
{
	(void)state;
	make_deep(4000);
	expect("a", 1000000, 4000, false);
}

static void test_deeper_than_can_be_counted(void **state)
{
	struct pawl_content found;

	(void)state;
	make_deep(PAWL_CENSUS_LEVELS + 100);
	found = pawl_census_count(open("a", O_RDONLY | O_DIRECTORY | O_CLOEXEC), 1000000, LONG_MS);
	assert_true(found.more);
	assert_true(found.files < PAWL_CENSUS_LEVELS);
}

static void test_nothing_is_followed(void **state)
{
	(void)state;
	assert_int_equal(mkdir("a", 0700), 0);
	assert_int_equal(mkdir("b", 0700), 0);
	make_files("b", FEW);
	assert_int_equal(symlink("../b", "a/link"), 0);
	assert_int_equal(symlink("/", "a/root"), 0);
	assert_int_equal(symlink(".", "a/self"), 0);
	assert_int_equal(mkfifo("a/fifo", 0600), 0);
	expect("a", 1000, 4, false);
}

/* Time is looked at before anything is read. */
static void test_no_time(void **state)
{
	struct pawl_content found;

	(void)state;
	assert_int_equal(mkdir("a", 0700), 0);
	make_files("a", FEW);
	found = pawl_census_count(open("a", O_RDONLY | O_DIRECTORY | O_CLOEXEC), 1000, 0);
	assert_true(found.more);
	assert_int_equal(found.files, 0);
}

/* -- by a process of its own -------------------------------------------------------------- */

/* One that does nothing, as @uid, until it is ended. */
static pid_t start_mover(uid_t uid)
{
	int ready[2];
	pid_t pid;
	char byte;

	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (uid && (setgid(uid) < 0 || setuid(uid) < 0))
			_exit(1);
		(void)!write(ready[1], "r", 1);
		for (;;)
			pause();
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	return pid;
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* What a child finds at @path, told that @like is there. */
static struct pawl_content census(pid_t mover, const char *path, const char *like, uint64_t most)
{
	struct pawl_census_job job = {.pid = (uint32_t)mover, .path = path, .most = most};
	struct pawl_content found;
	struct stat st;
	pid_t pid;
	int fd;

	assert_int_equal(stat(like, &st), 0);
	job.dev = st.st_dev;
	job.ino = st.st_ino;
	assert_int_equal(pawl_census_start(&job, &pid, &fd), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	found = pawl_census_result(fd);
	close(fd);
	return found;
}

static void need_root(void)
{
	if (geteuid() != 0)
		skip();
}

static void test_by_a_child(void **state)
{
	char path[128], link[128];
	struct pawl_content found;
	pid_t mover;

	(void)state;
	need_root();
	mover = start_mover(0);
	snprintf(path, sizeof(path), "%s/a", top);
	snprintf(link, sizeof(link), "%s/link", top);
	assert_int_equal(mkdir("a", 0700), 0);
	assert_int_equal(mkdir("b", 0700), 0);
	assert_int_equal(symlink("a", "link"), 0);
	make_files("a", 7);
	found = census(mover, path, "a", FEW);
	assert_int_equal(found.files, 7);
	assert_false(found.more);
	found = census(mover, path, "a", 3);
	assert_int_equal(found.files, 3);
	assert_true(found.more);
	/* another one is there; it is reached by a link; nothing is there */
	assert_true(census(mover, path, "b", FEW).more);
	assert_true(census(mover, link, "a", FEW).more);
	assert_true(census(mover, "/none", "a", FEW).more);
	end(mover);
	/* the process has gone */
	assert_true(census(mover, path, "a", FEW).more);
}

/* It sees what the one that moves it may see, and no more. */
static void test_with_the_rights_of_the_mover(void **state)
{
	char path[128];
	pid_t mover;

	(void)state;
	need_root();
	mover = start_mover(SPARE_UID);
	snprintf(path, sizeof(path), "%s/a", top);
	assert_int_equal(mkdir("a", 0755), 0);
	make_files("a", 3);
	assert_int_equal(mkdir("a/open", 0755), 0);
	make_files("a/open", 3);
	assert_false(census(mover, path, "a", FEW).more);
	assert_int_equal(census(mover, path, "a", FEW).files, 6);
	assert_int_equal(mkdir("a/closed", 0700), 0);
	assert_true(census(mover, path, "a", FEW).more);
	assert_int_equal(chmod("a", 0700), 0);
	assert_true(census(mover, path, "a", FEW).more);
	assert_int_equal(census(mover, path, "a", FEW).files, 0);
	end(mover);
}

static void test_a_child_that_says_nothing(void **state)
{
	int pipes[2];

	(void)state;
	assert_int_equal(pipe2(pipes, O_CLOEXEC | O_NONBLOCK), 0);
	assert_true(pawl_census_result(pipes[0]).more); /* not yet */
	assert_int_equal(write(pipes[1], "half", 4), 4);
	close(pipes[1]);
	assert_true(pawl_census_result(pipes[0]).more);
	close(pipes[0]);
}

#define IN_A_DIRECTORY(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_A_DIRECTORY(test_exact_up_to_what_is_asked),
		IN_A_DIRECTORY(test_wide),
		IN_A_DIRECTORY(test_deep),
		IN_A_DIRECTORY(test_deeper_than_can_be_counted),
		IN_A_DIRECTORY(test_nothing_is_followed),
		IN_A_DIRECTORY(test_no_time),
		IN_A_DIRECTORY(test_by_a_child),
		IN_A_DIRECTORY(test_with_the_rights_of_the_mover),
		cmocka_unit_test(test_a_child_that_says_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
