#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Nobody stays frozen and nothing is forgotten: pauses, holds and sessions come to their end also
# where processes, clients or pawld end at an awkward moment, or do not read what they are told.

# shellcheck disable=SC2016,SC2317 # text for other programs; functions called by name
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

wait_and_delete='until [[ -e $1 ]]; do sleep 0.05; done; rm -rf "$2"; :'

# A pawld that blocks must not keep the suite waiting for ever.
pawl() {
	timeout "$WAIT_S" "$PAWL" --socket "$SOCK" "$@"
}

state_of() { # PID
	sed -n 's/^State:\t\(.\).*/\1/p' "/proc/$1/status" 2>/dev/null
}

nobody_stopped() {
	local pid
	for pid in $(marked); do
		[[ $(state_of "$pid") != T ]] || return 1
	done
}

sessions() {
	pawl ps -o json | json_strings session
}

no_sessions() {
	[[ -z $(sessions) ]]
}

session_seen() {
	SESSION=$(sessions | tail -n 1)
	[[ -n $SESSION ]]
}

# Whether pawld answers: it does so from the loop that everything else waits for.
answers() {
	timeout 10 "$PAWL" --socket "$SOCK" ps >/dev/null && return
	fail 'pawld does not answer'
	return 1
}

# fresh N: N files, and none that an earlier case left.
fresh() {
	rm -rf "$DATA"
	fill "$1"
}

held_at() { # FILES-LEFT
	expect_eq 'files left' "$1" "$(settled left)"
}

approved() {
	pawl approve "$HOLD" --for 10m >/dev/null || fail 'pawl approve failed'
	wait_until "$WAIT_S" all_deleted || fail "$(left) files left after approve"
}

all_deleted() {
	[[ $(left) = 0 ]]
}

LINES_BEFORE=0

output_lines() {
	[[ -e $T/run.out.$RUN_N ]] || : >>"$T/run.out.$RUN_N" # its shell may not have come so far
	wc -l <"$T/run.out.$RUN_N"
}

more_output() {
	(($(output_lines) > LINES_BEFORE))
}

# A tree of three that says something all the time.
start_talking() {
	start_watched -- bash -c 'bash -c "while :; do echo; sleep 0.02; done"; :'
	LINES_BEFORE=0
	wait_until "$WAIT_S" more_output || fail 'the command does not run'
	session_seen || fail 'no session'
}

paused_sigterm_case() {
	case_begin 'SIGTERM while a session is paused: it runs again'
	start_talking
	pawl pause "$SESSION" >/dev/null || fail 'pawl pause failed'
	LINES_BEFORE=$(settled output_lines)
	stop_pawld
	expect_eq 'exit status of pawld' 0 "$PAWLD_STATUS"
	wait_until "$WAIT_S" more_output || fail 'no output after pawld has ended'
	wait_until "$WAIT_S" nobody_stopped || fail 'a process stays stopped'
	kill_marked
	case_end
	need_pawld
}

# One session's denial keeps pawld for up to 5 s, in which another one trips.
late_trip_case() {
	local late=$T/late late_pid
	case_begin 'a session that trips while pawld shuts down does not stay stopped'
	fresh "$SMALL"
	"$TOOLS/files" make "$late" "$SMALL"
	"$PAWL" --socket "$SOCK" run -- bash -c "$wait_and_delete" - "$T/go.late" "$late" </dev/null \
		>/dev/null 2>&1 &
	late_pid=$!
	start_watched -- bash -c 'rm -rf "$1"; sleep 600' - "$DATA"
	wait_hold "$RUN_PID"
	kill -TERM "$PAWLD_PID"
	wait_until "$WAIT_S" contains "$T/run.err.$RUN_N" 'Operation not permitted' ||
		fail 'the first one is not denied'
	gone "$PAWLD_PID" && fail 'pawld has ended already: nothing is shown'
	touch "$T/go.late"
	stop_pawld
	expect_eq 'exit status of pawld' 0 "$PAWLD_STATUS"
	wait_until "$WAIT_S" gone "$late_pid" || fail 'the late session does not end'
	wait_until "$WAIT_S" nobody_stopped || fail 'a process stays stopped'
	kill_marked
	rm -rf "$late"
	case_end
	need_pawld
}

child_is_zombie() {
	local child
	read -r child _ <"/proc/$1/task/$1/children"
	[[ -n $child && $(state_of "$child") = Z ]]
}

zombie_case() {
	local root
	case_begin 'attached with a child that has ended: the session ends with its processes'
	bash -c 'sleep 0.2 & exec sleep 600' &
	root=$!
	wait_until "$WAIT_S" child_is_zombie "$root" || fail 'no zombie'
	pawl attach "$root" >/dev/null || fail 'pawl attach failed'
	kill -KILL "$root"
	wait "$root" 2>/dev/null
	wait_until 10 no_sessions || fail "still there: $(pawl ps -o json)"
	kill_sessions
	case_end
}

leaderless_case() { # approve|kill
	case_begin "a process whose main thread has ended is held once and stays so; $1"
	fresh "$SMALL"
	start_watched -- "$TOOLS/delthreads" --leader-exits 1 "$DATA"
	if wait_hold "$RUN_PID"; then
		held_at $((SMALL - 25))
		sleep 2 # longer than pawld takes to look over all holds
		expect_eq 'holds of the session' 1 \
			"$(pawl holds --all -o json | json_strings session | grep -cx "$SESSION")"
		expect_eq 'files left, later' $((SMALL - 25)) "$(left)"
		if [[ $1 = approve ]]; then
			approved
			wait_run
			expect_eq 'exit status' 0 "$RUN_STATUS"
		else
			pawl kill "$SESSION" >/dev/null || fail 'pawl kill failed'
			wait_run
			expect_eq 'exit status' 137 "$RUN_STATUS"
			expect_eq 'files left after kill' $((SMALL - 25)) "$(left)"
		fi
	fi
	kill_sessions
	case_end
}

detached_run_case() {
	case_begin 'pawl run in a detached tree is watched again'
	fresh "$SMALL"
	start bash -c 'until [[ -e $1 ]]; do sleep 0.05; done; shift; "$@"' - "$T/go.again" \
		"$PAWL" --socket "$SOCK" run --agent again -- rm -rf "$DATA"
	pawl attach "$RUN_PID" >/dev/null || fail 'pawl attach failed'
	session_seen || fail 'no session'
	pawl detach "$SESSION" >/dev/null || fail 'pawl detach failed'
	touch "$T/go.again"
	if wait_hold "$RUN_PID"; then
		held_at $((SMALL - 25))
		expect_eq 'agent' again "$(pawl holds -o json | json_strings agent)"
	fi
	kill_sessions
	case_end
}

# Below the budget, so that whoever stands still does so because of the pauses.
pause_case() {
	local round
	case_begin 'paused and resumed again and again while it deletes: nobody stays stopped'
	fresh 24
	start_watched -- bash -c 'bash -c "for f in \"\$1\"/*; do rm \"\$f\"; sleep 0.05; done" - "$1"' \
		- "$DATA"
	wait_until "$WAIT_S" session_seen || fail 'no session'
	for round in 1 2 3 4; do
		pawl pause "$SESSION" >/dev/null || fail "pawl pause failed, round $round"
		expect_eq "files left while paused, round $round" "$(settled left)" "$(left)"
		pawl resume "$SESSION" >/dev/null || fail "pawl resume failed, round $round"
	done
	wait_until "$WAIT_S" all_deleted || fail "$(left) files left"
	wait_run
	expect_eq 'exit status' 0 "$RUN_STATUS"
	no_holds || fail 'held'
	kill_sessions
	case_end
}

lost_client_case() {
	case_begin 'kill -9 of the pawl run client: the tree stays watched, its hold can be decided'
	fresh "$SMALL"
	start_watched -- bash -c "$wait_and_delete" - "$T/go.lost" "$DATA"
	wait_until "$WAIT_S" session_seen || fail 'no session'
	kill -KILL "$RUN_PID"
	wait "$RUN_PID" 2>/dev/null
	touch "$T/go.lost"
	if wait_hold; then
		held_at $((SMALL - 25))
		approved
	fi
	kill_sessions
	case_end
}

# deleting NAME COMMAND...: what the command starts, which deletes $DATA with a standard error of
# its own, is held, and pawld goes on.
deleting() {
	case_begin "notice: standard error is $1"
	shift
	fresh 40
	"$@"
	wait_hold "$RUN_PID" && answers && held_at 15
}

end_deleting() {
	kill_sessions
	case_end
}

# told NAME COMMAND...: the same, and the notice comes out at $T/told, once. Who reads it there must
# not be of the tree: with the tracepoint backend all of a held tree stops.
told() {
	: >"$T/told"
	deleting "$@"
	wait_until "$WAIT_S" contains "$T/told" "^pawl: held $HOLD: .*$DATA" || fail 'no notice'
	expect_one_line 'notice' "$T/told"
	end_deleting
}

told_cases() {
	local delete='exec rm -rf "$1"'
	told 'a file' start_watched -- bash -c "$delete"' 2>>"$2"' - "$DATA" "$T/told"
	mkfifo "$T/pipe"
	cat "$T/pipe" >>"$T/told" &
	told 'a pipe' start_watched -- bash -c "$delete"' 2>"$2"' - "$DATA" "$T/pipe"
	# that of `pawl run` is another one, or it would be the one to say it
	told 'a socket' start bash -c 'exec "$1" stderr bash -c '\''exec "$@" 3>&2 2>/dev/null'\'' - \
		"$2" --socket "$3" run -- bash -c "exec rm -rf \"\$1\" 2>&3" - "$4" >>"$5"' - \
		"$TOOLS/peer" "$PAWL" "$SOCK" "$DATA" "$T/told"
}

fill_pipe() { # PIPE
	dd if=/dev/zero of="$1" bs=4096 oflag=nonblock 2>/dev/null
}

empty_pipe() { # PIPE
	dd if="$1" bs=65536 iflag=nonblock 2>/dev/null
}

# Where a line cannot go, or must not.
untold_cases() {
	local delete='exec rm -rf "$1"' pipe
	deleting 'closed' start_watched -- bash -c "$delete"' 2>&-' - "$DATA"
	end_deleting
	deleting '/dev/null' start_watched -- bash -c "$delete"' 2>/dev/null' - "$DATA"
	end_deleting

	echo precious >"$T/precious"
	deleting 'a file open for reading' start_watched -- bash -c "$delete"' 2<"$2"' - "$DATA" \
		"$T/precious"
	expect_eq 'content of the file' precious "$(cat "$T/precious")"
	end_deleting

	mkfifo "$T/full"
	exec {pipe}<>"$T/full"
	fill_pipe "$T/full"
	deleting 'a full pipe' start_watched -- bash -c "$delete"' 2>"$2"' - "$DATA" "$T/full"
	expect_eq 'text in the pipe' '' "$(empty_pipe "$T/full" | tr -d '\0')"
	end_deleting
	exec {pipe}<&-
}

pawld_into_pipe() {
	exec "$BUILD/pawld" "$@" >"$T/log"
}

full_log_case() {
	local pipe
	case_begin '--log - into a full pipe: pawld answers, and holds'
	stop_pawld
	mkfifo "$T/log"
	exec {pipe}<>"$T/log"
	# shellcheck disable=SC2034 # for start_pawld
	PAWLD=pawld_into_pipe
	start_pawld --log - || fail 'it does not start'
	fill_pipe "$T/log"
	fresh "$SMALL"
	start_watched -- rm -rf "$DATA"
	if answers; then
		wait_hold "$RUN_PID" && held_at $((SMALL - 25))
		answers && kill_sessions
	fi
	stop_pawld
	expect_eq 'exit status of pawld' 0 "$PAWLD_STATUS"
	exec {pipe}<&-
	case_end
}

need_pawld
paused_sigterm_case
late_trip_case
zombie_case
leaderless_case approve
leaderless_case kill
detached_run_case
pause_case
lost_client_case
told_cases
untold_cases
full_log_case
finish
