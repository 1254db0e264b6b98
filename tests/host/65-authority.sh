#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Who may decide and who may be watched on whose word; and the socket, which whoever reaches it may
# fill with anything.

# shellcheck disable=SC2016,SC2317 # text for other programs; functions called by name
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

still_held() {
	expect_eq 'open holds' "$HOLD" "$(pawl holds -o json | json_strings id)"
	expect_eq 'files left' "$LEFT" "$(left)"
}

sessions() {
	pawl ps -o json | json_strings session
}

no_sessions() {
	[[ -z $(sessions) ]]
}

# The kernel knows the peer of a connection by the process that made it, whoever holds it now.
orphan_case() {
	case_begin 'refused: approve by a child on the connection of a parent that is gone'
	held_rm
	echo "{\"cmd\":\"approve\",\"hold\":\"$HOLD\"}" >"$T/approve.json"
	pawl run -- "$TOOLS/peer" orphan "$SOCK" "$T/approve.json" </dev/null >"$T/orphan.out" \
		2>"$T/orphan.err"
	wait_until "$WAIT_S" contains "$T/orphan.out" . || fail 'no answer'
	expect_match 'answer' '"code": ?5' "$(cat "$T/orphan.out")"
	still_held
	kill_sessions
	case_end
}

# Members of the group and root may; others may not, even where the socket lets them in.
stranger_case() {
	local stranger=(setpriv --reuid "$SPARE_UID" --regid "$SPARE_UID" --clear-groups)
	case_begin 'refused: approve by a user who is neither root nor of the group'
	held_rm
	cp "$PAWL" "$T/pawl"
	"${stranger[@]}" "$T/pawl" --socket "$SOCK" approve "$HOLD" >"$T/stranger.out" 2>&1
	expect_eq 'exit status, socket as it is' 5 $?
	chmod 666 "$SOCK"
	"${stranger[@]}" "$T/pawl" --socket "$SOCK" ps >/dev/null || fail 'ps failed, socket for all'
	"${stranger[@]}" "$T/pawl" --socket "$SOCK" approve "$HOLD" >"$T/stranger.out" 2>&1
	expect_eq 'exit status, socket for all' 5 $?
	chmod 660 "$SOCK"
	still_held
	kill_sessions
	case_end
}

# An agent that could have people's shells watched would lock them out of deciding.
attach_case() {
	local outside
	case_begin 'refused: attach of an outside process from inside a tree'
	sleep 600 &
	outside=$!
	pawl run -- "$PAWL" --socket "$SOCK" attach "$outside" </dev/null >"$T/attach.out" \
		2>"$T/attach.err"
	expect_eq 'exit status' 5 $?
	expect_one_line 'standard error' "$T/attach.err"
	wait_until "$WAIT_S" no_sessions || fail "still there: $(pawl ps -o json)"
	kill -KILL "$outside"
	kill_sessions
	case_end
}

inner_run_case() {
	case_begin 'pawl run inside a tree joins the session of that tree'
	fill "$SMALL"
	start_watched --agent outer -- "$PAWL" --socket "$SOCK" run --agent inner --policy strict -- \
		rm -rf "$DATA"
	if wait_hold "$RUN_PID"; then
		expect_eq 'sessions' "$SESSION" "$(sessions)"
		expect_eq 'agent' outer "$(pawl ps -o json | json_strings agent)"
		expect_eq 'files left' $((SMALL - 25)) "$(settled left)"
	fi
	kill_sessions
	case_end
}

silent_case() {
	case_begin 'silent connections of a watched process do not shut people out'
	start_watched -- "$TOOLS/peer" silent "$SOCK" 400 "$T/silent"
	wait_until "$WAIT_S" exists "$T/silent" || fail 'the connections are not there'
	timeout "$WAIT_S" "$PAWL" --socket "$SOCK" ps >/dev/null
	expect_eq 'exit status of ps' 0 $?
	kill_sessions
	case_end
}

# asked NAME REGEX: the request on standard input gets that answer, and pawld goes on.
asked() {
	case_begin "request: $1"
	cat >"$T/request"
	"$TOOLS/peer" ask "$SOCK" "$T/request" >"$T/answer" 2>&1
	expect_eq 'exit status of the peer' 0 $?
	expect_one_line 'answer' "$T/answer"
	expect_match 'answer' "$2" "$(cat "$T/answer")"
	pawl ps >/dev/null || fail 'pawld does not answer any more'
	case_end
}

times() { # N TEXT
	printf "%0$1d" 0 | sed "s/0/$2/g"
}

request_cases() {
	local refused='^\{"ok": ?false, ?"code": ?2, ?"error": ?"[^"]+"\}$'
	asked 'one that is good' '^\{"ok": ?true' <<<'{"cmd":"status"}'
	asked 'not JSON' "$refused" <<<'approve h1'
	asked 'no object' "$refused" <<<'["cmd","ps"]'
	asked 'bytes that are no text' "$refused" < <(printf '{"cmd":"\xff\x00\xfe"}\n')
	asked 'an empty line' "$refused" <<<''
	asked 'unknown command' "$refused" <<<'{"cmd":"aprove"}'
	asked 'a command that is no name' "$refused" <<<'{"cmd":{"cmd":"ps"}}'
	asked 'the same key twice' "$refused" <<<'{"cmd":"status","cmd":"ps"}'
	asked 'nested 10,000 deep' "$refused" <<<"{\"cmd\":$(times 10000 '[')$(times 10000 ']')}"
	asked 'longer than 64 KiB' '^closed$' <<<"{\"cmd\":\"status\",\"x\":\"$(times 70000 x)\"}"
	asked 'longer than 64 KiB, without an end' '^closed$' < <(times 70000 x | tr -d '\n')
}

policy_taken() {
	grep -q 'policy loaded' "$T/pawld.err.$PAWLD_N"
}

reload_case() {
	case_begin 'SIGHUP leaves a session the policy it was started with'
	fill "$SMALL"
	start_watched --verbose --policy strict -- bash -c \
		'until [[ -e $1 ]]; do sleep 0.05; done; exec rm -rf "$2"' - "$T/go" "$DATA"
	wait_until "$WAIT_S" contains "$T/run.err.$RUN_N" 'is session' || fail 'no session'
	kill -HUP "$PAWLD_PID"
	wait_until "$WAIT_S" policy_taken || fail 'the policy is not loaded again'
	touch "$T/go"
	wait_hold "$RUN_PID" && expect_eq 'files left' $((SMALL - 5)) "$(settled left)"
	kill_sessions
	case_end
}

regular_file_case() {
	case_begin '--socket that names a regular file is refused, and the file stays'
	echo precious >"$T/precious"
	mkdir -p "$T/other"
	timeout "$WAIT_S" "$PAWLD" --config "$T/pawl.yaml" --socket "$T/precious" \
		--state-dir "$T/other" --log "$T/other.jsonl" --pin-dir "$PIN_DIR-other" \
		</dev/null >"$T/other.out" 2>"$T/other.err"
	expect_eq 'exit status' 1 $?
	expect_one_line 'standard error' "$T/other.err"
	expect_match 'standard error' "^pawld: .*$T/precious" "$(cat "$T/other.err")"
	expect_eq 'type' 'regular file' "$(stat -c %F "$T/precious")"
	expect_eq 'content' precious "$(cat "$T/precious")"
	case_end
}

need_pawld
orphan_case
stranger_case
attach_case
inner_run_case
silent_case
request_cases
reload_case
regular_file_case
finish
