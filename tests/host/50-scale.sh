#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Many at once: 1,000 agents with 10,000 processes, pids that come round again, a fork bomb.
# Everything is bounded in number, and ends by itself if this suite does not end it.
# PAWL_TEST_SESSIONS and PAWL_TEST_BOMB scale it for smaller machines.

# shellcheck disable=SC2016,SC2317 # text for other programs; functions called by name
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

SESSIONS=${PAWL_TEST_SESSIONS:-1000}
PER_SESSION=10
BOMB=${PAWL_TEST_BOMB:-2000}
AGENT=pawltest-crowd-$ID

crowd_case() {
	case_begin "$SESSIONS sessions with $((SESSIONS * PER_SESSION)) processes"
	start "$TOOLS/crowd" sessions "$SESSIONS" "$PER_SESSION" "$T/$AGENT"
	if ! wait_until $((2 * WAIT_S)) contains "$T/run.out.$RUN_N" '^ready'; then
		fail "the crowd did not come up: $(run_err)"
	fi
	wait_until "$WAIT_S" all_counted || fail "pawld counts $COUNTED"
	case_end

	case_begin 'among them a budget is as exact as ever'
	fill
	start_watched_beside
	if wait_hold; then
		expect_eq 'files left' 9975 "$(settled left)"
		expect_eq 'open holds' 1 "$(pawl holds -o json | json_strings id | grep -c .)"
		pawl kill "$SESSION" >/dev/null || fail 'pawl kill failed'
	fi
	case_end

	case_begin 'all sessions end with their processes'
	kill -KILL "$CROWD_PID"
	wait_until $((2 * WAIT_S)) no_sessions || fail "left: $(pawl ps -o json | head -c 200)"
	case_end
}

# The crowd stays RUN_PID's business no longer.
start_watched_beside() {
	CROWD_PID=$RUN_PID
	start_watched -- rm -rf "$DATA"
}

# Sessions and processes as ps has them.
all_counted() {
	COUNTED=$(pawl ps -o json | "$PYTHON" -c 'import json, sys
sessions = json.load(sys.stdin)
print(len(sessions), "sessions,", sum(len(s["pids"]) for s in sessions), "processes")')
	[[ $COUNTED = "$SESSIONS sessions, $((SESSIONS * PER_SESSION)) processes" ]]
}

no_sessions() {
	[[ $(pawl ps -o json) =~ ^\[[[:space:]]*\]$ ]]
}

# More forks than there are pids, so that bystanders get pids that were watched before.
reuse_case() {
	local forks=$(($(cat /proc/sys/kernel/pid_max) + 2000)) round=0 status
	if ((forks > 70000)); then
		skip 'pids come round' "pid_max is $((forks - 2000)): too many forks"
		return
	fi
	case_begin "pids come round: $forks forks in a tree beside a deleting bystander"
	start_watched -- "$TOOLS/crowd" storm "$forks"
	while :; do
		"$TOOLS/files" make "$T/other" 1000
		find "$T/other" -type f -print0 | timeout "$WAIT_S" xargs -0 -n 5 rm
		status=$?
		((status == 0)) || break
		round=$((round + 1))
		gone "$RUN_PID" && break
	done
	expect_eq 'status of the bystander' 0 "$status"
	expect_range 'rounds of the bystander' 2 100000 "$round"
	wait_run
	expect_eq 'exit status of the tree' 0 "$RUN_STATUS"
	no_holds || fail 'held'
	wait_until "$WAIT_S" no_sessions || fail "left: $(pawl ps -o json | head -c 200)"
	case_end
}

bomb_alive() {
	local pid
	for pid in $(marked); do
		[[ $(readlink "/proc/$pid/exe") = "$TOOLS/crowd" ]] && return
	done
	return 1
}

bomb_gone() {
	! bomb_alive
}

bomb_case() {
	case_begin "a fork bomb of $BOMB is killed: none survives"
	start_watched -- "$TOOLS/crowd" bomb "$BOMB"
	wait_until $((2 * WAIT_S)) contains "$T/run.out.$RUN_N" '^ready' || fail 'the bomb did not come up'
	wait_until "$WAIT_S" session_seen || fail 'no session'
	pawl kill "$SESSION" >/dev/null || fail 'pawl kill failed'
	wait_run
	expect_eq 'exit status' 137 "$RUN_STATUS"
	wait_until "$WAIT_S" bomb_gone || fail "$(marked | wc -l) processes are left"
	wait_until "$WAIT_S" no_sessions || fail "left: $(pawl ps -o json | head -c 200)"
	case_end

	case_begin 'pawld lives and holds as before'
	gone "$PAWLD_PID" && fail 'pawld has ended'
	fill
	start_watched -- rm -rf "$DATA"
	wait_hold "$RUN_PID" && expect_eq 'files left' 9975 "$(settled left)"
	kill_sessions
	case_end
}

session_seen() {
	SESSION=$(pawl ps -o json | json_strings session | head -n 1)
	[[ -n $SESSION ]]
}

cp "$TOOLS/crowd" "$T/$AGENT"
AGENTS="
  - {name: crowd, match: {exe: $AGENT}}"
write_policy
need_pawld
crowd_case
reuse_case
bomb_case
finish
