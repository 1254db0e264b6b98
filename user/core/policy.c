/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The policy's grammar: a YAML tree in, struct pawl_policy out, all faults in one go.
 * Stands before assess and decide, which only ever see the struct. Opens no file and
 * asks the system nothing: user names, for one, are not looked up.
 */
#include "user/core/policy.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "user/core/cleanup.h"
#include "user/core/policy_internal.h"

#define LOSS_MAX 1000000 /* below PAWL_SPENT_MAX, so that the kernel can count past it */
#define SECOND_MS 1000
#define DAY_MS (86400ULL * 1000)
#define WHAT_BYTES (PAWL_NAME_MAX + 32)

_Static_assert(LOSS_MAX < PAWL_SPENT_MAX, "a budget fits into the kernel's counter");

enum { ROOT_VERSION, ROOT_MODE, ROOT_HOLD, ROOT_BUILTIN, ROOT_AGENTS, ROOT_FILES, ROOT_POLICIES };
static const char *const root_keys[] = {
	[ROOT_VERSION] = "version",   [ROOT_MODE] = "mode",
	[ROOT_HOLD] = "hold",	      [ROOT_BUILTIN] = "builtin_agents",
	[ROOT_AGENTS] = "agents",     [ROOT_FILES] = "files",
	[ROOT_POLICIES] = "policies", NULL,
};
#define ROOT_N (sizeof(root_keys) / sizeof(root_keys[0]) - 1)

static const char *const mode_words[] = {
	[PAWL_MODE_OBSERVE] = "observe",
	[PAWL_MODE_ENFORCE] = "enforce",
	NULL,
};

static const char *const action_words[] = {
	[PAWL_ACTION_OBSERVE] = "observe",
	[PAWL_ACTION_HOLD] = "hold",
	[PAWL_ACTION_DENY] = "deny",
	[PAWL_ACTION_KILL] = "kill",
	NULL,
};

void pawl_policy_free(struct pawl_policy *policy)
{
	free(policy);
}

void pawl_policy_freep(struct pawl_policy **policy)
{
	pawl_policy_free(*policy);
	*policy = NULL;
}

int pawl_policy_find_profile(const struct pawl_policy *policy, const char *name)
{
	for (size_t i = 0; i < policy->profiles_n; i++) {
		if (!strcmp(policy->profiles[i].name, name))
			return (int)i;
	}
	return -ENOENT;
}

static void read_version(struct pawl_policy_reader *reader, const struct pawl_yaml_node *root,
			 const struct pawl_yaml_node *node)
{
	uint64_t version;

	if (!node)
		pawl_fault_add(&reader->faults, root->pos,
			       "version is missing: begin with \"version: 1\"");
	else
		pawl_value_number(&reader->faults, node, "version", 1, 1, &version);
}

static void read_mode(struct pawl_policy_reader *reader, const struct pawl_yaml_node *node)
{
	size_t mode;

	if (node && pawl_value_word(&reader->faults, node, "mode", mode_words, &mode))
		reader->policy->mode = (enum pawl_mode)mode;
}

static void read_hold(struct pawl_policy_reader *reader, const struct pawl_yaml_node *node)
{
	static const char *const keys[] = {"timeout", "on_timeout", NULL};
	static const char *const words[] = {"deny", "kill", "allow", NULL};
	static const enum pawl_action actions[] = {PAWL_ACTION_DENY, PAWL_ACTION_KILL,
						   PAWL_ACTION_OBSERVE};
	const struct pawl_yaml_node *values[2];
	struct pawl_faults *faults = &reader->faults;
	size_t index;

	if (!node || !pawl_value_fields(faults, node, "hold", keys, values))
		return;
	if (values[0])
		pawl_value_duration(faults, values[0], "hold.timeout", SECOND_MS, DAY_MS,
				    &reader->policy->hold_timeout_ms);
	if (values[1] && pawl_value_word(faults, values[1], "hold.on_timeout", words, &index))
		reader->policy->on_timeout = actions[index];
}

static void read_budget(struct pawl_faults *faults, const struct pawl_yaml_node *node,
			const char *of, struct pawl_profile *profile)
{
	static const char *const keys[] = {"loss", "per", NULL};
	const struct pawl_yaml_node *values[2];
	char what[2 * WHAT_BYTES];

	snprintf(what, sizeof(what), "%s.budget", of);
	if (!pawl_value_fields(faults, node, what, keys, values))
		return;
	snprintf(what, sizeof(what), "%s.budget.loss", of);
	if (values[0])
		pawl_value_number(faults, values[0], what, 0, LOSS_MAX, &profile->loss);
	snprintf(what, sizeof(what), "%s.budget.per", of);
	if (values[1])
		pawl_value_duration(faults, values[1], what, SECOND_MS, DAY_MS, &profile->per_ms);
}

/* A `files:` mapping; keys that are left out leave @profile as it is. */
static void read_files(struct pawl_policy_reader *reader, const struct pawl_yaml_node *node,
		       const char *what, struct pawl_profile *profile)
{
	static const char *const keys[] = {"budget", "do", NULL};
	const struct pawl_yaml_node *values[2];
	char what_do[2 * WHAT_BYTES];
	size_t action;

	if (!node || !pawl_value_fields(&reader->faults, node, what, keys, values))
		return;
	if (values[0])
		read_budget(&reader->faults, values[0], what, profile);
	snprintf(what_do, sizeof(what_do), "%s.do", what);
	if (values[1] &&
	    pawl_value_word(&reader->faults, values[1], what_do, action_words, &action))
		profile->action = (enum pawl_action)action;
}

/* The profile that `policies.NAME` at @key describes, new or the built-in one; NULL: a fault. */
static struct pawl_profile *claim_profile(struct pawl_policy_reader *reader,
					  const struct pawl_yaml_node *key,
					  bool taken[PAWL_MAX_PROFILES])
{
	struct pawl_policy *policy = reader->policy;
	char name[PAWL_NAME_MAX] = "";
	int index;

	if (!pawl_value_name(&reader->faults, key, "a name under policies", name))
		return NULL;
	index = pawl_policy_find_profile(policy, name);
	if (!index) {
		pawl_fault_add(&reader->faults, key->pos,
			       "\"default\" is what `files` says: write it there");
		return NULL;
	}
	if (index > 0 && taken[index]) {
		pawl_fault_add(&reader->faults, key->pos,
			       "\"%s\" is given twice in policies: leave one out", name);
		return NULL;
	}
	if (index < 0 && policy->profiles_n == PAWL_MAX_PROFILES) {
		pawl_fault_add(&reader->faults, key->pos, "more than %d policies: leave some out",
			       PAWL_MAX_PROFILES - 1);
		return NULL;
	}
	if (index < 0)
		index = (int)policy->profiles_n++;
	taken[index] = true;
	policy->profiles[index] = policy->profiles[0];
	memcpy(policy->profiles[index].name, name, sizeof(name));
	return &policy->profiles[index];
}

/* To be read after `files`, from which the profiles take what they leave out. */
static void read_policies(struct pawl_policy_reader *reader, const struct pawl_yaml_node *node)
{
	static const char *const keys[] = {"files", NULL};
	const struct pawl_yaml_node *values[1];
	bool taken[PAWL_MAX_PROFILES] = {false};
	char what[WHAT_BYTES];

	if (!node || !pawl_value_kind(&reader->faults, node, "policies", PAWL_YAML_MAPPING,
				      "a mapping of names"))
		return;
	for (const struct pawl_yaml_node *key = node->first; key; key = key->next->next) {
		struct pawl_profile *profile = claim_profile(reader, key, taken);

		if (!profile)
			continue;
		snprintf(what, sizeof(what), "policies.%s", profile->name);
		if (!pawl_value_fields(&reader->faults, key->next, what, keys, values))
			continue;
		snprintf(what, sizeof(what), "policies.%s.files", profile->name);
		read_files(reader, values[0], what, profile);
	}
}

static bool read_builtin_agents(struct pawl_policy_reader *reader,
				const struct pawl_yaml_node *node)
{
	bool builtin = true;

	if (node)
		pawl_value_bool(&reader->faults, node, "builtin_agents", &builtin);
	return builtin && reader->base;
}

/* In an order in which each part finds what it refers to, whatever the file's order. */
static void read_root(struct pawl_policy_reader *reader, const struct pawl_yaml_node *root)
{
	const struct pawl_yaml_node *values[ROOT_N];
	bool builtin;

	if (!pawl_value_fields(&reader->faults, root, "the policy", root_keys, values))
		return;
	read_version(reader, root, values[ROOT_VERSION]);
	read_mode(reader, values[ROOT_MODE]);
	read_hold(reader, values[ROOT_HOLD]);
	read_files(reader, values[ROOT_FILES], "files", &reader->policy->profiles[0]);
	read_policies(reader, values[ROOT_POLICIES]);
	builtin = read_builtin_agents(reader, values[ROOT_BUILTIN]);
	pawl_policy_read_agents(reader, values[ROOT_AGENTS], builtin);
}

/* A policy that says what @base says, but for the agents: they are added last. */
static struct pawl_policy *new_policy(const struct pawl_policy *base)
{
	struct pawl_policy *policy = calloc(1, sizeof(*policy));

	if (!policy)
		return NULL;
	if (base) {
		*policy = *base;
		policy->agents_n = 0;
		policy->matches_n = 0;
		memset(policy->agents, 0, sizeof(policy->agents));
		memset(policy->matches, 0, sizeof(policy->matches));
	} else {
		memcpy(policy->profiles[0].name, "default", sizeof("default"));
		policy->profiles_n = 1;
	}
	return policy;
}

static int parse_onto(const char *text, size_t size, const char *name,
		      const struct pawl_policy *base, struct pawl_policy **ret_policy,
		      char **ret_error)
{
	_cleanup_(pawl_policy_freep) struct pawl_policy *policy = new_policy(base);
	_cleanup_free_ struct pawl_policy_reader *reader = calloc(1, sizeof(*reader));
	_cleanup_(pawl_yaml_freep) struct pawl_yaml *yaml = NULL;
	int err;

	if (!policy || !reader)
		return -ENOMEM;
	reader->policy = policy;
	reader->base = base;
	reader->faults.name = name;
	reader->faults.text = text;
	reader->faults.size = size;
	err = pawl_yaml_load(&reader->faults, &yaml);
	if (err == -ENOMEM)
		return err;
	if (!err && yaml->root)
		read_root(reader, yaml->root);
	else if (!err)
		pawl_fault_add(&reader->faults, 0,
			       "the policy is empty: begin with \"version: 1\"");
	if (reader->faults.n)
		return pawl_fault_render(&reader->faults, ret_error) ?: -EINVAL;
	*ret_policy = TAKE_PTR(policy);
	return 0;
}

int pawl_policy_parse(const char *text, size_t size, const char *name,
		      struct pawl_policy **ret_policy, char **ret_error)
{
	_cleanup_(pawl_policy_freep) struct pawl_policy *builtin = NULL;
	int err;

	if (size > PAWL_POLICY_BYTES_MAX)
		return -E2BIG;
	err = parse_onto(pawl_policy_builtin, pawl_policy_builtin_size, "built-in policy", NULL,
			 &builtin, ret_error);
	if (err)
		return err;
	return parse_onto(text, size, name, builtin, ret_policy, ret_error);
}
