#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The same commands by processes outside every tree, with pawld idle and with a hold open:
# untouched and uncounted.

# shellcheck disable=SC2016,SC2317 # text for other programs; functions called by name
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

OTHER=$T/other # the bystander's files

# bystand NAME COUNTER COMMAND...: ends by itself with status 0, and nothing with a count is left.
bystand() {
	local name=$1 counter=$2 status
	shift 2
	case_begin "$name, $SITUATION"
	"$TOOLS/files" make "$OTHER" 10000
	timeout "$WAIT_S" "$@" >"$T/bystander.out" 2>&1
	status=$?
	expect_eq 'exit status' 0 "$status"
	expect_eq 'files left' 0 "$("$TOOLS/files" "$counter" "$OTHER")"
	expect_eq 'sessions' "$SESSIONS_BEFORE" "$(pawl ps -o json)"
	expect_eq 'holds' "$HOLDS_BEFORE" "$(pawl holds -o json)"
	case_end
}

bystand_all() {
	SITUATION=$1
	SESSIONS_BEFORE=$(pawl ps -o json)
	HOLDS_BEFORE=$(pawl holds -o json)
	bystand 'rm -rf' count rm -rf "$OTHER"
	bystand 'find -delete' count find "$OTHER" -delete
	bystand 'rmtree' count "$PYTHON" -c 'import shutil, sys; shutil.rmtree(sys.argv[1])' "$OTHER"
	bystand 'threads' count "$TOOLS/delthreads" 4 "$OTHER"
	bystand 'xargs -P4' count bash -c \
		'find "$1" -type f -print0 | xargs -0 -n 50 -P 4 rm' - "$OTHER"
	"$TOOLS/deluring" --probe 2>/dev/null && bystand 'io_uring' count "$TOOLS/deluring" "$OTHER"
	bystand 'daemon' count bash -c '"$1" daemon rm -rf "$2"
		for i in $(seq 600); do [[ -e $2 ]] || exit 0; sleep 0.05; done; exit 1' \
		- "$TOOLS/spawn" "$OTHER"
	bystand 'truncate' full "$TOOLS/overwrite" truncate "$OTHER"
	bystand 'O_TRUNC' full "$TOOLS/overwrite" otrunc "$OTHER"
	bystand 'rename over' full "$TOOLS/overwrite" replace "$OTHER"
}

need_pawld

bystand_all 'pawld idle'

case_begin 'an idle pawld has seen nothing'
expect_match 'sessions' '^\[[[:space:]]*\]$' "$(pawl ps -o json)"
no_holds || fail 'there is a hold'
case_end

case_begin 'a hold for the bystander to stand by'
fill
start_watched -- rm -rf "$DATA"
wait_hold "$RUN_PID"
expect_eq 'files left' 9975 "$(settled left)"
case_end
bystand_all 'a hold open'

case_begin 'the hold is as it was'
expect_eq 'files left' 9975 "$(left)"
kill_sessions
case_end
finish
