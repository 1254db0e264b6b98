/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A policy back to YAML with every key spelled out, and the words and durations of the
 * policy language in both directions. What it writes, pawl_policy_parse() reads back.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "user/core/cleanup.h"
#include "user/core/policy.h"
#include "user/core/policy_internal.h"
#include "user/core/text.h"

#define DURATION_MAX_MS (365ULL * 86400 * 1000)

/* Longest first: a duration names its units in this order. */
static const struct {
	const char *name;
	uint64_t ms;
} units[] = {
	{"d", 86400000}, {"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1},
};
#define UNITS_N (sizeof(units) / sizeof(units[0]))

const char *pawl_action_name(enum pawl_action action)
{
	static const char *const names[PAWL_ACTION_MAX] = {
		[PAWL_ACTION_OBSERVE] = "observe",
		[PAWL_ACTION_HOLD] = "hold",
		[PAWL_ACTION_DENY] = "deny",
		[PAWL_ACTION_KILL] = "kill",
	};

	return (unsigned int)action < PAWL_ACTION_MAX ? names[action] : "unknown";
}

const char *pawl_mode_name(enum pawl_mode mode)
{
	return mode == PAWL_MODE_OBSERVE ? "observe" : "enforce";
}

/* One number with its unit, which must come after unit @from. Moves *text behind it. */
static int parse_part(const char **text, size_t *from, uint64_t *total_ms)
{
	const char *at = *text;
	uint64_t number = 0;
	size_t length;

	if (*at < '0' || *at > '9')
		return -EINVAL;
	for (; *at >= '0' && *at <= '9'; at++) {
		/* Stays far below overflow, and is past the limit all the same. */
		if (number <= DURATION_MAX_MS)
			number = number * 10 + (uint64_t)(*at - '0');
	}
	length = strspn(at, "dhms");
	for (size_t i = *from; i < UNITS_N; i++) {
		/* "1ms" is no "1m" and an "s": the letters up to the next digit are one unit. */
		if (strlen(units[i].name) != length || strncmp(at, units[i].name, length))
			continue;
		*from = i + 1;
		*text = at + length;
		*total_ms += number > DURATION_MAX_MS ? DURATION_MAX_MS + 1 : number * units[i].ms;
		return 0;
	}
	return -EINVAL;
}

int pawl_duration_parse(const char *text, uint64_t *ret_ms)
{
	uint64_t total_ms = 0;
	size_t from = 0;
	int err;

	do {
		err = parse_part(&text, &from, &total_ms);
		if (err)
			return err;
	} while (*text);
	if (total_ms > DURATION_MAX_MS)
		return -ERANGE;
	*ret_ms = total_ms;
	return 0;
}

char *pawl_duration_format(uint64_t ms, char out[PAWL_DURATION_BYTES])
{
	size_t used = 0;

	for (size_t i = 0; i < UNITS_N; i++) {
		uint64_t count = ms / units[i].ms;

		if (!count)
			continue;
		used += (size_t)snprintf(out + used, PAWL_DURATION_BYTES - used, "%" PRIu64 "%s",
					 count, units[i].name);
		ms -= count * units[i].ms;
	}
	if (!used)
		snprintf(out, PAWL_DURATION_BYTES, "0s");
	return out;
}

static int lowest(uint32_t bits)
{
	return __builtin_ctz(bits);
}

/* The value of a profile's key; the buckets and classes of one key say the same. */
static void format_section(const struct pawl_section *section, const struct pawl_terms *terms,
			   struct pawl_text *out)
{
	const char *action = pawl_action_name(terms->action[lowest(section->classes)]);
	char per[PAWL_DURATION_BYTES];
	int bucket;

	pawl_text_printf(out, "%s: ", section->key);
	if (!section->buckets) {
		pawl_text_str(out, action);
		return;
	}
	bucket = lowest(section->buckets);
	pawl_text_printf(out, "{budget: {loss: %" PRIu64 ", per: %s}, do: %s}",
			 (uint64_t)terms->limit[bucket],
			 pawl_duration_format(terms->per_ms[bucket], per), action);
}

/* Profile 0 stands at the top, the others follow under `policies:`. */
static void format_profiles(const struct pawl_policy *policy, struct pawl_text *out)
{
	for (size_t s = 0; s < PAWL_SECTION_MAX; s++) {
		format_section(&pawl_sections[s], &policy->profiles[0].terms, out);
		pawl_text_str(out, "\n");
	}
	if (policy->profiles_n > 1)
		pawl_text_str(out, "policies:\n");
	for (size_t i = 1; i < policy->profiles_n; i++) {
		pawl_text_str(out, "  ");
		pawl_text_json(out, policy->profiles[i].name);
		pawl_text_str(out, ":\n");
		for (size_t s = 0; s < PAWL_SECTION_MAX; s++) {
			pawl_text_str(out, "    ");
			format_section(&pawl_sections[s], &policy->profiles[i].terms, out);
			pawl_text_str(out, "\n");
		}
	}
}

/* JSON strings are YAML's double-quoted scalars. */
static void format_string(const struct pawl_match *match, enum pawl_kind kind, const char *key,
			  const char *value, struct pawl_text *out)
{
	if (!(match->need & 1U << kind))
		return;
	pawl_text_printf(out, "%s%s: ", out->data[out->size - 1] == '{' ? "" : ", ", key);
	pawl_text_json(out, value);
}

static void format_match(const struct pawl_match *match, struct pawl_text *out)
{
	pawl_text_str(out, "      - {");
	if (out->failed)
		return;
	format_string(match, PAWL_KIND_EXE, "exe", match->exe, out);
	format_string(match, PAWL_KIND_SCRIPT, "script", match->script, out);
	format_string(match, PAWL_KIND_ENV, "env", match->env, out);
	format_string(match, PAWL_KIND_CGROUP, "cgroup", match->cgroup, out);
	if (match->need & 1U << PAWL_KIND_UID)
		pawl_text_printf(out, "%suid: %" PRIu32,
				 out->data[out->size - 1] == '{' ? "" : ", ", match->uid);
	pawl_text_str(out, "}\n");
}

static void format_agents(const struct pawl_policy *policy, struct pawl_text *out)
{
	pawl_text_str(out, policy->agents_n ? "agents:\n" : "agents: []\n");
	for (size_t i = 0; i < policy->agents_n; i++) {
		pawl_text_str(out, "  - name: ");
		pawl_text_json(out, policy->agents[i].name);
		pawl_text_str(out, "\n    policy: ");
		pawl_text_json(out, policy->profiles[policy->agents[i].profile].name);
		pawl_text_str(out, "\n    match:\n");
		for (size_t m = 0; m < policy->matches_n; m++) {
			if (policy->matches[m].agent == i)
				format_match(&policy->matches[m], out);
		}
	}
}

/* The addresses of one kind: ", socket: [...]". */
static void format_addresses(const struct pawl_policy_broker *broker, enum pawl_address_kind kind,
			     const char *key, struct pawl_text *out)
{
	size_t n = 0;

	for (size_t i = 0; i < broker->addresses_n; i++) {
		const struct pawl_address *address = &broker->addresses[i];

		if (address->kind != kind)
			continue;
		if (n++)
			pawl_text_str(out, ", ");
		else
			pawl_text_printf(out, ", %s: [", key);
		if (kind == PAWL_ADDRESS_PORT)
			pawl_text_printf(out, "%d", address->port);
		else
			pawl_text_json(out, address->text);
	}
	if (n)
		pawl_text_str(out, "]");
}

static void format_brokers(const struct pawl_policy *policy, struct pawl_text *out)
{
	pawl_text_str(out, "brokers:\n");
	for (size_t i = 0; i < policy->brokers_n; i++) {
		const struct pawl_policy_broker *broker = &policy->brokers[i];

		pawl_text_str(out, "  - {name: ");
		pawl_text_json(out, broker->name);
		format_addresses(broker, PAWL_ADDRESS_SOCKET, "socket", out);
		format_addresses(broker, PAWL_ADDRESS_PORT, "port", out);
		format_addresses(broker, PAWL_ADDRESS_PATH, "path", out);
		pawl_text_printf(out, ", do: %s, root: %s}\n",
				 pawl_action_name(broker->terms.action),
				 pawl_action_name(broker->terms.root_action));
	}
}

static void format_temporary(const struct pawl_policy *policy, struct pawl_text *out)
{
	pawl_text_str(out, "temporary: [");
	for (size_t i = 0; i < policy->temporary_n; i++) {
		pawl_text_str(out, i ? ", " : "");
		pawl_text_json(out, policy->temporary[i]);
	}
	pawl_text_str(out, "]\n");
}

int pawl_policy_format(const struct pawl_policy *policy, char **ret_text)
{
	_cleanup_(pawl_text_freep) struct pawl_text out = {0};
	const char *on_timeout = policy->on_timeout == PAWL_ACTION_OBSERVE
					 ? "allow"
					 : pawl_action_name(policy->on_timeout);
	char timeout[PAWL_DURATION_BYTES];

	pawl_text_printf(&out, "version: 1\nmode: %s\n", pawl_mode_name(policy->mode));
	pawl_text_printf(&out, "hold: {timeout: %s, on_timeout: %s}\n",
			 pawl_duration_format(policy->hold_timeout_ms, timeout), on_timeout);
	pawl_text_printf(&out, "on_daemon_loss: %s\n",
			 policy->on_daemon_loss == PAWL_ACTION_OBSERVE ? "allow" : "deny");
	format_temporary(policy, &out);
	format_profiles(policy, &out);
	pawl_text_str(&out, "builtin_agents: false\n");
	format_agents(policy, &out);
	pawl_text_str(&out, "builtin_brokers: false\n");
	format_brokers(policy, &out);
	if (out.failed)
		return -ENOMEM;
	*ret_text = TAKE_PTR(out.data);
	return 0;
}
