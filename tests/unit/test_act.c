/* SPDX-License-Identifier: Apache-2.0 */
/*
 * user/shell/act.c on real processes, all of them children of this test: who is signalled,
 * who is not, and in which order. No root is needed; what needs it is skipped without.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "user/core/cleanup.h"
#include "user/shell/act.h"

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))
#define CHAIN 6
#define PATIENCE_MS 5000

static uint64_t tick_ns(void)
{
	return UINT64_C(1000000000) / (uint64_t)sysconf(_SC_CLK_TCK);
}

/* A child that waits to be signalled, and dies with this test. */
static struct pawl_target start_child(void)
{
	struct pawl_target child = {0};
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		while (true)
			pause();
	}
	child.pid = (uint32_t)pid;
	assert_int_equal(pawl_act_start(child.pid, &child.start_ns), 0);
	return child;
}

/* What becomes of it next, as wait(2) has it. */
static int next_change(const struct pawl_target *child)
{
	int status;

	assert_int_equal(waitpid((pid_t)child->pid, &status, WUNTRACED | WCONTINUED), child->pid);
	return status;
}

static void end_child(const struct pawl_target *child)
{
	kill((pid_t)child->pid, SIGKILL);
	waitpid((pid_t)child->pid, NULL, 0);
}

/* No change of state is waiting to be told. */
static void assert_untouched(const struct pawl_target *child)
{
	int status;

	assert_int_equal(waitpid((pid_t)child->pid, &status, WUNTRACED | WCONTINUED | WNOHANG), 0);
}

static void test_stop_continue_kill(void **state)
{
	struct pawl_target child = start_child();

	(void)state;
	assert_false(pawl_act_is_stopped(child.pid));
	assert_int_equal(pawl_act_stop(&child), 0);
	assert_true(WIFSTOPPED(next_change(&child)));
	assert_true(pawl_act_is_stopped(child.pid));
	assert_int_equal(pawl_act_continue(&child), 0);
	assert_true(WIFCONTINUED(next_change(&child)));
	assert_false(pawl_act_is_stopped(child.pid));
	/* a stopped one is killed as it is */
	assert_int_equal(pawl_act_stop(&child), 0);
	assert_true(WIFSTOPPED(next_change(&child)));
	assert_int_equal(pawl_act_kill(&child), 0);
	assert_int_equal(WTERMSIG(next_change(&child)), SIGKILL);
	assert_false(pawl_act_is_stopped(child.pid));
}

static void test_ended_process_is_not_found(void **state)
{
	struct pawl_target child = start_child();
	uint64_t start_ns = 77;
	uid_t uid = 77;

	(void)state;
	end_child(&child);
	assert_int_equal(pawl_act_stop(&child), -ESRCH);
	assert_int_equal(pawl_act_continue(&child), -ESRCH);
	assert_int_equal(pawl_act_kill(&child), -ESRCH);
	assert_int_equal(pawl_act_open(child.pid, child.start_ns), -ESRCH);
	assert_int_equal(pawl_act_start(child.pid, &start_ns), -ESRCH);
	assert_int_equal(pawl_act_owner(child.pid, &uid), -ESRCH);
	assert_int_equal(start_ns, 77);
	assert_int_equal(uid, 77);
	assert_false(pawl_act_is_stopped(child.pid));
}

/* The pid is right, the process is another one: as after the pid was used again. */
static void test_wrong_start_time_is_another_process(void **state)
{
	const struct pawl_target child = start_child();
	const uint64_t wrong[] = {0, child.start_ns - tick_ns(), child.start_ns + tick_ns(),
				  UINT64_MAX};

	(void)state;
	for (size_t i = 0; i < ROWS(wrong); i++) {
		struct pawl_target other = {.pid = child.pid, .start_ns = wrong[i]};

		assert_int_equal(pawl_act_open(other.pid, other.start_ns), -ESRCH);
		assert_int_equal(pawl_act_stop(&other), -ESRCH);
		assert_int_equal(pawl_act_continue(&other), -ESRCH);
		assert_int_equal(pawl_act_kill(&other), -ESRCH);
		assert_int_equal(pawl_act_continue_all(&other, 1), 0);
	}
	assert_untouched(&child);
	assert_int_equal(pawl_act_stop(&child), 0);
	assert_true(WIFSTOPPED(next_change(&child)));
	end_child(&child);
}

/* The kernel counts nanoseconds, /proc counts ticks. */
static void test_start_times_within_one_tick_are_the_same(void **state)
{
	struct pawl_target child = start_child();

	(void)state;
	child.start_ns += tick_ns() - 1;
	assert_int_equal(pawl_act_stop(&child), 0);
	assert_true(WIFSTOPPED(next_change(&child)));
	assert_true(pawl_act_is_stopped(child.pid));
	end_child(&child);
}

static void test_start_time_is_boot_time(void **state)
{
	struct timespec before, after;
	struct pawl_target child;

	(void)state;
	clock_gettime(CLOCK_BOOTTIME, &before);
	child = start_child();
	clock_gettime(CLOCK_BOOTTIME, &after);
	assert_true(child.start_ns + tick_ns() >
		    (uint64_t)before.tv_sec * 1000000000 + (uint64_t)before.tv_nsec);
	assert_true(child.start_ns <=
		    (uint64_t)after.tv_sec * 1000000000 + (uint64_t)after.tv_nsec);
	end_child(&child);
}

/* The second field of /proc/PID/stat is what the process likes it to be. */
static void test_hostile_name_does_not_move_the_start_time(void **state)
{
	static const char *const names[] = {")", "a) R 1 1 (b", "x) T 0 0 0 0", "\n)\n", "((((("};
	uint64_t start_ns, again_ns;
	char saved[16];

	(void)state;
	prctl(PR_GET_NAME, saved);
	assert_int_equal(pawl_act_start((uint32_t)getpid(), &start_ns), 0);
	for (size_t i = 0; i < ROWS(names); i++) {
		struct pawl_target self = {.pid = (uint32_t)getpid(), .start_ns = start_ns};

		prctl(PR_SET_NAME, names[i]);
		assert_int_equal(pawl_act_start((uint32_t)getpid(), &again_ns), 0);
		assert_int_equal(again_ns, start_ns);
		assert_false(pawl_act_is_stopped(self.pid));
	}
	prctl(PR_SET_NAME, saved);
}

/* If one of these were let through, it would be this test that stops. */
static void test_never_ourselves_nor_init(void **state)
{
	struct pawl_target targets[] = {{.pid = (uint32_t)getpid()}, {.pid = 1}, {.pid = 0}};

	(void)state;
	for (size_t i = 0; i < ROWS(targets); i++) {
		if (targets[i].pid)
			assert_int_equal(pawl_act_start(targets[i].pid, &targets[i].start_ns), 0);
		assert_int_equal(pawl_act_open(targets[i].pid, targets[i].start_ns), -EPERM);
	}
	assert_int_equal(pawl_act_stop(&targets[0]), -EPERM);
	assert_int_equal(pawl_act_kill(&targets[0]), -EPERM);
	assert_int_equal(pawl_act_continue_all(targets, ROWS(targets)), 0);
}

/* kthreadd is pid 2, where this is not a pid namespace of its own. */
static void test_never_a_kernel_thread(void **state)
{
	uint64_t start_ns;
	char target[8];

	(void)state;
	if (pawl_act_start(2, &start_ns) < 0 ||
	    readlink("/proc/2/exe", target, sizeof(target)) >= 0 || errno != ENOENT)
		skip();
	assert_int_equal(pawl_act_open(2, start_ns), -EPERM);
}

static void *sleep_as_thread(void *tid)
{
	*(volatile uint32_t *)tid = (uint32_t)gettid();
	pause();
	return NULL;
}

static void test_thread_is_no_process(void **state)
{
	volatile uint32_t *tid =
		mmap(NULL, sizeof(*tid), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	const struct timespec pause_for = {.tv_nsec = 1000000};
	uint64_t start_ns;
	pthread_t thread;
	pid_t pid;

	(void)state;
	assert_true(tid != MAP_FAILED);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		pthread_create(&thread, NULL, sleep_as_thread, (void *)tid);
		while (true)
			pause();
	}
	for (int ms = 0; !*tid && ms < PATIENCE_MS; ms++)
		nanosleep(&pause_for, NULL);
	assert_int_equal(pawl_act_start(*tid, &start_ns), 0);
	assert_int_equal(pawl_act_open(*tid, start_ns), -ESRCH);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	munmap((void *)tid, sizeof(*tid));
}

static void test_pids_that_cannot_be(void **state)
{
	static const uint32_t pids[] = {0x7fffffff, 0x80000000, UINT32_MAX};

	(void)state;
	for (size_t i = 0; i < ROWS(pids); i++) {
		uint64_t start_ns;

		assert_int_equal(pawl_act_start(pids[i], &start_ns), -ESRCH);
		assert_int_equal(pawl_act_open(pids[i], 0), -ESRCH);
	}
}

static void test_open_gives_a_descriptor_of_the_process(void **state)
{
	struct pawl_target child = start_child();
	_cleanup_close_ int fd = pawl_act_open(child.pid, child.start_ns);
	siginfo_t info = {0};

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	end_child(&child);
	/* it keeps meaning that process, which is gone */
	assert_int_equal(syscall(SYS_pidfd_send_signal, fd, 0, NULL, 0), -1);
	assert_int_equal(errno, ESRCH);
	assert_int_equal(waitid(P_PIDFD, (id_t)fd, &info, WEXITED), -1);
}

static void test_owner(void **state)
{
	struct pawl_target child = start_child();
	uid_t uid = 12345;

	(void)state;
	assert_int_equal(pawl_act_owner(child.pid, &uid), 0);
	assert_int_equal(uid, geteuid());
	end_child(&child);
}

static void test_owner_of_another_users_process(void **state)
{
	char *const arguments[] = {"sleep", "1000", NULL};
	int ready[2];
	char byte;
	uid_t uid = 12345;
	pid_t pid;

	(void)state;
	if (geteuid() != 0)
		skip();
	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (setresuid(54321, 54321, 54321) == 0)
			execvp(arguments[0], arguments);
		_exit(127);
	}
	close(ready[1]);
	/* closed by the exec */
	assert_int_equal(read(ready[0], &byte, 1), 0);
	close(ready[0]);
	assert_int_equal(pawl_act_owner((uint32_t)pid, &uid), 0);
	assert_int_equal(uid, 54321);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* ---- continuing a tree ---- */

/* One process of a chain, each the parent of the next; shared between them. */
struct link {
	pid_t pid; /* written by its parent, which is the one before */
	uint64_t start_ns;
	volatile int ready;
	volatile int child_ran_first; /* 1: its child went on before it, -1: it did not */
};

static struct pawl_target target_of(const struct link *link, uint32_t depth)
{
	return (struct pawl_target){
		.pid = (uint32_t)link->pid, .start_ns = link->start_ns, .depth = depth};
}

static void enter_link(struct link *link)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	link->pid = getpid();
	pawl_act_start((uint32_t)getpid(), &link->start_ns);
}

/* Each waits for its continuation, and looks at once whether its child is still stopped. */
static void run_chain(struct link *links)
{
	struct pawl_target child;
	sigset_t set;
	size_t i = 0;
	int signal;

	sigemptyset(&set);
	sigaddset(&set, SIGCONT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	enter_link(&links[0]);
	while (i + 1 < CHAIN && fork() == 0)
		enter_link(&links[++i]);
	links[i].ready = 1;
	sigwait(&set, &signal);
	if (i + 1 < CHAIN) {
		child = target_of(&links[i + 1], 0);
		links[i].child_ran_first = pawl_act_is_stopped(child.pid) ? -1 : 1;
	}
	while (true)
		pause();
}

static bool wait_until(bool (*holds)(const struct link *link), const struct link *link)
{
	const struct timespec pause_for = {.tv_nsec = 1000000};

	for (int ms = 0; ms < PATIENCE_MS; ms++) {
		if (holds(link))
			return true;
		nanosleep(&pause_for, NULL);
	}
	return false;
}

static bool is_ready(const struct link *link)
{
	return link->ready;
}

static bool is_stopped(const struct link *link)
{
	struct pawl_target target = target_of(link, 0);

	return pawl_act_is_stopped(target.pid);
}

static bool has_looked(const struct link *link)
{
	return link->child_ran_first != 0;
}

static void test_tree_is_continued_children_first(void **state)
{
	struct link *links = mmap(NULL, sizeof(*links) * CHAIN, PROT_READ | PROT_WRITE,
				  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	/* as a table of holds might give them, and one that has ended meanwhile */
	static const uint32_t order[CHAIN] = {2, 0, 5, 1, 4, 3};
	struct pawl_target targets[CHAIN + 1] = {0};

	(void)state;
	assert_true(links != MAP_FAILED);
	if (fork() == 0)
		run_chain(links);
	for (size_t i = 0; i < CHAIN; i++)
		assert_true(wait_until(is_ready, &links[i]));
	for (size_t i = 0; i < CHAIN; i++) {
		targets[i] = target_of(&links[order[i]], order[i]);
		assert_int_equal(pawl_act_stop(&targets[i]), 0);
		assert_true(wait_until(is_stopped, &links[order[i]]));
	}
	targets[CHAIN] = (struct pawl_target){
		.pid = targets[0].pid, .start_ns = targets[0].start_ns + tick_ns(), .depth = 3};

	assert_int_equal(pawl_act_continue_all(targets, CHAIN + 1), CHAIN);
	for (size_t i = 0; i + 1 < ROWS(targets); i++)
		assert_true(targets[i].depth >= targets[i + 1].depth);
	for (size_t i = 0; i + 1 < CHAIN; i++) {
		assert_true(wait_until(has_looked, &links[i]));
		assert_int_equal(links[i].child_ran_first, 1);
	}
	for (size_t i = 0; i < CHAIN; i++)
		targets[i] = target_of(&links[order[i]], order[i]);
	assert_int_equal(pawl_act_kill_all(targets, CHAIN), CHAIN);
	for (size_t i = 0; i + 1 < CHAIN; i++)
		assert_true(targets[i].depth >= targets[i + 1].depth);
	waitpid(links[0].pid, NULL, 0);
	munmap(links, sizeof(*links) * CHAIN);
}

static void test_continue_of_nobody(void **state)
{
	struct pawl_target target;

	(void)state;
	assert_int_equal(pawl_act_continue_all(&target, 0), 0);
}

static void test_end_child_ends_a_stopped_one(void **state)
{
	struct pawl_target child = start_child();
	_cleanup_close_ int fd = pawl_act_open(child.pid, child.start_ns);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(pawl_act_stop(&child), 0);
	assert_true(WIFSTOPPED(next_change(&child)));
	pawl_act_end_child(fd);
	assert_int_equal(WTERMSIG(next_change(&child)), SIGKILL);
	/* again, when it has ended: nothing */
	pawl_act_end_child(fd);
}

/* A child that traces one of its own, which it tells; both die with this test. */
static pid_t start_tracer(const char *name, uint32_t *ret_traced)
{
	int pipes[2];
	pid_t pid;

	assert_int_equal(pipe(pipes), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		pid_t tracer = getpid(), traced;

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		prctl(PR_SET_NAME, name);
		traced = fork();
		if (traced == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			while (getppid() == tracer) /* it may have ended before that was said */
				pause();
			_exit(0);
		}
		if (ptrace(PTRACE_SEIZE, traced, NULL, NULL) < 0)
			traced = 0;
		if (write(pipes[1], &traced, sizeof(traced)) != sizeof(traced))
			_exit(1);
		while (true)
			pause();
	}
	assert_int_equal(read(pipes[0], ret_traced, sizeof(*ret_traced)), sizeof(*ret_traced));
	close(pipes[0]);
	close(pipes[1]);
	return pid;
}

static void test_end_tracer_by_its_name(void **state)
{
	struct pawl_target alone = start_child();
	uint32_t traced = 0;
	pid_t tracer = start_tracer("its-tracer", &traced);
	int status;

	(void)state;
	assert_int_not_equal(traced, 0);
	assert_int_equal(pawl_act_end_tracer(alone.pid, "its-tracer"), -ESRCH);
	assert_int_equal(pawl_act_end_tracer(traced, "another"), -ESRCH);
	assert_int_equal(pawl_act_end_tracer(traced, "its-trace"), -ESRCH);
	assert_int_equal(waitpid(tracer, &status, WNOHANG), 0);
	assert_int_equal(pawl_act_end_tracer(traced, "its-tracer"), 0);
	assert_int_equal(waitpid(tracer, &status, 0), tracer);
	assert_int_equal(WTERMSIG(status), SIGTERM);
	end_child(&alone);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stop_continue_kill),
		cmocka_unit_test(test_ended_process_is_not_found),
		cmocka_unit_test(test_wrong_start_time_is_another_process),
		cmocka_unit_test(test_start_times_within_one_tick_are_the_same),
		cmocka_unit_test(test_start_time_is_boot_time),
		cmocka_unit_test(test_hostile_name_does_not_move_the_start_time),
		cmocka_unit_test(test_never_ourselves_nor_init),
		cmocka_unit_test(test_never_a_kernel_thread),
		cmocka_unit_test(test_thread_is_no_process),
		cmocka_unit_test(test_pids_that_cannot_be),
		cmocka_unit_test(test_open_gives_a_descriptor_of_the_process),
		cmocka_unit_test(test_owner),
		cmocka_unit_test(test_owner_of_another_users_process),
		cmocka_unit_test(test_tree_is_continued_children_first),
		cmocka_unit_test(test_continue_of_nobody),
		cmocka_unit_test(test_end_child_ends_a_stopped_one),
		cmocka_unit_test(test_end_tracer_by_its_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
