#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# `pawl doctor` tells the truth about this machine, and JSON output keeps its contract.

# shellcheck disable=SC2016,SC2317 # text for other programs; functions called by name
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

# contract NAME COMMAND...: JSON on standard input of tests/contract.py NAME.
contract() {
	local name=$1
	shift
	case_begin "JSON of $name"
	"$@" >"$T/$name.json" 2>"$T/$name.err" || fail "$* failed: $(cat "$T/$name.err")"
	"$PYTHON" "$ROOT/tests/contract.py" "$name" <"$T/$name.json" >"$T/$name.faults" 2>&1 ||
		fail "$(head -n 5 "$T/$name.faults")"
	case_end
}

backend_case() {
	local said
	case_begin 'doctor names the backend that enforces'
	said=$(pawl doctor -o json | json_strings backend)
	expect_eq 'backend' "$BACKEND" "$said"
	[[ -z ${PAWL_EXPECT_BACKEND:-} ]] || expect_eq 'backend expected here' "$PAWL_EXPECT_BACKEND" "$said"
	expect_match 'text' "$BACKEND" "$(pawl doctor)"
	case_end

	case_begin 'doctor says what is weaker here'
	if before_effect; then
		pawl doctor -o json | grep -qE '"status": ?"fail"' && fail 'a check fails'
	else
		pawl doctor -o json | grep -qE '"status": ?"warn"' || fail 'no warning about the tracepoint backend'
		expect_match 'text' 'tracepoint' "$(pawl doctor)"
	fi
	case_end
}

hooks_case() {
	case_begin 'every hook is attached and tested'
	pawl doctor -o json | "$PYTHON" -c 'import json, sys
hooks = json.load(sys.stdin)["hooks"]
print(len(hooks), "hooks")
for hook in hooks:
    if not ((hook["attached"] or hook["when_needed"]) and hook["tested"]):
        print(hook["name"], "attached:", hook["attached"], "tested:", hook["tested"])' >"$T/hooks"
	expect_match 'hooks' '^[1-9][0-9]* hooks$' "$(cat "$T/hooks")"
	case_end
}

# A backend that is asked for by name is that one, or there is none.
named_case() {
	local name
	for name in lsm fmod_ret tracepoint; do
		case_begin "--backend $name"
		stop_pawld
		if start_pawld --backend "$name"; then
			expect_eq 'backend' "$name" "$BACKEND"
			fill 300
			start_watched -- rm -rf "$DATA"
			wait_hold "$RUN_PID" && expect_eq 'files left' 275 "$(settled left)"
			kill_sessions
		else
			wait "$PAWLD_PID"
			expect_eq 'exit status' 1 $?
			PAWLD_PID=''
			expect_match 'reason' "$name" "$(cat "$T/pawld.err.$PAWLD_N")"
			[[ $name != "${PAWL_EXPECT_BACKEND:-tracepoint}" ]] || fail 'it must be had here'
		fi
		case_end
	done
}

need_pawld
backend_case
hooks_case
contract doctor pawl doctor -o json

fill 300
start_watched --agent contract -- rm -rf "$DATA"
case_begin 'a hold to be shown'
wait_hold "$RUN_PID" && settled left >/dev/null
case_end
contract ps pawl ps -o json
contract tree pawl tree -o json
contract holds pawl holds -o json
contract show pawl show "$HOLD" -o json
contract approve pawl approve "$HOLD" --for 1m -o json
wait_run
contract log pawl log -o json
kill_sessions
short || named_case
finish
