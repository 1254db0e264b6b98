/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pawld: options, start, the loop, the end. It wires the modules together; what they do
 * stands in main_*.c and in the modules themselves.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
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
#include "user/shell/act.h"
#include "user/shell/main.h"
#include "user/shell/selftest.h"

#define TICK_MS 250
#define HURRY_MS 5
#define PID_INIT_INO 0xEFFFFFFC
#define RING_KIB 1024
#define RING_KIB_MAX (1 << 20)
#define SELFTEST_LIMIT_PER_MS 3600000

enum { EXIT_USAGE = 2 };

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

/* Only these get their directories made: others are the caller's to make. */
#define DEFAULT_RUN_DIR "/run/pawl"
#define DEFAULT_LOG_DIR "/var/log/pawl"
static const char default_socket[] = DEFAULT_RUN_DIR "/pawl.sock";
static const char default_log[] = DEFAULT_LOG_DIR "/events.jsonl";

static const char help[] =
	"usage: pawld [OPTION]...\n"
	"Watches AI agents and stops mass deletion before its effect.\n\n"
	"  -c, --config FILE      policy (/etc/pawl/pawl.yaml, else the built-in one)\n"
	"      --socket PATH      control socket (/run/pawl/pawl.sock)\n"
	"      --state-dir DIR    state and scratch files (/var/lib/pawl)\n"
	"      --log FILE         event log, \"-\" for stdout (/var/log/pawl/events.jsonl)\n"
	"      --pin-dir DIR      accepted for later use: nothing is pinned\n"
	"      --backend NAME     auto, lsm, fmod_ret or tracepoint (auto)\n"
	"      --mode MODE        enforce or observe (as the policy says)\n"
	"      --dry-run          the same as --mode observe\n"
	"      --check            read the policy, say whether it is good, and end\n"
	"      --no-agents        watch only what `pawl run` and `pawl attach` name\n"
	"      --ring-kib N       size of the telemetry ring, a power of two (1024)\n"
	"      --foreground       accepted: pawld always stays in the foreground\n"
	"  -h, --help             this text\n"
	"  -V, --version          version\n";

enum option_id {
	OPT_SOCKET = 256,
	OPT_STATE,
	OPT_LOG,
	OPT_PIN,
	OPT_BACKEND,
	OPT_MODE,
	OPT_DRY_RUN,
	OPT_CHECK,
	OPT_NO_AGENTS,
	OPT_RING,
	OPT_FOREGROUND,
};

static const struct option long_options[] = {
	{"config", required_argument, NULL, 'c'},
	{"socket", required_argument, NULL, OPT_SOCKET},
	{"state-dir", required_argument, NULL, OPT_STATE},
	{"log", required_argument, NULL, OPT_LOG},
	{"pin-dir", required_argument, NULL, OPT_PIN},
	{"backend", required_argument, NULL, OPT_BACKEND},
	{"mode", required_argument, NULL, OPT_MODE},
	{"dry-run", no_argument, NULL, OPT_DRY_RUN},
	{"check", no_argument, NULL, OPT_CHECK},
	{"no-agents", no_argument, NULL, OPT_NO_AGENTS},
	{"ring-kib", required_argument, NULL, OPT_RING},
	{"foreground", no_argument, NULL, OPT_FOREGROUND},
	{"help", no_argument, NULL, 'h'},
	{"version", no_argument, NULL, 'V'},
	{},
};

static int usage_error(const char *option, const char *value, const char *wanted)
{
	daemon_say("--%s \"%s\": %s", option, value, wanted);
	return -EINVAL;
}

static int parse_backend(const char *value, enum pawl_backend *ret_backend)
{
	if (!strcmp(value, "auto")) {
		*ret_backend = PAWL_BACKEND_NONE;
		return 0;
	}
	for (int backend = PAWL_BACKEND_LSM; backend < PAWL_BACKEND_MAX; backend++) {
		if (strcmp(value, pawl_backend_name((uint32_t)backend)))
			continue;
		*ret_backend = (enum pawl_backend)backend;
		return 0;
	}
	return usage_error("backend", value, "give auto, lsm, fmod_ret or tracepoint");
}

static int parse_mode(const char *value, int *ret_mode)
{
	for (int mode = PAWL_MODE_OBSERVE; mode <= PAWL_MODE_ENFORCE; mode++) {
		if (strcmp(value, pawl_mode_name((enum pawl_mode)mode)))
			continue;
		*ret_mode = mode;
		return 0;
	}
	return usage_error("mode", value, "give enforce or observe");
}

static int parse_ring(const char *value, uint32_t *ret_kib)
{
	char *end;
	unsigned long kib = strtoul(value, &end, 10);

	if (*end || kib < 4 || kib > RING_KIB_MAX || kib & (kib - 1))
		return usage_error("ring-kib", value, "give a power of two from 4 to 1048576");
	*ret_kib = (uint32_t)kib;
	return 0;
}

static int set_option(struct options *options, int option)
{
	switch (option) {
	case 'c':
		options->config = optarg;
		return 0;
	case OPT_SOCKET:
		options->socket = optarg;
		return 0;
	case OPT_STATE:
		options->state_dir = optarg;
		return 0;
	case OPT_LOG:
		options->log = optarg;
		return 0;
	case OPT_PIN:
		options->pin_dir = optarg;
		return 0;
	case OPT_BACKEND:
		return parse_backend(optarg, &options->backend);
	case OPT_MODE:
		return parse_mode(optarg, &options->mode);
	case OPT_DRY_RUN:
		options->mode = PAWL_MODE_OBSERVE;
		return 0;
	case OPT_CHECK:
		options->check = true;
		return 0;
	case OPT_NO_AGENTS:
		options->no_agents = true;
		return 0;
	case OPT_RING:
		return parse_ring(optarg, &options->ring_kib);
	case OPT_FOREGROUND:
		return 0;
	}
	return -EINVAL; /* getopt_long has said it */
}

/* Return: 0 to go on, 1 when all is said, -EINVAL. */
static int parse_options(int argc, char **argv, struct options *options)
{
	int option, r;

	*options = (struct options){
		.socket = default_socket,
		.state_dir = "/var/lib/pawl",
		.log = default_log,
		.pin_dir = "/sys/fs/bpf/pawl",
		.mode = -1,
		.ring_kib = RING_KIB,
	};
	while ((option = getopt_long(argc, argv, "c:hV", long_options, NULL)) >= 0) {
		if (option == 'h' || option == 'V') {
			fputs(option == 'h' ? help : "pawld " PAWL_VERSION "\n", stdout);
			return 1;
		}
		r = set_option(options, option);
		if (r < 0)
			return r;
	}
	if (optind < argc) {
		daemon_say("unexpected argument \"%s\": see pawld --help", argv[optind]);
		return -EINVAL;
	}
	return 0;
}

static int make_directory(const char *path, mode_t mode)
{
	return mkdir(path, mode) < 0 && errno != EEXIST ? -errno : 0;
}

/* One pawld for one state directory, until it ends. */
static int take_lock(struct daemon *daemon)
{
	_cleanup_free_ char *path = NULL;

	if (make_directory(daemon->options.state_dir, 0700) < 0) {
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
	if (flock(daemon->lock_fd, LOCK_EX | LOCK_NB) < 0) {
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

/* -- choosing a backend ------------------------------------------------------------------ */

static int selftest_enroll(void *ctx, int pidfd, uint32_t pid, enum pawl_action action,
			   uint64_t limit)
{
	struct pawl_sensor *sensor = ctx;
	struct pawl_rule terms = {
		.action = action, .limit = limit, .per_ms = SELFTEST_LIMIT_PER_MS};
	uint32_t slot, id;
	int r = pawl_sensor_claim(sensor, &terms, PAWL_RULE_SELFTEST, pid, 0, &slot, &id);

	return r < 0 ? r : pawl_sensor_mark(sensor, pidfd, slot, id);
}

static void selftest_tested(void *ctx, const char *hook)
{
	pawl_sensor_set_tested(ctx, hook);
}

/* The self-test's tree was seen: its hooks work. */
static int selftest_event(void *ctx, void *data, size_t size)
{
	static const char *const hooks[PAWL_EVENT_MAX] = {
		[PAWL_EVENT_FORK] = "task_newtask",
		[PAWL_EVENT_EXEC] = "sched_process_exec",
		[PAWL_EVENT_EXIT] = "sched_process_exit",
	};
	struct pawl_record record;

	if (pawl_decode(data, size, &record) == 0 && hooks[record.type])
		pawl_sensor_set_tested(ctx, hooks[record.type]);
	return 0;
}

static void forget_dir(void *ctx, const struct pawl_dir_key *key, const struct pawl_dir *dir)
{
	(void)dir;
	pawl_sensor_delete_dir(ctx, key);
}

/* The slots of the test's sessions are free again, and what it left is forgotten. */
static void selftest_clear(struct pawl_sensor *sensor)
{
	pawl_sensor_take_verdicts(sensor);
	pawl_sensor_take_events(sensor);
	for (uint32_t slot = 1; slot < pawl_sensor_slots(sensor); slot++) {
		if (pawl_sensor_session(sensor, slot)->rule == PAWL_RULE_SELFTEST)
			pawl_sensor_free_slot(sensor, slot);
	}
	pawl_sensor_each_dir(sensor, forget_dir, sensor);
	pawl_sensor_reset(sensor);
}

static int try_backend(struct daemon *daemon, enum pawl_backend backend, char **ret_why)
{
	_cleanup_(pawl_sensor_closep) struct pawl_sensor *sensor = NULL;
	struct pawl_sensor_options options = {.backend = backend,
					      .ring_kib = daemon->options.ring_kib};
	struct pawl_selftest_host host = {
		.enroll = selftest_enroll,
		.end = pawl_act_end_child,
		.tested = selftest_tested,
	};
	int r = pawl_sensor_open(&options, &sensor, ret_why);

	if (r < 0)
		return r;
	host.ctx = sensor;
	pawl_sensor_receive(sensor, NULL, selftest_event, sensor);
	r = pawl_selftest_run(backend, daemon->options.state_dir, &host, ret_why);
	if (r < 0)
		return r;
	selftest_clear(sensor);
	daemon->sensor = TAKE_PTR(sensor);
	return 0;
}

static int choose_backend(struct daemon *daemon)
{
	enum pawl_backend wanted = daemon->options.backend;
	int r = -ENOTSUP;

	for (int backend = PAWL_BACKEND_LSM; backend < PAWL_BACKEND_MAX; backend++) {
		_cleanup_free_ char *why = NULL;

		if (wanted && wanted != (enum pawl_backend)backend)
			continue;
		r = try_backend(daemon, (enum pawl_backend)backend, &why);
		if (r == 0)
			return 0;
		if (!why)
			why = strdup(strerror(-r));
		daemon->refused[daemon->refused_n++] = (struct refused){
			.backend = (enum pawl_backend)backend, .why = TAKE_PTR(why)};
	}
	daemon_say("no backend works here (%s: %s): is bpf() allowed for this process?",
		   pawl_backend_name(daemon->refused[daemon->refused_n - 1].backend),
		   daemon->refused[daemon->refused_n - 1].why);
	return r;
}

/* -- start and end ----------------------------------------------------------------------- */

static int open_outputs(struct daemon *daemon)
{
	const struct options *options = &daemon->options;
	int r = options->log == default_log ? make_directory(DEFAULT_LOG_DIR, 0750) : 0;

	if (r == 0)
		r = pawl_recorder_open(options->log, &daemon->recorder);
	if (r < 0) {
		daemon_say("cannot write the log %s: %s: name a file with --log", options->log,
			   strerror(-r));
		return r;
	}
	r = options->socket == default_socket ? make_directory(DEFAULT_RUN_DIR, 0755) : 0;
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

static int start(struct daemon *daemon)
{
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
	    (r = open_outputs(daemon)) < 0 || (r = choose_backend(daemon)) < 0)
		return r;
	r = pawl_core_new(daemon->policy, pawl_sensor_backend(daemon->sensor), &daemon->core);
	if (r == 0)
		r = pawl_proctree_new(&daemon->tree);
	if (r == 0)
		r = pawl_assess_new(&daemon->assess);
	if (r == 0) {
		pawl_sensor_receive(daemon->sensor, daemon_on_verdict, daemon_on_event, daemon);
		r = daemon_load_rules(daemon);
	}
	if (r == 0)
		r = daemon_seed(daemon);
	if (r < 0) {
		daemon_say("cannot start: %s", strerror(-r));
		return r;
	}
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

static void on_signal(struct daemon *daemon, int signal_fd)
{
	struct signalfd_siginfo info;

	while (read(signal_fd, &info, sizeof(info)) == sizeof(info)) {
		switch (info.ssi_signo) {
		case SIGHUP:
			reload(daemon);
			break;
		case SIGCHLD:
			while (waitpid(-1, NULL, WNOHANG) > 0)
				;
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
	uint64_t ticked = 0, now;
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
	}
	return 0;
}

static void finish(struct daemon *daemon)
{
	if (daemon->core && daemon->sensor && daemon->control) {
		sd_notify(0, "STOPPING=1");
		daemon_shut(daemon);
		pawl_record_daemon(daemon->recorder, daemon_now(), "daemon.stop", NULL);
	}
	pawl_sensor_close(daemon->sensor);
	pawl_control_close(daemon->control);
	pawl_recorder_close(daemon->recorder);
	pawl_core_free(daemon->core);
	pawl_proctree_free(daemon->tree);
	pawl_assess_free(daemon->assess);
	pawl_policy_free(daemon->policy);
	free(daemon->config_name);
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

int main(int argc, char **argv)
{
	struct daemon daemon = {.lock_fd = -1};
	_cleanup_close_ int signal_fd = -1;
	int r = parse_options(argc, argv, &daemon.options);

	if (r != 0)
		return r > 0 ? EXIT_SUCCESS : EXIT_USAGE;
	if (daemon.options.check)
		return check_only(&daemon.options);
	umask(0077);
	signal_fd = catch_signals();
	r = start(&daemon);
	if (r == 0) {
		tell_ready(&daemon);
		r = run(&daemon, signal_fd);
	}
	finish(&daemon);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
