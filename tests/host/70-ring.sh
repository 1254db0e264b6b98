#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Telemetry that is lost must not loosen anything: pawld is stopped, its ring buffer of 4 KiB
# overflows, and still the budget ends where it ends. The loss is counted and shown.

# shellcheck disable=SC2016,SC2317 # text for other programs; functions called by name
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

lost_events() {
	pawl doctor -o json | "$PYTHON" -c 'import json, sys; print(json.load(sys.stdin)["lost_events"])'
}

session_seen() {
	[[ $(pawl ps -o json) = *'"session"'* ]]
}

less_than_full() {
	(($(left) < 10000))
}

need_pawld --ring-kib 4

case_begin 'nothing is lost at first'
expect_eq 'lost events' 0 "$(lost_events)"
case_end

case_begin 'ring buffer full, pawld stopped: exact all the same'
fill
start_watched -- bash -c 'until [[ -e $1 ]]; do sleep 0.05; done
	"$2" storm 2000; touch "$1.stormed"; rm -rf "$3"; :' - "$T/go" "$TOOLS/crowd" "$DATA"
wait_until "$WAIT_S" session_seen || fail 'no session'
kill -STOP "$PAWLD_PID"
touch "$T/go"
wait_until "$WAIT_S" exists "$T/go.stormed" || fail 'the storm did not end'
wait_until "$WAIT_S" less_than_full || fail 'nothing was deleted'
expect_eq 'files left while pawld is stopped' 9975 "$(settled left)"
kill -CONT "$PAWLD_PID"
wait_hold "$RUN_PID" && expect_eq 'files left at the hold' 9975 "$(settled left)"
case_end

case_begin 'the loss is counted and shown'
expect_range 'lost events' 1 1000000000 "$(lost_events)"
expect_match 'doctor' 'lost' "$(pawl doctor)"
case_end

case_begin 'the hold can be approved'
if [[ -n $HOLD ]]; then
	pawl approve "$HOLD" --for 10m >/dev/null || fail 'pawl approve failed'
	wait_run
	expect_eq 'exit status' 0 "$RUN_STATUS"
	expect_eq 'files left' 0 "$(left)"
else
	fail 'no hold'
fi
kill_sessions
case_end
finish
