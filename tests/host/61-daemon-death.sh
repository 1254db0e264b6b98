#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# pawld is killed, or replaced, at every moment: no file is lost past the budget, nobody stays
# frozen, holds are there again, and nothing is left in the kernel at the end.

# shellcheck disable=SC2016,SC2034,SC2317 # text for other programs; functions called by name
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

BUDGET=25
LEASE=3
[[ ${PAWL_TEST_SHORT:-0} != 1 ]] || LEASE=15 # guests are slow
LOOPS=6 FEW=4
! short || LOOPS=3 FEW=2
[[ ${PAWL_TEST_LONG:-0} != 1 ]] || LOOPS=200 FEW=50
LOOPS=${PAWL_TEST_LOOPS:-$LOOPS}

crash_pawld() {
	kill -KILL "$PAWLD_PID" 2>/dev/null
	wait "$PAWLD_PID" 2>/dev/null
	PAWLD_PID=''
}

# Whether a process, or a thread of it, is stopped.
is_stopped() {
	grep -q '^State:.T' "/proc/$1/task/"*/status 2>/dev/null
}

any_stopped() {
	local pid
	for pid in $(marked); do
		! is_stopped "$pid" || return 0
	done
	return 1
}

nobody_stopped() {
	! any_stopped
}

no_keepers() {
	local pid
	for pid in $(env -u PAWL_TEST_MARK grep -lzxF "PAWL_TEST_MARK=$MARK" /proc/[0-9]*/environ \
		2>/dev/null | cut -d / -f 3); do
		[[ $(cat "/proc/$pid/comm" 2>/dev/null) != pawld-keeper ]] || return 1
	done
}

# What is pinned now; all of it must be gone at the end.
declare -A IDS=()
note_ids() {
	local kind id
	"$TOOLS/pins" ids "$PIN_DIR" >"$T/ids"
	while read -r kind id; do
		IDS["$kind $id"]=1
	done <"$T/ids"
}

# Each session starts clean.
end_case() {
	kill_sessions
	case_end
}

survives_case() {
	local hold
	case_begin 'a hold survives SIGKILL of pawld: it is there before, in between, and after'
	held_rm
	hold=$HOLD
	crash_pawld
	sleep 0.5
	any_stopped || fail 'nothing is stopped in between'
	expect_eq 'files left in between' "$LEFT" "$(left)"
	start_pawld || fail 'it does not start'
	wait_hold "$RUN_PID" && expect_eq 'number of the hold' "$hold" "$HOLD"
	expect_eq 'files left after' "$LEFT" "$(left)"
	pawl approve "$HOLD" >/dev/null || fail 'approve fails'
	wait_until "$WAIT_S" next_hold "$hold" || fail 'no second hold'
	expect_eq 'files left after a fresh budget' $((LEFT - $(approved))) "$(settled left)"
	expect_match 'agent' '"agent": ?"run"' "$(pawl ps -o json)"
	end_case
}

# What an approval lets pass: a fresh budget, and what was held, where that has yet to happen.
approved() {
	if before_effect; then echo $((BUDGET + 1)); else echo "$BUDGET"; fi
}

next_hold() { # OLD
	HOLD=''
	find_hold
	[[ -n $HOLD && $HOLD != "$1" ]]
}

# What is attached only when it is needed is pinned like all else; so is what a later pawld attaches.
hook_case() {
	case_begin 'what comes before punching stays attached without pawld'
	fill
	cat >"$T/ring.py" <<-'END'
		import ctypes, subprocess, sys, time
		def wait_for(word):
		    while open(sys.argv[1]).read() != word:
		        time.sleep(0.05)
		wait_for("ring")
		ctypes.CDLL(None).syscall(425, 1, ctypes.create_string_buffer(120))
		open(sys.argv[1] + ".made", "x").close()
		wait_for("go")
		sys.exit(subprocess.run(sys.argv[2:]).returncode)
	END
	echo >"$T/ring"
	start_watched -- "$PYTHON" "$T/ring.py" "$T/ring" "$TOOLS/overwrite" punch "$DATA"
	wait_until "$WAIT_S" session_seen || fail 'no session'
	crash_pawld
	start_pawld || fail 'it does not start'
	echo -n ring >"$T/ring"
	wait_until "$WAIT_S" exists "$T/ring.made" || fail 'no io_uring is made'
	note_ids
	crash_pawld
	echo -n go >"$T/ring"
	wait_until "$WAIT_S" any_stopped || fail 'nothing stops'
	expect_eq 'left without pawld' 9975 "$(settled full)"
	start_pawld || fail 'it does not start again'
	wait_hold "$RUN_PID" || fail 'no hold'
	expect_eq 'left' 9975 "$(full)"
	expect_match 'operation' fallocate "$(pawl show "$HOLD" -o json)"
	rm -rf "$DATA"
	end_case
}

# One process after the other punches, and nobody is there to attach it.
unhooked_case() {
	case_begin 'punching, one process after the other, with pawld gone: the tree is ended soon'
	fill "$SMALL"
	start_watched -- bash -c 'until [[ -e $1 ]]; do sleep 0.02; done
		for file in "$2"/*; do fallocate -p -l 4096 "$file" & done; wait' - "$T/go" "$DATA"
	wait_until "$WAIT_S" session_seen || fail 'no session'
	crash_pawld
	touch "$T/go"
	wait_until "$WAIT_S" any_stopped || fail 'nothing stops'
	expect_range 'left without pawld' $((SMALL - BUDGET - 9)) "$SMALL" "$(settled full)"
	start_pawld || fail 'it does not start again'
	rm -f "$T/go"
	end_case
}

gap_case() {
	case_begin 'the budget holds while there is no pawld at all, and is taken over'
	fill "$SMALL"
	start_watched -- bash -c "until [[ -e $T/go ]]; do sleep 0.02; done; rm -rf $DATA"
	wait_until "$WAIT_S" session_seen || fail 'no session'
	crash_pawld
	touch "$T/go"
	wait_until "$WAIT_S" any_stopped || fail 'nothing is stopped'
	expect_eq 'files left' $((SMALL - BUDGET)) "$(settled left)"
	start_pawld || fail 'it does not start'
	wait_hold "$RUN_PID"
	pawl deny "$HOLD" >/dev/null || fail 'deny fails'
	wait_run
	expect_match 'error' 'Operation not permitted' "$(command_err)"
	expect_eq 'files left after the denial' $((SMALL - BUDGET)) "$(left)"
	rm -f "$T/go"
	end_case
}

session_seen() {
	SESSION=$(pawl ps -o json 2>/dev/null | json_strings session | head -n 1)
	[[ -n $SESSION ]]
}

sessions_are() { # N
	[[ $(pawl ps -o json 2>/dev/null | json_strings session | wc -l) = "$1" ]]
}

# A number of milliseconds up to $1, as sleep takes it.
moment() {
	printf '0.%03d' $((RANDOM % $1))
}

held_again() {
	find_hold
	[[ -n $HOLD ]] && any_stopped
}

# Held with one of the counts that the budget allows; any other is a file too many.
expect_held_at() { # ROUND COUNT...
	local round=$1 count
	shift
	wait_until "$WAIT_S" held_again || fail "round $round: not held after the restart"
	count=$(settled left)
	[[ " $* " = *" $count "* ]] || fail "round $round: $count files left, not one of: $*"
}

approve_loop() {
	local i carried=0
	case_begin "SIGKILL in the middle of an approval, $FEW times"
	for ((i = 1; i <= FEW && ${#CASE_REASON} == 0; i++)); do
		held_rm || break
		pawl approve "$HOLD" >/dev/null 2>&1 &
		sleep "$(moment 5)"
		crash_pawld
		wait $! 2>/dev/null
		start_pawld || fail "round $i: it does not start"
		expect_held_at "$i" $((SMALL - BUDGET)) $((SMALL - BUDGET - $(approved)))
		[[ $(left) = $((SMALL - BUDGET)) ]] || carried=$((carried + 1))
		kill_sessions
	done
	echo "# approvals carried out: $carried of $FEW"
	case_end
}

ended_or_held() {
	gone "$RUN_PID" || held_again
}

# Whoever was denied does not lose a file more, though its pawld is gone.
deny_loop() {
	local i
	case_begin "SIGKILL in the middle of a denial, $FEW times"
	for ((i = 1; i <= FEW && ${#CASE_REASON} == 0; i++)); do
		held_rm || break
		pawl deny "$HOLD" >/dev/null 2>&1 &
		sleep "$(moment 5)"
		crash_pawld
		wait $! 2>/dev/null
		start_pawld || fail "round $i: it does not start"
		HOLD=''
		wait_until "$WAIT_S" ended_or_held || fail "round $i: it neither ends nor is held"
		[[ -z $HOLD ]] || pawl deny "$HOLD" >/dev/null 2>&1
		wait_run || fail "round $i: it does not end"
		expect_eq "round $i: files left" $((SMALL - BUDGET)) "$(settled left)"
		kill_sessions
	done
	case_end
}

reload_loop() {
	local i
	case_begin "SIGKILL in the middle of a reload while files are deleted, $FEW times"
	for ((i = 1; i <= FEW && ${#CASE_REASON} == 0; i++)); do
		fill "$SMALL"
		start_watched -- rm -rf "$DATA"
		sleep "$(moment 15)"
		kill -HUP "$PAWLD_PID"
		sleep "$(moment 8)"
		crash_pawld
		start_pawld || fail "round $i: it does not start"
		# the command is started by a client that may have lost pawld before it was watched
		if gone "$RUN_PID" && [[ $(left) = "$SMALL" ]]; then
			continue
		fi
		expect_held_at "$i" $((SMALL - BUDGET))
		kill_sessions
	done
	case_end
}

# Deletes as fast as it can, from the moment on at which $T/go is there.
gated_rm() {
	rm -f "$T/go"
	start_watched -- bash -c "until [[ -e $T/go ]]; do sleep 0.01; done; exec rm -rf $DATA"
	wait_until "$WAIT_S" session_seen
}

# One round: alone, its keeper alone, or both at once; then the same while an approval is
# carried out, every other time.
crash_round() { # ROUND
	local keeper old
	fill "$SMALL"
	gated_rm || fail "round $1: no session"
	keeper=$(pgrep -P "$PAWLD_PID" -x pawld-keeper)
	touch "$T/go"
	sleep "$(moment 12)"
	[[ $(($1 % 4)) = 0 && -n $keeper ]] && kill -KILL "$keeper"
	crash_pawld
	start_pawld || fail "round $1: it does not start"
	note_ids
	expect_held_at "$1" $((SMALL - BUDGET))
	[[ $(($1 % 2)) = 0 && -z $CASE_REASON ]] || return
	old=$HOLD
	pawl approve "$HOLD" >/dev/null || fail "round $1: approve fails"
	sleep "$(moment 12)"
	crash_pawld
	start_pawld || fail "round $1: it does not start again"
	wait_until "$WAIT_S" next_hold "$old" || fail "round $1: no second hold"
	expect_held_at "$1, second" $((SMALL - BUDGET - $(approved)))
}

crash_loop() {
	local i before
	case_begin "SIGKILL at any moment of an rm -rf, $LOOPS times: never a file past the budget"
	before=$("$TOOLS/pins" count "$PIN_DIR/places")
	for ((i = 1; i <= LOOPS && ${#CASE_REASON} == 0; i++)); do
		crash_round "$i"
		kill_sessions
		((i % 20)) || echo "# $i of $LOOPS rounds, $PAWLD_N pawlds so far"
	done
	echo "# rounds: $((i - 1)); maps and programs pinned in all of them: ${#IDS[@]}"
	expect_eq 'places known to the kernel' "$before" "$("$TOOLS/pins" count "$PIN_DIR/places")"
	case_end
}

keeper_there() {
	! no_keepers
}

# A pawld that does not come to its feet changes nothing: not what is enforced, nor who lets go.
failed_start_case() {
	local round
	case_begin 'a start that fails, or is killed on its way, lifts nothing and leaves a keeper'
	held_rm
	crash_pawld
	start_pawld --log "$T/pawl.yaml/none" && fail 'it starts without a log'
	start_pawld --socket "$T/pawl.yaml/none" && fail 'it starts without a socket'
	for round in 1 2 3 4 5 6; do
		pawld_args
		"$PAWLD" "${PAWLD_ARGS[@]}" --lease 300 >/dev/null 2>&1 &
		PAWLD_PID=$!
		sleep "0.$((RANDOM % 6))$round"
		crash_pawld
		keeper_there || fail "killed after the start of round $round: no keeper is left"
	done
	any_stopped || fail 'nothing is stopped any more'
	expect_eq 'files left' "$LEFT" "$(settled left)"
	"$TOOLS/pins" set "$PIN_DIR/shared" 2 1 || fail 'the lease cannot be ended'
	wait_until "$WAIT_S" nobody_stopped || fail 'a process stays stopped after the lease'
	expect_eq 'files left after the lease' "$LEFT" "$(settled left)"
	start_pawld --lease 300 || fail 'it does not start'
	end_case
}

# Runs one by one, so that it is still at it when pawld is replaced.
slow_deleter() {
	start_watched -- bash -c "for f in $DATA/*; do rm \$f; sleep 0.02; done"
}

upgrade_case() {
	local n
	case_begin 'replaced in place while files are deleted: the budget is neither more nor less'
	cp "$PAWLD" "$T/pawld.next" || fail 'no copy'
	fill "$SMALL"
	slow_deleter
	wait_until "$WAIT_S" session_seen || fail 'no session'
	for n in 1 2 3; do
		sleep "$(moment 100)"
		kill -USR1 "$PAWLD_PID"
		wait "$PAWLD_PID"
		expect_eq 'exit status of the one that leaves' 0 $?
		PAWLD_PID=''
		PAWLD=$T/pawld.next start_pawld || fail "it does not start, $n"
	done
	wait_hold "$RUN_PID"
	expect_eq 'files left' $((SMALL - BUDGET)) "$(settled left)"
	expect_match 'says' 'sessions taken over from generation' "$(cat "$T/pawld.err.$PAWLD_N")"
	end_case
}

pause_case() {
	case_begin 'a paused session is paused after the restart, and can be resumed'
	start_watched -- bash -c 'while :; do echo; sleep 0.02; done'
	wait_until "$WAIT_S" session_seen || fail 'no session'
	pawl pause "$SESSION" >/dev/null || fail 'pause fails'
	crash_pawld
	start_pawld || fail 'it does not start'
	expect_match 'state' '"state": ?"paused"' "$(pawl ps -o json)"
	any_stopped || fail 'nothing is stopped'
	pawl resume "$SESSION" >/dev/null || fail 'resume fails'
	wait_until "$WAIT_S" nobody_stopped || fail 'it stays stopped'
	end_case
}

keeper_case() {
	local keeper
	case_begin 'a keeper that is killed is started again'
	keeper=$(pgrep -P "$PAWLD_PID" -x pawld-keeper)
	kill -KILL "$keeper" || fail 'there is none'
	wait_until "$WAIT_S" another_keeper "$keeper" || fail 'no other one'
	case_end
}

another_keeper() {
	local now
	now=$(pgrep -P "$PAWLD_PID" -x pawld-keeper)
	[[ -n $now && $now != "$1" ]]
}

# Past the lease nobody would answer: what is stopped goes on, or ends where it cannot be refused.
lease_deny_case() {
	case_begin 'no pawld comes back, on_daemon_loss: deny: nobody stays frozen, nothing more is lost'
	held_rm
	gated_rm
	wait_until "$WAIT_S" sessions_are 2 || fail 'no second session'
	crash_pawld
	sleep 1
	any_stopped || fail 'let go before the end of the lease'
	wait_until $((LEASE + WAIT_S)) nobody_stopped || fail 'a process stays stopped'
	expect_eq 'files left' "$LEFT" "$(settled left)"
	RUN_N=$((RUN_N - 1)) # what the held one said
	if before_effect; then
		expect_match 'error' 'Operation not permitted' "$(command_err)"
	fi
	RUN_N=$((RUN_N + 1))
	touch "$T/go"
	wait_run
	# a session of its own, with a budget of its own, of which no more is lost than that
	expect_eq 'files left after another session' $((LEFT - BUDGET)) "$(left)"
	expect_ne 'its exit status' 0 "$RUN_STATUS"
	nobody_stopped || fail 'a process is stopped after the lease'
	wait_until "$WAIT_S" no_keepers || fail 'the keeper stays'
	start_pawld --lease "$LEASE" || fail 'it does not start'
	held_rm
	end_case
}

lease_allow_case() {
	case_begin 'no pawld comes back, on_daemon_loss: allow: what was held goes on'
	echo 'on_daemon_loss: allow' >>"$T/pawl.yaml"
	kill -HUP "$PAWLD_PID"
	wait_until "$WAIT_S" loss_is allow || fail 'the policy is not taken'
	held_rm
	crash_pawld
	wait_run
	expect_eq 'exit status' 0 "$RUN_STATUS"
	expect_eq 'files left' 0 "$(left)"
	write_policy
	start_pawld --lease "$LEASE" || fail 'it does not start'
	end_case
}

loss_is() {
	pawl policy show 2>/dev/null | grep -q "^on_daemon_loss: $1"
}

version_case() {
	case_begin 'pins of another version: its processes are watched anew, and none stays frozen'
	stop_pawld
	start_pawld --lease 300 || fail 'it does not start' # the next one gets no time beyond it
	held_rm
	crash_pawld
	"$TOOLS/pins" set "$PIN_DIR/shared" 0 99 || fail 'the pinned map cannot be changed'
	start_pawld || fail 'it does not start'
	expect_match 'says' 'another version \(ABI 99' "$(cat "$T/pawld.err.$PAWLD_N")"
	wait_hold "$RUN_PID"
	expect_eq 'files left' $((LEFT - BUDGET)) "$(settled left)"
	expect_match 'agent' '"agent": ?"adopted"' "$(pawl ps -o json)"
	expect_match 'doctor' 'another version' "$(pawl doctor)"
	contains "$T/events.jsonl" 'daemon.adopt' || fail 'the log does not say so'
	end_case
}

# What was spent under the other version is not known to ours: the budget is a fresh one.
version_running_case() {
	case_begin 'pins of another version, while files are deleted: one fresh budget, and no more'
	fill "$SMALL"
	slow_deleter
	wait_until "$WAIT_S" some_gone || fail 'nothing is deleted'
	crash_pawld
	"$TOOLS/pins" set "$PIN_DIR/shared" 0 1 || fail 'the pinned map cannot be changed'
	start_pawld || fail 'it does not start'
	wait_hold
	expect_range 'files left' $((SMALL - 2 * BUDGET)) $((SMALL - BUDGET)) "$(settled left)"
	[[ ! -e $PIN_DIR-new ]] || fail 'old pins are left'
	end_case
}

some_gone() {
	(($(left) < SMALL))
}

release_case() {
	case_begin 'doctor --release: everything goes on, and the running pawld ends'
	held_rm
	"$PAWL" doctor --release --pin-dir "$PIN_DIR" >"$T/release.out" 2>&1 ||
		fail "status $?"
	expect_match 'says' '1 sessions and 1 held operations' "$(cat "$T/release.out")"
	wait_run
	expect_eq 'files left' 0 "$(left)"
	wait_until "$WAIT_S" gone "$PAWLD_PID" || fail 'pawld goes on'
	wait "$PAWLD_PID"
	expect_eq 'exit status of pawld' 6 $?
	PAWLD_PID=''
	expect_match 'pawld says' 'no longer mine' "$(cat "$T/pawld.err.$PAWLD_N")"
	[[ ! -e $PIN_DIR ]] || fail 'pins are left'
	case_end

	case_begin 'doctor --release without a pawld'
	start_pawld || fail 'it does not start'
	held_rm
	crash_pawld
	"$PAWL" doctor --release --pin-dir "$PIN_DIR" >"$T/release.out" 2>&1 || fail "status $?"
	wait_run
	expect_eq 'files left' 0 "$(left)"
	wait_until "$WAIT_S" nobody_stopped || fail 'a process stays stopped'
	wait_until "$WAIT_S" no_keepers || fail 'the keeper stays'
	case_end

	case_begin 'doctor --release is refused to a watched tree'
	start_pawld || fail 'it does not start'
	"$PAWL" --socket "$SOCK" run -- "$PAWL" doctor --release --pin-dir "$PIN_DIR" </dev/null \
		>"$T/release.out" 2>&1
	expect_eq 'exit status' 5 $?
	gone "$PAWLD_PID" && fail 'pawld has ended'
	case_end
}

unpinned_case() {
	case_begin '--pin-dir none: what was stopped is killed with pawld'
	stop_pawld
	start_pawld --pin-dir none || fail 'it does not start'
	held_rm
	crash_pawld
	wait_run
	expect_eq 'exit status' 137 "$RUN_STATUS"
	expect_eq 'files left' "$LEFT" "$(left)"
	wait_until "$WAIT_S" no_keepers || fail 'the keeper stays'
	kill_marked
	start_pawld || fail 'it does not start'
	case_end
}

# The child of a `pawl run` that has a watchdog of its own.
own_watchdog() {
	WATCHDOG=$(pgrep -P "$RUN_PID" -x pawld)
	[[ -n $WATCHDOG ]]
}

own_hold() {
	OWN=$(sed -nE 's/.*Decide with: .*--socket ([^ ]+) show (h[0-9]+);.*/\1 \2/p' "$T/run.err.$RUN_N" |
		tail -n 1)
	[[ -n $OWN ]]
}

taken_over() {
	contains "$T/run.err.$RUN_N" 'another one has taken over'
}

private_case() {
	local first sock hold
	case_begin 'the watchdog of `pawl run` is killed: another one takes over, the hold is there'
	fill "$SMALL"
	start "$PAWL" --socket "$T/nobody.sock" run --config "$T/pawl.yaml" -- rm -rf "$DATA"
	wait_until "$WAIT_S" own_hold || fail 'no hold'
	read -r sock hold <<<"$OWN"
	own_watchdog || fail 'no watchdog'
	first=$WATCHDOG
	kill -KILL "$first"
	wait_until "$WAIT_S" taken_over || fail 'nobody takes over'
	own_watchdog && expect_ne 'watchdog' "$first" "$WATCHDOG"
	expect_eq 'files left' $((SMALL - BUDGET)) "$(settled left)"
	"$PAWL" --socket "$sock" approve "$hold" --for 10m >/dev/null || fail 'approve fails'
	wait_run
	expect_eq 'exit status' 0 "$RUN_STATUS"
	expect_eq 'files left' 0 "$(left)"
	[[ ! -e ${sock%/*} && ! -e /sys/fs/bpf/$(basename "${sock%/*}") ]] || fail 'it leaves things'
	case_end
}

none_there() {
	! "$TOOLS/pins" there "$@"
}

leak_case() {
	local -a ids
	case_begin 'nothing is left at the end: pins, maps, programs, processes'
	read -ra ids -d '' < <("$TOOLS/pins" ids "$PIN_DIR")
	expect_range 'maps and programs that are pinned, twice' 30 250 ${#ids[@]}
	read -ra ids -d '' < <(printf '%s\n' "${!IDS[@]}" "${ids[*]}")
	"$TOOLS/pins" there "${ids[@]}" || fail 'none of them is in the kernel'
	stop_pawld
	expect_eq 'exit status of pawld' 0 "$PAWLD_STATUS"
	[[ ! -e $PIN_DIR && ! -e $PIN_DIR-new ]] || fail 'pins are left'
	wait_until "$WAIT_S" no_keepers || fail 'a keeper is left'
	wait_until "$WAIT_S" none_there "${ids[@]}" || fail 'maps or programs are left'
	case_end
}

need_pawld --lease 300 # guests are slow
survives_case
gap_case
if before_effect; then
	! "$TOOLS/deluring" --probe 2>/dev/null || hook_case
	unhooked_case
fi
crash_loop
approve_loop
deny_loop
reload_loop
failed_start_case
upgrade_case
pause_case
keeper_case
version_case
version_running_case
release_case
unpinned_case
short || private_case
stop_pawld
start_pawld --lease "$LEASE" || fail 'it does not start'
lease_deny_case
lease_allow_case
leak_case
finish
