/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The part of the policy's grammar that says who is an agent. Whatever it accepts must
 * be matchable by the kernel as it stands: names by their hash, uids and cgroups as they
 * are, so what could never match, or would match the whole machine, is refused here.
 */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "user/core/policy.h"
#include "user/core/policy_internal.h"
#include "user/core/text.h"

#define UID_LARGEST 4294967294 /* the one above is (uid_t)-1, "no user" */
#define QUOTED_BYTES 64

/* One key for each kind, and one for the name of a variable that is asked for by value. */
_Static_assert(PAWL_MAX_RULES *(PAWL_KIND_MAX + 1) <= PAWL_MAX_SIGNATURES, "keys cannot run out");

static bool is_base_name(const char *text)
{
	return !strchr(text, '/') && strcmp(text, ".") && strcmp(text, "..");
}

/* NAME, NAME=VALUE or NAME=PREFIX*; "NAME=*" would be a second spelling of NAME. */
static bool is_env(const char *text)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "_0123456789";
	size_t length = strspn(text, allowed);

	if (!length || (*text >= '0' && *text <= '9'))
		return false;
	return !text[length] || (text[length] == '=' && strcmp(text + length, "=*"));
}

/* The root is every process of the machine, and "a//b", "a/../b" are no kernel's names. */
static bool is_cgroup(const char *text)
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

enum { MATCH_EXE, MATCH_SCRIPT, MATCH_ENV, MATCH_CGROUP, MATCH_UID, MATCH_N };
static const char *const match_keys[MATCH_N + 1] = {
	[MATCH_EXE] = "exe",	   [MATCH_SCRIPT] = "script", [MATCH_ENV] = "env",
	[MATCH_CGROUP] = "cgroup", [MATCH_UID] = "uid",
};

/* The keys of a match that are text. */
static const struct {
	enum pawl_kind kind;
	size_t offset, size;
	bool (*is_valid)(const char *text);
	const char *expected;
} match_texts[] = {
	[MATCH_EXE] = {PAWL_KIND_EXE, offsetof(struct pawl_match, exe),
		       sizeof(((struct pawl_match *)0)->exe), is_base_name,
		       "the base name of a file, without directories"},
	[MATCH_SCRIPT] = {PAWL_KIND_SCRIPT, offsetof(struct pawl_match, script),
			  sizeof(((struct pawl_match *)0)->script), is_base_name,
			  "the base name of a file, without directories"},
	[MATCH_ENV] = {PAWL_KIND_ENV, offsetof(struct pawl_match, env),
		       sizeof(((struct pawl_match *)0)->env), is_env,
		       "NAME, NAME=VALUE or NAME=PREFIX*"},
	[MATCH_CGROUP] = {PAWL_KIND_CGROUP, offsetof(struct pawl_match, cgroup),
			  sizeof(((struct pawl_match *)0)->cgroup), is_cgroup,
			  "a path such as /system.slice/x.service, below the root"},
};
#define MATCH_TEXTS_N (sizeof(match_texts) / sizeof(match_texts[0]))

static const char *text_of(const struct pawl_match *match, size_t index)
{
	return (const char *)match + match_texts[index].offset;
}

static void read_match_text(struct pawl_faults *faults, const struct pawl_yaml_node *node,
			    size_t index, struct pawl_match *match)
{
	char *text = (char *)match + match_texts[index].offset;
	char quoted[QUOTED_BYTES];

	match->need |= 1U << match_texts[index].kind;
	if (!pawl_value_text(faults, node, match_keys[index], text, match_texts[index].size))
		return;
	if (!match_texts[index].is_valid(text))
		pawl_fault_add(faults, node->pos, "%s is \"%s\": expected %s", match_keys[index],
			       pawl_safe(text, quoted, sizeof(quoted)),
			       match_texts[index].expected);
}

static void read_match_uid(struct pawl_faults *faults, const struct pawl_yaml_node *node,
			   struct pawl_match *match)
{
	uint64_t uid;

	match->need |= 1U << PAWL_KIND_UID;
	if (node->kind == PAWL_YAML_SCALAR && node->size && strspn(node->text, "0123456789") == 0) {
		char quoted[QUOTED_BYTES];

		pawl_fault_add(faults, node->pos,
			       "uid is \"%s\": user names are not looked up; write the number that "
			       "\"id -u\" prints for it",
			       pawl_safe(node->text, quoted, sizeof(quoted)));
		return;
	}
	if (!pawl_value_number(faults, node, "uid", 0, UID_LARGEST, &uid))
		return;
	match->uid = (uint32_t)uid;
	if (uid == 0 && match->need == 1U << PAWL_KIND_UID)
		pawl_fault_add(
			faults, node->pos,
			"uid 0 alone is every process of root: add exe, script, env or cgroup");
}

/* One alternative; it is appended even with faults in it, which end the reading anyhow. */
static void read_match(struct pawl_policy_reader *reader, const struct pawl_yaml_node *node)
{
	struct pawl_policy *policy = reader->policy;
	const struct pawl_yaml_node *values[MATCH_N];
	struct pawl_match *match;

	if (!pawl_value_fields(&reader->faults, node, "match", match_keys, values))
		return;
	if (!node->first) {
		pawl_fault_add(&reader->faults, node->pos,
			       "match is empty: give exe, script, env, cgroup or uid");
		return;
	}
	if (policy->matches_n == PAWL_MAX_RULES) {
		pawl_fault_add(&reader->faults, node->pos,
			       "more than %d alternatives: leave some out", PAWL_MAX_RULES);
		return;
	}
	reader->match_pos[policy->matches_n] = node->pos;
	match = &policy->matches[policy->matches_n++];
	match->agent = (uint32_t)policy->agents_n - 1;
	match->line = pawl_fault_line(&reader->faults, node->pos);
	for (size_t i = 0; i < MATCH_TEXTS_N; i++) {
		if (values[i])
			read_match_text(&reader->faults, values[i], i, match);
	}
	/* Last: whether a uid is too little depends on what else is given. */
	if (values[MATCH_UID])
		read_match_uid(&reader->faults, values[MATCH_UID], match);
}

static void read_matches(struct pawl_policy_reader *reader, const struct pawl_yaml_node *node)
{
	if (node->kind != PAWL_YAML_SEQUENCE) {
		read_match(reader, node);
		return;
	}
	if (!node->first)
		pawl_fault_add(&reader->faults, node->pos,
			       "match is empty: give one alternative at least");
	for (const struct pawl_yaml_node *item = node->first; item; item = item->next)
		read_match(reader, item);
}

/* Return: index in @policy, or -1. */
static int find_agent(const struct pawl_policy *policy, const char *name)
{
	for (size_t i = 0; i < policy->agents_n; i++) {
		if (!strcmp(policy->agents[i].name, name))
			return (int)i;
	}
	return -1;
}

/* Adds the alternatives of agent @index of the built-in policy to the last agent. */
static bool take_over_matches(struct pawl_policy_reader *reader, int index)
{
	struct pawl_policy *policy = reader->policy;
	const struct pawl_policy *base = reader->base;

	for (size_t i = 0; i < base->matches_n; i++) {
		struct pawl_match *match;

		if (base->matches[i].agent != (uint32_t)index)
			continue;
		if (policy->matches_n == PAWL_MAX_RULES)
			return false;
		match = &policy->matches[policy->matches_n++];
		*match = base->matches[i];
		match->agent = (uint32_t)policy->agents_n - 1;
		match->line = 0;
	}
	return true;
}

static void read_agent_policy(struct pawl_policy_reader *reader, const struct pawl_yaml_node *node,
			      struct pawl_agent *agent)
{
	const struct pawl_policy *policy = reader->policy;
	const char *words[PAWL_MAX_PROFILES + 1] = {NULL};
	size_t index;

	for (size_t i = 0; i < policy->profiles_n; i++)
		words[i] = policy->profiles[i].name;
	if (pawl_value_word(&reader->faults, node, "policy", words, &index))
		agent->profile = (uint32_t)index;
}

static void read_agent_name(struct pawl_policy_reader *reader, const struct pawl_yaml_node *node,
			    struct pawl_agent *agent)
{
	char name[PAWL_NAME_MAX] = "";

	if (!pawl_value_name(&reader->faults, node, "name", name))
		return;
	if (find_agent(reader->policy, name) >= 0)
		pawl_fault_add(&reader->faults, node->pos,
			       "a second agent \"%s\": put its match into a list with the first's",
			       name);
	memcpy(agent->name, name, sizeof(name));
}

/* An agent without `match`: right only where it goes by the name of a built-in one. */
static void take_over_agent(struct pawl_policy_reader *reader, const struct pawl_yaml_node *node,
			    const struct pawl_agent *agent, bool builtin)
{
	int index = builtin ? find_agent(reader->base, agent->name) : -1;

	if (index < 0)
		pawl_fault_add(&reader->faults, node->pos,
			       "match is missing: say by what the agent is known, as in "
			       "match: {exe: NAME}");
	else if (!take_over_matches(reader, index))
		pawl_fault_add(&reader->faults, node->pos,
			       "more than %d alternatives: leave some out", PAWL_MAX_RULES);
}

static void read_agent(struct pawl_policy_reader *reader, const struct pawl_yaml_node *node,
		       bool builtin)
{
	static const char *const keys[] = {"name", "match", "policy", NULL};
	const struct pawl_yaml_node *values[3];
	struct pawl_policy *policy = reader->policy;
	struct pawl_faults *faults = &reader->faults;
	struct pawl_agent *agent;

	if (!pawl_value_fields(faults, node, "an agent", keys, values))
		return;
	if (policy->agents_n == PAWL_MAX_AGENTS) {
		pawl_fault_add(faults, node->pos, "more than %d agents: leave some out",
			       PAWL_MAX_AGENTS);
		return;
	}
	agent = &policy->agents[policy->agents_n];
	if (values[0])
		read_agent_name(reader, values[0], agent);
	else
		pawl_fault_add(faults, node->pos, "name is missing: every agent has one");
	policy->agents_n++;
	if (values[2])
		read_agent_policy(reader, values[2], agent);
	if (values[1])
		read_matches(reader, values[1]);
	else
		take_over_agent(reader, node, agent, builtin);
}

/* Return: false: they do not all fit. */
static bool add_builtin(struct pawl_policy_reader *reader)
{
	struct pawl_policy *policy = reader->policy;
	const struct pawl_policy *base = reader->base;

	for (size_t i = 0; i < base->agents_n; i++) {
		if (find_agent(policy, base->agents[i].name) >= 0)
			continue;
		if (policy->agents_n == PAWL_MAX_AGENTS)
			return false;
		policy->agents[policy->agents_n++] = base->agents[i];
		if (!take_over_matches(reader, (int)i))
			return false;
	}
	return true;
}

static bool same_key(const struct pawl_match *a, const struct pawl_match *b, size_t key)
{
	enum pawl_kind kind = key == MATCH_UID ? PAWL_KIND_UID : match_texts[key].kind;

	if (!(a->need & b->need & 1U << kind))
		return false;
	return key == MATCH_UID ? a->uid == b->uid : !strcmp(text_of(a, key), text_of(b, key));
}

/* The kernel keeps PAWL_RULES_PER_KEY alternatives a name, uid or cgroup. */
static void check_key(struct pawl_policy_reader *reader, size_t index, size_t key)
{
	const struct pawl_policy *policy = reader->policy;
	size_t uses = 0;

	for (size_t i = 0; i < policy->matches_n; i++) {
		if (!same_key(&policy->matches[index], &policy->matches[i], key))
			continue;
		uses++;
		/* Said once, at the last of the file's own. */
		if (i > index && policy->matches[i].line)
			return;
	}
	if (uses > PAWL_RULES_PER_KEY)
		pawl_fault_add(&reader->faults, reader->match_pos[index],
			       "%zu alternatives with the same %s, built-in ones counted: at most "
			       "%d can be told apart",
			       uses, match_keys[key], PAWL_RULES_PER_KEY);
}

static void check_keys(struct pawl_policy_reader *reader)
{
	for (size_t i = 0; i < reader->policy->matches_n; i++) {
		if (!reader->policy->matches[i].line)
			continue;
		for (size_t key = 0; key < MATCH_N; key++)
			check_key(reader, i, key);
	}
}

void pawl_policy_read_agents(struct pawl_policy_reader *reader, const struct pawl_yaml_node *node,
			     bool builtin)
{
	struct pawl_faults *faults = &reader->faults;

	if (node && pawl_value_kind(faults, node, "agents", PAWL_YAML_SEQUENCE,
				    "a list of {name, match, policy}")) {
		for (const struct pawl_yaml_node *item = node->first; item; item = item->next)
			read_agent(reader, item, builtin);
	}
	if (builtin && !add_builtin(reader))
		pawl_fault_add(
			faults, node ? node->pos : 0,
			"with the built-in ones more than %d agents or %d alternatives: leave "
			"some out, or set builtin_agents: false",
			PAWL_MAX_AGENTS, PAWL_MAX_RULES);
	/* Values with faults are empty, and would all look alike. */
	if (!faults->n)
		check_keys(reader);
}
