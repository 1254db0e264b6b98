/* SPDX-License-Identifier: Apache-2.0 */
/*
 * user/core/proctree.c: trees from records that come late, twice or never, reused pids,
 * texts that no NUL ends, and the limits.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "user/core/cleanup.h"
#include "user/core/proctree.h"

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

static int setup(void **state)
{
	return pawl_proctree_new((struct pawl_proctree **)state);
}

static int teardown(void **state)
{
	pawl_proctree_freep((struct pawl_proctree **)state);
	return 0;
}

/* Processes below have pid 100 + cookie, and start at cookie * 1000. */
static struct pawl_header header_of(enum pawl_event type, uint32_t session, uint64_t cookie)
{
	return (struct pawl_header){
		.type = (uint16_t)type,
		.id = session,
		.cookie = cookie,
		.tgid = (uint32_t)(100 + cookie),
	};
}

static int apply(struct pawl_proctree *tree, const void *event)
{
	const struct pawl_header *header = event;
	struct pawl_record record = {.type = header->type, .header = header, .fork = event};

	return pawl_proctree_apply(tree, &record);
}

static int add_fork(struct pawl_proctree *tree, uint32_t session, uint64_t parent, uint64_t child)
{
	struct pawl_fork_event event = {
		.h = header_of(PAWL_EVENT_FORK, session, child),
		.parent_cookie = parent,
		.parent_tgid = (uint32_t)(100 + parent),
		.start_ns = child * 1000,
		.uid = 1000,
		.comm = "forked",
	};

	return apply(tree, &event);
}

static int add_exec(struct pawl_proctree *tree, uint32_t session, uint64_t cookie, uint64_t parent,
		    const char *exe, const char *args, uint32_t args_len)
{
	struct pawl_exec_event event = {
		.h = header_of(PAWL_EVENT_EXEC, session, cookie),
		.start_ns = cookie * 1000,
		.parent_tgid = (uint32_t)(100 + parent),
		.uid = 1001,
		.args_len = args_len,
		.comm = "executed",
	};

	snprintf(event.exe, sizeof(event.exe), "%s", exe);
	memcpy(event.args, args, args_len < sizeof(event.args) ? args_len : sizeof(event.args));
	return apply(tree, &event);
}

static int add_session(struct pawl_proctree *tree, uint32_t session, uint64_t cookie)
{
	struct pawl_session_event event = {
		.h = header_of(PAWL_EVENT_SESSION, session, cookie),
		.start_ns = cookie * 1000,
		.uid = 1000,
	};

	return apply(tree, &event);
}

static int add_exit(struct pawl_proctree *tree, uint64_t cookie)
{
	struct pawl_exit_event event = {.h = header_of(PAWL_EVENT_EXIT, 1, cookie)};

	return apply(tree, &event);
}

static int learn(struct pawl_proctree *tree, uint32_t session, uint64_t parent, uint64_t cookie)
{
	struct pawl_task_record record = {
		.cookie = cookie,
		.start_ns = cookie * 1000,
		.id = session,
		.tgid = (uint32_t)(100 + cookie),
		.tid = (uint32_t)(100 + cookie),
		.ppid = (uint32_t)(100 + parent),
		.uid = 1002,
		.comm = "learnt",
	};

	return pawl_proctree_learn(tree, &record);
}

static void test_session_fork_exec_exit(void **state)
{
	const struct pawl_process *process;

	assert_int_equal(add_session(*state, 1, 1), 0);
	assert_int_equal(add_fork(*state, 1, 1, 2), 0);
	process = pawl_proctree_find(*state, 2);
	assert_non_null(process);
	assert_int_equal(process->session, 1);
	assert_int_equal(process->pid, 102);
	assert_int_equal(process->ppid, 101);
	assert_int_equal(process->parent_cookie, 1);
	assert_int_equal(process->start_ns, 2000);
	assert_int_equal(process->uid, 1000);
	assert_string_equal(process->comm, "forked");
	assert_null(process->exe);

	assert_int_equal(add_exec(*state, 1, 2, 1, "/bin/rm", "rm\0-rf\0x", 9), 0);
	process = pawl_proctree_find(*state, 2);
	assert_int_equal(process->parent_cookie, 1);
	assert_int_equal(process->uid, 1001);
	assert_string_equal(process->comm, "executed");
	assert_string_equal(process->exe, "/bin/rm");
	assert_int_equal(process->args_size, 9);
	assert_memory_equal(process->args, "rm\0-rf\0x", 9);
	assert_int_equal(pawl_proctree_count(*state), 2);

	assert_int_equal(add_exit(*state, 2), 0);
	assert_null(pawl_proctree_find(*state, 2));
	assert_null(pawl_proctree_by_pid(*state, 102));
	assert_int_equal(pawl_proctree_count(*state), 1);
	/* an exit of nobody known */
	assert_int_equal(add_exit(*state, 2), 0);
	assert_int_equal(pawl_proctree_count(*state), 1);
}

static void test_child_runs_what_its_parent_ran(void **state)
{
	assert_int_equal(add_exec(*state, 1, 1, 0, "/usr/bin/node", "node\0a.js", 10), 0);
	assert_int_equal(add_fork(*state, 1, 1, 2), 0);
	assert_string_equal(pawl_proctree_find(*state, 2)->exe, "/usr/bin/node");
	assert_int_equal(pawl_proctree_find(*state, 2)->args_size, 10);
	assert_ptr_not_equal(pawl_proctree_find(*state, 2)->exe,
			     pawl_proctree_find(*state, 1)->exe);
}

static void test_exec_before_fork_keeps_what_it_said(void **state)
{
	assert_int_equal(add_exec(*state, 1, 1, 0, "/bin/sh", "sh", 3), 0);
	assert_int_equal(add_exec(*state, 1, 2, 1, "/bin/rm", "rm", 3), 0);
	assert_int_equal(add_fork(*state, 1, 1, 2), 0);
	assert_string_equal(pawl_proctree_find(*state, 2)->exe, "/bin/rm");
	assert_int_equal(pawl_proctree_count(*state), 2);
}

static void test_exec_without_fork_finds_its_parent_by_pid(void **state)
{
	assert_int_equal(add_session(*state, 1, 1), 0);
	assert_int_equal(add_exec(*state, 1, 2, 1, "/bin/rm", "rm", 3), 0);
	assert_int_equal(pawl_proctree_find(*state, 2)->parent_cookie, 1);
	/* nobody is one's own parent */
	assert_int_equal(add_exec(*state, 1, 3, 3, "/bin/rm", "rm", 3), 0);
	assert_int_equal(pawl_proctree_find(*state, 3)->parent_cookie, 0);
}

static void test_exec_whose_arguments_are_unknown_drops_the_old_ones(void **state)
{
	assert_int_equal(add_exec(*state, 1, 1, 0, "/bin/rm", "rm\0-rf\0x", 9), 0);
	assert_int_equal(add_exec(*state, 1, 1, 0, "/bin/ls", "", 0), 0);
	assert_string_equal(pawl_proctree_find(*state, 1)->exe, "/bin/ls");
	assert_null(pawl_proctree_find(*state, 1)->args);
	assert_int_equal(pawl_proctree_find(*state, 1)->args_size, 0);
}

static void test_hostile_exec_record_stays_inside(void **state)
{
	struct pawl_exec_event event;

	memset(&event, 'x', sizeof(event));
	event.h = header_of(PAWL_EVENT_EXEC, 1, 1);
	event.args_len = UINT32_MAX;
	assert_int_equal(apply(*state, &event), 0);
	assert_int_equal(strlen(pawl_proctree_find(*state, 1)->exe), PAWL_PATH_MAX);
	assert_int_equal(pawl_proctree_find(*state, 1)->args_size, PAWL_ARGS_MAX);
	assert_int_equal(strlen(pawl_proctree_find(*state, 1)->comm), PAWL_COMM_LEN - 1);
}

static void test_other_records_are_passed_over(void **state)
{
	static const enum pawl_event types[] = {PAWL_EVENT_DIR, PAWL_EVENT_VERDICT,
						PAWL_EVENT_STOPPED};

	for (size_t i = 0; i < ROWS(types); i++) {
		struct pawl_header header = header_of(types[i], 1, 1);

		assert_int_equal(apply(*state, &header), 0);
	}
	assert_int_equal(pawl_proctree_count(*state), 0);
}

static void test_reused_pid_finds_the_newest(void **state)
{
	struct pawl_fork_event event = {.h = header_of(PAWL_EVENT_FORK, 1, 9)};

	assert_int_equal(add_fork(*state, 1, 0, 2), 0);
	event.h.tgid = 102; /* the exit of cookie 2 was lost */
	assert_int_equal(apply(*state, &event), 0);
	assert_int_equal(pawl_proctree_by_pid(*state, 102)->cookie, 9);
	assert_int_equal(pawl_proctree_count(*state), 2);
	assert_int_equal(add_exit(*state, 9), 0);
	assert_int_equal(pawl_proctree_by_pid(*state, 102)->cookie, 2);
}

static void test_changed_pid_is_followed(void **state)
{
	struct pawl_exec_event event = {.h = header_of(PAWL_EVENT_EXEC, 2, 1)};

	/* exec from a thread that is not the leader */
	assert_int_equal(add_fork(*state, 1, 0, 1), 0);
	event.h.tgid = 555;
	assert_int_equal(apply(*state, &event), 0);
	assert_null(pawl_proctree_by_pid(*state, 101));
	assert_int_equal(pawl_proctree_by_pid(*state, 555)->cookie, 1);
	assert_int_equal(pawl_proctree_by_pid(*state, 555)->session, 2);
	assert_int_equal(pawl_proctree_count(*state), 1);
}

static void test_learn_adds_and_corrects(void **state)
{
	const struct pawl_process *process;

	assert_int_equal(learn(*state, 1, 0, 1), 0);
	assert_int_equal(learn(*state, 1, 1, 2), 0);
	process = pawl_proctree_find(*state, 2);
	assert_int_equal(process->parent_cookie, 1);
	assert_int_equal(process->uid, 1002);
	assert_string_equal(process->comm, "learnt");
	/* reparented: who made it is kept, and so is a name */
	assert_int_equal(add_fork(*state, 1, 1, 3), 0);
	assert_int_equal(learn(*state, 1, 2, 3), 0);
	process = pawl_proctree_find(*state, 3);
	assert_int_equal(process->parent_cookie, 1);
	assert_int_equal(process->ppid, 102);
	assert_string_equal(process->comm, "forked");
}

static void test_learn_passes_threads_over(void **state)
{
	struct pawl_task_record record = {.cookie = 1, .id = 1, .tgid = 101, .tid = 102};

	assert_int_equal(pawl_proctree_learn(*state, &record), 0);
	assert_int_equal(pawl_proctree_count(*state), 0);
}

static void test_describe(void **state)
{
	const struct pawl_process *process;

	assert_int_equal(pawl_proctree_describe(*state, 1, "/bin/x", "x", 2), -ENOENT);
	assert_int_equal(add_session(*state, 1, 1), 0);
	assert_int_equal(pawl_proctree_describe(*state, 1, "/bin/x", "x", 2), 0);
	/* what is not given stays */
	assert_int_equal(pawl_proctree_describe(*state, 1, NULL, "yy", 3), 0);
	assert_int_equal(pawl_proctree_describe(*state, 1, NULL, NULL, 7), 0);
	process = pawl_proctree_find(*state, 1);
	assert_string_equal(process->exe, "/bin/x");
	assert_string_equal(process->args, "yy");
	assert_int_equal(process->args_size, 3);
	assert_int_equal(pawl_proctree_describe(*state, 1, "/bin/z", NULL, 0), 0);
	assert_string_equal(process->exe, "/bin/z");
	assert_string_equal(process->args, "yy");
}

static void test_depth_counts_watched_ancestors(void **state)
{
	assert_int_equal(pawl_proctree_depth(*state, 1), 0);
	assert_int_equal(add_session(*state, 1, 1), 0);
	for (uint64_t cookie = 2; cookie <= 20; cookie++)
		assert_int_equal(add_fork(*state, 1, cookie - 1, cookie), 0);
	for (uint64_t cookie = 1; cookie <= 20; cookie++)
		assert_int_equal(pawl_proctree_depth(*state, cookie), cookie - 1);
	/* one in between has ended: those above it are not known any more */
	assert_int_equal(add_exit(*state, 10), 0);
	assert_int_equal(pawl_proctree_depth(*state, 11), 0);
	assert_int_equal(pawl_proctree_depth(*state, 20), 9);
}

static void test_depth_of_a_circle_or_a_long_chain_ends(void **state)
{
	assert_int_equal(add_fork(*state, 1, 2, 1), 0);
	assert_int_equal(add_fork(*state, 1, 1, 2), 0);
	assert_int_equal(pawl_proctree_depth(*state, 1), PAWL_DEPTH_MAX);
	for (uint64_t cookie = 3; cookie < 3 + 2 * PAWL_DEPTH_MAX; cookie++)
		assert_int_equal(add_fork(*state, 1, cookie - 1, cookie), 0);
	assert_int_equal(pawl_proctree_depth(*state, 2 + 2 * PAWL_DEPTH_MAX), PAWL_DEPTH_MAX);
}

static void test_list_is_by_start_time_and_session(void **state)
{
	static const uint64_t order[] = {7, 2, 9, 4};
	static const uint64_t expected[] = {2, 4, 7, 9};
	_cleanup_free_ const struct pawl_process **all = NULL, **one = NULL, **none = NULL;
	size_t n;

	for (size_t i = 0; i < ROWS(order); i++)
		assert_int_equal(add_fork(*state, order[i] == 4 ? 2 : 1, 0, order[i]), 0);
	assert_int_equal(pawl_proctree_list(*state, 0, &all, &n), 0);
	assert_int_equal(n, ROWS(expected));
	for (size_t i = 0; i < n; i++)
		assert_int_equal(all[i]->cookie, expected[i]);
	assert_int_equal(pawl_proctree_list(*state, 2, &one, &n), 0);
	assert_int_equal(n, 1);
	assert_int_equal(one[0]->cookie, 4);
	assert_int_equal(pawl_proctree_list(*state, 3, &none, &n), 0);
	assert_int_equal(n, 0);
}

static void test_list_of_equal_start_times_is_stable(void **state)
{
	_cleanup_free_ const struct pawl_process **list = NULL;
	size_t n;

	for (uint64_t cookie = 5; cookie; cookie--) {
		struct pawl_fork_event event = {.h = header_of(PAWL_EVENT_FORK, 1, cookie)};

		assert_int_equal(apply(*state, &event), 0);
	}
	assert_int_equal(pawl_proctree_list(*state, 1, &list, &n), 0);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(list[i]->cookie, i + 1);
}

static void test_retain_forgets_all_others(void **state)
{
	static const uint64_t kept[] = {2, 3, 5, 1000};

	for (uint64_t cookie = 1; cookie <= 6; cookie++)
		assert_int_equal(add_fork(*state, 1, 1, cookie), 0);
	pawl_proctree_retain(*state, kept, ROWS(kept));
	assert_int_equal(pawl_proctree_count(*state), 3);
	for (uint64_t cookie = 1; cookie <= 6; cookie++) {
		bool stays = cookie == 2 || cookie == 3 || cookie == 5;

		assert_int_equal(!!pawl_proctree_find(*state, cookie), stays);
		assert_int_equal(!!pawl_proctree_by_pid(*state, (uint32_t)(100 + cookie)), stays);
	}
	pawl_proctree_retain(*state, kept, 0);
	assert_int_equal(pawl_proctree_count(*state), 0);
}

static void test_forget_takes_one_session(void **state)
{
	for (uint64_t cookie = 1; cookie <= 6; cookie++)
		assert_int_equal(add_fork(*state, cookie % 2 ? 1 : 2, 0, cookie), 0);
	pawl_proctree_forget(*state, 1);
	assert_int_equal(pawl_proctree_count(*state), 3);
	assert_null(pawl_proctree_find(*state, 1));
	assert_non_null(pawl_proctree_find(*state, 2));
}

static void test_table_is_bounded_and_refills(void **state)
{
	const struct pawl_task_record late = {.cookie = 1 << 20, .id = 1, .tgid = 1, .tid = 1};

	for (uint64_t cookie = 1; cookie <= PAWL_PROCESSES_MAX; cookie++)
		assert_int_equal(add_fork(*state, 1, 0, cookie), 0);
	assert_int_equal(add_fork(*state, 1, 1, 1 << 20), -ENOSPC);
	assert_int_equal(add_exec(*state, 1, 1 << 20, 1, "/x", "x", 2), -ENOSPC);
	assert_int_equal(add_session(*state, 1, 1 << 20), -ENOSPC);
	assert_int_equal(pawl_proctree_learn(*state, &late), -ENOSPC);
	/* known ones go on */
	assert_int_equal(add_exec(*state, 1, 1, 0, "/x", "x", 2), 0);
	assert_int_equal(pawl_proctree_count(*state), PAWL_PROCESSES_MAX);
	assert_int_equal(add_exit(*state, 1), 0);
	assert_int_equal(add_fork(*state, 1, 1, 1 << 20), 0);
}

static void test_free_of_nothing(void **state)
{
	(void)state;
	pawl_proctree_free(NULL);
}

#define WITH_TREE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_TREE(test_session_fork_exec_exit),
		WITH_TREE(test_child_runs_what_its_parent_ran),
		WITH_TREE(test_exec_before_fork_keeps_what_it_said),
		WITH_TREE(test_exec_without_fork_finds_its_parent_by_pid),
		WITH_TREE(test_exec_whose_arguments_are_unknown_drops_the_old_ones),
		WITH_TREE(test_hostile_exec_record_stays_inside),
		WITH_TREE(test_other_records_are_passed_over),
		WITH_TREE(test_reused_pid_finds_the_newest),
		WITH_TREE(test_changed_pid_is_followed),
		WITH_TREE(test_learn_adds_and_corrects),
		WITH_TREE(test_learn_passes_threads_over),
		WITH_TREE(test_describe),
		WITH_TREE(test_depth_counts_watched_ancestors),
		WITH_TREE(test_depth_of_a_circle_or_a_long_chain_ends),
		WITH_TREE(test_list_is_by_start_time_and_session),
		WITH_TREE(test_list_of_equal_start_times_is_stable),
		WITH_TREE(test_retain_forgets_all_others),
		WITH_TREE(test_forget_takes_one_session),
		WITH_TREE(test_table_is_bounded_and_refills),
		cmocka_unit_test(test_free_of_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
