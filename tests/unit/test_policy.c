/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The policy module through its public header: what the built-in policy says, what a file
 * changes, every fault with its place, the limits, and that what is formatted reads back.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "user/core/cleanup.h"
#include "user/core/policy.h"
#include "user/core/text.h"

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

/* The text stands in an allocation of its own size, so that ASan sees a read past it. */
static int parse(const char *text, size_t size, struct pawl_policy **ret_policy, char **ret_error)
{
	_cleanup_free_ char *copy = malloc(size ? size : 1);

	assert_non_null(copy);
	memcpy(copy, text, size);
	return pawl_policy_parse(copy, size, "p.yaml", ret_policy, ret_error);
}

static struct pawl_policy *parse_good(const char *text)
{
	_cleanup_free_ char *error = NULL;
	struct pawl_policy *policy = NULL;
	int err = parse(text, strlen(text), &policy, &error);

	if (err)
		fail_msg("%s\nwas refused: %s", text, error ? error : strerror(-err));
	assert_null(error);
	return policy;
}

/* The message; the caller frees it. */
static char *parse_bad(const char *text, size_t size)
{
	struct pawl_policy *policy = NULL;
	char *error = NULL;
	int err = parse(text, size, &policy, &error);

	if (err != -EINVAL)
		fail_msg("%d instead of -EINVAL for: %s", err, text);
	assert_null(policy);
	assert_non_null(error);
	return error;
}

static const struct pawl_agent *find_agent(const struct pawl_policy *policy, const char *name)
{
	for (size_t i = 0; i < policy->agents_n; i++) {
		if (!strcmp(policy->agents[i].name, name))
			return &policy->agents[i];
	}
	return NULL;
}

/* Whether an agent has an alternative with exactly these texts, "" for none. */
static bool has_match(const struct pawl_policy *policy, const char *name, const char *exe,
		      const char *script, const char *env)
{
	const struct pawl_agent *agent = find_agent(policy, name);
	uint32_t need = (uint32_t) !!*exe << PAWL_KIND_EXE |
			(uint32_t) !!*script << PAWL_KIND_SCRIPT |
			(uint32_t) !!*env << PAWL_KIND_ENV;

	for (size_t i = 0; agent && i < policy->matches_n; i++) {
		const struct pawl_match *match = &policy->matches[i];

		if (match->agent == (uint32_t)(agent - policy->agents) && match->need == need &&
		    !strcmp(match->exe, exe) && !strcmp(match->script, script) &&
		    !strcmp(match->env, env))
			return true;
	}
	return false;
}

static bool same_profile(const struct pawl_profile *a, const struct pawl_profile *b)
{
	return !strcmp(a->name, b->name) && !memcmp(&a->terms, &b->terms, sizeof(a->terms));
}

static bool same_broker(const struct pawl_policy_broker *a, const struct pawl_policy_broker *b)
{
	bool same = !strcmp(a->name, b->name) && a->addresses_n == b->addresses_n &&
		    !memcmp(&a->terms, &b->terms, sizeof(a->terms));

	for (size_t i = 0; same && i < a->addresses_n; i++)
		same = a->addresses[i].kind == b->addresses[i].kind &&
		       a->addresses[i].port == b->addresses[i].port &&
		       !strcmp(a->addresses[i].text, b->addresses[i].text);
	return same;
}

static bool same_match(const struct pawl_match *a, const struct pawl_match *b)
{
	return a->agent == b->agent && a->need == b->need && !strcmp(a->exe, b->exe) &&
	       !strcmp(a->script, b->script) && !strcmp(a->env, b->env) && a->uid == b->uid &&
	       !strcmp(a->cgroup, b->cgroup);
}

/* The same but for lines, which belong to the text and not to the policy. */
static bool same_policy(const struct pawl_policy *a, const struct pawl_policy *b)
{
	bool same = a->mode == b->mode && a->hold_timeout_ms == b->hold_timeout_ms &&
		    a->on_timeout == b->on_timeout && a->on_daemon_loss == b->on_daemon_loss &&
		    a->profiles_n == b->profiles_n && a->agents_n == b->agents_n &&
		    a->matches_n == b->matches_n && a->brokers_n == b->brokers_n &&
		    a->temporary_n == b->temporary_n;

	for (size_t i = 0; same && i < a->profiles_n; i++)
		same = same_profile(&a->profiles[i], &b->profiles[i]);
	for (size_t i = 0; same && i < a->agents_n; i++)
		same = !strcmp(a->agents[i].name, b->agents[i].name) &&
		       a->agents[i].profile == b->agents[i].profile;
	for (size_t i = 0; same && i < a->matches_n; i++)
		same = same_match(&a->matches[i], &b->matches[i]);
	for (size_t i = 0; same && i < a->brokers_n; i++)
		same = same_broker(&a->brokers[i], &b->brokers[i]);
	for (size_t i = 0; same && i < a->temporary_n; i++)
		same = !strcmp(a->temporary[i], b->temporary[i]);
	return same;
}

/* A profile's budget of one bucket and its action for one class. */
static void assert_terms(const struct pawl_profile *profile, int bucket, uint64_t limit,
			 uint64_t per_ms, int class, enum pawl_action action)
{
	assert_int_equal(profile->terms.limit[bucket], limit);
	assert_int_equal(profile->terms.per_ms[bucket], per_ms);
	assert_int_equal(profile->terms.action[class], action);
}

static const struct {
	int bucket;
	uint64_t limit;
	int class;
	enum pawl_action action;
} builtin_terms[] = {
	{PAWL_BUCKET_FILES, 25, PAWL_CLASS_DELETE, PAWL_ACTION_HOLD},
	{PAWL_BUCKET_DIRS, 25, PAWL_CLASS_RMDIR, PAWL_ACTION_HOLD},
	{PAWL_BUCKET_FILES, 25, PAWL_CLASS_REPLACE, PAWL_ACTION_HOLD},
	{PAWL_BUCKET_FILES, 25, PAWL_CLASS_TRUNCATE, PAWL_ACTION_HOLD},
	{PAWL_BUCKET_FILES, 25, PAWL_CLASS_RING, PAWL_ACTION_HOLD},
	{PAWL_BUCKET_OVERWRITES, 1000, PAWL_CLASS_OVERWRITE, PAWL_ACTION_OBSERVE},
	{PAWL_BUCKET_ACCESS, 250, PAWL_CLASS_ACCESS, PAWL_ACTION_HOLD},
	{PAWL_BUCKET_FILES, 25, PAWL_CLASS_WIPE, PAWL_ACTION_HOLD},
	{PAWL_BUCKET_FILES, 25, PAWL_CLASS_MOUNT, PAWL_ACTION_HOLD},
	{PAWL_BUCKET_FILES, 25, PAWL_CLASS_KERNEL, PAWL_ACTION_HOLD},
	{PAWL_BUCKET_FILES, 25, PAWL_CLASS_TAMPER, PAWL_ACTION_DENY},
};

static void test_builtin_values(void **state)
{
	_cleanup_(pawl_policy_freep) struct pawl_policy *policy = parse_good("version: 1");

	(void)state;
	assert_int_equal(policy->mode, PAWL_MODE_ENFORCE);
	assert_int_equal(policy->hold_timeout_ms, 600000);
	assert_int_equal(policy->on_timeout, PAWL_ACTION_DENY);
	assert_int_equal(policy->on_daemon_loss, PAWL_ACTION_DENY);
	assert_int_equal(policy->profiles_n, 1);
	assert_string_equal(policy->profiles[0].name, "default");
	for (size_t i = 0; i < ROWS(builtin_terms); i++)
		assert_terms(&policy->profiles[0], builtin_terms[i].bucket, builtin_terms[i].limit,
			     60000, builtin_terms[i].class, builtin_terms[i].action);
	for (size_t i = 0; i < policy->matches_n; i++) {
		assert_true(policy->matches[i].agent < policy->agents_n);
		assert_int_not_equal(policy->matches[i].need, 0);
		assert_int_equal(policy->matches[i].line, 0);
	}
}

static const struct {
	const char *agent, *exe, *script, *env;
} builtin_matches[] = {
	{"claude-code", "claude", "", ""},
	{"claude-code", "claude.exe", "", ""},
	{"claude-code", "", "", "CLAUDE_CODE_CHILD_SESSION"},
	{"claude-code", "", "cli.js", "CLAUDE_CODE_ENTRYPOINT"},
	{"claude-cowork", "", "", "CLAUDE_CODE_IS_COWORK"},
	{"codex", "codex", "", ""},
	{"codex", "", "codex", ""},
	{"gemini-cli", "", "gemini", ""},
	{"opencode", "opencode.exe", "", ""},
	{"opencode", "", "", "OPENCODE=1"},
	{"cursor", "cursor-agent", "", ""},
	{"cursor", "agent", "", "CURSOR_INVOKED_AS"},
	{"amazon-q", "qchat", "", ""},
	{"amazon-q", "q", "", "Q_TERM"},
	{"amazon-q", "", "", "AWS_EXECUTION_ENV=AmazonQ-For-CLI*"},
	{"kiro", "kiro-cli-chat", "", ""},
	{"copilot-cli", "copilot", "", ""},
	{"cline", "", "cline", ""},
	{"kilo-code", "kilocode", "", ""},
	{"goose", "goosed", "", ""},
	{"aider", "", "aider", ""},
	{"crush", "crush", "", ""},
	{"amp", "amp.exe", "", ""},
	{"antigravity", "agy", "", ""},
	{"devin", "devin", "", ""},
	{"qwen-code", "", "qwen", ""},
	{"auggie", "", "augment.mjs", ""},
	{"droid", "droid", "", ""},
	{"pi", "", "", "PI_CODING_AGENT=true"},
	{"junie", "junie", "", ""},
	{"warp", "warp-tui", "", ""},
	{"grok", "", "", "GROK_AGENT=1"},
	{"openclaw", "", "openclaw", ""},
};

/* Each would make agents of people's own terminals or of everyday programs. */
static const struct {
	const char *exe, *script, *env;
} builtin_absent[] = {
	{"node", "", ""},	{"python3", "", ""},
	{"bash", "", ""},	{"q", "", ""},
	{"pi", "", ""},		{"agent", "", ""},
	{"", "cli.js", ""},	{"", "index.js", ""},
	{"", "", "CLAUDECODE"}, {"", "", "CLAUDECODE=1"},
	{"", "", "REPL_ID"},	{"", "", "CURSOR_TRACE_ID"},
	{"", "", "GROK_AGENT"}, {"", "", "OPENCODE_CLIENT"},
	{"", "", "AGENT"},	{"", "", "GOOSE_PROVIDER"},
	{"", "", "Q_TERM"},	{"", "", "CODEIUM_EDITOR_APP_ROOT"},
};

static void test_builtin_agents(void **state)
{
	_cleanup_(pawl_policy_freep) struct pawl_policy *policy = parse_good("version: 1");

	(void)state;
	for (size_t i = 0; i < ROWS(builtin_matches); i++) {
		if (!has_match(policy, builtin_matches[i].agent, builtin_matches[i].exe,
			       builtin_matches[i].script, builtin_matches[i].env))
			fail_msg("row %zu, %s", i, builtin_matches[i].agent);
	}
	for (size_t a = 0; a < policy->agents_n; a++) {
		for (size_t i = 0; i < ROWS(builtin_absent); i++) {
			if (has_match(policy, policy->agents[a].name, builtin_absent[i].exe,
				      builtin_absent[i].script, builtin_absent[i].env))
				fail_msg("row %zu, %s", i, policy->agents[a].name);
		}
	}
}

/* What is installed is what is built in, and says the same when it is given as a file. */
static void test_builtin_is_a_file(void **state)
{
	_cleanup_(pawl_policy_freep) struct pawl_policy *policy = parse_good("version: 1");
	_cleanup_(pawl_policy_freep) struct pawl_policy *file = NULL;
	_cleanup_free_ char *error = NULL;

	(void)state;
	assert_int_equal(pawl_policy_builtin[pawl_policy_builtin_size], '\0');
	assert_int_equal(strlen(pawl_policy_builtin), pawl_policy_builtin_size);
	assert_int_equal(parse(pawl_policy_builtin, pawl_policy_builtin_size, &file, &error), 0);
	assert_true(same_policy(policy, file));
	assert_int_not_equal(file->matches[0].line, 0);
}

static void test_file_changes_values(void **state)
{
	_cleanup_(pawl_policy_freep) struct pawl_policy *policy = parse_good(
		"policies: {strict: {files: {budget: {loss: 0, per: 24h}, do: kill}}, lax: {files: {}}}\n"
		"files: {budget: {loss: 1000000}, do: deny}\n"
		"hold: {timeout: 1h30m, on_timeout: allow}\n"
		"on_daemon_loss: allow\n"
		"mode: observe\n"
		"version: 1\n");

	(void)state;
	assert_int_equal(policy->mode, PAWL_MODE_OBSERVE);
	assert_int_equal(policy->hold_timeout_ms, 5400000);
	assert_int_equal(policy->on_timeout, PAWL_ACTION_OBSERVE);
	assert_int_equal(policy->on_daemon_loss, PAWL_ACTION_OBSERVE);
	assert_terms(&policy->profiles[0], PAWL_BUCKET_FILES, 1000000, 60000, PAWL_CLASS_DELETE,
		     PAWL_ACTION_DENY);
	assert_int_equal(policy->profiles_n, 3);
	assert_int_equal(pawl_policy_find_profile(policy, "default"), 0);
	assert_int_equal(pawl_policy_find_profile(policy, "strict"), 1);
	assert_int_equal(pawl_policy_find_profile(policy, "lax"), 2);
	assert_int_equal(pawl_policy_find_profile(policy, "none"), -ENOENT);
	assert_terms(&policy->profiles[1], PAWL_BUCKET_FILES, 0, 86400000, PAWL_CLASS_DELETE,
		     PAWL_ACTION_KILL);
	/* What a profile leaves out is as at the top, wherever that stands. */
	assert_terms(&policy->profiles[2], PAWL_BUCKET_DIRS, 1000000, 60000, PAWL_CLASS_RMDIR,
		     PAWL_ACTION_DENY);
}

static void test_temporary_places(void **state)
{
	_cleanup_(pawl_policy_freep) struct pawl_policy *builtin = parse_good("version: 1\n");
	_cleanup_(pawl_policy_freep) struct pawl_policy *own =
		parse_good("version: 1\ntemporary: [/srv/scratch, '/a b']\n");
	_cleanup_(pawl_policy_freep) struct pawl_policy *none =
		parse_good("version: 1\ntemporary: []\n");

	(void)state;
	assert_int_equal(builtin->temporary_n, 3);
	assert_string_equal(pawl_temporary_name(builtin, 0), "/tmp");
	assert_string_equal(pawl_temporary_name(builtin, 1), "/var/tmp");
	assert_string_equal(pawl_temporary_name(builtin, 2), "/dev/shm");
	assert_string_equal(pawl_temporary_name(builtin, 3), "");
	/* a list takes the place of the built-in one */
	assert_int_equal(own->temporary_n, 2);
	assert_string_equal(pawl_temporary_name(own, 0), "/srv/scratch");
	assert_string_equal(pawl_temporary_name(own, 1), "/a b");
	assert_string_equal(pawl_temporary_name(own, 2), "");
	assert_int_equal(none->temporary_n, 0);
	assert_string_equal(pawl_temporary_name(none, 0), "");
}

static void test_file_adds_agents(void **state)
{
	_cleanup_(pawl_policy_freep) struct pawl_policy *builtin = parse_good("version: 1");
	_cleanup_(pawl_policy_freep) struct pawl_policy *policy =
		parse_good("version: 1\n"
			   "policies: {strict: {files: {do: deny}}}\n"
			   "agents:\n"
			   "  - name: batch\n"
			   "    policy: strict\n"
			   "    match:\n"
			   "      - {cgroup: /system.slice/agents.slice}\n"
			   "      - {uid: 1234}\n"
			   "      - {script: run.py, uid: 0, env: \"A=b c*\", exe: 'python3'}\n"
			   "  - {name: codex, match: {exe: my-codex}}\n"
			   "  - {name: claude-code, policy: strict}\n");
	const struct pawl_match *match = policy->matches;

	(void)state;
	assert_int_equal(policy->agents_n, builtin->agents_n + 1);
	assert_string_equal(policy->agents[0].name, "batch");
	assert_int_equal(policy->agents[0].profile, 1);
	assert_int_equal(match[0].need, 1 << PAWL_KIND_CGROUP);
	assert_string_equal(match[0].cgroup, "/system.slice/agents.slice");
	assert_int_equal(match[0].line, 7);
	assert_int_equal(match[1].need, 1 << PAWL_KIND_UID);
	assert_int_equal(match[1].uid, 1234);
	assert_int_equal(match[2].need, 1 << PAWL_KIND_SCRIPT | 1 << PAWL_KIND_UID |
						1 << PAWL_KIND_ENV | 1 << PAWL_KIND_EXE);
	assert_string_equal(match[2].env, "A=b c*");
	assert_int_equal(match[2].uid, 0);
	/* Replaced as a whole; without a match it is known as before. Both come first. */
	assert_string_equal(policy->agents[1].name, "codex");
	assert_true(has_match(policy, "codex", "my-codex", "", ""));
	assert_false(has_match(policy, "codex", "codex", "", ""));
	assert_string_equal(policy->agents[2].name, "claude-code");
	assert_int_equal(policy->agents[2].profile, 1);
	assert_true(has_match(policy, "claude-code", "claude", "", ""));
	assert_int_equal(find_agent(policy, "opencode")->profile, 0);
	assert_true(has_match(policy, "opencode", "opencode", "", ""));
}

static void test_file_without_builtin_agents(void **state)
{
	_cleanup_(pawl_policy_freep) struct pawl_policy *none =
		parse_good("version: 1\nbuiltin_agents: false\nagents: []\n");
	_cleanup_(pawl_policy_freep) struct pawl_policy *one = parse_good(
		"version: 1\nagents: [{name: a, match: {exe: a}}]\nbuiltin_agents: false\n");

	(void)state;
	assert_int_equal(none->agents_n, 0);
	assert_int_equal(none->matches_n, 0);
	assert_int_equal(one->agents_n, 1);
	assert_int_equal(one->matches_n, 1);
}

/* Shapes that YAML allows and that must not matter. */
static void test_accepted_shapes(void **state)
{
	static const char *const texts[] = {
		"version: 1",
		"---\nversion: 1\n",
		"version: 1\n...\n",
		"\xef\xbb\xbfversion: 1\r\nmode: observe\r\n",
		"{version: 1, mode: \"observe\", 'hold': {}}",
		"# comment\n\nversion: 1 # one\nfiles:\n    do:\n      hold\n",
		"version: 1\nfiles: {budget: {}}\npolicies: {}\n",
		"version: 1\nagents: [{name: \"0.-_Z\", match: {uid: 4294967294}}]\n",
		"version: 1\nagents: [{name: a, match: {env: _A1=}}]\n",
		"version: 1\nhold: {timeout: 1s}\nfiles: {budget: {per: 1000ms}}\n",
	};

	(void)state;
	for (size_t i = 0; i < ROWS(texts); i++) {
		_cleanup_(pawl_policy_freep) struct pawl_policy *policy = parse_good(texts[i]);

		assert_true(policy->agents_n > 0);
	}
}

/* The whole message, byte for byte. */
static const struct {
	const char *text, *error;
} exact_cases[] = {
	{"version: 1\nfiles: {budgt: {loss: 3}}\n",
	 "p.yaml:2:9: error: unknown key in files: \"budgt\": did you mean \"budget\"?\n"
	 "files: {budgt: {loss: 3}}\n"
	 "        ^\n"},
	{"version: 1\n\tmode: observe\n",
	 "p.yaml:1:10: error: not valid YAML: invalid multiline plain key\n"
	 "version: 1\n"
	 "         ^\n"},
	{"version: 1\nhold: {timeout: 10m\n",
	 "p.yaml:3:1: error: not valid YAML: missing comma in flow mapping\n"
	 "\n"
	 "^\n"},
	{"version: 2", "p.yaml:1:10: error: version is \"2\": expected 1\n"
		       "version: 2\n"
		       "         ^\n"},
	{"", "p.yaml:1:1: error: the policy is empty: begin with \"version: 1\"\n\n^\n"},
	/* columns are characters, tabs stay tabs, what a terminal would act on is escaped */
	{"version: 1\nagents: [{name: \xc3\xa9\xc3\xa9, \tmatch: {exe: a/b}}]\n",
	 "p.yaml:2:17: error: name is \"\xc3\xa9\xc3\xa9\": expected 1 to 31 letters, digits, dots, "
	 "underscores or hyphens\n"
	 "agents: [{name: \xc3\xa9\xc3\xa9, \tmatch: {exe: a/b}}]\n"
	 "                ^\n"
	 "p.yaml:2:35: error: exe is \"a/b\": expected the base name of a file, without "
	 "directories\n"
	 "agents: [{name: \xc3\xa9\xc3\xa9, \tmatch: {exe: a/b}}]\n"
	 "                    \t             ^\n"},
	{"version: 1\n\xe2\x80\xae: 1\n",
	 "p.yaml:2:1: error: unknown key in the policy: \"\\xe2\\x80\\xae\": expected version, mode, "
	 "hold, on_daemon_loss, temporary, builtin_agents, agents, builtin_brokers, brokers, policies, "
	 "files, access, overwrites, devices, mounts, kernel, tamper or rings\n"
	 "\\xe2\\x80\\xae: 1\n"
	 "^\n"},
	{"version: 1\nmode: a\x1b[31m\n",
	 "p.yaml:2:8: error: byte 0x1b: the text must be UTF-8 without control characters; remove "
	 "it\n"
	 "mode: a\\x1b[31m\n"
	 "       ^\n"},
	{"\xef\xbb\xbfmoed: 1\r\nversion: 1\r\n",
	 "p.yaml:1:1: error: unknown key in the policy: \"moed\": did you mean \"mode\"?\n"
	 "moed: 1\n"
	 "^\n"},
	/* all of them, in the order of the file */
	{"mode: enforced\n"
	 "hold: {timeout: 10, on_timeout: alow}\n"
	 "builtin_agents: yes\n"
	 "files: {budget: {loss: -1, per: 60s}, do: hodl}\n",
	 "p.yaml:1:1: error: version is missing: begin with \"version: 1\"\n"
	 "mode: enforced\n"
	 "^\n"
	 "p.yaml:1:7: error: mode \"enforced\": did you mean \"enforce\"?\n"
	 "mode: enforced\n"
	 "      ^\n"
	 "p.yaml:2:17: error: hold.timeout is \"10\": expected a duration from 1s to 1d, such as 90s, "
	 "10m or 1h30m\n"
	 "hold: {timeout: 10, on_timeout: alow}\n"
	 "                ^\n"
	 "p.yaml:2:33: error: hold.on_timeout \"alow\": did you mean \"allow\"?\n"
	 "hold: {timeout: 10, on_timeout: alow}\n"
	 "                                ^\n"
	 "p.yaml:3:17: error: builtin_agents \"yes\": expected false or true\n"
	 "builtin_agents: yes\n"
	 "                ^\n"
	 "p.yaml:4:24: error: files.budget.loss is \"-1\": expected a whole number from 0 to 1000000\n"
	 "files: {budget: {loss: -1, per: 60s}, do: hodl}\n"
	 "                       ^\n"
	 "p.yaml:4:43: error: files.do \"hodl\": did you mean \"hold\"?\n"
	 "files: {budget: {loss: -1, per: 60s}, do: hodl}\n"
	 "                                          ^\n"},
};

static void test_exact_messages(void **state)
{
	(void)state;
	for (size_t i = 0; i < ROWS(exact_cases); i++) {
		_cleanup_free_ char *error =
			parse_bad(exact_cases[i].text, strlen(exact_cases[i].text));

		assert_string_equal(error, exact_cases[i].error);
	}
}

/* One fault each: its place and the heart of its message. "version: 1\n" comes before. */
static const struct {
	const char *text, *place, *what;
} fault_cases[] = {
	/* keys */
	{"version: 1\n", ":2:1:", "\"version\" is given twice in the policy"},
	{"hold: {timeout: 1m, timeout: 2m}", ":2:21:", "\"timeout\" is given twice in hold"},
	{"files: {do: hold, do: hold}", ":2:19:", "given twice in files"},
	{"fils: {}", ":2:1:", "did you mean \"files\"?"},
	{"polices: {}", ":2:1:", "did you mean \"policies\"?"},
	{"agnets: []", ":2:1:", "did you mean \"agents\"?"},
	{"hold: {tiemout: 10m}", ":2:8:", "did you mean \"timeout\"?"},
	{"files: {budget: {los: 1}}", ":2:18:", "did you mean \"loss\"?"},
	{"files: {budget: {pre: 1m}}", ":2:18:", "did you mean \"per\"?"},
	{"files: {budget: {zebra: 1}}", ":2:18:", "\"zebra\": expected loss or per"},
	{"<<: {mode: observe}", ":2:1:", "unknown key in the policy: \"<<\""},
	{"? [a]\n: b", ":2:3:", "a key is a list: expected a word"},
	/* types */
	{"mode: [observe]", ":2:7:", "mode is a list: expected observe or enforce"},
	{"mode:", ":2:1:", "mode has no value"},
	{"mode: ~", ":2:7:", "mode \"~\""},
	{"hold: 10m", ":2:7:", "hold is \"10m\": expected a mapping with timeout or on_timeout"},
	{"hold: []", ":2:7:", "hold is a list"},
	{"hold: {timeout: {}}", ":2:17:", "hold.timeout is a mapping"},
	{"hold: {timeout: 0s}", ":2:17:", "a duration from 1s to 1d"},
	{"hold: {timeout: 999ms}", ":2:17:", "a duration from 1s to 1d"},
	{"hold: {timeout: 24h1ms}", ":2:17:", "a duration from 1s to 1d"},
	{"hold: {timeout: 99999999999999999999h}", ":2:17:", "a duration"},
	{"hold: {timeout: \"1m\\0\"}", ":2:17:", "a duration"},
	{"on_daemon_loss: kill", ":2:17:", "expected deny or allow"},
	{"hold: {on_timeout: hold}", ":2:20:", "expected deny, kill or allow"},
	{"files: {budget: 25}", ":2:17:", "files.budget is \"25\": expected a mapping"},
	{"files: {budget: {loss: \"25\"}}", ":2:24:", "without quotes"},
	{"files: {budget: {loss: 1000001}}", ":2:24:", "from 0 to 1000000"},
	{"files: {budget: {loss: 2.5}}", ":2:24:", "a whole number"},
	{"files: {budget: {loss: 0x10}}", ":2:24:", "a whole number"},
	{"files: {budget: {loss: 1e3}}", ":2:24:", "a whole number"},
	{"files: {budget: {loss: 18446744073709551617}}", ":2:24:", "a whole number"},
	{"files: {budget: {loss: }}", ":2:18:", "files.budget.loss has no value"},
	{"builtin_agents: \"true\"", ":2:17:", "without quotes"},
	{"builtin_agents: tru", ":2:17:", "did you mean \"true\"?"},
	/* profiles */
	{"policies: []", ":2:11:", "policies is a list"},
	{"policies: {default: {}}", ":2:12:", "\"default\" is what the policy says"},
	{"policies: {a b: {}}", ":2:12:", "expected 1 to 31 letters"},
	{"policies: {a: {}, a: {}}", ":2:19:", "\"a\" is given twice in policies"},
	{"policies: {a: {file: {}}}", ":2:16:", "did you mean \"files\"?"},
	{"policies: {a: {files: {do: x}}}", ":2:28:", "policies.a.files.do \"x\""},
	{"policies: {a: {tamper: observe}}",
	 ":2:24:", "policies.a.tamper \"observe\": expected deny or kill"},
	{"policies: {a: {brokers: []}}", ":2:16:", "unknown key in policies.a"},
	/* the other keys of a profile */
	{"tamper: observe", ":2:9:", "tamper \"observe\": expected deny or kill"},
	{"tamper: hold", ":2:9:", "expected deny or kill"},
	{"devices: {do: hold}", ":2:10:", "devices is a mapping: expected observe, hold"},
	{"mounts: hodl", ":2:9:", "did you mean \"hold\"?"},
	{"kernel:", ":2:1:", "kernel has no value"},
	{"access: hold", ":2:9:", "access is \"hold\": expected a mapping with budget or do"},
	{"access: {budget: {loss: x}}", ":2:25:", "access.budget.loss is \"x\""},
	{"overwrites: {budget: {per: 0s}}", ":2:28:", "overwrites.budget.per is \"0s\""},
	{"overwrites: {do: allow}", ":2:18:", "overwrites.do \"allow\""},
	/* temporary */
	{"temporary: /tmp", ":2:12:", "temporary is \"/tmp\": expected a list of directories"},
	{"temporary: {}", ":2:12:", "temporary is a mapping: expected a list"},
	{"temporary: [/tmp, tmp]", ":2:19:", "temporary has \"tmp\": expected an absolute path"},
	{"temporary: [/]", ":2:13:", "and not /"},
	{"temporary: [/a/../b]", ":2:13:", "without //, . and .."},
	{"temporary: [[]]", ":2:13:", "a directory in temporary is a list"},
	{"temporary: [\"\"]", ":2:13:", "1 to 107 bytes of printable text"},
	{"policies: {a: {temporary: []}}", ":2:16:", "unknown key in policies.a"},

	/* brokers */
	{"builtin_brokers: no", ":2:18:", "builtin_brokers \"no\""},
	{"brokers: {}", ":2:10:", "brokers is a mapping: expected a list"},
	{"brokers: [a]", ":2:11:", "a broker is \"a\": expected a mapping"},
	{"brokers: [{socket: /a}]", ":2:11:", "name is missing"},
	{"brokers: [{name: a b, socket: /a}]", ":2:18:", "expected 1 to 31 letters"},
	{"brokers: [{name: a}]", ":2:11:", "socket, port or path is missing"},
	{"builtin_brokers: false\nbrokers: [{name: docker}]", ":3:11:", "is missing"},
	{"brokers: [{name: a, port: 1, sokcet: /a}]", ":2:30:", "did you mean \"socket\"?"},
	{"brokers: [{name: a, socket: /a, do: ask}]", ":2:37:", "do \"ask\": expected observe"},
	{"brokers: [{name: a, socket: /a, root: 0}]", ":2:39:", "root \"0\": expected observe"},
	{"brokers: [{name: a, socket: []}]", ":2:29:", "socket is empty"},
	{"brokers: [{name: a, socket: {}}]", ":2:29:", "socket is a mapping"},
	{"brokers: [{name: a, socket: a/b}]", ":2:29:", "socket is \"a/b\": expected an absolute"},
	{"brokers: [{name: a, socket: \"@\"}]", ":2:29:", "@ and an abstract name"},
	{"brokers: [{name: a, socket: /a//b}]", ":2:29:", "an absolute path without //"},
	{"brokers: [{name: a, socket: /a/../b}]", ":2:29:", "an absolute path without //"},
	{"brokers: [{name: a, socket: /a/}]", ":2:29:", "an absolute path without //"},
	{"brokers: [{name: a, socket: /}]", ":2:29:", "an absolute path without //"},
	{"brokers: [{name: a, socket: \"/do*er\"}]", ":2:29:", "* to stand for a number"},
	{"brokers: [{name: a, socket: \"/do*/x\"}]", ":2:29:", "* to stand for a number"},
	{"brokers: [{name: a, socket: \"/1*/x\"}]", ":2:29:", "* to stand for a number"},
	{"brokers: [{name: a, socket: \"/-*1/x\"}]", ":2:29:", "* to stand for a number"},
	{"brokers: [{name: a, socket: \"/x/**\"}]", ":2:29:", "* to stand for a number"},
	{"brokers: [{name: a, socket: \"/x1*\"}]", ":2:29:", "but not behind a digit"},
	{"brokers: [{name: a, socket: \"@*x\"}]", ":2:29:", "* to stand for a number"},
	{"brokers: [{name: a, socket: \"/a\\0\"}]", ":2:29:", "1 to 107 bytes of printable text"},
	{"brokers: [{name: a, port: 0}]",
	 ":2:27:", "port is \"0\": expected a whole number from 1"},
	{"brokers: [{name: a, port: [22, 70000]}]", ":2:32:", "from 1 to 65535"},
	{"brokers: [{name: a, port: ssh}]", ":2:27:", "port is \"ssh\""},
	{"brokers: [{name: a, path: etc}]", ":2:27:", "path is \"etc\": expected an absolute path"},
	{"brokers: [{name: a, path: \"/etc/*\"}]", ":2:27:", "without *"},
	{"brokers: [{name: a, path: /}]", ":2:27:", "an absolute path"},
	{"brokers: [{name: a, port: 1}, {name: a, port: 2}]", ":2:38:", "a second broker \"a\""},
	{"brokers: [{name: ptrace, do: hold}]",
	 ":2:30:", "do \"hold\": expected observe, deny or kill"},
	{"brokers: [{name: ptrace, root: hold}]", ":2:32:", "expected observe, deny or kill"},
	{"brokers: [{name: ptrace, socket: /a}]", ":2:34:", "ptrace has no socket"},
	{"brokers: [{name: ptrace, port: 1}]", ":2:32:", "ptrace has no port"},
	{"brokers: [{name: ptrace, path: /a}]", ":2:32:", "ptrace has no path"},
	{"brokers: [{name: ptrace}, {name: ptrace}]", ":2:34:", "a second broker \"ptrace\""},
	{"brokers: [{name: other-sockets, path: /a}]", ":2:39:", "other-sockets has no path"},
	{"brokers: [{name: other-sockets}, {name: other-sockets}]",
	 ":2:41:", "a second broker \"other-sockets\""},
	/* agents */
	{"agents: {}", ":2:9:", "agents is a mapping: expected a list"},
	{"agents: [a]", ":2:10:", "an agent is \"a\": expected a mapping"},
	{"agents: [{match: {exe: a}}]", ":2:10:", "name is missing"},
	{"agents: [{name: a}]", ":2:10:", "match is missing"},
	{"builtin_agents: false\nagents: [{name: codex}]", ":3:10:", "match is missing"},
	{"agents: [{name: '', match: {exe: a}}]", ":2:17:", "name is \"\""},
	{"agents: [{name: abcdefghijklmnopqrstuvwxyz012345, match: {exe: a}}]",
	 ":2:17:", "1 to 31 letters"},
	{"agents: [{name: a, match: {exe: a}}, {name: a, match: {exe: b}}]",
	 ":2:45:", "a second agent \"a\""},
	{"agents: [{name: a, match: {exe: a}, policy: strict}]",
	 ":2:45:", "policy \"strict\": expected default"},
	{"policies: {strict: {}}\nagents: [{name: a, match: {exe: a}, policy: strct}]",
	 ":3:45:", "did you mean \"strict\"?"},
	/* matches */
	{"agents: [{name: a, match: []}]", ":2:27:", "match is empty"},
	{"agents: [{name: a, match: {}}]", ":2:27:", "match is empty"},
	{"agents: [{name: a, match: [{}]}]", ":2:28:", "match is empty"},
	{"agents: [{name: a, match: b}]", ":2:27:", "match is \"b\": expected a mapping"},
	{"agents: [{name: a, match: {ex: b}}]", ":2:28:", "did you mean \"exe\"?"},
	{"agents: [{name: a, match: {exe: /usr/bin/b}}]", ":2:33:", "base name"},
	{"agents: [{name: a, match: {exe: ..}}]", ":2:33:", "base name"},
	{"agents: [{name: a, match: {script: x/b}}]", ":2:36:", "base name"},
	{"agents: [{name: a, match: {exe: ''}}]", ":2:33:", "1 to 63 bytes of printable text"},
	{"agents: [{name: a, match: {exe: \"a\\0b\"}}]", ":2:33:", "printable"},
	{"agents: [{name: a, match: {exe: \"a\\eb\"}}]", ":2:33:", "a\\x1bb"},
	{"agents: [{name: a, match: {exe: [a]}}]", ":2:33:", "exe is a list"},
	{"agents: [{name: a, match: {env: 1A}}]", ":2:33:", "NAME=PREFIX*"},
	{"agents: [{name: a, match: {env: =b}}]", ":2:33:", "NAME=PREFIX*"},
	{"agents: [{name: a, match: {env: A*}}]", ":2:33:", "NAME=PREFIX*"},
	{"agents: [{name: a, match: {env: \"A=*\"}}]", ":2:33:", "NAME=PREFIX*"},
	{"agents: [{name: a, match: {uid: root}}]", ":2:33:", "write the number"},
	{"agents: [{name: a, match: {uid: -1}}]", ":2:33:", "uid is \"-1\""},
	{"agents: [{name: a, match: {uid: 4294967295}}]", ":2:33:", "from 0 to 4294967294"},
	{"agents: [{name: a, match: {uid: 1.5}}]", ":2:33:", "a whole number"},
	{"agents: [{name: a, match: {uid: 0}}]", ":2:33:", "uid 0 alone"},
	{"agents: [{name: a, match: {cgroup: a}}]", ":2:36:", "below the root"},
	{"agents: [{name: a, match: {cgroup: /}}]", ":2:36:", "below the root"},
	{"agents: [{name: a, match: {cgroup: /a/}}]", ":2:36:", "below the root"},
	{"agents: [{name: a, match: {cgroup: //a}}]", ":2:36:", "below the root"},
	{"agents: [{name: a, match: {cgroup: /a/../b}}]", ":2:36:", "below the root"},
	/* YAML that is not wanted */
	{"mode: &m observe", ":2:10:", "anchors are not supported"},
	{"mode: *m", ":2:7:", "aliases are not supported"},
	{"*m : observe", ":2:1:", "aliases are not supported"},
	{"mode: !!str observe", ":2:13:", "tags are not supported"},
	{"---\nversion: 1", ":2:1:", "a second document"},
	{"mode: {", ":3:1:", "not valid YAML"},
	{"mode: \"observe", ":2:8:", "not valid YAML"},
	{"mode: \"\\q\"", ":2:8:", "not valid YAML: invalid escape"},
	{"mode: \xff", ":2:7:", "byte 0xff: the text must be UTF-8"},
	{"# \xed\xa0\x80", ":2:3:", "byte 0xed"},
	{"# \xc0\xaf", ":2:3:", "byte 0xc0"},
	{"# \xc2\x9b", ":2:3:", "byte 0xc2"},
	{"# \x7f", ":2:3:", "byte 0x7f"},
	{"# cut \xf0\x9f", ":2:7:", "byte 0xf0"},
};

static void test_faults(void **state)
{
	(void)state;
	for (size_t i = 0; i < ROWS(fault_cases); i++) {
		_cleanup_(pawl_text_freep) struct pawl_text text = {0};
		_cleanup_free_ char *error = NULL;

		pawl_text_printf(&text, "version: 1\n%s\n", fault_cases[i].text);
		error = parse_bad(text.data, text.size);
		if (strncmp(error, "p.yaml", 6) != 0 ||
		    strncmp(error + 6, fault_cases[i].place, strlen(fault_cases[i].place)) != 0 ||
		    !strstr(error, fault_cases[i].what))
			fail_msg("%s\nexpected %s %s, got\n%s", text.data, fault_cases[i].place,
				 fault_cases[i].what, error);
		if (strstr(error + 1, "\np.yaml"))
			fail_msg("%s\nexpected one fault, got\n%s", text.data, error);
	}
}

static void test_nul_is_not_an_end(void **state)
{
	static const char text[] = "version: 1\n\0moed: observe\n";
	_cleanup_free_ char *error = parse_bad(text, sizeof(text) - 1);

	(void)state;
	assert_string_equal(error, "p.yaml:2:1: error: byte 0x00: the text must be UTF-8 without "
				   "control characters; remove it\n\\x00moed: observe\n^\n");
}

/* A caret stays under its place when only a window of the line is shown. */
static void test_long_line(void **state)
{
	_cleanup_(pawl_text_freep) struct pawl_text text = {0};
	_cleanup_free_ char *error = NULL;
	const char *source, *caret;

	(void)state;
	pawl_text_str(&text, "{version: 1, ");
	for (int i = 0; i < 2000; i++)
		pawl_text_str(&text, "      ");
	pawl_text_str(&text, "moed: observe");
	for (int i = 0; i < 2000; i++)
		pawl_text_str(&text, "\xc3\xa9\xc3\xa9");
	pawl_text_str(&text, "}\n");
	error = parse_bad(text.data, text.size);
	assert_non_null(strstr(error, "p.yaml:1:12014: error: unknown key"));
	source = strchr(error, '\n') + 1;
	caret = strchr(source, '\n') + 1;
	assert_true(strlen(error) < 400);
	assert_int_equal(strcspn(source, "m"), strcspn(caret, "^"));
	assert_non_null(strstr(source, "moed: observe"));
}

static void test_many_faults(void **state)
{
	_cleanup_(pawl_text_freep) struct pawl_text text = {0};
	_cleanup_free_ char *error = NULL;

	(void)state;
	pawl_text_str(&text, "version: 1\n");
	for (int i = 0; i < 1000; i++)
		pawl_text_printf(&text, "key%d: value\n", i);
	error = parse_bad(text.data, text.size);
	assert_non_null(strstr(error, "p.yaml:2:1: error: unknown key in the policy: \"key0\""));
	assert_non_null(strstr(error, "p.yaml:21:1: error: unknown key in the policy: \"key19\""));
	assert_null(strstr(error, "key20"));
	assert_non_null(strstr(error, "p.yaml: 980 more faults are not shown\n"));
}

/* Appends @n times @format, which takes one number. */
static void repeat(struct pawl_text *text, const char *before, const char *format, int n,
		   const char *after)
{
	pawl_text_str(text, before);
	for (int i = 0; i < n; i++) {
		char number[16];
		const char *at = strchr(format, '#');

		snprintf(number, sizeof(number), "%d", i);
		pawl_text_add(text, format, (size_t)(at - format));
		pawl_text_str(text, number);
		pawl_text_str(text, at + 1);
	}
	pawl_text_str(text, after);
}

#define ALONE "version: 1\nbuiltin_agents: false\n"

/* The most that is accepted, and one more. */
static const struct {
	const char *before, *each, *after;
	int most;
	const char *what;
} limit_cases[] = {
	{ALONE "agents:\n", "  - {name: a#, match: {exe: e}}\n", "", PAWL_RULES_PER_KEY,
	 "9 alternatives with the same exe, built-in ones counted: at most 8"},
	{ALONE "agents: [{name: a, match: [", "{uid: 7, script: s#}, ", "]}]", PAWL_RULES_PER_KEY,
	 "9 alternatives with the same uid"},
	/* one of them is the built-in one */
	{"version: 1\nagents:\n", "  - {name: a#, match: {env: GROK_AGENT=1}}\n", "",
	 PAWL_RULES_PER_KEY - 1, "9 alternatives with the same env"},
	{ALONE "agents:\n", "  - name: a#\n    match: {script: s, cgroup: /a/b}\n", "",
	 PAWL_RULES_PER_KEY, "9 alternatives with the same script"},
	{"version: 1\npolicies:\n", "  p#: {}\n", "", PAWL_MAX_PROFILES - 1,
	 "more than 31 policies"},
	{"version: 1\nbuiltin_brokers: false\nbrokers:\n", "  - {name: b#, port: 1}\n", "",
	 PAWL_MAX_BROKERS - PAWL_BROKERS_FIXED, "more than 64 brokers"},
	{"version: 1\nbrokers: [{name: b, port: 1, socket: [", "/x#, ", "]}]",
	 PAWL_BROKER_ADDRESSES - 1, "more than 16 addresses of \"b\""},
	{"version: 1\nbrokers: [{name: b, path: [", "/x#, ", "]}]", PAWL_BROKER_ADDRESSES,
	 "more than 16 addresses of \"b\""},
	{"version: 1\ntemporary: [", "/t#, ", "]", PAWL_MAX_TEMPORARY,
	 "more than 16 directories in temporary"},
	{ALONE "agents: [{name: a, match: [", "{uid: 1#}, ", "]}]", PAWL_MAX_RULES,
	 "more than 256 alternatives"},
};

static void test_limits(void **state)
{
	(void)state;
	for (size_t i = 0; i < ROWS(limit_cases); i++) {
		_cleanup_(pawl_text_freep) struct pawl_text most = {0}, more = {0};
		_cleanup_(pawl_policy_freep) struct pawl_policy *policy = NULL;
		_cleanup_free_ char *error = NULL;

		repeat(&most, limit_cases[i].before, limit_cases[i].each, limit_cases[i].most,
		       limit_cases[i].after);
		policy = parse_good(most.data);
		assert_true(policy->agents_n > 0);
		repeat(&more, limit_cases[i].before, limit_cases[i].each, limit_cases[i].most + 1,
		       limit_cases[i].after);
		error = parse_bad(more.data, more.size);
		if (!strstr(error, limit_cases[i].what))
			fail_msg("expected %s, got\n%s", limit_cases[i].what, error);
	}
}

/* @n agents, each known by its own uid. */
static void add_agents(struct pawl_text *text, int n)
{
	pawl_text_str(text, "agents:\n");
	for (int i = 0; i < n; i++)
		pawl_text_printf(text, "  - {name: a%d, match: {uid: %d}}\n", i, 1000 + i);
}

static void test_limit_of_agents(void **state)
{
	_cleanup_(pawl_text_freep) struct pawl_text most = {0}, more = {0}, with_builtin = {0};
	_cleanup_(pawl_policy_freep) struct pawl_policy *policy = NULL;
	_cleanup_free_ char *error = NULL, *error_builtin = NULL;

	(void)state;
	pawl_text_str(&most, ALONE);
	add_agents(&most, PAWL_MAX_AGENTS);
	policy = parse_good(most.data);
	assert_int_equal(policy->agents_n, PAWL_MAX_AGENTS);
	pawl_text_str(&more, ALONE);
	add_agents(&more, PAWL_MAX_AGENTS + 1);
	error = parse_bad(more.data, more.size);
	assert_non_null(strstr(error, "p.yaml:132:5: error: more than 128 agents"));
	pawl_text_str(&with_builtin, "version: 1\n");
	add_agents(&with_builtin, PAWL_MAX_AGENTS);
	error_builtin = parse_bad(with_builtin.data, with_builtin.size);
	assert_non_null(strstr(error_builtin, "with the built-in ones more than 128 agents"));
}

static void test_limit_of_size(void **state)
{
	static const char version[] = "version: 1\n";
	_cleanup_free_ char *text = malloc(PAWL_POLICY_BYTES_MAX + 1);
	_cleanup_(pawl_policy_freep) struct pawl_policy *policy = NULL;
	char *error = NULL;

	(void)state;
	assert_non_null(text);
	memset(text, '\n', PAWL_POLICY_BYTES_MAX + 1);
	memcpy(text, version, sizeof(version) - 1);
	assert_int_equal(parse(text, PAWL_POLICY_BYTES_MAX + 1, &policy, &error), -E2BIG);
	assert_null(policy);
	assert_null(error);
	assert_int_equal(parse(text, PAWL_POLICY_BYTES_MAX, &policy, &error), 0);
}

/* Files made to hurt: deep, wide, or multiplied by aliases. */
static void test_hostile_yaml(void **state)
{
	static const char *const shapes[] = {"[",  "{a: ", "- ", "? ", "a: &b {c: *b, ",
					     "\"", "|\n "};

	(void)state;
	for (size_t i = 0; i < ROWS(shapes); i++) {
		_cleanup_(pawl_text_freep) struct pawl_text text = {0};
		_cleanup_free_ char *error = NULL;

		pawl_text_str(&text, "version: 1\nmode: ");
		if (shapes[i][1] == ' ')
			pawl_text_str(&text, "\n ");
		while (text.size < 200000)
			pawl_text_str(&text, shapes[i]);
		error = parse_bad(text.data, text.size);
		assert_true(strlen(error) < 20000);
	}
}

static void test_hostile_width(void **state)
{
	_cleanup_(pawl_text_freep) struct pawl_text text = {0};
	_cleanup_free_ char *error = NULL;

	(void)state;
	pawl_text_str(&text, "version: 1\nagents: [");
	while (text.size < PAWL_POLICY_BYTES_MAX - 4)
		pawl_text_str(&text, "a,");
	pawl_text_str(&text, "]\n");
	error = parse_bad(text.data, text.size);
	assert_non_null(strstr(error, "more than 16384 values: not a policy"));
}

/* The library would print by itself; only the caller may. */
static void test_stderr_stays_silent(void **state)
{
	static const char *const texts[] = {"a: [", "\ta: b: c", "%YAML 3.0\n---\na: 1", "a: *b"};
	_cleanup_fclose_ FILE *file = tmpfile();
	_cleanup_close_ int saved = dup(STDERR_FILENO);

	(void)state;
	assert_non_null(file);
	assert_true(saved >= 0);
	fflush(stderr);
	assert_true(dup2(fileno(file), STDERR_FILENO) >= 0);
	for (size_t i = 0; i < ROWS(texts); i++)
		free(parse_bad(texts[i], strlen(texts[i])));
	fflush(stderr);
	assert_true(dup2(saved, STDERR_FILENO) >= 0);
	assert_int_equal(lseek(fileno(file), 0, SEEK_END), 0);
}

static const char *const round_trips[] = {
	"version: 1\n",
	"version: 1\nmode: observe\nbuiltin_agents: false\n",
	"version: 1\nhold: {timeout: 1h0m1s250ms, on_timeout: kill}\n",
	"version: 1\nhold: {on_timeout: allow}\non_daemon_loss: allow\nfiles: {budget: {loss: 0, per: 24h}, do: observe}\n",
	"version: 1\naccess: {budget: {loss: 0, per: 2s}, do: deny}\noverwrites: {do: kill}\n"
	"devices: deny\nmounts: observe\nkernel: kill\nrings: deny\ntamper: kill\n"
	"policies: {p: {access: {budget: {loss: 7}}, mounts: hold, tamper: deny}}\n",
	"version: 1\ntemporary: []\n",
	"version: 1\ntemporary: [/srv/scratch, '/a \"b', '/*']\n",
	"version: 1\nbuiltin_brokers: false\n",
	"version: 1\nbuiltin_brokers: false\nbrokers: []\n",
	"version: 1\nbrokers:\n"
	"  - {name: docker, do: kill}\n"
	"  - {name: ptrace, do: observe, root: kill}\n"
	"  - {name: x, socket: [/a, '@b', '/c d/\"*', '/e-*/f*'], port: [1, 65535], path: /\xc3\xa9}\n",
	"version: 1\npolicies: {a: {files: {do: kill}}, '...': {}, '1': {files: {do: deny}}}\n"
	"agents:\n"
	"  - {name: '-', policy: '...', match: {exe: 'a\"b\\c'}}\n"
	"  - {name: null, policy: '1', match: [{script: '# x', uid: 0}, {exe: ' a '}]}\n"
	"  - {name: codex, policy: a}\n"
	"  - {name: z, match: [{env: 'A=\"x\\y: {}*'}, {cgroup: /\xc3\xa9/b c}, {uid: 4294967294}]}\n",
};

static void test_format_round_trip(void **state)
{
	(void)state;
	for (size_t i = 0; i < ROWS(round_trips); i++) {
		_cleanup_(pawl_policy_freep) struct pawl_policy *policy =
			parse_good(round_trips[i]);
		_cleanup_(pawl_policy_freep) struct pawl_policy *again = NULL;
		_cleanup_free_ char *text = NULL, *text_again = NULL;

		assert_int_equal(pawl_policy_format(policy, &text), 0);
		again = parse_good(text);
		assert_true(same_policy(policy, again));
		assert_int_equal(pawl_policy_format(again, &text_again), 0);
		assert_string_equal(text, text_again);
	}
}

static const struct pawl_policy_broker *find_broker(const struct pawl_policy *policy,
						    const char *name)
{
	for (size_t i = 0; i < policy->brokers_n; i++) {
		if (!strcmp(policy->brokers[i].name, name))
			return &policy->brokers[i];
	}
	fail_msg("no broker %s", name);
	return NULL;
}

static const struct {
	const char *name;
	enum pawl_action action, root_action;
} builtin_brokers[] = {
	{"ptrace", PAWL_ACTION_DENY, PAWL_ACTION_DENY},
	{"other-sockets", PAWL_ACTION_OBSERVE, PAWL_ACTION_OBSERVE},
	{"systemd", PAWL_ACTION_HOLD, PAWL_ACTION_HOLD},
	{"system-bus", PAWL_ACTION_OBSERVE, PAWL_ACTION_HOLD},
	{"user-bus", PAWL_ACTION_OBSERVE, PAWL_ACTION_OBSERVE},
	{"docker", PAWL_ACTION_OBSERVE, PAWL_ACTION_OBSERVE},
	{"ssh", PAWL_ACTION_OBSERVE, PAWL_ACTION_OBSERVE},
	{"cron", PAWL_ACTION_HOLD, PAWL_ACTION_HOLD},
	{"pam", PAWL_ACTION_HOLD, PAWL_ACTION_HOLD},
	{"authorized-keys", PAWL_ACTION_HOLD, PAWL_ACTION_HOLD},
	{"packages", PAWL_ACTION_OBSERVE, PAWL_ACTION_OBSERVE},
};

static void test_builtin_brokers(void **state)
{
	_cleanup_(pawl_policy_freep) struct pawl_policy *policy = parse_good("version: 1");

	(void)state;
	for (size_t i = 0; i < ROWS(builtin_brokers); i++) {
		const struct pawl_policy_broker *found =
			find_broker(policy, builtin_brokers[i].name);

		assert_int_equal(found->terms.action, builtin_brokers[i].action);
		assert_int_equal(found->terms.root_action, builtin_brokers[i].root_action);
	}
	assert_string_equal(pawl_broker_name(policy, PAWL_BROKER_PTRACE), "ptrace");
	for (size_t i = 0; i < PAWL_BROKERS_FIXED; i++)
		assert_int_equal(policy->brokers[i].addresses_n, 0);
	for (size_t i = PAWL_BROKERS_FIXED; i < policy->brokers_n; i++)
		assert_true(policy->brokers[i].addresses_n > 0);
	assert_string_equal(pawl_broker_name(policy, (uint32_t)policy->brokers_n), "");
	assert_string_equal(pawl_broker_name(policy, UINT32_MAX), "");
}

static void test_file_adds_brokers(void **state)
{
	_cleanup_(pawl_policy_freep) struct pawl_policy *policy =
		parse_good("version: 1\n"
			   "brokers:\n"
			   "  - {name: mine, port: 80, root: kill}\n"
			   "  - {name: docker, do: hold}\n"
			   "  - {name: system-bus, root: deny}\n"
			   "  - {name: ssh, socket: '@x'}\n"
			   "  - {name: ptrace, root: observe}\n"
			   "  - {name: other-sockets, do: hold}\n");
	_cleanup_(pawl_policy_freep) struct pawl_policy *builtin = parse_good("version: 1");
	const struct pawl_policy_broker *mine = &policy->brokers[2];

	(void)state;
	/* one that is new comes first, and is held where nothing is said */
	assert_string_equal(mine->name, "mine");
	assert_int_equal(mine->terms.action, PAWL_ACTION_HOLD);
	assert_int_equal(mine->terms.root_action, PAWL_ACTION_KILL);
	assert_int_equal(mine->addresses[0].kind, PAWL_ADDRESS_PORT);
	assert_int_equal(mine->addresses[0].port, 80);
	/* the name of a built-in one keeps its addresses, or its actions */
	assert_string_equal(policy->brokers[3].name, "docker");
	assert_string_equal(policy->brokers[3].addresses[0].text, "/run/docker.sock");
	assert_int_equal(policy->brokers[3].terms.root_action, PAWL_ACTION_HOLD);
	assert_int_equal(policy->brokers[4].terms.action, PAWL_ACTION_OBSERVE);
	assert_int_equal(policy->brokers[4].terms.root_action, PAWL_ACTION_DENY);
	assert_int_equal(policy->brokers[5].addresses_n, 1);
	assert_string_equal(policy->brokers[5].addresses[0].text, "@x");
	assert_int_equal(policy->brokers[5].terms.action, PAWL_ACTION_OBSERVE);
	assert_int_equal(policy->brokers[0].terms.action, PAWL_ACTION_DENY);
	assert_int_equal(policy->brokers[0].terms.root_action, PAWL_ACTION_OBSERVE);
	assert_int_equal(policy->brokers[PAWL_BROKER_SOCKETS].terms.action, PAWL_ACTION_HOLD);
	assert_int_equal(policy->brokers_n, builtin->brokers_n + 1);
}

static void test_file_without_builtin_brokers(void **state)
{
	_cleanup_(pawl_policy_freep) struct pawl_policy *policy =
		parse_good("version: 1\nbuiltin_brokers: false\nbrokers: [{name: a, path: /a}]\n");

	(void)state;
	assert_int_equal(policy->brokers_n, PAWL_BROKERS_FIXED + 1);
	assert_string_equal(policy->brokers[0].name, "ptrace");
	assert_int_equal(policy->brokers[0].terms.action, PAWL_ACTION_DENY);
	assert_string_equal(policy->brokers[PAWL_BROKERS_FIXED].name, "a");
}

/* FNV-1a as everybody has it, of what the kernel would step over. */
static uint64_t fnv(const char *bytes, size_t size)
{
	uint64_t hash = 0xcbf29ce484222325;

	for (size_t i = 0; i < size; i++)
		hash = (hash ^ (uint8_t)bytes[i]) * 0x100000001b3;
	return hash;
}

static const struct {
	const char *pattern, *hashed;
	bool prefix;
} hash_cases[] = {
	{"/run/docker.sock", "/run/docker.sock", false},
	{"/run/user/1000/bus", "/run/user/#/bus", false},
	{"/run/user/*/bus", "/run/user/#/bus", false},
	{"/tmp/tmux-*/*", "/tmp/tmux-#/*", true},
	{"/tmp/tmux-0/*", "/tmp/tmux-#/*", true},
	{"/run/libvirt/*", "/run/libvirt/*", true},
	{"/x12*", "/x#*", true},
	{"/*", "/*", true},
	{"@abstract9", "@abstract#", false},
	{"7a08b", "#a#b", false},
	{"", "", false},
};

static void test_broker_hash(void **state)
{
	static const uint8_t local4[] = {127, 0, 0, 1};
	static const uint8_t local6[16] = {[15] = 1};

	(void)state;
	for (size_t i = 0; i < ROWS(hash_cases); i++) {
		bool prefix = !hash_cases[i].prefix;

		if (pawl_broker_hash(hash_cases[i].pattern, &prefix) !=
			    fnv(hash_cases[i].hashed, strlen(hash_cases[i].hashed)) ||
		    prefix != hash_cases[i].prefix)
			fail_msg("%s", hash_cases[i].pattern);
	}
	assert_true(pawl_broker_hash_inet(AF_INET, local4, htons(22)) ==
		    fnv("\x02\x7f\0\0\x01\0\x16", 7));
	assert_true(pawl_broker_hash_inet(AF_INET6, local6, htons(0x1234)) ==
		    fnv("\x0a\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\x12\x34", 19));
}

static void test_sections(void **state)
{
	uint32_t seen = 0;

	(void)state;
	for (size_t i = 0; i < PAWL_SECTION_MAX; i++) {
		assert_int_equal(seen & pawl_sections[i].classes, 0);
		seen |= pawl_sections[i].classes;
	}
	/* every class comes under one, but that of brokers, who say for themselves */
	assert_int_equal(seen, ((1U << PAWL_CLASS_MAX) - 2) & ~(1U << PAWL_CLASS_BROKER));
	assert_string_equal(pawl_section_of(PAWL_CLASS_WIPE)->key, "devices");
	assert_null(pawl_section_of(PAWL_CLASS_BROKER));
	assert_null(pawl_section_of(PAWL_CLASS_MAX));
	assert_null(pawl_section_of(UINT32_MAX));
	assert_int_equal(pawl_bucket_of(PAWL_CLASS_TRUNCATE), PAWL_BUCKET_FILES);
	assert_int_equal(pawl_bucket_of(PAWL_CLASS_RMDIR), PAWL_BUCKET_DIRS);
	assert_int_equal(pawl_bucket_of(PAWL_CLASS_ACCESS), PAWL_BUCKET_ACCESS);
	assert_int_equal(pawl_bucket_of(PAWL_CLASS_OVERWRITE), PAWL_BUCKET_OVERWRITES);
	assert_int_equal(pawl_bucket_of(PAWL_CLASS_MOUNT), PAWL_BUCKET_MAX);
	assert_int_equal(pawl_bucket_of(PAWL_CLASS_BROKER), PAWL_BUCKET_MAX);
	assert_int_equal(pawl_bucket_of(UINT32_MAX), PAWL_BUCKET_MAX);
}

static const struct {
	const char *text;
	int err;
	uint64_t ms;
} duration_cases[] = {
	{"10m", 0, 600000},
	{"90s", 0, 90000},
	{"1h30m", 0, 5400000},
	{"250ms", 0, 250},
	{"1d2h3m4s5ms", 0, 93784005},
	{"1m5ms", 0, 60005},
	{"0s", 0, 0},
	{"007s", 0, 7000},
	{"365d", 0, 31536000000},
	{"365d1ms", -ERANGE, 0},
	{"366d", -ERANGE, 0},
	{"18446744073709551617s", -ERANGE, 0},
	{"99999999999999999999999999d99999999999999999999999999h", -ERANGE, 0},
	{"", -EINVAL, 0},
	{"10", -EINVAL, 0},
	{"m", -EINVAL, 0},
	{"-1m", -EINVAL, 0},
	{"+1m", -EINVAL, 0},
	{" 1m", -EINVAL, 0},
	{"1m ", -EINVAL, 0},
	{"1 m", -EINVAL, 0},
	{"1.5h", -EINVAL, 0},
	{"1M", -EINVAL, 0},
	{"1min", -EINVAL, 0},
	{"1w", -EINVAL, 0},
	{"1m1h", -EINVAL, 0},
	{"1m1m", -EINVAL, 0},
	{"1h30", -EINVAL, 0},
	{"1ms1s", -EINVAL, 0},
};

static void test_duration_parse(void **state)
{
	(void)state;
	for (size_t i = 0; i < ROWS(duration_cases); i++) {
		uint64_t ms = 12345;

		if (pawl_duration_parse(duration_cases[i].text, &ms) != duration_cases[i].err)
			fail_msg("%s", duration_cases[i].text);
		assert_int_equal(ms, duration_cases[i].err ? 12345 : duration_cases[i].ms);
	}
}

static void test_names(void **state)
{
	(void)state;
	assert_string_equal(pawl_action_name(PAWL_ACTION_OBSERVE), "observe");
	assert_string_equal(pawl_action_name(PAWL_ACTION_HOLD), "hold");
	assert_string_equal(pawl_action_name(PAWL_ACTION_DENY), "deny");
	assert_string_equal(pawl_action_name(PAWL_ACTION_KILL), "kill");
	assert_string_equal(pawl_action_name(PAWL_ACTION_MAX), "unknown");
	assert_string_equal(pawl_mode_name(PAWL_MODE_OBSERVE), "observe");
	assert_string_equal(pawl_mode_name(PAWL_MODE_ENFORCE), "enforce");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_builtin_values),
		cmocka_unit_test(test_builtin_agents),
		cmocka_unit_test(test_builtin_is_a_file),
		cmocka_unit_test(test_file_changes_values),
		cmocka_unit_test(test_temporary_places),
		cmocka_unit_test(test_file_adds_agents),
		cmocka_unit_test(test_file_without_builtin_agents),
		cmocka_unit_test(test_builtin_brokers),
		cmocka_unit_test(test_file_adds_brokers),
		cmocka_unit_test(test_file_without_builtin_brokers),
		cmocka_unit_test(test_broker_hash),
		cmocka_unit_test(test_sections),
		cmocka_unit_test(test_accepted_shapes),
		cmocka_unit_test(test_exact_messages),
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_nul_is_not_an_end),
		cmocka_unit_test(test_long_line),
		cmocka_unit_test(test_many_faults),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_limit_of_agents),
		cmocka_unit_test(test_limit_of_size),
		cmocka_unit_test(test_hostile_yaml),
		cmocka_unit_test(test_hostile_width),
		cmocka_unit_test(test_stderr_stays_silent),
		cmocka_unit_test(test_format_round_trip),
		cmocka_unit_test(test_duration_parse),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
