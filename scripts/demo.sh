#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2317 # functions that wait_until and traps call
#
# What `make demo` and `pawl demo` show: a scripted agent, three processes above the `rm` that goes
# wrong, deletes 10,000 real files and is held; once it is denied, once approved, once killed.
#
# It starts a pawld of its own in a temporary directory and watches nothing but its own agent. Every
# figure is counted or read in this run. Exits with 0 only if all three rounds came out as they
# should on this machine's backend; 5: not root; 2: usage; 1: anything else. It leaves nothing
# behind, however it ends.

set -u

readonly FILES=10000 DIRECTORIES=100
readonly BUDGET=25
readonly ROOM_KIB=$((128 * 1024))
readonly WAIT_S=60 # for one condition to come true; a busy machine may be slow

PAWL='' PAWLD='' T='' PIN_DIR='' MARK='' PAWLD_PID=''
BACKEND='' LOAD_MS='' EXCESS=0
AGENT_PID='' HOLD='' SESSION='' LOST_AT_HOLD=0
STATUS='' LEFT=0 ROUND=0 WRONG='' FAILED=0
TABLE=()
BOLD='' DIM='' GOOD='' BAD='' PLAIN=''

main() {
	(($# == 0)) || give_up 2 'it takes no arguments'
	[[ $EUID = 0 ]] || give_up 5 'it must run as root, because it loads BPF programs: try sudo'
	find_programs
	choose_colors
	make_place
	start_pawld
	introduce
	round deny
	round approve
	round kill
	sum_up
	exit "$FAILED"
}

# ---- the story ----

introduce() {
	local kernel doctor
	doctor=$(pawl doctor -o json) || give_up 1 'pawld does not answer'
	kernel=$(json_text kernel <<<"$doctor")
	BACKEND=$(json_text backend <<<"$doctor")
	heading "pawl holds what an agent must not delete"
	echo "Kernel $kernel, backend $BACKEND:"
	meaning
	echo
	echo "$FILES files lie in src/. The agent may delete $BUDGET. It cleans up after a build:"
	quote <"$T/project/clean.sh"
}

# What the backend means for what is lost.
meaning() {
	case $BACKEND in
	lsm | fmod_ret) echo 'what would go past the budget is stopped before its effect.' ;;
	*) echo 'deletions are stopped as they end, so those in flight on other CPUs are lost too.' ;;
	esac
}

round() { # deny|approve|kill
	ROUND=$((ROUND + 1)) WRONG=''
	make_files
	start_agent
	heading "Round $ROUND: $1"
	wait_for_hold
	show_notice
	((ROUND > 1)) || look_closely
	decide "$1"
	wait_for_agent
	judge "$1"
	report "$1"
}

look_closely() {
	typed pawl tree
	typed pawl show "$HOLD"
}

decide() { # deny|approve|kill
	case $1 in
	deny) typed pawl deny "$HOLD" --reason 'sources are not build output' ;;
	approve) typed pawl approve "$HOLD" --for 10m ;;
	kill) typed pawl kill "$SESSION" ;;
	esac || wrong "the decision was refused"
}

report() { # deny|approve|kill
	local past=$((FILES - LEFT - BUDGET)) complaints
	complaints=$(grep -c '^rm: ' "$T/agent.err")
	((past > 0)) || past=0
	echo
	echo "The agent ended with status $STATUS; $LEFT files are left, $((FILES - LEFT)) are lost."
	if ((complaints)); then
		echo "Its standard error has $complaints lines like this one:"
		grep -m 1 '^rm: ' "$T/agent.err" | quote
	fi
	[[ -z $WRONG ]] || echo "${BAD}This is not as it should be: $WRONG.$PLAIN"
	TABLE+=("$(printf '%-8s  %14s  %14s  %10s  %16s  %s' "$1" "$LOST_AT_HOLD" "$STATUS" \
		"$LEFT" "$past" "$(verdict)")")
}

verdict() {
	if [[ -z $WRONG ]]; then
		echo "${GOOD}as it should be$PLAIN"
	else
		echo "${BAD}wrong$PLAIN"
	fi
}

sum_up() {
	local rss_kib
	rss_kib=$(sed -n -E 's/^VmRSS:[^0-9]*([0-9]+).*/\1/p' "/proc/$PAWLD_PID/status")
	heading 'What happened'
	printf "$BOLD%-8s  %14s  %14s  %10s  %16s$PLAIN\n" DECISION 'LOST WHEN HELD' \
		"AGENT'S STATUS" 'FILES LEFT' 'LOST PAST BUDGET'
	printf '%s\n' "${TABLE[@]}"
	echo
	echo "pawld: $rss_kib KiB resident, enforced $LOAD_MS ms after it began to load."
}

# ---- what must hold ----

judge() { # deny|approve|kill
	if [[ $BACKEND = tracepoint ]]; then
		EXCESS=$(nproc)
	fi
	judge_lost "$LOST_AT_HOLD" 'when it was held'
	case $1 in
	deny) judge_denied ;;
	approve) judge_approved ;;
	kill) judge_killed ;;
	esac
	[[ -z $WRONG ]] || FAILED=1
}

judge_denied() {
	judge_lost $((FILES - LEFT)) 'after the denial'
	[[ $STATUS != 0 ]] || wrong 'a denied agent ended with status 0'
	[[ $BACKEND = tracepoint ]] || grep -q 'Operation not permitted' "$T/agent.err" ||
		wrong 'no "Operation not permitted" was reported'
}

judge_approved() {
	[[ $STATUS = 0 ]] || wrong "an approved agent ended with status $STATUS"
	[[ $LEFT = 0 ]] || wrong "$LEFT files were not deleted, though approved"
	! grep -q '^rm: ' "$T/agent.err" || wrong 'rm saw an error, though approved'
}

judge_killed() {
	judge_lost $((FILES - LEFT)) 'after the kill'
	[[ $STATUS = 137 ]] || wrong "a killed agent ended with status $STATUS"
	wait_until 5 nobody_left || wrong 'a process of the killed tree is left'
}

judge_lost() { # N WHEN
	(($1 >= BUDGET && $1 <= BUDGET + EXCESS)) ||
		wrong "$1 files were lost $2, where $BUDGET to $((BUDGET + EXCESS)) should be"
}

wrong() {
	WRONG+=${WRONG:+; }$1
}

# ---- the agent and its files ----

make_place() {
	trap clean_up EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
	T=$(mktemp -d "$(roomy_place)/pawl-demo.XXXXXX") || give_up 1 'no temporary directory'
	MARK=PAWL_DEMO=${T##*.}
	PIN_DIR=/sys/fs/bpf/pawldemo-${T##*.} # bpffs takes no dots in names
	mkdir "$T/project" "$T/state"
	cat >"$T/project/tidy-agent" <<-'END'
		bash -c 'bash clean.sh; exit $?'
	END
	cat >"$T/project/clean.sh" <<-'END'
		# OUTPUT names the directory below src that the build writes to
		rm -rf src/$OUTPUT    # but nothing has set it
	END
}

# In memory where there is room: a busy disk may take half a minute for so many files.
roomy_place() {
	if [[ -z ${TMPDIR:-} && -w /dev/shm && $(stat -f -c %T /dev/shm) = tmpfs ]] &&
		(($(df -k --output=avail /dev/shm | tail -n 1) > ROOM_KIB)); then
		echo /dev/shm
	else
		echo "${TMPDIR:-/tmp}"
	fi
} 2>/dev/null

# Makes those that are missing, each with a line in it.
make_files() {
	local i directory parts each=$((FILES / DIRECTORIES))
	for ((i = 0; i < DIRECTORIES; i++)); do
		directory=$T/project/src/module$i
		parts=("$directory"/*)
		((${#parts[@]} < each)) || continue
		mkdir -p "$directory"
		seq "$each" | split -l 1 -a 3 -d - "$directory/part"
	done
	LEFT=$(files_left)
	[[ $LEFT = "$FILES" ]] || give_up 1 "only $LEFT of $FILES files could be made in $T"
}

files_left() {
	if [[ -d $T/project/src ]]; then
		find "$T/project/src" -type f | wc -l
	else
		echo 0
	fi
}

# Nothing wraps it: pawld finds it by its signature, at exec. The mark is the second half of that,
# so that nobody else's tidy-agent is meant.
start_agent() {
	HOLD='' SESSION='' STATUS=''
	(
		cd "$T/project" || exit
		env "$MARK" LC_ALL=C bash tidy-agent 2>"$T/agent.err"
		exit $? # here, where its death by a signal is not remarked upon
	) </dev/null >"$T/agent.out" 2>/dev/null &
	AGENT_PID=$!
}

wait_for_hold() {
	wait_until "$WAIT_S" find_hold
	[[ -n $HOLD ]] || give_up 1 "the agent was not held; $(files_left) of $FILES files are left"
	LOST_AT_HOLD=$((FILES - $(files_left)))
}

find_hold() {
	local json
	json=$(pawl holds -o json)
	if [[ $json != *'"state":"held"'* ]]; then
		gone "$AGENT_PID"
		return
	fi
	HOLD=$(json_text id <<<"$json")
	SESSION=$(json_text session <<<"$json")
}

show_notice() {
	wait_until 5 grep -q '^pawl: ' "$T/agent.err" || wrong 'the agent was not told why it stands'
	echo 'The agent ran clean.sh and stands still. Its standard error says:'
	grep -m 1 '^pawl: ' "$T/agent.err" | quote
}

wait_for_agent() {
	if wait_until "$WAIT_S" gone "$AGENT_PID"; then
		wait "$AGENT_PID" 2>/dev/null
		STATUS=$?
	else
		STATUS=running
		wrong "the agent did not end within $WAIT_S s"
	fi
	LEFT=$(files_left)
}

# Pids that carry the mark of this run in their environment: the agent's tree.
marked() {
	grep -lzxF "$MARK" /proc/[0-9]*/environ 2>/dev/null | cut -d / -f 3
}

nobody_left() {
	[[ -z $(marked) ]]
}

# ---- pawld ----

# Built: ../build. Installed: this is PREFIX/libexec/pawl/demo.sh. Else whatever PATH has.
find_programs() {
	local here prefix
	here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
	prefix=$here/../..
	PAWL=$(first_program "$here/../build/pawl" "$prefix/bin/pawl" "$(command -v pawl)") ||
		give_up 1 'pawl is not built: run make'
	PAWLD=$(first_program "${PAWL}d" "$prefix/sbin/pawld" "$(command -v pawld)") ||
		give_up 1 "no pawld stands beside $PAWL or in PATH"
}

first_program() {
	local path
	for path; do
		[[ $path = /* && -f $path && -x $path ]] && readlink -f "$path" && return
	done
	return 1
}

write_policy() {
	cat <<-END
		version: 1
		mode: enforce
		hold: {timeout: 10m, on_timeout: deny}
		builtin_agents: false
		agents:
		  - {name: tidy-agent, match: {script: tidy-agent, env: $MARK}}
		files:
		  budget: {loss: $BUDGET, per: 1h}
		  do: hold
	END
}

start_pawld() {
	local ready
	write_policy >"$T/pawl.yaml"
	"$PAWLD" --config "$T/pawl.yaml" --socket "$T/pawl.sock" --state-dir "$T/state" \
		--log "$T/events.jsonl" --pin-dir "$PIN_DIR" --foreground \
		</dev/null >/dev/null 2>"$T/pawld.err" &
	PAWLD_PID=$!
	wait_until "$WAIT_S" pawld_started
	ready=$(grep -m 1 '^pawld: ready ' "$T/pawld.err") ||
		give_up 1 "pawld did not start; it says: $(tail -n 1 "$T/pawld.err")"
	LOAD_MS=${ready##*load_ms=}
}

pawld_started() {
	gone "$PAWLD_PID" || grep -q '^pawld: ready ' "$T/pawld.err"
}

# Its hint lines name the socket only when it was given as an option.
pawl() {
	PAWL_SOCKET=$T/pawl.sock "$PAWL" "$@"
}

# ---- cleaning up ----

clean_up() {
	trap '' INT TERM HUP
	[[ -n $T ]] || return
	end_agents
	end_pawld
	rm -rf "$PIN_DIR" "$T"
} 2>/dev/null

# SIGKILL also ends what is held. More than once, as a tree may grow in between.
end_agents() {
	local pids turn
	for turn in 1 2 3 4 5; do
		mapfile -t pids < <(marked)
		((${#pids[@]})) || return
		kill -KILL "${pids[@]}"
		sleep "0.$turn"
	done
}

end_pawld() {
	[[ -n $PAWLD_PID ]] || return
	kill -TERM "$PAWLD_PID"
	wait_until "$WAIT_S" gone "$PAWLD_PID" || kill -KILL "$PAWLD_PID"
	wait "$PAWLD_PID"
}

# ---- small things ----

choose_colors() {
	[[ -t 1 && -z ${NO_COLOR:-} && ${TERM:-dumb} != dumb ]] || return
	BOLD=$'\e[1m' DIM=$'\e[2m' GOOD=$'\e[32m' BAD=$'\e[31m' PLAIN=$'\e[0m'
}

heading() {
	printf '\n%s==== %s ====%s\n' "$BOLD" "$1" "$PLAIN"
}

# Lines of somebody else's, set off and cut at 76 columns.
quote() {
	fold -s -w 76 | sed "s/^/    $DIM/; s/ *\$/$PLAIN/"
}

# Shows a command as a person would type it, and runs it.
typed() {
	local word line=''
	for word; do
		[[ $word != *' '* ]] || word="'$word'"
		line+=" $word"
	done
	printf '\n%s#%s%s\n' "$BOLD" "$line" "$PLAIN"
	"$@"
}

give_up() { # STATUS REASON
	echo "demo: $2" >&2
	exit "$1"
}

wait_until() { # SECONDS COMMAND...
	local deadline=$((SECONDS + $1))
	shift
	until "$@"; do
		((SECONDS < deadline)) || return
		sleep 0.05
	done
}

gone() {
	! kill -0 "$1" 2>/dev/null
}

# The first string of that name in the JSON on standard input.
json_text() {
	grep -oE "\"$1\": ?\"[^\"]*\"" | head -n 1 | cut -d '"' -f 4
}

main "$@"
