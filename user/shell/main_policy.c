/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Part of main: reads the policy file, and keeps the kernel's rules and signatures the same
 * as it. A policy that cannot be read changes nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "user/core/cleanup.h"
#include "user/shell/main.h"
#include "user/shell/procfs.h"

#define DEFAULT_CONFIG "/etc/pawl/pawl.yaml"

static int read_whole(const char *path, char **ret_text, size_t *ret_size)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	_cleanup_free_ char *text = NULL;
	size_t size = 0;
	struct stat st;
	ssize_t n = 1;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return S_ISDIR(st.st_mode) ? -EISDIR : -EINVAL;
	text = malloc(PAWL_POLICY_BYTES_MAX + 1);
	while (text && n > 0 && size <= PAWL_POLICY_BYTES_MAX) {
		n = read(fd, text + size, PAWL_POLICY_BYTES_MAX + 1 - size);
		if (n < 0)
			return -errno;
		size += (size_t)n;
	}
	if (!text)
		return -ENOMEM;
	*ret_text = TAKE_PTR(text);
	*ret_size = size;
	return 0;
}

int daemon_read_policy(const struct options *options, struct pawl_policy **ret_policy,
		       char **ret_name, char **ret_error)
{
	const char *path = options->config ? options->config : DEFAULT_CONFIG;
	_cleanup_(pawl_policy_freep) struct pawl_policy *policy = NULL;
	_cleanup_free_ char *text = NULL, *name = NULL;
	size_t size = 0;
	int r = read_whole(path, &text, &size);

	if (r == -ENOENT && !options->config) {
		path = "built-in policy";
		size = pawl_policy_builtin_size;
		text = strndup(pawl_policy_builtin, size);
		r = text ? 0 : -ENOMEM;
	}
	if (r == 0)
		r = pawl_policy_parse(text, size, path, &policy, ret_error);
	if (r == 0 && !(name = strdup(path)))
		r = -ENOMEM;
	if (r < 0 || !policy) {
		if (!*ret_error &&
		    asprintf(ret_error, "%s: %s: give a readable policy file with --config", path,
			     strerror(-r)) < 0)
			*ret_error = NULL;
		return r; /* cppcheck-suppress memleak ; name is cleaned up */
	}
	if (options->mode >= 0)
		policy->mode = (enum pawl_mode)options->mode;
	*ret_policy = TAKE_PTR(policy);
	*ret_name = TAKE_PTR(name);
	return 0;
}

struct pawl_terms daemon_terms(const struct pawl_policy *policy, uint32_t profile)
{
	struct pawl_terms terms = policy->profiles[profile].terms;

	if (policy->mode == PAWL_MODE_OBSERVE)
		memset(terms.action, PAWL_ACTION_OBSERVE, sizeof(terms.action));
	return terms;
}

/*
 * The kernel looks a variable up by its name first ("NAME="); that key stands for the rule
 * itself only where no value is asked for.
 */
static int add_env(struct pawl_sensor *sensor, const char *env, uint32_t rule)
{
	const char *equals = strchr(env, '=');
	char name[128];
	size_t n = equals ? (size_t)(equals - env) : strlen(env);
	uint64_t hash;
	int r;

	snprintf(name, sizeof(name), "%.*s=", (int)n, env);
	r = pawl_sensor_add_signature(sensor, PAWL_KIND_ENV, pawl_hash(name),
				      equals ? PAWL_MAX_RULES : rule);
	if (r < 0 || !equals)
		return r;
	snprintf(name, sizeof(name), "%s", env);
	n = strlen(name);
	if (name[n - 1] == '*') {
		name[n - 1] = 0;
		return pawl_sensor_add_signature(sensor, PAWL_KIND_ENV, pawl_hash(name), rule);
	}
	hash = pawl_hash(name);
	return pawl_sensor_add_signature(sensor, PAWL_KIND_ENV, PAWL_HASH_STEP(hash, 0), rule);
}

static int add_match(struct daemon *daemon, const struct pawl_match *match, uint32_t rule)
{
	struct pawl_sensor *sensor = daemon->sensor;
	uint64_t cgroup;
	int r = 0;

	if (match->need & 1 << PAWL_KIND_EXE)
		r = pawl_sensor_add_signature(sensor, PAWL_KIND_EXE, pawl_hash(match->exe), rule);
	if (r == 0 && match->need & 1 << PAWL_KIND_SCRIPT)
		r = pawl_sensor_add_signature(sensor, PAWL_KIND_SCRIPT, pawl_hash(match->script),
					      rule);
	if (r == 0 && match->need & 1 << PAWL_KIND_ENV)
		r = add_env(sensor, match->env, rule);
	if (r == 0 && match->need & 1 << PAWL_KIND_UID)
		r = pawl_sensor_add_signature(sensor, PAWL_KIND_UID, match->uid, rule);
	if (r == 0 && match->need & 1 << PAWL_KIND_CGROUP) {
		cgroup = pawl_procfs_cgroup_id(match->cgroup);
		if (cgroup)
			r = pawl_sensor_add_signature(sensor, PAWL_KIND_CGROUP, cgroup, rule);
		else
			daemon_say("warning: %s:%d: there is no cgroup %s now: agent %s is not "
				   "found by it until the policy is loaded again",
				   daemon->config_name, match->line, match->cgroup,
				   daemon->policy->agents[match->agent].name);
	}
	return r;
}

static int add_interpreters(struct pawl_sensor *sensor)
{
	int r = 0;

	for (const char *const *name = pawl_interpreters; r == 0 && *name; name++)
		r = pawl_sensor_add_signature(sensor, PAWL_KIND_INTERPRETER, pawl_hash(*name),
					      PAWL_MAX_RULES);
	return r;
}

int daemon_load_rules(struct daemon *daemon)
{
	const struct pawl_policy *policy = daemon->policy;
	bool environment = false, scope = false;
	struct pawl_rule rule;
	int r;

	pawl_sensor_look_at(daemon->sensor, false, false);
	r = pawl_sensor_clear_rules(daemon->sensor);
	if (r < 0 || daemon->options.no_agents)
		return r;
	r = add_interpreters(daemon->sensor);
	for (size_t i = 0; r == 0 && i < policy->matches_n; i++) {
		const struct pawl_match *match = &policy->matches[i];

		rule = (struct pawl_rule){
			.need = match->need,
			.terms = daemon_terms(policy, policy->agents[match->agent].profile),
		};
		daemon_label_rule(daemon, (uint32_t)i, &policy->agents[match->agent]);
		r = pawl_sensor_set_rule(daemon->sensor, (uint32_t)i, &rule);
		if (r == 0)
			r = add_match(daemon, match, (uint32_t)i);
		environment |= match->need & 1 << PAWL_KIND_ENV;
		scope |= match->need & (1 << PAWL_KIND_UID | 1 << PAWL_KIND_CGROUP);
	}
	pawl_sensor_look_at(daemon->sensor, environment, scope);
	return r;
}

static uint32_t profile_of(const struct pawl_policy *policy, const char *agent)
{
	for (size_t i = 0; i < policy->agents_n; i++) {
		if (!strcmp(policy->agents[i].name, agent))
			return policy->agents[i].profile;
	}
	return 0;
}

/* The profile of that name in the new policy; else the one of the agent. */
static uint32_t profile_after(const struct pawl_policy *old, const struct pawl_policy *new,
			      const struct pawl_live_session *session)
{
	int profile = pawl_policy_find_profile(new, old->profiles[session->profile].name);

	return profile >= 0 ? (uint32_t)profile : profile_of(new, session->agent);
}

/* Sessions that run keep their spending and get the new policy's terms. */
static void update_sessions(struct daemon *daemon, const struct pawl_policy *old)
{
	for (const struct pawl_live_session *s = pawl_core_sessions(daemon->core); s; s = s->next) {
		struct pawl_session *session = pawl_sensor_session(daemon->sensor, s->slot);
		uint32_t profile = profile_after(old, daemon->policy, s);
		bool observed = session->terms.action[PAWL_CLASS_TRUNCATE] == PAWL_ACTION_OBSERVE;

		pawl_core_set_profile(daemon->core, s->id, profile);
		session->terms = daemon_terms(daemon->policy, profile);
		/* it may have made its rings while that was only observed */
		if (observed && session->terms.action[PAWL_CLASS_TRUNCATE] != PAWL_ACTION_OBSERVE)
			daemon_hook(daemon);
		daemon_label(daemon, s->id);
	}
}

int daemon_reload(struct daemon *daemon, char **ret_error)
{
	_cleanup_(pawl_policy_freep) struct pawl_policy *policy = NULL;
	_cleanup_free_ char *name = NULL;
	struct pawl_policy *old;
	char *old_name;
	int r = daemon_read_policy(&daemon->options, &policy, &name, ret_error);

	if (r < 0)
		return r;
	daemon_take(daemon); /* its rules are numbered by the old policy */
	old = daemon->policy;
	old_name = daemon->config_name;
	daemon->policy = TAKE_PTR(policy);
	daemon->config_name = TAKE_PTR(name);
	r = daemon_load_rules(daemon);
	if (r == 0)
		r = daemon_load_places(daemon);
	if (r < 0) {
		/* more rules for one name than fit: the old policy fitted, and does again */
		pawl_policy_free(daemon->policy);
		free(daemon->config_name);
		daemon->policy = old;
		daemon->config_name = old_name;
		daemon_load_rules(daemon);
		daemon_load_places(daemon);
		if (asprintf(ret_error, "the kernel's tables do not take these rules: %s",
			     strerror(-r)) < 0)
			*ret_error = NULL;
		return r;
	}
	pawl_core_set_policy(daemon->core, daemon->policy);
	update_sessions(daemon, old);
	pawl_policy_free(old);
	free(old_name);
	return daemon_seed(daemon); /* agents that started while there were no rules */
}
