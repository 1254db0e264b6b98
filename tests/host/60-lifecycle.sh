#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# pawld's own life: it ends while something is held, it is started twice, reloaded, told only to
# observe, started again; and what a watched tree may not ask of it.

# shellcheck disable=SC2016,SC2317 # text for other programs; functions called by name
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

# Of the tree, nobody may be in state T for ever.
nobody_stopped() {
	local pid
	for pid in $(marked); do
		grep -q '^State:.T' "/proc/$pid/status" 2>/dev/null && return 1
	done
	return 0
}

sigterm_case() {
	case_begin 'SIGTERM while something is held: nobody stays frozen, and nothing more is lost'
	held_rm
	stop_pawld
	expect_eq 'exit status of pawld' 0 "$PAWLD_STATUS"
	wait_run
	expect_match 'exit status' '^[1-9][0-9]*$' "$RUN_STATUS"
	expect_match 'error' 'Operation not permitted' "$(command_err)"
	wait_until "$WAIT_S" nobody_stopped || fail 'a process stays stopped'
	expect_eq 'files left' "$LEFT" "$(left)"
	expect_eq 'socket' gone "$([[ -e $SOCK ]] && echo there || echo gone)"
	expect_eq 'pins' gone "$([[ -e $PIN_DIR ]] && echo there || echo gone)"
	kill_marked
	case_end
}

restart_case() {
	case_begin 'started again on the same paths'
	start_pawld || fail 'it does not start'
	held_rm && expect_match 'hold' '^h[0-9]+$' "$HOLD"
	kill_sessions
	case_end
}

# A daemon that dies without a word must leave paths that the next one can take.
crash_case() {
	case_begin 'started again after SIGKILL'
	kill -KILL "$PAWLD_PID"
	wait "$PAWLD_PID" 2>/dev/null
	start_pawld || fail 'it does not start'
	held_rm
	kill_sessions
	case_end
}

second_case() {
	case_begin 'a second pawld on the same paths refuses, and the first goes on'
	pawld_args
	timeout "$WAIT_S" "$PAWLD" "${PAWLD_ARGS[@]}" --foreground >"$T/second.out" 2>"$T/second.err"
	expect_eq 'exit status' 1 $?
	expect_one_line 'standard error' "$T/second.err"
	expect_match 'standard error' '^pawld: ' "$(cat "$T/second.err")"
	held_rm
	kill_sessions
	case_end
}

# check NAME STATUS REGEX <POLICY
check_config() {
	case_begin "--check: $1"
	cat >"$T/check.yaml"
	timeout "$WAIT_S" "$PAWLD" --check --config "$T/check.yaml" >"$T/check.out" 2>&1
	expect_eq 'exit status' "$2" $?
	expect_match 'output' "$3" "$(cat "$T/check.out")"
	if [[ $2 != 0 ]]; then
		contains "$T/check.out" '^ *\^' || fail 'no caret'
		contains "$T/check.out" "^$T/check.yaml:[0-9]+:[0-9]+: " || fail 'no file:line:column'
	fi
	case_end
}

check_cases() {
	check_config 'a good file' 0 '' <"$T/pawl.yaml"
	check_config 'an unknown key' 1 ':2:1: .*budgt' <<-'END'
		version: 1
		budgt: 3
	END
	check_config 'a wrong type' 1 ':3:' <<-'END'
		version: 1
		files:
		  budget: {loss: many, per: 60s}
	END
	check_config 'a key twice' 1 ':3:' <<-'END'
		version: 1
		mode: enforce
		mode: observe
	END
	check_config 'no YAML at all' 1 ':[0-9]+:' <<-'END'
		version: 1
		files: [
	END
}

broken_start_case() {
	case_begin 'refuses to start on a broken file'
	printf 'version: 1\nmode: perhaps\n' >"$T/broken.yaml"
	timeout "$WAIT_S" "$PAWLD" --foreground --config "$T/broken.yaml" --socket "$T/broken.sock" \
		--state-dir "$T" --log "$T/broken.jsonl" --pin-dir "$PIN_DIR-broken" \
		>"$T/broken.out" 2>"$T/broken.err"
	expect_eq 'exit status' 1 $?
	contains "$T/broken.err" "^$T/broken.yaml:2:7: " || fail "says: $(head -c 300 "$T/broken.err")"
	contains "$T/broken.err" '^pawld: ready' && fail 'it said that it is ready'
	case_end
}

policy_loss() { # N
	pawl policy show 2>/dev/null | grep -A 1 '^files:' | grep -q "loss: $1,"
}

said_again() { # LINES-BEFORE REGEX
	tail -n "+$(($1 + 1))" "$T/pawld.err.$PAWLD_N" | grep -qE "$2"
}

reload_cases() {
	local before
	case_begin 'SIGHUP with a broken file keeps the old policy and says so'
	policy_loss 25 || fail 'policy show does not show the budget of 25'
	before=$(wc -l <"$T/pawld.err.$PAWLD_N")
	sed -i 's/^mode: enforce/mode: perhaps/' "$T/pawl.yaml"
	kill -HUP "$PAWLD_PID"
	wait_until "$WAIT_S" said_again "$before" "$T/pawl.yaml:2:7: " || fail 'it does not say where'
	policy_loss 25 || fail 'the budget is no longer 25'
	held_rm
	kill_sessions
	case_end

	case_begin 'SIGHUP with a good file takes it'
	write_policy
	sed -i 's/^  budget: {loss: 25/  budget: {loss: 7/' "$T/pawl.yaml"
	kill -HUP "$PAWLD_PID"
	wait_until "$WAIT_S" policy_loss 7 || fail 'policy show does not show the new budget'
	fill "$SMALL"
	start_watched -- rm -rf "$DATA"
	wait_hold "$RUN_PID" && expect_eq 'files left' $((SMALL - 7)) "$(settled left)"
	kill_sessions
	write_policy
	kill -HUP "$PAWLD_PID"
	wait_until "$WAIT_S" policy_loss 25 || fail 'the budget does not come back to 25'
	case_end
}

# inside NAME COMMAND...: a client in a watched tree, root or not, may not.
inside() {
	local name=$1
	shift
	case_begin "refused from inside a watched tree: $name"
	"$PAWL" --socket "$SOCK" run -- "$PAWL" --socket "$SOCK" "$@" </dev/null >"$T/inside.out" \
		2>"$T/inside.err"
	expect_eq 'exit status' 5 $?
	expect_one_line 'standard error' "$T/inside.err"
	find_hold
	expect_eq 'hold' "$FIRST_HOLD" "$HOLD"
	expect_eq 'files left' "$LEFT" "$(left)"
	case_end
}

inside_cases() {
	case_begin 'a hold to be tampered with'
	held_rm
	FIRST_HOLD=$HOLD
	FIRST_SESSION=$SESSION
	case_end
	inside approve approve "$FIRST_HOLD"
	inside deny deny "$FIRST_HOLD"
	inside resume resume "$FIRST_SESSION"
	inside detach detach "$FIRST_SESSION"
	case_begin 'a stray SIGCONT gains nothing'
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		kill -CONT "$(pawl holds -o json | grep -oE '"pid": ?[0-9]+' | grep -oE '[0-9]+')"
		sleep 0.05
	done
	if before_effect; then
		expect_eq 'files left' "$LEFT" "$(settled left)"
	else # what a stopped task does next runs to its end, a system call for each SIGCONT
		expect_range 'files left' $((LEFT - 10)) "$LEFT" "$(settled left)"
	fi
	kill_sessions
	case_end
}

observe_case() { # OPTION...
	case_begin "$*: nothing is stopped, and the log says what would have been"
	stop_pawld
	rm -f "$T/events.jsonl"
	start_pawld "$@" || fail 'it does not start'
	fill "$SMALL"
	start_watched -- rm -rf "$DATA"
	wait_run
	expect_eq 'exit status' 0 "$RUN_STATUS"
	expect_eq 'files left' 0 "$(left)"
	no_holds || fail 'held'
	wait_until "$WAIT_S" contains "$T/events.jsonl" budget.exceeded || fail 'the log does not say so'
	expect_match 'doctor' '"enforcing": ?false' "$(pawl doctor -o json)"
	case_end
}

pause_case() {
	case_begin 'pause stops a session, resume lets it go on'
	start_watched -- bash -c 'while :; do echo; sleep 0.02; done'
	wait_until "$WAIT_S" session_seen || fail 'no session'
	pawl pause "$SESSION" >/dev/null || fail 'pawl pause failed'
	expect_eq 'output while paused' "$(settled output_lines)" "$(settled output_lines)"
	LINES_BEFORE=$(output_lines)
	pawl resume "$SESSION" >/dev/null || fail 'pawl resume failed'
	wait_until "$WAIT_S" more_output || fail 'no output after resume'
	kill_sessions
	case_end
}

session_seen() {
	SESSION=$(pawl ps -o json | json_strings session | head -n 1)
	[[ -n $SESSION ]]
}

output_lines() {
	wc -l <"$T/run.out.$RUN_N"
}

more_output() {
	(($(output_lines) > LINES_BEFORE))
}

need_pawld
sigterm_case
restart_case
second_case
inside_cases
reload_cases
if ! short; then
	crash_case
	pause_case
	check_cases
	broken_start_case
fi
observe_case --mode observe
short || observe_case --dry-run
finish
