# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2034,SC2119,SC2120 # names and arguments are used by the suites
#
# Shared by the suites in tests/host: a private pawld, watched runs, waits with a deadline, and
# the lines `ok - NAME`, `not ok - NAME: REASON`, `skip - NAME: REASON` that scripts/test.sh counts.
# A suite sources it, runs its cases and ends with `finish`. Everything that was started carries
# PAWL_TEST_MARK in its environment and is ended by pid on exit; nothing else is ever signalled.

set -u

# What pawld mounts, for what outlives it, is mounted for the suite alone.
if [[ $EUID = 0 && -z ${PAWL_TEST_PRIVATE:-} ]] &&
	unshare -m --propagation private true 2>/dev/null; then
	PAWL_TEST_PRIVATE=1 exec unshare -m --propagation private "$BASH" "$0" "$@"
fi

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
BUILD=${PAWL_BUILD:-$ROOT/build}
PAWL=$BUILD/pawl
PAWLD=$BUILD/pawld
TOOLS=$BUILD/tests
SUITE=$(basename "$0" .sh)
PYTHON=$(command -v /usr/bin/python3 || command -v python3 || true)
WAIT_S=${PAWL_TEST_WAIT:-30} # how long a condition may take to come true; guests are slower
SPARE_UID=61234              # nobody's: for agents known by uid, and for "no root"

# In memory where that can be had: 10,000 files on a busy disk may take seconds.
if [[ -z ${TMPDIR:-} && -w /dev/shm && $(stat -f -c %T /dev/shm) = tmpfs ]]; then
	TMPDIR=/dev/shm
fi
T=$(mktemp -d "${TMPDIR:-/tmp}/pawl-test.XXXXXX")
chmod 755 "$T"
MARK=$(basename "$T")
ID=${MARK##*.}
SOCK=$T/pawl.sock
DATA=$T/data
PIN_DIR=/sys/fs/bpf/pawltest-$ID # bpffs takes no dots in names
AGENTS='' # entries of the policy's `agents:`, one a line; set before write_policy

CASE='' CASE_REASON='' CASES=0 FAILED=0 FINISHED=0
AT_EXIT=()
PAWLD_PID='' PAWLD_N=0 BACKEND=''
RUN_PID='' RUN_STATUS='' RUN_N=0
HOLD='' SESSION=''
export PAWL_TEST_MARK=$MARK
exec 2>"$T/suite.err" # what the shell itself has to say; shown at the end

# ---- results ----

ok() {
	CASES=$((CASES + 1))
	echo "ok - $SUITE: $1"
}

not_ok() {
	CASES=$((CASES + 1)) FAILED=$((FAILED + 1))
	echo "not ok - $SUITE: $1: ${2//$'\n'/ | }"
}

skip() {
	if [[ ${PAWL_MUST_RUN:-0} = 1 ]]; then
		not_ok "$1" "skipped, and PAWL_MUST_RUN=1: $2"
		return
	fi
	CASES=$((CASES + 1))
	echo "skip - $SUITE: $1: $2"
}

# skip_suite REASON: nothing of this suite can run here.
skip_suite() {
	skip 'whole suite' "$1"
	FINISHED=1
	[[ $FAILED = 0 ]] || exit 1
	exit 77
}

# A case fails with all its reasons; what the programs said is shown then.
case_begin() {
	CASE=$1 CASE_REASON=''
}

fail() {
	CASE_REASON+=${CASE_REASON:+; }$1
}

case_end() {
	if [[ -z $CASE_REASON ]]; then
		ok "$CASE"
		return
	fi
	not_ok "$CASE" "$CASE_REASON"
	show_file 'pawld says' "$T/pawld.err.$PAWLD_N"
	show_file 'run says' "$T/run.err.$RUN_N"
}

show_file() {
	[[ -s $2 ]] && tail -n 4 "$2" | cut -c 1-300 | sed "s/^/#   $1: /"
}

expect_eq() { # WHAT EXPECTED ACTUAL
	[[ $2 = "$3" ]] || fail "$1: expected '$2', got '$3'"
}

expect_ne() { # WHAT UNWANTED ACTUAL
	[[ $2 != "$3" ]] || fail "$1: must not be '$2'"
}

expect_match() { # WHAT EXTENDED-REGEX TEXT
	[[ $3 =~ $2 ]] || fail "$1: expected /$2/ in '${3:0:300}'"
}

expect_range() { # WHAT LEAST MOST ACTUAL
	if [[ ! $4 =~ ^[0-9]+$ ]] || (($4 < $2 || $4 > $3)); then
		fail "$1: expected $2 to $3, got '$4'"
	fi
}

# One line for people, and not a dump: WHAT FILE.
expect_one_line() {
	expect_eq "$1, lines" 1 "$(grep -c . "$2")"
}

# The last command of every suite.
finish() {
	if grep -qE 'command not found|syntax error' "$T/suite.err"; then
		not_ok 'suite' 'the suite itself is broken, see below'
	fi
	FINISHED=1
	[[ $FAILED = 0 ]]
	exit
}

# ---- waiting ----

# wait_until SECONDS COMMAND...: polls; false when the time is over.
wait_until() {
	local deadline=$((SECONDS + $1))
	shift
	until "$@"; do
		((SECONDS < deadline)) || return 1
		sleep 0.05
	done
}

gone() {
	! kill -0 "$1" 2>/dev/null
}

exists() {
	[[ -e $1 ]]
}

contains() { # FILE EXTENDED-REGEX
	grep -qE -- "$2" "$1" 2>/dev/null
}

# Prints a number once a command has printed it five times in a row.
settled() {
	local deadline=$((SECONDS + WAIT_S)) last='' same=0 now
	while ((same < 5 && SECONDS < deadline)); do
		now=$("$@")
		if [[ $now = "$last" ]]; then same=$((same + 1)); else same=0; fi
		last=$now
		sleep 0.05
	done
	echo "$last"
}

# ---- processes ----

# Pids of everything this suite started by exec, pawld and its keeper left out.
marked() {
	local pid
	# grep itself must not be among them
	env -u PAWL_TEST_MARK grep -lzxF "PAWL_TEST_MARK=$MARK" /proc/[0-9]*/environ 2>/dev/null |
		while IFS=/ read -r _ _ pid _; do
			[[ $pid = "$PAWLD_PID" || $(<"/proc/$pid/comm") = pawld-keeper ]] || echo "$pid"
		done
}

none_marked() {
	[[ -z $(marked) ]]
}

kill_marked() {
	local round pids
	for round in 1 2 3 4 5 6 7 8 9 10; do
		mapfile -t pids < <(marked)
		((${#pids[@]})) || return 0
		kill -KILL "${pids[@]}" 2>/dev/null
		sleep "0.$round"
	done
}

at_exit() {
	AT_EXIT+=("$*")
}

# Without the shell's remarks on jobs that were killed, which is what happens here.
show_own_errors() {
	grep -vE 'line [0-9]+: +[0-9]+ (Killed|Terminated)' "$T/suite.err" | head -n 20 |
		cut -c 1-300 | sed 's/^/#   stderr: /'
}

cleanup() {
	local command
	trap '' INT TERM HUP
	stop_pawld >/dev/null 2>&1
	kill_marked
	if [[ -d $PIN_DIR ]]; then # what a pawld that was killed left pinned
		"$PAWLD" --release --pin-dir "$PIN_DIR" --log "$T/release.jsonl" >/dev/null 2>&1
		rm -rf "$PIN_DIR" "$PIN_DIR-new" "$PIN_DIR-other"
	fi
	for command in "${AT_EXIT[@]}"; do
		eval "$command"
	done 2>/dev/null
	show_own_errors
	if [[ -n ${PAWL_TEST_KEEP:-} ]]; then
		echo "# kept $T"
	else
		rm -rf "$T"
	fi
	[[ $FINISHED = 1 ]] || echo "not ok - $SUITE: suite: ended before its last case"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# ---- pawld ----

# write_policy [HOLD-TIMEOUT]: budget of 25 in a window that no test outlives.
write_policy() {
	cat >"$T/pawl.yaml" <<END
version: 1
mode: enforce
hold: {timeout: ${1:-10m}, on_timeout: deny}
builtin_agents: false
agents:${AGENTS:- []}
files:
  budget: {loss: 25, per: 10m}
  do: hold
policies:
  strict: {files: {budget: {loss: 5, per: 10m}, do: hold}}
  brief: {files: {budget: {loss: 25, per: 2s}, do: hold}}
END
}

# Fills PAWLD_ARGS with the paths of this suite's own pawld.
pawld_args() {
	PAWLD_ARGS=(--config "$T/pawl.yaml" --socket "$SOCK" --state-dir "$T/state"
		--log "$T/events.jsonl" --pin-dir "$PIN_DIR")
	mkdir -p "$T/state"
}

pawld_started() {
	gone "$PAWLD_PID" || contains "$T/pawld.err.$PAWLD_N" '^pawld: ready '
}

# start_pawld [OPTION]...: returns when it enforces; false when it does not.
start_pawld() {
	local ready
	pawld_args
	PAWLD_N=$((PAWLD_N + 1))
	"$PAWLD" "${PAWLD_ARGS[@]}" --foreground "$@" </dev/null >"$T/pawld.out.$PAWLD_N" \
		2>"$T/pawld.err.$PAWLD_N" &
	PAWLD_PID=$!
	wait_until $((2 * WAIT_S)) pawld_started
	ready=$(grep -m 1 '^pawld: ready ' "$T/pawld.err.$PAWLD_N") || return 1
	BACKEND=${ready#*backend=}
	BACKEND=${BACKEND%% *}
}

# For a suite that is about something else: no pawld, no suite.
need_pawld() {
	[[ $EUID = 0 ]] || skip_suite 'needs root'
	[[ -x $PAWLD && -x $PAWL ]] || skip_suite "$PAWL and $PAWLD are not built"
	[[ -f $T/pawl.yaml ]] || write_policy
	start_pawld "$@" && return
	case_begin 'pawld starts'
	fail "it ended, or was not ready in $((2 * WAIT_S)) s"
	case_end
	finish
}

# stop_pawld: SIGTERM; PAWLD_STATUS is its exit status.
stop_pawld() {
	PAWLD_STATUS=''
	[[ -n $PAWLD_PID ]] || return 0
	kill -CONT "$PAWLD_PID" 2>/dev/null
	kill -TERM "$PAWLD_PID" 2>/dev/null
	wait_until "$WAIT_S" gone "$PAWLD_PID" || kill -KILL "$PAWLD_PID" 2>/dev/null
	wait "$PAWLD_PID" 2>/dev/null
	PAWLD_STATUS=$?
	PAWLD_PID=''
}

pawl() {
	"$PAWL" --socket "$SOCK" "$@"
}

# Guests are emulated: what is only slow, and shows nothing more about a kernel, is left out there.
short() {
	[[ ${PAWL_TEST_SHORT:-0} = 1 && ${PAWL_TEST_LONG:-0} != 1 ]]
}

# Backends that stop an operation before its effect.
before_effect() {
	[[ $BACKEND = lsm || $BACKEND = fmod_ret ]]
}

# ---- watched runs ----

# fill [N]: N files (10,000 if not said) in $DATA, each with content.
fill() {
	"$TOOLS/files" make "$DATA" "${1:-10000}"
}

left() {
	"$TOOLS/files" count "$DATA"
}

SMALL=300 # files where it is not the number that matters

# A watched rm of so many, held at the budget.
held_rm() {
	fill "$SMALL"
	start_watched -- rm -rf "$DATA"
	wait_hold "$RUN_PID" && LEFT=$(settled left) && expect_eq 'files left' $((SMALL - 25)) "$LEFT"
}

full() {
	"$TOOLS/files" full "$DATA"
}

# start COMMAND...: in the background, output in $T/run.{out,err}.N, pid in RUN_PID.
start() {
	RUN_N=$((RUN_N + 1))
	RUN_STATUS=''
	"$@" </dev/null >"$T/run.out.$RUN_N" 2>"$T/run.err.$RUN_N" &
	RUN_PID=$!
}

# start_watched [OPTION]... -- COMMAND...: the same by `pawl run`.
start_watched() {
	start "$PAWL" --socket "$SOCK" run "$@"
}

run_err() {
	cat "$T/run.err.$RUN_N"
}

# What the command itself said: without pawl's notices.
command_err() {
	grep -v '^pawl: ' "$T/run.err.$RUN_N"
}

# wait_run: RUN_STATUS is the exit status of what `start` started, or "running".
wait_run() {
	RUN_STATUS=running
	wait_until "$WAIT_S" gone "$RUN_PID" || return 1
	wait "$RUN_PID" 2>/dev/null
	RUN_STATUS=$?
}

# json_strings KEY: the values of a string member, one a line; JSON on standard input.
json_strings() {
	grep -oE "\"$1\": ?\"[^\"]*\"" | cut -d '"' -f 4
}

find_hold() {
	local json
	json=$(pawl holds -o json 2>/dev/null)
	if [[ $json != *'"held"'* ]]; then
		[[ -n ${1:-} ]] && gone "$1"
		return
	fi
	HOLD=$(json_strings id <<<"$json" | head -n 1)
	SESSION=$(json_strings session <<<"$json" | head -n 1)
}

# wait_hold [PID]: HOLD and SESSION of an open hold; gives up early when process PID has ended.
wait_hold() {
	HOLD='' SESSION=''
	wait_until "$WAIT_S" find_hold "${1:-}"
	[[ -n $HOLD ]] || find_hold # it may have ended just after the look
	[[ -n $HOLD ]] || {
		fail 'no hold'
		return 1
	}
}

no_holds() {
	[[ $(pawl holds -o json 2>/dev/null) =~ ^\[[[:space:]]*\]$ ]]
}

# Ends whatever session is open, so that the next case starts clean.
kill_sessions() {
	local session
	for session in $(pawl ps -o json 2>/dev/null | json_strings session); do
		pawl kill "$session" >/dev/null 2>&1
	done
	wait_run
	kill_marked
	wait_until "$WAIT_S" no_holds || fail "a hold stays open after the kill: $(pawl holds -o json 2>&1)"
}
