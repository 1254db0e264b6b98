/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The part of the policy's grammar that says who acts for others, and the hashes by which
 * the kernel finds them. What could never match as people would read it is refused here.
 */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "user/core/policy.h"
#include "user/core/policy_internal.h"
#include "user/core/text.h"

#define WHAT_BYTES (PAWL_NAME_MAX + 32)
#define QUOTED_BYTES 64

enum { BROKER_NAME, BROKER_SOCKET, BROKER_PORT, BROKER_PATH, BROKER_DO, BROKER_ROOT, BROKER_N };
static const char *const broker_keys[BROKER_N + 1] = {
	[BROKER_NAME] = "name", [BROKER_SOCKET] = "socket", [BROKER_PORT] = "port",
	[BROKER_PATH] = "path", [BROKER_DO] = "do",	    [BROKER_ROOT] = "root",
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

uint64_t pawl_broker_hash(const char *pattern, bool *ret_prefix)
{
	uint64_t hash = PAWL_HASH_INIT;

	*ret_prefix = false;
	for (const char *at = pattern; *at; at++) {
		if (*at == '*' && !at[1]) {
			*ret_prefix = true;
			return PAWL_HASH_STEP(hash, '*');
		}
		if (is_digit(*at) && is_digit(at[1]))
			continue; /* the last of a run stands for it */
		hash = PAWL_HASH_STEP(hash, is_digit(*at) || *at == '*' ? '#' : *at);
	}
	return hash;
}

uint64_t pawl_broker_hash_inet(int family, const uint8_t *address, uint16_t port_be)
{
	uint64_t hash = PAWL_HASH_STEP(PAWL_HASH_INIT, family);
	uint8_t port[sizeof(port_be)];

	memcpy(port, &port_be, sizeof(port));
	for (size_t i = 0; i < (family == AF_INET6 ? 16 : 4); i++)
		hash = PAWL_HASH_STEP(hash, address[i]);
	hash = PAWL_HASH_STEP(hash, port[0]);
	return PAWL_HASH_STEP(hash, port[1]);
}

const char *pawl_broker_name(const struct pawl_policy *policy, uint32_t index)
{
	return index < policy->brokers_n ? policy->brokers[index].name : "";
}

bool pawl_policy_is_absolute(const char *text)
{
	size_t length = strlen(text);

	if (text[0] != '/' || length < 2 || text[length - 1] == '/')
		return false;
	for (const char *part = text; part; part = strchr(part + 1, '/')) {
		size_t size = strcspn(part + 1, "/");

		if (!size || (size == 1 && part[1] == '.') ||
		    (size == 2 && part[1] == '.' && part[2] == '.'))
			return false;
	}
	return true;
}

/*
 * A '*' inside is a number and nothing else: beside a letter it would be read as any text.
 * At the end it is any text, and behind a digit would part a number that is hashed as one.
 */
static bool has_good_stars(const char *text)
{
	for (const char *at = text + 1; *text && *at; at++) {
		if (*at != '*')
			continue;
		if (!at[1]) {
			if (is_digit(at[-1]))
				return false;
			continue;
		}
		if (!strchr("/-_.:@+,", at[-1]) || !strchr("/-_.:@+,", at[1]))
			return false;
	}
	return *text != '*';
}

/* Of a socket or a path. Return: NULL, or what was expected. */
static const char *wrong_text(enum pawl_address_kind kind, const char *text)
{
	if (kind == PAWL_ADDRESS_PATH)
		return pawl_policy_is_absolute(text) && !strchr(text, '*')
			       ? NULL
			       : "an absolute path without //, . and .., and without *";
	if (text[0] == '@' ? !text[1] : !pawl_policy_is_absolute(text))
		return "an absolute path without //, . and .., or @ and an abstract name";
	return has_good_stars(text)
		       ? NULL
		       : "* to stand for a number, between two of / - _ . : @ + , or at the "
			 "end, for any rest, but not behind a digit";
}

/* One address, appended to @broker. */
static void read_address(struct pawl_faults *faults, const struct pawl_yaml_node *node,
			 const char *what, enum pawl_address_kind kind,
			 struct pawl_policy_broker *broker)
{
	struct pawl_address address = {.kind = kind};
	const char *expected = NULL;
	char quoted[QUOTED_BYTES];
	uint64_t port = 0;

	if (broker->addresses_n == PAWL_BROKER_ADDRESSES) {
		pawl_fault_add(faults, node->pos,
			       "more than %d addresses of \"%s\": leave some out",
			       PAWL_BROKER_ADDRESSES, broker->name);
		return;
	}
	if (kind == PAWL_ADDRESS_PORT) {
		if (!pawl_value_number(faults, node, what, 1, UINT16_MAX, &port))
			return;
		address.port = (uint16_t)port;
	} else {
		if (!pawl_value_text(faults, node, what, address.text, sizeof(address.text)))
			return;
		expected = wrong_text(kind, address.text);
	}
	if (expected)
		pawl_fault_add(faults, node->pos, "%s is \"%s\": expected %s", what,
			       pawl_safe(address.text, quoted, sizeof(quoted)), expected);
	broker->addresses[broker->addresses_n++] = address;
}

/* One address, or a list of them. */
static void read_addresses(struct pawl_faults *faults, const struct pawl_yaml_node *node,
			   const char *what, enum pawl_address_kind kind,
			   struct pawl_policy_broker *broker)
{
	size_t before = faults->n + faults->missed;

	if (node->kind != PAWL_YAML_SEQUENCE) {
		read_address(faults, node, what, kind, broker);
		return;
	}
	if (!node->first)
		pawl_fault_add(faults, node->pos, "%s is empty: give one at least", what);
	for (const struct pawl_yaml_node *item = node->first; item; item = item->next) {
		read_address(faults, item, what, kind, broker);
		/* that there are too many is said once */
		if (broker->addresses_n == PAWL_BROKER_ADDRESSES &&
		    faults->n + faults->missed > before)
			return;
	}
}

/* Return: index in @policy, or -1. */
static int find_broker(const struct pawl_policy *policy, const char *name)
{
	for (size_t i = 0; i < policy->brokers_n; i++) {
		if (!strcmp(policy->brokers[i].name, name))
			return (int)i;
	}
	return -1;
}

/* `do` and `root`; root does what the others do where nothing else is said. */
static void read_terms(struct pawl_faults *faults, const struct pawl_yaml_node *const values[],
		       const char *const words[], struct pawl_broker *terms)
{
	if (values[BROKER_DO] &&
	    pawl_policy_read_action(faults, values[BROKER_DO], "do", words, &terms->action))
		terms->root_action = terms->action;
	if (values[BROKER_ROOT])
		pawl_policy_read_action(faults, values[BROKER_ROOT], "root", words,
					&terms->root_action);
}

/* One that has no address. Who traces could not be made to wait for a person. */
static void read_fixed(struct pawl_policy_reader *reader, const struct pawl_yaml_node *node,
		       const struct pawl_yaml_node *const values[], int index, bool *given)
{
	static const char *const unheld[] = {"observe", "deny", "kill", NULL};
	struct pawl_policy_broker *broker = &reader->policy->brokers[index];

	if (*given)
		pawl_fault_add(&reader->faults, node->pos, "a second broker \"%s\": leave one out",
			       broker->name);
	*given = true;
	for (int key = BROKER_SOCKET; key <= BROKER_PATH; key++) {
		if (values[key])
			pawl_fault_add(&reader->faults, values[key]->pos,
				       "%s has no %s: leave it out", broker->name,
				       broker_keys[key]);
	}
	read_terms(&reader->faults, values,
		   index == PAWL_BROKER_PTRACE ? unheld : pawl_action_words, &broker->terms);
}

/* A broker that was not there before. NULL: a fault. */
static struct pawl_policy_broker *claim_broker(struct pawl_policy_reader *reader,
					       const struct pawl_yaml_node *node, const char *name)
{
	struct pawl_policy *policy = reader->policy;
	struct pawl_policy_broker *broker;

	if (find_broker(policy, name) >= 0) {
		pawl_fault_add(&reader->faults, node->pos,
			       "a second broker \"%s\": put its addresses into lists of the first",
			       name);
		return NULL;
	}
	if (policy->brokers_n == PAWL_MAX_BROKERS) {
		pawl_fault_add(
			&reader->faults, node->pos,
			"more than %d brokers, ptrace and other-sockets counted: leave some out",
			PAWL_MAX_BROKERS);
		return NULL;
	}
	broker = &policy->brokers[policy->brokers_n++];
	memcpy(broker->name, name, PAWL_NAME_MAX);
	return broker;
}

static void read_broker(struct pawl_policy_reader *reader, const struct pawl_yaml_node *node,
			bool builtin, bool given[PAWL_BROKERS_FIXED])
{
	const struct pawl_yaml_node *values[BROKER_N];
	struct pawl_faults *faults = &reader->faults;
	struct pawl_policy_broker *broker;
	char name[PAWL_NAME_MAX] = "";
	int old;

	if (!pawl_value_fields(faults, node, "a broker", broker_keys, values))
		return;
	if (!values[BROKER_NAME]) {
		pawl_fault_add(faults, node->pos, "name is missing: every broker has one");
		return;
	}
	if (!pawl_value_name(faults, values[BROKER_NAME], "name", name))
		return;
	old = find_broker(reader->policy, name);
	if (old >= 0 && old < PAWL_BROKERS_FIXED) {
		read_fixed(reader, values[BROKER_NAME], values, old, &given[old]);
		return;
	}
	broker = claim_broker(reader, values[BROKER_NAME], name);
	if (!broker)
		return;
	old = builtin ? find_broker(reader->base, name) : -1;
	if (old >= 0)
		*broker = reader->base->brokers[old];
	else
		broker->terms = (struct pawl_broker){PAWL_ACTION_HOLD, PAWL_ACTION_HOLD};
	read_terms(faults, values, pawl_action_words, &broker->terms);
	if (values[BROKER_SOCKET] || values[BROKER_PORT] || values[BROKER_PATH])
		broker->addresses_n = 0;
	else if (old < 0)
		pawl_fault_add(faults, node->pos,
			       "socket, port or path is missing: say how \"%s\" is reached", name);
	for (int key = BROKER_SOCKET; key <= BROKER_PATH; key++) {
		enum pawl_address_kind kind = (enum pawl_address_kind)(key - BROKER_SOCKET);

		if (values[key])
			read_addresses(faults, values[key], broker_keys[key], kind, broker);
	}
}

/* Return: false: they do not all fit. */
static bool add_builtin(struct pawl_policy *policy, const struct pawl_policy *base)
{
	for (size_t i = 0; i < base->brokers_n; i++) {
		if (find_broker(policy, base->brokers[i].name) >= 0)
			continue;
		if (policy->brokers_n == PAWL_MAX_BROKERS)
			return false;
		policy->brokers[policy->brokers_n++] = base->brokers[i];
	}
	return true;
}

void pawl_policy_read_brokers(struct pawl_policy_reader *reader, const struct pawl_yaml_node *node,
			      bool builtin)
{
	struct pawl_faults *faults = &reader->faults;
	bool given[PAWL_BROKERS_FIXED] = {};

	if (node && pawl_value_kind(faults, node, "brokers", PAWL_YAML_SEQUENCE,
				    "a list of {name, socket, port, path, do, root}")) {
		for (const struct pawl_yaml_node *item = node->first; item; item = item->next)
			read_broker(reader, item, builtin, given);
	}
	if (builtin && !add_builtin(reader->policy, reader->base))
		pawl_fault_add(
			faults, node ? node->pos : 0,
			"with the built-in ones more than %d brokers: leave some out, or set "
			"builtin_brokers: false",
			PAWL_MAX_BROKERS);
}
