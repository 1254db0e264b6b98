/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The policy: YAML in, plain structs out. Pure: takes text, never opens a file.
 */
#ifndef PAWL_CORE_POLICY_H
#define PAWL_CORE_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bpf/abi.h"

#define PAWL_NAME_MAX 32
#define PAWL_MAX_PROFILES 32
#define PAWL_MAX_AGENTS 128
#define PAWL_POLICY_BYTES_MAX (1 << 20) /* a longer file is refused */

enum pawl_mode {
	PAWL_MODE_OBSERVE = 0, /* nothing is ever stopped */
	PAWL_MODE_ENFORCE,
};

/* The keys by which a profile says what happens to which operations. */
struct pawl_section {
	const char *key;
	uint32_t buckets; /* 1 << enum pawl_bucket; 0: it has no budget, the first one is past it */
	uint32_t classes; /* 1 << enum pawl_class */
};
enum {
	PAWL_SECTION_FILES = 0,
	PAWL_SECTION_ACCESS,
	PAWL_SECTION_OVERWRITES,
	PAWL_SECTION_DEVICES,
	PAWL_SECTION_MOUNTS,
	PAWL_SECTION_KERNEL,
	PAWL_SECTION_TAMPER,
	PAWL_SECTION_RINGS,
	PAWL_SECTION_MAX,
};
extern const struct pawl_section pawl_sections[PAWL_SECTION_MAX];

/* The one that an operation of @class comes under; NULL: none, as with brokers. */
const struct pawl_section *pawl_section_of(uint32_t class);

/* Its budget, as an index of struct pawl_terms; PAWL_BUCKET_MAX: it has none. */
uint32_t pawl_bucket_of(uint32_t class);

/* Budgets and what happens past them, under mode enforce. Profile 0 is the policy's own. */
struct pawl_profile {
	char name[PAWL_NAME_MAX];
	struct pawl_terms terms; /* a limit of 0: the first is already too many */
};

#define PAWL_BROKER_ADDRESSES 16
#define PAWL_ADDRESS_BYTES 108 /* as sun_path of struct sockaddr_un */

/* How a broker is reached. */
enum pawl_address_kind {
	PAWL_ADDRESS_SOCKET = 0, /* "/path" or "@abstract"; see pawl_broker_hash() */
	PAWL_ADDRESS_PORT,	 /* TCP, on this host */
	PAWL_ADDRESS_PATH,	 /* what is written at or below it, the broker will run */
};
struct pawl_address {
	enum pawl_address_kind kind;
	uint16_t port;
	char text[PAWL_ADDRESS_BYTES];
};

/* Somebody outside every tree who acts for those that ask. */
struct pawl_policy_broker {
	char name[PAWL_NAME_MAX];
	struct pawl_broker terms;
	struct pawl_address addresses[PAWL_BROKER_ADDRESSES];
	size_t addresses_n;
};

#define PAWL_MAX_TEMPORARY 16

/* One alternative by which an agent is known: everything set must be found. */
struct pawl_match {
	uint32_t agent; /* index in pawl_policy.agents */
	uint32_t need;	/* 1 << enum pawl_kind */
	char exe[64];
	char script[64];
	char env[96]; /* NAME, NAME=VALUE, or NAME=PREFIX*: a value that begins so */
	uint32_t uid;
	char cgroup[256]; /* as in /proc/PID/cgroup of v2, "/" first */
	int line;	  /* of the policy file, for messages; 0: of a built-in agent */
};

struct pawl_agent {
	char name[PAWL_NAME_MAX];
	uint32_t profile; /* index in pawl_policy.profiles */
};

struct pawl_policy {
	enum pawl_mode mode;
	uint64_t hold_timeout_ms;
	enum pawl_action on_timeout; /* PAWL_ACTION_DENY or PAWL_ACTION_KILL, or OBSERVE for allow */
	enum pawl_action on_daemon_loss; /* PAWL_ACTION_DENY, or OBSERVE for allow */
	struct pawl_profile profiles[PAWL_MAX_PROFILES];
	size_t profiles_n; /* at least 1 */
	struct pawl_agent agents[PAWL_MAX_AGENTS];
	size_t agents_n;
	struct pawl_match matches[PAWL_MAX_RULES]; /* earlier ones win */
	size_t matches_n;
	struct pawl_policy_broker brokers[PAWL_MAX_BROKERS]; /* the first have no address */
	size_t brokers_n; /* PAWL_BROKERS_FIXED at least; earlier ones win */
	/* directories: what is moved there, or below, counts as lost */
	char temporary[PAWL_MAX_TEMPORARY][PAWL_ADDRESS_BYTES];
	size_t temporary_n;
};

/* Built-in defaults, a policy file like any other (deploy/pawl.yaml). */
extern const char pawl_policy_builtin[];
extern const size_t pawl_policy_builtin_size;

/*
 * pawl_policy_parse() - read a policy.
 * @text, @size: the YAML text, need not be NUL-terminated
 * @name:        what messages call it, a path as a rule
 * @ret_policy:  the policy; the caller frees it with pawl_policy_free()
 * @ret_error:   on -EINVAL, a message of one or more lines
 *               "NAME:LINE:COLUMN: error: what, and the remedy", the source line and
 *               a caret below it, one for every fault found; the caller frees it
 *
 * Keys that are left out keep the built-in defaults. `agents:` adds to the built-in ones
 * unless `builtin_agents: false` is given, and its entries come first. An entry with the
 * name of a built-in agent replaces that; without `match` it takes over how that is known.
 * Likewise `brokers:` and `builtin_brokers: false`; but ptrace and other-sockets are always there.
 * `temporary:` replaces the built-in list.
 *
 * Return: 0; -EINVAL (see @ret_error); -E2BIG: text over PAWL_POLICY_BYTES_MAX; -ENOMEM.
 */
int pawl_policy_parse(const char *text, size_t size, const char *name,
		      struct pawl_policy **ret_policy, char **ret_error);

void pawl_policy_free(struct pawl_policy *policy);
void pawl_policy_freep(struct pawl_policy **policy);

/* Return: index of the profile of that name, or -ENOENT. "default" is profile 0. */
int pawl_policy_find_profile(const struct pawl_policy *policy, const char *name);

/*
 * pawl_policy_format() - the policy in force as YAML, every key spelled out, such that
 * parsing the result gives the same policy again. The caller frees *ret_text.
 */
int pawl_policy_format(const struct pawl_policy *policy, char **ret_text);

/*
 * The kernel's key for the pattern of a socket. A run of digits is hashed as one '#', as is
 * a '*' inside; a '*' at the end makes it the key of all that begin so.
 */
uint64_t pawl_broker_hash(const char *pattern, bool *ret_prefix);

/* That of a network address: AF_INET with 4 bytes, AF_INET6 with 16; port in network order. */
uint64_t pawl_broker_hash_inet(int family, const uint8_t *address, uint16_t port_be);

/* Name of a broker by its index in the kernel's records; "" where there is none. */
const char *pawl_broker_name(const struct pawl_policy *policy, uint32_t index);

/* The same for a temporary place. */
const char *pawl_temporary_name(const struct pawl_policy *policy, uint32_t index);

/* "10m", "90s", "1h30m", "250ms" to milliseconds. -EINVAL; -ERANGE past 365 days. */
int pawl_duration_parse(const char *text, uint64_t *ret_ms);

/* Programs whose first argument that is no option is a script, by base name; NULL-terminated. */
extern const char *const pawl_interpreters[];
bool pawl_is_interpreter(const char *name);

const char *pawl_action_name(enum pawl_action action); /* observe hold deny kill */
const char *pawl_mode_name(enum pawl_mode mode);

#endif
