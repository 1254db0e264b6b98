#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Real agents, told by a model on the loopback to delete 5,000 files: each is found by its built-in
# signature, whether it or pawld came first, and its deletion is held, denied, approved or killed.
# An agent runs in a network namespace without a way out, with a HOME and a project of its own.

# shellcheck disable=SC2016,SC2317 # text for other programs; functions called by name
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

readonly HERE=$ROOT/tests/agents
readonly FILES=5000 BUDGET=25
readonly URL=http://127.0.0.1:8911 # where model.py listens

# ---- the agents: each sets NAME, as the built-in policy has it, the DELETE command, the agent's
# ARGS and VARS, and writes its settings ----

agent_claude() {
	NAME=claude-code DELETE='rm -rf data'
	ARGS=(-p clean --allowedTools Bash)
	VARS=("ANTHROPIC_BASE_URL=$URL" ANTHROPIC_API_KEY=none DISABLE_AUTOUPDATER=1
		CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=1)
}

agent_opencode() {
	NAME=opencode DELETE='rm -rf data'
	ARGS=(run -m loopback/model clean)
	VARS=(OPENCODE_DISABLE_AUTOUPDATE=1 OPENCODE_DISABLE_MODELS_FETCH=1)
	cat >"$PROJECT/opencode.json" <<-END
		{
		  "model": "loopback/model",
		  "permission": "allow",
		  "share": "disabled",
		  "provider": {
		    "loopback": {
		      "npm": "@ai-sdk/openai-compatible",
		      "options": {"baseURL": "$URL/v1", "apiKey": "none"},
		      "models": {"model": {}}
		    }
		  }
		}
	END
}

# Codex itself refuses the words "rm -rf" where nobody can be asked; "rm -r" it runs.
agent_codex() {
	NAME=codex DELETE='rm -r data'
	ARGS=(exec --skip-git-repo-check -s danger-full-access clean)
	VARS=()
	mkdir "$AGENT_HOME/.codex"
	cat >"$AGENT_HOME/.codex/config.toml" <<-END
		model = "loopback"
		model_provider = "loopback"
		analytics.enabled = false # it would wait for its host at the end

		[model_providers.loopback]
		name = "loopback"
		base_url = "$URL/v1"
		wire_api = "responses"
	END
}

agent_gemini() {
	NAME=gemini-cli DELETE='rm -rf data'
	ARGS=(--yolo -m gemini-2.5-pro -p clean)
	VARS=("GOOGLE_GEMINI_BASE_URL=$URL" GEMINI_API_KEY=none GEMINI_CLI_TRUST_WORKSPACE=true)
	mkdir "$AGENT_HOME/.gemini"
	cat >"$AGENT_HOME/.gemini/settings.json" <<-END
		{
		  "general": {"enableAutoUpdate": false},
		  "privacy": {"usageStatisticsEnabled": false},
		  "security": {"auth": {"selectedType": "gemini-api-key"}}
		}
	END
}

# ---- starting one ----

# prepare AGENT: a fresh HOME, and a project with 5,000 files in data/.
prepare() {
	local scratch
	scratch=$(mktemp -d "$T/$1.XXXXXX")
	AGENT_HOME=$scratch/home AGENT_TMP=$scratch/tmp PROJECT=$scratch/project
	DATA=$PROJECT/data
	mkdir "$AGENT_HOME" "$AGENT_TMP" "$PROJECT"
	fill "$FILES"
	"agent_$1"
}

in_project() {
	cd "$PROJECT" && exec "$@"
}

# run_agent AGENT COMMAND: in the background; AGENT_PID is the agent's first process.
run_agent() {
	start in_project env -i PATH="$PATH" HOME="$AGENT_HOME" TMPDIR="$AGENT_TMP" \
		SHELL=/bin/bash TERM=dumb LANG=C.UTF-8 \
		PAWL_TEST_MARK="$MARK" MODEL_LOG="$T/model.log" "${VARS[@]}" \
		unshare --net "$PYTHON" "$HERE/model.py" "$2" \
		"$CACHE/node_modules/.bin/$1" "${ARGS[@]}"
	AGENT_PID=''
	wait_until "$WAIT_S" find_agent
}

# model.py took the place of what was started, and has one child.
find_agent() {
	gone "$RUN_PID" || AGENT_PID=$(pgrep -P "$RUN_PID") || return
}

# ---- asking pawl ----

# ask SUBCOMMAND FORMAT: prints the format with the members of each row of the answer, one a line.
ask() {
	pawl "$1" -o json | "$PYTHON" -c '
import json, sys
for row in json.load(sys.stdin):
    print(sys.argv[1].format_map(row))' "$2"
}

sessions() {
	ask ps '{agent} {root_pid}'
}

is_found() {
	[[ -n $(sessions) ]]
}

expect_found() {
	expect_eq 'sessions' "$NAME $AGENT_PID" "$(sessions)"
}

# The deletion is held, and at most the budget is gone. The agent's own few deletions, of locks and
# the like, are counted too, so that the data may have lost less.
expect_held() {
	wait_hold "$RUN_PID" || return
	LEFT=$(settled left)
	expect_range 'files left' $((FILES - BUDGET)) $((FILES - 1)) "$LEFT"
	expect_eq 'what is held' "$NAME file.delete $DELETE" \
		"$(ask holds '{agent} {operation} {args[0]} {args[1]} {args[2]}')"
	expect_match 'program and target' "^/[a-z/]*/rm $DATA/f[0-9]+\$" \
		"$(ask holds '{executable} {target}')"
}

# ---- the cases ----

# Starts the agent, whose shell waits at a pipe before it deletes. Returns false where the agent
# cannot be had to run a command.
wait_at_pipe() {
	prepare "$1"
	mkfifo "$PROJECT/go"
	run_agent "$1" ": >started; read -r _ <go; $DELETE"
	wait_until "$WAIT_S" started_or_gone
	exists "$PROJECT/started"
}

started_or_gone() {
	exists "$PROJECT/started" || gone "$RUN_PID"
}

older_case() {
	case_begin "$1 is older than pawld, deny"
	start_pawld || fail 'pawld does not start'
	wait_until "$WAIT_S" is_found
	expect_found
	echo >"$PROJECT/go"
	if expect_held; then
		pawl deny "$HOLD" --reason 'not this' >/dev/null || fail 'pawl deny failed'
		expect_eq 'files left after deny' "$LEFT" "$(settled left)"
		kill_sessions
		expect_eq 'files left at the end' "$LEFT" "$(left)"
	fi
	kill_sessions
	case_end
}

kill_case() {
	case_begin "$1 is younger than pawld, kill"
	prepare "$1"
	run_agent "$1" "$DELETE"
	if expect_held; then
		expect_found
		pawl kill "$SESSION" >/dev/null || fail 'pawl kill failed'
		wait_run
		expect_eq 'exit status' 137 "$RUN_STATUS"
		wait_until "$WAIT_S" none_marked || fail 'a process of the tree is left'
		expect_eq 'files left after kill' "$LEFT" "$(left)"
	fi
	kill_sessions
	case_end
}

approve_case() {
	case_begin "$1 is younger than pawld, approve"
	prepare "$1"
	run_agent "$1" "$DELETE"
	if expect_held; then
		pawl approve "$HOLD" --for 10m >/dev/null || fail 'pawl approve failed'
		wait_run
		expect_eq 'exit status' 0 "$RUN_STATUS"
		exists "$DATA" && fail "files left after approve: $(left)"
		contains "$T/run.out.$RUN_N" '^done' || fail 'the agent did not come to its end'
	fi
	kill_sessions
	case_end
}

# Where npm works, Claude Code and OpenCode must run; the other two may want more than they get.
cannot_run() {
	local reason
	wait_run
	reason="it ran no command; status $RUN_STATUS: $(run_err | tail -n 3)"
	case $1 in
	claude | opencode) not_ok "$1" "$reason" ;;
	*) skip "$1" "${reason//$'\n'/ | }" ;;
	esac
	kill_marked
}

run_cases() {
	if ! wait_at_pipe "$1"; then
		cannot_run "$1"
		return
	fi
	older_case "$1"
	kill_case "$1"
	approve_case "$1"
	stop_pawld
}

# ---- may this suite run here? ----

# Signatures hold for the whole host: an agent at work here would be watched as well.
foreign_agent() {
	local file words word
	for file in /proc/[0-9]*/cmdline; do
		mapfile -t -d '' -n 3 words <"$file" || continue
		[[ ${words[0]:-} = *node ]] || words=("${words[0]:-}")
		for word in "${words[@]##*/}"; do
			case $word in
			claude | claude.exe | opencode | opencode.exe | codex | gemini)
				echo "$file ($word)"
				return
				;;
			esac
		done
	done 2>/dev/null
	return 1
}

# What pawld itself would watch, the other agents of its policy among them, is seen without harm.
refuse_foreign() {
	local other
	other=$(foreign_agent) && skip_suite "an agent runs on this machine: $other"
	need_pawld --mode observe
	other=$(sessions)
	stop_pawld
	[[ -z $other ]] || skip_suite "agents run on this machine: ${other//$'\n'/, }"
}

install_agents() {
	[[ -n $PYTHON ]] || skip_suite 'python3 is not installed'
	CACHE=$("$HERE/setup.sh" 2>"$T/setup.err") && return
	skip_suite "npm could not install the agents: $(grep -v 'log of this run' "$T/setup.err" |
		tail -n 1)"
}

write_policy
sed -i 's/^builtin_agents: false/builtin_agents: true/' "$T/pawl.yaml"
refuse_foreign
install_agents
for agent in claude opencode codex gemini; do
	run_cases "$agent"
done
finish
