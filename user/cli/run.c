/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `pawl run`: starts a command that pawld watches from before its first instruction, and
 * waits for it. The command shares our process group, so that the terminal treats both
 * as one job; we must not stop, resume or kill anything on our own account.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "user/cli/child.h"
#include "user/cli/client.h"
#include "user/cli/watchdog.h"
#include "user/core/cleanup.h"
#include "user/core/text.h"

#define PARTING_MS 500 /* between pawld's good-bye and the command's own end */

struct run {
	struct pawl_cli cli; /* a copy: with a watchdog of our own, the socket is another */
	struct pawl_client client;
	struct pawl_watchdog watchdog;
	pid_t child;  /* 0: none, or waited for */
	int status;   /* of the child, as wait(2) has it */
	int start_fd; /* writing to it lets the child go; closing it ends it */
	int signal_fd;
	sigset_t old_mask;
	struct sigaction old_chld;
	struct sigaction old_pipe;
	bool parted; /* pawld closed the connection and nothing was said about it yet */
	bool nagged; /* that a stopped command takes no signals was said */
};

static const int forwarded[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};

/* Signals come through a descriptor: none is lost between looking and waiting. */
static int catch_signals(struct run *run)
{
	const struct sigaction by_default = {.sa_handler = SIG_DFL};
	const struct sigaction ignored = {.sa_handler = SIG_IGN};
	sigset_t mask;

	sigemptyset(&mask);
	sigaddset(&mask, SIGCHLD);
	for (size_t i = 0; i < sizeof(forwarded) / sizeof(forwarded[0]); i++)
		sigaddset(&mask, forwarded[i]);
	/*
	 * Inherited as ignored, SIGCHLD would take the child's status away. A notice to a
	 * closed stderr must not end us, and with us a watchdog of our own.
	 */
	if (sigaction(SIGCHLD, &by_default, &run->old_chld) < 0 ||
	    sigaction(SIGPIPE, &ignored, &run->old_pipe) < 0 ||
	    sigprocmask(SIG_BLOCK, &mask, &run->old_mask) < 0)
		return -errno;
	run->signal_fd = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
	return run->signal_fd < 0 ? -errno : 0;
}

/* In the child: nothing happens before the parent says that we are watched. */
static void become_command(const struct run *run, int go_fd)
{
	char *const *argv = run->cli.args.words;
	char go;
	int error;

	if (read(go_fd, &go, 1) != 1)
		_exit(PAWL_EXIT_RUN_FAILED);
	sigaction(SIGCHLD, &run->old_chld, NULL);
	sigaction(SIGPIPE, &run->old_pipe, NULL);
	sigprocmask(SIG_SETMASK, &run->old_mask, NULL);
	execvp(argv[0], argv);
	error = errno;
	pawl_error("cannot run %s: %s", argv[0], strerror(error));
	_exit(error == ENOENT || error == ENOTDIR ? PAWL_EXIT_RUN_NO_COMMAND
						  : PAWL_EXIT_RUN_NOT_RUNNABLE);
}

static int start_child(struct run *run)
{
	_cleanup_close_ int go_fd = -1;
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
		return -errno;
	go_fd = fds[0];
	run->start_fd = fds[1];
	run->child = fork();
	if (run->child < 0) {
		run->child = 0;
		return -errno;
	}
	if (run->child == 0) {
		/* Ours would keep the line open, and us waiting, should the parent die. */
		close(run->start_fd);
		become_command(run, go_fd);
	}
	return 0;
}

/* pawld tells the stopped program on its stderr, and us here: not both where it is one. */
static json_t *run_request(const struct run *run)
{
	const char *const *values = run->cli.args.values;
	json_t *request =
		json_pack("{s:s, s:i, s:s*, s:s*}", "cmd", "run", "pid", (int)run->child, "agent",
			  values[PAWL_OPT_AGENT], "policy", values[PAWL_OPT_POLICY]);
	struct stat status;

	if (fstat(STDERR_FILENO, &status) < 0)
		return request;
	json_object_set_new(request, "stderr_dev", json_integer((json_int_t)status.st_dev));
	json_object_set_new(request, "stderr_ino", json_integer((json_int_t)status.st_ino));
	return request;
}

static void print_notice(const char *text)
{
	char safe[8192];
	char line[2048];

	while (*text) {
		size_t size = strcspn(text, "\n");

		snprintf(line, sizeof(line), "%.*s", (int)size, text);
		fprintf(stderr, "%s%s\n", strncmp(line, "pawl:", 5) == 0 ? "" : "pawl: ",
			pawl_safe(line, safe, sizeof(safe)));
		text += size + (text[size] == '\n');
	}
}

/* Return: 0, or negative when the connection is of no more use. */
static int print_notices(struct run *run)
{
	json_t *object;
	int r;

	while ((r = pawl_client_next(&run->client, &object)) > 0) {
		print_notice(pawl_json_text(object, "notice"));
		json_decref(object);
	}
	return r;
}

static void read_notices(struct run *run)
{
	int r = pawl_client_fill(&run->client, 0);
	int printed = print_notices(run);

	if (printed == 0 && (r == 0 || r == -ETIMEDOUT))
		return;
	pawl_client_close(&run->client);
	run->parted = true;
}

/* The kernel sent it to the whole group of the terminal: the child has had its own. */
static bool came_from_terminal(const struct signalfd_siginfo *info)
{
	return info->ssi_code == SI_KERNEL;
}

static void nag_if_stopped(struct run *run)
{
	siginfo_t info = {0};

	if (run->nagged)
		return;
	if (waitid(P_PID, run->child, &info, WSTOPPED | WNOHANG | WNOWAIT) < 0 || !info.si_pid)
		return;
	run->nagged = true;
	pawl_error(
		"the command is stopped, and takes the signal when it goes on: decide with \"pawl holds\"");
}

static void read_signals(struct run *run)
{
	struct signalfd_siginfo info;

	while (read(run->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGCHLD || !run->child)
			continue;
		if (!came_from_terminal(&info))
			pawl_child_signal(run->child, (int)info.ssi_signo);
		nag_if_stopped(run);
	}
	if (run->child && waitpid(run->child, &run->status, WNOHANG) == run->child)
		run->child = 0;
}

/* At the command's own end pawld parts from us as well: that is no news. */
static void tell_parting(struct run *run)
{
	run->parted = false;
	pawl_error(
		"pawld at %s closed the connection: the command goes on, and no more notices will be shown (see \"pawl doctor\")",
		run->cli.socket);
}

/* Our own watchdog was killed: another one takes over; else nothing would stop the command. */
static void mind_watchdog(struct run *run)
{
	json_auto_t *session = NULL;

	if (!run->child || !pawl_watchdog_has_ended(&run->watchdog))
		return;
	pawl_client_close(&run->client);
	run->parted = false;
	if (pawl_watchdog_restart(&run->watchdog, &run->cli, &run->old_mask, run->signal_fd) == 0 &&
	    pawl_client_open(&run->client, run->cli.socket) == 0 &&
	    pawl_client_ask(&run->client, &run->cli, run_request(run), &session) == PAWL_EXIT_OK) {
		pawl_error("the watchdog was killed: another one has taken over");
	} else {
		pawl_error("the watchdog was killed: the command is killed with it");
		pawl_child_signal(run->child, SIGKILL);
	}
	read_signals(run); /* the command's end may have been told while we waited */
}

static void wait_child(struct run *run)
{
	while (run->child) {
		struct pollfd fds[] = {{.fd = run->signal_fd, .events = POLLIN},
				       {.fd = run->client.fd, .events = POLLIN},
				       {.fd = run->watchdog.stderr_fd, .events = POLLIN}};
		int r = poll(fds, 3, run->parted ? PARTING_MS : -1);

		if (r < 0 && errno != EINTR)
			break;
		if (r == 0 && run->parted)
			tell_parting(run);
		if (r > 0 && fds[1].revents)
			read_notices(run);
		if (r > 0 && fds[2].revents)
			pawl_watchdog_drain(&run->watchdog);
		read_signals(run);
		mind_watchdog(run);
	}
	if (run->client.fd >= 0)
		read_notices(run);
}

static int exit_status(int status)
{
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static int start_own(struct run *run)
{
	int r = pawl_watchdog_start(&run->watchdog, &run->cli, &run->old_mask, run->signal_fd);

	if (r == -ENOENT)
		return PAWL_EXIT_NO_DAEMON;
	if (r == -ECANCELED) /* ends us as it would have ended the command */
		return 128 + run->watchdog.cancelled_by;
	if (r < 0)
		return PAWL_EXIT_RUN_FAILED;
	run->cli.socket = run->watchdog.socket;
	if (!run->cli.quiet)
		pawl_error(
			"no daemon: watching with a watchdog of its own; decide with: pawl --socket %s holds",
			run->cli.socket);
	r = pawl_client_open(&run->client, run->cli.socket);
	if (r == 0)
		return PAWL_EXIT_OK;
	pawl_error("cannot connect to the watchdog of its own at %s: %s", run->cli.socket,
		   strerror(-r));
	return PAWL_EXIT_RUN_FAILED;
}

/* A pawld of our own is started only where nobody listens: it has a policy of its own. */
static int reach_pawld(struct run *run)
{
	int r = pawl_client_open(&run->client, run->cli.socket);

	if (r == 0 && run->cli.args.values[PAWL_OPT_CONFIG]) {
		pawl_error(
			"run: --config is for a watchdog of its own, but pawld at %s is there and has its own policy: leave --config off, or take --policy",
			run->cli.socket);
		return PAWL_EXIT_USAGE;
	}
	if (r == 0)
		return PAWL_EXIT_OK;
	if ((r == -ENOENT || r == -ECONNREFUSED) && geteuid() == 0)
		return start_own(run);
	r = pawl_client_report(run->cli.socket, r);
	return r == PAWL_EXIT_NO_DAEMON || r == PAWL_EXIT_USAGE ? r : PAWL_EXIT_RUN_FAILED;
}

static int watch_and_wait(struct run *run)
{
	json_auto_t *session = NULL;
	int r = start_child(run);

	if (r < 0) {
		pawl_error("cannot start a process: %s", strerror(-r));
		return PAWL_EXIT_RUN_FAILED;
	}
	if (pawl_client_ask(&run->client, &run->cli, run_request(run), &session) != PAWL_EXIT_OK)
		return PAWL_EXIT_RUN_FAILED;
	pawl_say(&run->cli, "%s is session %s", run->cli.args.words[0],
		 pawl_json_text(session, "session"));
	if (send(run->start_fd, "", 1, MSG_NOSIGNAL) != 1) {
		pawl_error("the command's process is gone before it was started");
		return PAWL_EXIT_RUN_FAILED;
	}
	close(TAKE_FD(run->start_fd));
	print_notices(run); /* that came in one piece with the answer */
	wait_child(run);
	return exit_status(run->status);
}

static void clean_up(struct run *run)
{
	if (run->start_fd >= 0)
		close(run->start_fd);
	if (run->child)
		waitpid(run->child, NULL, 0); /* it reads the end of the line and exits */
	pawl_client_close(&run->client);
	pawl_watchdog_stop(&run->watchdog);
	if (run->signal_fd >= 0)
		close(run->signal_fd);
}

int pawl_cmd_run(const struct pawl_cli *cli)
{
	struct run run = {.cli = *cli,
			  .client = PAWL_CLIENT_NONE,
			  .watchdog = PAWL_WATCHDOG_NONE,
			  .start_fd = -1,
			  .signal_fd = -1};
	int status;
	int r = catch_signals(&run);

	if (r < 0) {
		pawl_error("cannot set up signals: %s", strerror(-r));
		return PAWL_EXIT_RUN_FAILED;
	}
	status = reach_pawld(&run);
	if (status == PAWL_EXIT_OK)
		status = watch_and_wait(&run);
	clean_up(&run);
	return status;
}
