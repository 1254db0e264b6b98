/* SPDX-License-Identifier: Apache-2.0 */
/* Part of main: the command line. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "user/shell/main.h"

#define RING_KIB 1024
#define RING_KIB_MAX (1 << 20)
#define LEASE_S 10
#define LEASE_S_MAX 86400

static const char help[] =
	"usage: pawld [OPTION]...\n"
	"Watches AI agents and stops mass deletion before its effect.\n\n"
	"  -c, --config FILE      policy (/etc/pawl/pawl.yaml, else the built-in one)\n"
	"      --socket PATH      control socket (/run/pawl/pawl.sock)\n"
	"      --state-dir DIR    state and scratch files (/var/lib/pawl)\n"
	"      --log FILE         event log, \"-\" for stdout (/var/log/pawl/events.jsonl)\n"
	"      --pin-dir DIR      what outlives pawld, on a BPF file system; \"none\": nothing\n"
	"                         (/sys/fs/bpf/pawl)\n"
	"      --lease SECONDS    how long holds outlive a pawld that was killed (10)\n"
	"      --release          let go of everything that is pinned, with or without a pawld\n"
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
	OPT_LEASE,
	OPT_RELEASE,
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
	{"lease", required_argument, NULL, OPT_LEASE},
	{"release", no_argument, NULL, OPT_RELEASE},
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

static int parse_lease(const char *value, uint64_t *ret_ms)
{
	char *end;
	unsigned long seconds = strtoul(value, &end, 10);

	if (*end || seconds < 1 || seconds > LEASE_S_MAX)
		return usage_error("lease", value, "give seconds, 1 to 86400");
	*ret_ms = seconds * 1000;
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
		options->pin_dir = strcmp(optarg, "none") ? optarg : NULL;
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
	case OPT_LEASE:
		return parse_lease(optarg, &options->lease_ms);
	case OPT_RELEASE:
		options->release = true;
		return 0;
	case OPT_FOREGROUND:
		return 0;
	}
	return -EINVAL; /* getopt_long has said it */
}

/* Return: 0 to go on, 1 when all is said, -EINVAL. */
int daemon_parse_options(int argc, char **argv, struct options *options)
{
	int option, r;

	*options = (struct options){
		.socket = PAWL_DEFAULT_SOCKET,
		.state_dir = "/var/lib/pawl",
		.log = PAWL_DEFAULT_LOG,
		.pin_dir = "/sys/fs/bpf/pawl",
		.lease_ms = LEASE_S * 1000,
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
