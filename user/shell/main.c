/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pawld: options, start, the loop, the end. It wires the modules together; what they do
 * stands in main_*.c and in the modules themselves.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <systemd/sd-daemon.h>
#include <time.h>
#include <unistd.h>

#include "user/core/cleanup.h"
#include "user/shell/main.h"
#include "user/shell/refuse.h"

#define TICK_MS 250
#define HURRY_MS 5
#define ALIVE_NS 1000000000ULL /* between signs of life to a service manager */
#define PID_INIT_INO 0xEFFFFFFC

enum { EXIT_USAGE = 2, EXIT_DENIED = 5, EXIT_LOST = 6 };

struct pawl_when daemon_now(void)
{
	struct timespec mono, real;

	clock_gettime(CLOCK_MONOTONIC, &mono);
	clock_gettime(CLOCK_REALTIME, &real);
	return (struct pawl_when){
		.mono_ns = (uint64_t)mono.tv_sec * 1000000000ULL + (uint64_t)mono.tv_nsec,
		.real_ns = (uint64_t)real.tv_sec * 1000000000ULL + (uint64_t)real.tv_nsec,
	};
}

void daemon_say(const char *format, ...)
{
	struct pollfd ready = {.fd = STDERR_FILENO, .events = POLLOUT};
	va_list args;

	/* a pipe that nobody reads must not hold up the loop */
	if (poll(&ready, 1, 0) != 1 || !(ready.revents & POLLOUT))
		return;
	va_start(args, format);
	fputs("pawld: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
}

/* Makes the directory that @path lies in, if only that one is missing. */
static int make_parent(const char *path, mode_t mode)
{
	char parent[PATH_MAX], *slash;

	if (snprintf(parent, sizeof(parent), "%s", path) >= (int)sizeof(parent))
		return -ENAMETOOLONG;
	slash = strrchr(parent, '/');
	if (!slash || slash == parent)
		return 0;
	*slash = 0;
	return mkdir(parent, mode) < 0 && errno != EEXIST ? -errno : 0;
}

/* One pawld for one state directory, until it ends. */
static int take_lock(struct daemon *daemon)
{
	_cleanup_free_ char *path = NULL;

	if (make_parent(daemon->options.state_dir, 0755) < 0 ||
	    (mkdir(daemon->options.state_dir, 0700) < 0 && errno != EEXIST)) {
		daemon_say("cannot make %s: %s: name a directory with --state-dir",
			   daemon->options.state_dir, strerror(errno));
		return -errno;
	}
	if (asprintf(&path, "%s/pawld.lock", daemon->options.state_dir) < 0)
		return -ENOMEM;
	daemon->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (daemon->lock_fd < 0) {
		daemon_say("cannot open %s: %s", path, strerror(errno));
		return -errno;
	}
	/* a child of one that was killed has it, until it has closed what is not its own */
	for (int i = 0; flock(daemon->lock_fd, LOCK_EX | LOCK_NB) < 0; i++) {
		if (i < DAEMON_LOCK_TRIES) {
			usleep(DAEMON_LOCK_US);
			continue;
		}
		daemon_say("another pawld runs with %s: stop it, or name another --state-dir and "
			   "--socket",
			   daemon->options.state_dir);
		return -EBUSY;
	}
	return 0;
}

/* What has to be there before libbpf is asked. Return: -errno, with the line said. */
static int check_machine(void)
{
	struct stat st;

	if (geteuid() != 0) {
		daemon_say("must run as root: it loads BPF programs (CAP_BPF, CAP_PERFMON, "
			   "CAP_SYS_ADMIN) and stops processes");
		return -EPERM;
	}
	/* fs/proc/namespaces.c: PROC_PID_INIT_INO */
	if (stat("/proc/self/ns/pid", &st) == 0 && st.st_ino != PID_INIT_INO) {
		daemon_say("must run in the host's pid namespace, whose pids the kernel tells: "
			   "start the container with hostPID");
		return -EPERM;
	}
	if (access("/sys/kernel/btf/vmlinux", R_OK) < 0) {
		daemon_say("this kernel offers no BTF at /sys/kernel/btf/vmlinux: pawl needs one "
			   "built with CONFIG_DEBUG_INFO_BTF=y");
		return -ENOTSUP;
	}
	return 0;
}

/* -- start and end ----------------------------------------------------------------------- */

static int open_outputs(struct daemon *daemon)
{
	const struct options *options = &daemon->options;
	int r = strcmp(options->log, "-") ? make_parent(options->log, 0750) : 0;

	if (r == 0)
		r = pawl_recorder_open(options->log, &daemon->recorder);
	if (r < 0) {
		daemon_say("cannot write the log %s: %s: name a file with --log", options->log,
			   strerror(-r));
		return r;
	}
	r = make_parent(options->socket, 0755);
	if (r == 0)
		r = pawl_control_open(options->socket, daemon_answer, daemon, &daemon->control);
	if (r == -EADDRINUSE)
		daemon_say("another pawld answers at %s: stop it, or name another --socket",
			   options->socket);
	else if (r < 0)
		daemon_say("cannot listen at %s: %s: name a path with --socket", options->socket,
			   strerror(-r));
	return r;
}

/* What was there before us, what the policy says, and agents that started without either. */
static int take_over(struct daemon *daemon)
{
	int r;

	/* what stands still must not do so for ever, were we killed before we look after it */
	if (pawl_sensor_is_adopted(daemon->sensor))
		daemon_keep(daemon);
	r = daemon_adopt(daemon);
	daemon_beat(daemon);
	pawl_sensor_guard(daemon->sensor, PAWL_GUARD_DAEMON, (uint32_t)getpid());
	pawl_sensor_guard(daemon->sensor, PAWL_GUARD_STARTING, 0);
	if (r == 0)
		r = daemon_load_rules(daemon);
	if (r == 0)
		r = daemon->pins == PAWL_PINS_OTHER ? daemon_migrate(daemon)
						    : daemon_pins_commit(daemon);
	if (r == 0) /* the directory of pins may be another one than before */
		r = daemon_load_places(daemon);
	if (!daemon->keeper.pid)
		daemon_keep(daemon);
	if (r == 0)
		r = daemon_seed(daemon);
	return r;
}

static int start(struct daemon *daemon)
{
	bool is_default = !strcmp(daemon->options.socket, PAWL_DEFAULT_SOCKET);
	struct pawl_when begun = daemon_now();
	_cleanup_free_ char *error = NULL;
	int r = daemon_read_policy(&daemon->options, &daemon->policy, &daemon->config_name, &error);

	if (r < 0) {
		fprintf(stderr, "%s\n", error ? error : strerror(-r));
		if (r == -EINVAL)
			daemon_say("not started: the policy is broken");
		return r;
	}
	if ((r = check_machine()) < 0 || (r = take_lock(daemon)) < 0 ||
	    (r = daemon_pins_begin(daemon)) < 0 || (r = open_outputs(daemon)) < 0 ||
	    (r = daemon_choose_backend(daemon)) < 0)
		return r;
	r = pawl_core_new(daemon->policy, pawl_sensor_backend(daemon->sensor), &daemon->core);
	if (r == 0)
		r = pawl_proctree_new(&daemon->tree);
	if (r == 0)
		r = pawl_assess_new(&daemon->assess);
	if (r == 0) {
		pawl_sensor_receive(daemon->sensor, daemon_on_verdict, daemon_on_event, daemon);
		r = take_over(daemon);
	}
	if (r < 0) {
		daemon_say("cannot start: %s", strerror(-r));
		return r;
	}
	if (asprintf(&daemon->client, "pawl%s%s", is_default ? "" : " --socket ",
		     is_default ? "" : daemon->options.socket) < 0)
		return -ENOMEM;
	daemon->since = daemon_now();
	daemon->load_ms = (daemon->since.mono_ns - begun.mono_ns) / 1000000;
	/* libbpf has parsed the kernel's types by now: give the memory back */
	malloc_trim(0);
	return 0;
}

static void tell_ready(struct daemon *daemon)
{
	const char *backend = pawl_backend_name(pawl_sensor_backend(daemon->sensor));
	size_t sessions = 0;

	for (const struct pawl_live_session *s = pawl_core_sessions(daemon->core); s; s = s->next)
		sessions++;
	if (daemon->mounted)
		daemon_say("mounted a BPF file system at /sys/fs/bpf, for what outlives pawld");
	pawl_record_daemon(daemon->recorder, daemon->since, "daemon.start", backend);
	fprintf(stderr, "pawld: ready backend=%s sessions=%zu load_ms=%llu\n", backend, sessions,
		(unsigned long long)daemon->load_ms);
	sd_notifyf(0, "READY=1\nSTATUS=%s, %s", backend,
		   daemon->policy->mode == PAWL_MODE_ENFORCE ? "enforcing" : "observing only");
}

static void reload(struct daemon *daemon)
{
	_cleanup_free_ char *error = NULL;

	sd_notify(0, "RELOADING=1");
	pawl_recorder_reopen(daemon->recorder);
	if (daemon_reload(daemon, &error) < 0) {
		fprintf(stderr, "%s\n", error ? error : "out of memory");
		daemon_say("the policy is broken: the old one stays in force");
		pawl_record_daemon(daemon->recorder, daemon_now(), "policy.refused", error);
	} else {
		daemon_say("policy loaded from %s", daemon->config_name);
		pawl_record_daemon(daemon->recorder, daemon_now(), "policy.reload",
				   daemon->config_name);
	}
	sd_notify(0, "READY=1");
}

static void reap(struct daemon *daemon)
{
	pid_t pid;

	while ((pid = waitpid(-1, NULL, WNOHANG)) > 0) {
		if (!daemon_census_ended(daemon, pid) && pid == daemon->keeper.pid)
			daemon_keep(daemon);
	}
}

static void on_signal(struct daemon *daemon, int signal_fd)
{
	struct signalfd_siginfo info;

	while (read(signal_fd, &info, sizeof(info)) == sizeof(info)) {
		switch (info.ssi_signo) {
		case SIGHUP:
			reload(daemon);
			break;
		case SIGCHLD:
			reap(daemon);
			break;
		case SIGUSR1: /* the next pawld takes over what is pinned */
			daemon->leaving = daemon->options.pin_dir != NULL;
			daemon->stopping = true;
			break;
		default:
			daemon->stopping = true;
		}
	}
}

static int catch_signals(void)
{
	sigset_t mask;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&mask);
	sigaddset(&mask, SIGTERM);
	sigaddset(&mask, SIGINT);
	sigaddset(&mask, SIGHUP);
	sigaddset(&mask, SIGUSR1);
	sigaddset(&mask, SIGCHLD);
	sigprocmask(SIG_BLOCK, &mask, NULL);
	return signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
}

static int watch_fd(int epoll_fd, int fd)
{
	struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};

	return epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

/* Milliseconds until the daemon looks around by itself. */
static int patience(struct daemon *daemon)
{
	uint64_t next = pawl_core_next_ns(daemon->core), now = daemon_now().mono_ns;

	if (daemon->hurry)
		return HURRY_MS;
	if (next <= now)
		return 0;
	return next - now < TICK_MS * 1000000ULL ? (int)((next - now) / 1000000) + 1 : TICK_MS;
}

static int run(struct daemon *daemon, int signal_fd)
{
	_cleanup_close_ int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	uint64_t ticked = 0, alive = 0, now;
	struct epoll_event events[8];
	int n, r = epoll_fd < 0 ? -errno : 0;

	if (r < 0 || (r = watch_fd(epoll_fd, pawl_sensor_verdict_fd(daemon->sensor))) < 0 ||
	    (r = watch_fd(epoll_fd, pawl_sensor_event_fd(daemon->sensor))) < 0 ||
	    (r = watch_fd(epoll_fd, pawl_control_fd(daemon->control))) < 0 ||
	    (r = watch_fd(epoll_fd, signal_fd)) < 0)
		return r;
	while (!daemon->stopping) {
		n = epoll_wait(epoll_fd, events, 8, patience(daemon));
		daemon_take(daemon);
		for (int i = 0; i < n; i++) {
			if (events[i].data.fd == signal_fd)
				on_signal(daemon, signal_fd);
			else if (events[i].data.fd == pawl_control_fd(daemon->control))
				pawl_control_dispatch(daemon->control);
		}
		now = daemon_now().mono_ns;
		if (n > 0 && !daemon->hurry && now - ticked < TICK_MS * 1000000ULL)
			continue;
		daemon->hurry = false;
		ticked = now;
		daemon_tick(daemon);
		if (now - alive >= ALIVE_NS) {
			sd_notify(0, "WATCHDOG=1");
			alive = now;
		}
	}
	return 0;
}

static void finish(struct daemon *daemon)
{
	if (daemon->core && daemon->sensor && daemon->control) {
		sd_notify(0, "STOPPING=1");
		if (!daemon->leaving && !daemon->lost)
			daemon_shut(daemon);
		pawl_record_daemon(daemon->recorder, daemon_now(), "daemon.stop",
				   daemon->leaving ? "for the next pawld" : NULL);
	}
	if (!daemon->leaving) {
		pawl_keeper_stop(&daemon->keeper);
		pawl_refuse_end();
	}
	daemon_pins_end(daemon);
	pawl_sensor_close(daemon->sensor);
	pawl_control_close(daemon->control);
	pawl_recorder_close(daemon->recorder);
	pawl_core_free(daemon->core);
	pawl_proctree_free(daemon->tree);
	pawl_assess_free(daemon->assess);
	pawl_policy_free(daemon->policy);
	free(daemon->config_name);
	free(daemon->client);
	free(daemon->migrated);
	for (size_t i = 0; i < daemon->refused_n; i++)
		free(daemon->refused[i].why);
	if (daemon->lock_fd >= 0)
		close(daemon->lock_fd);
}

static int check_only(const struct options *options)
{
	_cleanup_(pawl_policy_freep) struct pawl_policy *policy = NULL;
	_cleanup_free_ char *name = NULL, *error = NULL;
	int r = daemon_read_policy(options, &policy, &name, &error);

	if (r < 0) {
		fprintf(stderr, "%s\n", error ? error : strerror(-r));
		return EXIT_FAILURE;
	}
	printf("%s: good\n", name);
	return EXIT_SUCCESS;
}

static int release(const struct options *options)
{
	int r = daemon_release(options);

	if (r == -EPERM)
		return EXIT_DENIED;
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	struct daemon daemon = {.lock_fd = -1, .pins_fd = -1, .keeper = {.fd = -1}};
	_cleanup_close_ int signal_fd = -1;
	int r = daemon_parse_options(argc, argv, &daemon.options);

	if (r != 0)
		return r > 0 ? EXIT_SUCCESS : EXIT_USAGE;
	if (daemon.options.check)
		return check_only(&daemon.options);
	umask(0077);
	if (daemon.options.release)
		return release(&daemon.options);
	signal_fd = catch_signals();
	r = start(&daemon);
	if (r == 0) {
		tell_ready(&daemon);
		r = run(&daemon, signal_fd);
	} else if (daemon.pins != PAWL_PINS_NONE) {
		daemon.leaving = true; /* what was in force stays so */
	}
	if (r < 0 && daemon.mounted)
		pawl_pins_unmount();
	if (daemon.lost) {
		daemon_say("the programs in the kernel are no longer mine: released, or taken over "
			   "by another pawld");
	}
	finish(&daemon);
	if (daemon.lost)
		return EXIT_LOST;
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
