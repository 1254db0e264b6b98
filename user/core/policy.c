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
#include "user/core/text.h"

#define LOSS_MAX 1000000 /* below PAWL_SPENT_MAX, so that the kernel can count past it */
#define SECOND_MS 1000
#define DAY_MS (86400ULL * 1000)
#define WHAT_BYTES (PAWL_NAME_MAX + 32)
#define QUOTED_BYTES 64

_Static_assert(LOSS_MAX < PAWL_SPENT_MAX, "a budget fits into the kernel's counter");

#define BIT(n) (1U << (n))
const struct pawl_section pawl_sections[PAWL_SECTION_MAX] = {
	[PAWL_SECTION_FILES] = {"files", BIT(PAWL_BUCKET_FILES) | BIT(PAWL_BUCKET_DIRS),
				BIT(PAWL_CLASS_DELETE) | BIT(PAWL_CLASS_RMDIR) |
					BIT(PAWL_CLASS_REPLACE) | BIT(PAWL_CLASS_TRUNCATE)},
	[PAWL_SECTION_ACCESS] = {"access", BIT(PAWL_BUCKET_ACCESS), BIT(PAWL_CLASS_ACCESS)},
	[PAWL_SECTION_OVERWRITES] = {"overwrites", BIT(PAWL_BUCKET_OVERWRITES),
				     BIT(PAWL_CLASS_OVERWRITE)},
	[PAWL_SECTION_DEVICES] = {"devices", 0, BIT(PAWL_CLASS_WIPE)},
	[PAWL_SECTION_MOUNTS] = {"mounts", 0, BIT(PAWL_CLASS_MOUNT)},
	[PAWL_SECTION_KERNEL] = {"kernel", 0, BIT(PAWL_CLASS_KERNEL)},
	[PAWL_SECTION_TAMPER] = {"tamper", 0, BIT(PAWL_CLASS_TAMPER)},
	[PAWL_SECTION_RINGS] = {"rings", 0, BIT(PAWL_CLASS_RING)},
};

/* The keys of the whole policy: these, and then those of a profile. */
enum {
	ROOT_VERSION,
	ROOT_MODE,
	ROOT_HOLD,
	ROOT_LOSS,
	ROOT_TEMPORARY,
	ROOT_BUILTIN_AGENTS,
	ROOT_AGENTS,
	ROOT_BUILTIN_BROKERS,
	ROOT_BROKERS,
	ROOT_POLICIES,
	ROOT_SECTIONS,
	ROOT_N = ROOT_SECTIONS + PAWL_SECTION_MAX,
};
static const char *const root_keys[ROOT_SECTIONS] = {
	[ROOT_VERSION] = "version",	[ROOT_MODE] = "mode",
	[ROOT_HOLD] = "hold",		[ROOT_LOSS] = "on_daemon_loss",
	[ROOT_TEMPORARY] = "temporary", [ROOT_BUILTIN_AGENTS] = "builtin_agents",
	[ROOT_AGENTS] = "agents",	[ROOT_BUILTIN_BROKERS] = "builtin_brokers",
	[ROOT_BROKERS] = "brokers",	[ROOT_POLICIES] = "policies",
};

static const char *const mode_words[] = {
	[PAWL_MODE_OBSERVE] = "observe",
	[PAWL_MODE_ENFORCE] = "enforce",
	NULL,
};

const char *const pawl_action_words[] = {"observe", "hold", "deny", "kill", NULL};

/* Nobody is asked about pawl itself, and what lets it be is mode: observe. */
static const char *const tamper_words[] = {"deny", "kill", NULL};

const struct pawl_section *pawl_section_of(uint32_t class)
{
	for (size_t i = 0; class < PAWL_CLASS_MAX && i < PAWL_SECTION_MAX; i++) {
		if (pawl_sections[i].classes & BIT(class))
			return &pawl_sections[i];
	}
	return NULL;
}

uint32_t pawl_bucket_of(uint32_t class)
{
	const struct pawl_section *section = pawl_section_of(class);

	if (class == PAWL_CLASS_RMDIR)
		return PAWL_BUCKET_DIRS;
	for (uint32_t bucket = 0; section && bucket < PAWL_BUCKET_MAX; bucket++) {
		if (section->buckets & BIT(bucket))
			return bucket;
	}
	return PAWL_BUCKET_MAX;
}

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

bool pawl_policy_read_action(struct pawl_faults *faults, const struct pawl_yaml_node *node,
			     const char *what, const char *const words[], uint32_t *ret_action)
{
	size_t index;

	if (!pawl_value_word(faults, node, what, words, &index))
		return false;
	for (uint32_t action = 0; action < PAWL_ACTION_MAX; action++) {
		if (!strcmp(pawl_action_name((enum pawl_action)action), words[index]))
			*ret_action = action;
	}
	return true;
}

static void read_loss(struct pawl_policy_reader *reader, const struct pawl_yaml_node *node)
{
	static const char *const words[] = {"deny", "allow", NULL};
	size_t index;

	if (node && pawl_value_word(&reader->faults, node, "on_daemon_loss", words, &index))
		reader->policy->on_daemon_loss = index ? PAWL_ACTION_OBSERVE : PAWL_ACTION_DENY;
}

static void read_temporary(struct pawl_policy_reader *reader, const struct pawl_yaml_node *node)
{
	struct pawl_policy *policy = reader->policy;
	struct pawl_faults *faults = &reader->faults;
	char quoted[QUOTED_BYTES], *text;

	if (!node || !pawl_value_kind(faults, node, "temporary", PAWL_YAML_SEQUENCE,
				      "a list of directories, [] for none"))
		return;
	policy->temporary_n = 0;
	for (const struct pawl_yaml_node *item = node->first; item; item = item->next) {
		if (policy->temporary_n == PAWL_MAX_TEMPORARY) {
			pawl_fault_add(faults, item->pos,
				       "more than %d directories in temporary: leave some out",
				       PAWL_MAX_TEMPORARY);
			return;
		}
		text = policy->temporary[policy->temporary_n++];
		if (pawl_value_text(faults, item, "a directory in temporary", text,
				    PAWL_ADDRESS_BYTES) &&
		    !pawl_policy_is_absolute(text))
			pawl_fault_add(faults, item->pos,
				       "temporary has \"%s\": expected an absolute path without "
				       "//, . and .., and not /",
				       pawl_safe(text, quoted, sizeof(quoted)));
	}
}

const char *pawl_temporary_name(const struct pawl_policy *policy, uint32_t index)
{
	return index < policy->temporary_n ? policy->temporary[index] : "";
}

static void read_budget(struct pawl_faults *faults, const struct pawl_yaml_node *node,
			const char *of, const struct pawl_section *section,
			struct pawl_terms *terms)
{
	static const char *const keys[] = {"loss", "per", NULL};
	const struct pawl_yaml_node *values[2];
	uint64_t loss = 0, per_ms = 0;
	char what[2 * WHAT_BYTES];
	bool has_loss, has_per;

	snprintf(what, sizeof(what), "%s.budget", of);
	if (!pawl_value_fields(faults, node, what, keys, values))
		return;
	snprintf(what, sizeof(what), "%s.budget.loss", of);
	has_loss = values[0] && pawl_value_number(faults, values[0], what, 0, LOSS_MAX, &loss);
	snprintf(what, sizeof(what), "%s.budget.per", of);
	has_per = values[1] &&
		  pawl_value_duration(faults, values[1], what, SECOND_MS, DAY_MS, &per_ms);
	for (int bucket = 0; bucket < PAWL_BUCKET_MAX; bucket++) {
		if (!(section->buckets & BIT(bucket)))
			continue;
		if (has_loss)
			terms->limit[bucket] = loss;
		if (has_per)
			terms->per_ms[bucket] = per_ms;
	}
}

static void read_section_action(struct pawl_faults *faults, const struct pawl_yaml_node *node,
				const char *what, const struct pawl_section *section,
				struct pawl_terms *terms)
{
	bool tamper = section->classes & BIT(PAWL_CLASS_TAMPER);
	uint32_t action;

	if (!pawl_policy_read_action(faults, node, what, tamper ? tamper_words : pawl_action_words,
				     &action))
		return;
	for (int class = 0; class < PAWL_CLASS_MAX; class ++) {
		if (section->classes & BIT(class))
			terms->action[class] = (uint8_t)action;
	}
}

/* One key of a profile; what is left out leaves @terms as they are. */
static void read_section(struct pawl_faults *faults, const struct pawl_yaml_node *node,
			 const char *what, const struct pawl_section *section,
			 struct pawl_terms *terms)
{
	static const char *const keys[] = {"budget", "do", NULL};
	const struct pawl_yaml_node *values[2];
	char what_do[2 * WHAT_BYTES];

	if (!node)
		return;
	if (!section->buckets) {
		read_section_action(faults, node, what, section, terms);
		return;
	}
	if (!pawl_value_fields(faults, node, what, keys, values))
		return;
	if (values[0])
		read_budget(faults, values[0], what, section, terms);
	snprintf(what_do, sizeof(what_do), "%s.do", what);
	if (values[1])
		read_section_action(faults, values[1], what_do, section, terms);
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
			       "\"default\" is what the policy says at the top: write it there");
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

/* One profile of `policies`. */
static void read_profile(struct pawl_faults *faults, const struct pawl_yaml_node *node,
			 struct pawl_profile *profile)
{
	const struct pawl_yaml_node *values[PAWL_SECTION_MAX];
	const char *keys[PAWL_SECTION_MAX + 1] = {NULL};
	char what[WHAT_BYTES];

	for (size_t i = 0; i < PAWL_SECTION_MAX; i++)
		keys[i] = pawl_sections[i].key;
	snprintf(what, sizeof(what), "policies.%s", profile->name);
	if (!pawl_value_fields(faults, node, what, keys, values))
		return;
	for (size_t i = 0; i < PAWL_SECTION_MAX; i++) {
		snprintf(what, sizeof(what), "policies.%s.%s", profile->name, keys[i]);
		read_section(faults, values[i], what, &pawl_sections[i], &profile->terms);
	}
}

/* To be read after the default profile, from which the others take what they leave out. */
static void read_policies(struct pawl_policy_reader *reader, const struct pawl_yaml_node *node)
{
	bool taken[PAWL_MAX_PROFILES] = {false};

	if (!node || !pawl_value_kind(&reader->faults, node, "policies", PAWL_YAML_MAPPING,
				      "a mapping of names"))
		return;
	for (const struct pawl_yaml_node *key = node->first; key; key = key->next->next) {
		struct pawl_profile *profile = claim_profile(reader, key, taken);

		if (profile)
			read_profile(&reader->faults, key->next, profile);
	}
}

/* builtin_agents, builtin_brokers */
static bool read_builtin(struct pawl_policy_reader *reader, const struct pawl_yaml_node *node,
			 const char *what)
{
	bool builtin = true;

	if (node)
		pawl_value_bool(&reader->faults, node, what, &builtin);
	return builtin && reader->base;
}

/* In an order in which each part finds what it refers to, whatever the file's order. */
static void read_root(struct pawl_policy_reader *reader, const struct pawl_yaml_node *root)
{
	const struct pawl_yaml_node *values[ROOT_N];
	const char *keys[ROOT_N + 1] = {NULL};
	bool builtin;

	memcpy(keys, root_keys, sizeof(root_keys));
	for (size_t i = 0; i < PAWL_SECTION_MAX; i++)
		keys[ROOT_SECTIONS + i] = pawl_sections[i].key;
	if (!pawl_value_fields(&reader->faults, root, "the policy", keys, values))
		return;
	read_version(reader, root, values[ROOT_VERSION]);
	read_mode(reader, values[ROOT_MODE]);
	read_hold(reader, values[ROOT_HOLD]);
	read_loss(reader, values[ROOT_LOSS]);
	read_temporary(reader, values[ROOT_TEMPORARY]);
	for (size_t i = 0; i < PAWL_SECTION_MAX; i++)
		read_section(&reader->faults, values[ROOT_SECTIONS + i], pawl_sections[i].key,
			     &pawl_sections[i], &reader->policy->profiles[0].terms);
	read_policies(reader, values[ROOT_POLICIES]);
	builtin = read_builtin(reader, values[ROOT_BUILTIN_AGENTS], "builtin_agents");
	pawl_policy_read_agents(reader, values[ROOT_AGENTS], builtin);
	builtin = read_builtin(reader, values[ROOT_BUILTIN_BROKERS], "builtin_brokers");
	pawl_policy_read_brokers(reader, values[ROOT_BROKERS], builtin);
}

/* A policy that says what @base says, but for the agents and brokers: they are added last. */
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
		memset(&policy->brokers[PAWL_BROKERS_FIXED], 0,
		       sizeof(policy->brokers) - PAWL_BROKERS_FIXED * sizeof(policy->brokers[0]));
	} else {
		memcpy(policy->profiles[0].name, "default", sizeof("default"));
		policy->profiles_n = 1;
		policy->brokers[PAWL_BROKER_PTRACE] = (struct pawl_policy_broker){
			.name = "ptrace", .terms = {PAWL_ACTION_DENY, PAWL_ACTION_DENY}};
		policy->brokers[PAWL_BROKER_SOCKETS] = (struct pawl_policy_broker){
			.name = "other-sockets",
			.terms = {PAWL_ACTION_OBSERVE, PAWL_ACTION_OBSERVE}};
	}
	policy->brokers_n = PAWL_BROKERS_FIXED;
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
