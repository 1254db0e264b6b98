#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# What is moved into a temporary place counts as lost, a directory as all the files in it. They are
# counted while the one who moves them is held; nobody is asked where the budget covers them.

# shellcheck disable=SC2016,SC2317 # text for other programs; functions called by name
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

TEMPORARY=$T/temporary
KEPT=$T/kept # an ordinary place

# 25 files in a window that no test outlives, and what else the policy may do past them.
set_policy() {
	write_policy
	cat >>"$T/pawl.yaml" <<-END
		  refused: {files: {budget: {loss: 25, per: 10m}, do: deny}}
		  ended: {files: {budget: {loss: 25, per: 10m}, do: kill}}
		  watched: {files: {budget: {loss: 25, per: 10m}, do: observe}}
		temporary: ["$TEMPORARY"]
	END
}

# files DIR N
files() {
	mkdir -p "${1%/*}"
	"$TOOLS/files" make "$1" "$2"
}

files_in() {
	"$TOOLS/files" count "$1" 2>/dev/null || echo 0
}

# begin NAME [FILES]: so many in $DATA, nothing elsewhere.
begin() {
	case_begin "$1"
	rm -rf "$DATA" "${TEMPORARY:?}"/* "$KEPT"
	mkdir -p "$TEMPORARY" "$KEPT"
	chmod 1777 "$TEMPORARY"
	[[ -z ${2:-} ]] || files "$DATA" "$2"
}

end() {
	kill_sessions
	case_end
}

# expect_places DATA TEMPORARY: the number of files in each.
expect_places() {
	expect_eq 'files left' "$1" "$(files_in "$DATA")"
	expect_eq 'files moved' "$2" "$(files_in "$TEMPORARY")"
}

# It ends by itself, with status 0, and no hold is left.
expect_free() {
	wait_run
	expect_eq 'exit status' 0 "$RUN_STATUS"
	expect_eq 'error' '' "$(command_err)"
	no_holds || fail "held: $(pawl holds)"
}

logged() { # REGEX
	wait_until "$WAIT_S" contains "$T/events.jsonl" "$1" || fail "not in the log: $1"
}

exchange() { # FROM TO
	[[ -n $PYTHON ]] || { skip "$CASE" 'no python3' && return 1; }
	start_watched -- env PYTHONDONTWRITEBYTECODE=1 PYTHONPATH="$ROOT/tests/escape" DATA=/ "$PYTHON" -c '
import sys
from common import syscall
syscall(316, -100, sys.argv[1].encode(), -100, sys.argv[2].encode(), 2)' "$1" "$2"
}

small_case() {
	begin 'a directory that the budget covers: moved, with status 0, and paid for' 10
	files "$T/more" 100
	start_watched -- bash -c 'mv "$1" "$2/" && rm -rf "$3"' - "$DATA" "$TEMPORARY" "$T/more"
	if wait_hold "$RUN_PID"; then
		expect_places 0 10
		expect_eq 'deleted with the rest of the budget' 15 $((100 - $(settled more_left)))
		logged '"hold.resolved".*"pawl.detail":"moved_directory".*"pawl.files":10.*the budget covers its 10 files'
		expect_eq 'holds that people saw' 1 "$(pawl holds -o json | json_strings id | wc -l)"
	fi
	rm -rf "$T/more"
	end
}

more_left() {
	files_in "$T/more"
}

expect_asked() { # WHAT
	wait_hold "$RUN_PID" || return 1
	expect_places 300 0
	expect_match 'pawl show' "$1 was to be moved into $TEMPORARY, a temporary place" \
		"$(pawl show "$HOLD")"
	expect_match 'notice' "held $HOLD: .* $1 was to be moved" "$(run_err)"
}

approved_case() {
	begin 'a larger one: held with the number of its files; approved, it is moved' 300
	start_watched -- mv "$DATA" "$TEMPORARY/"
	if expect_asked 'a directory of more than 25 files'; then
		pawl approve "$HOLD" >/dev/null || fail 'pawl approve failed'
		expect_free
		expect_places 0 300
	fi
	end
}

denied_case() {
	begin 'denied, it stays' 300
	start_watched -- mv "$DATA" "$TEMPORARY/"
	if expect_asked 'a directory of more than 25 files'; then
		pawl deny "$HOLD" >/dev/null || fail 'pawl deny failed'
		wait_run
		expect_eq 'exit status' 1 "$RUN_STATUS"
		expect_match 'error' 'Operation not permitted' "$(command_err)"
		expect_places 300 0
	fi
	end
}

# With what is left of the budget it is known how many files there are.
rest_case() {
	begin 'more than is left of the budget: the exact number' 20
	files "$T/more" 10
	start_watched -- bash -c 'rm -r "$1" && mv "$2" "$3/"' - "$T/more" "$DATA" "$TEMPORARY"
	if wait_hold "$RUN_PID"; then
		expect_places 20 0
		expect_match 'pawl show' 'a directory of 20 files was to be moved' "$(pawl show "$HOLD")"
	fi
	end
}

files_case() {
	begin 'files one by one: the 26th is held' 300
	start_watched -- bash -c 'mv "$1"/* "$2/"' - "$DATA" "$TEMPORARY"
	if wait_hold "$RUN_PID"; then
		expect_eq 'files left' 275 "$(settled left)"
		expect_places 275 25
		expect_match 'pawl show' "a file was to be moved into $TEMPORARY" "$(pawl show "$HOLD")"
	fi
	end
}

# It takes a while to count, too long where the machine is slow. Who deletes meanwhile waits, and
# pays as ever.
meanwhile_case() {
	begin 'what others do while it is counted is not approved with it' 100
	mkdir "$T/wide" "$T/wide"/{1..400}
	start_watched -- bash -c 'mv "$1" "$2/" & for file in "$3"/*; do rm "$file" & done; wait' \
		- "$T/wide" "$TEMPORARY" "$DATA"
	if wait_hold "$RUN_PID"; then
		expect_range 'files left' 75 100 "$(settled left)"
	fi
	rm -rf "$T/wide"
	end
}

# Within, out of it, and between ordinary places, by one directory and by many files.
free_cases() {
	begin 'within a temporary place, out of it, and elsewhere: free'
	files "$TEMPORARY/a/b" 300
	start_watched -- bash -c 'cd "$1" && mkdir x && mv a/b x/ && mv x/b/* a/ && mv a "$2/" &&
		mkdir "$2/deep" && mv "$2/a" "$2/deep/" && mv "$2"/deep/a/* "$2/"' - "$TEMPORARY" "$KEPT"
	expect_free
	expect_eq 'files kept' 300 "$(files_in "$KEPT")"
	end
}

# The temporary place far above, further than names are told; and what is nested as far in it.
deep_case() {
	local deep
	begin 'deeply nested: found, and counted'
	deep=$(printf 'd/%.0s' {1..300})
	mkdir -p "$DATA/$deep" "$TEMPORARY/to/$deep"
	: >"$DATA/$deep/file"
	start_watched -- bash -c 'cd "$2" && mv "$1" .' - "$DATA" "$TEMPORARY/to/$deep"
	expect_free
	expect_places 0 1
	logged '"hold.resolved".*"moved_directory".*"pawl.files":1,.*the budget covers its 1 files'
	end
}

exchange_case() { # NAME FROM TO
	begin "RENAME_EXCHANGE with an empty directory, $1" 300
	mkdir "$TEMPORARY/empty"
	if exchange "$2" "$3"; then
		if wait_hold "$RUN_PID"; then
			expect_places 300 0
			pawl deny "$HOLD" >/dev/null || fail 'pawl deny failed'
			wait_run
			expect_match 'error' 'Operation not permitted' "$(command_err)"
			expect_places 300 0
		fi
		end
	fi
}

exchange_out_case() {
	begin 'RENAME_EXCHANGE that brings more than it takes: one is lost, and paid for'
	files "$TEMPORARY/many" 300
	mkdir "$KEPT/empty"
	if exchange "$TEMPORARY/many" "$KEPT/empty"; then
		expect_free
		expect_eq 'files kept' 300 "$(files_in "$KEPT")"
		end
	fi
}

# Who owns a directory may move it, with what lies in it and others own.
unreadable_case() {
	begin 'what its mover cannot read is not counted: people are asked'
	files "$T/home/mine/closed" 3
	chmod 700 "$T/home/mine/closed"
	chown "$SPARE_UID" "$T/home" "$T/home/mine"
	start_watched -- setpriv --reuid "$SPARE_UID" --regid "$SPARE_UID" --clear-groups \
		bash -c 'mv "$1" "$2/"' - "$T/home/mine" "$TEMPORARY"
	if wait_hold "$RUN_PID"; then
		expect_match 'pawl show' 'files that could not all be counted' "$(pawl show "$HOLD")"
		expect_eq 'files left' 3 "$(files_in "$T/home")"
	fi
	end
	rm -rf "${T:?}/home"
}

policy_case() { # NAME PROFILE STATUS LEFT MOVED RECORD
	begin "$1" 300
	files "$T/more" 10
	start_watched --policy "$2" -- bash -c 'mv "$1" "$2/"; status=$?; mv "$3" "$2/" || exit 9; exit $status' \
		- "$DATA" "$TEMPORARY" "$T/more"
	wait_run
	expect_eq 'exit status' "$3" "$RUN_STATUS"
	no_holds || fail 'held'
	expect_places "$4" "$5"
	logged "$6"
	rm -rf "$T/more"
	end
}

# Nobody who is told of a hold loses it with pawld.
restart_case() {
	local first
	begin 'pawld is killed: the hold is there again' 300
	start_watched -- mv "$DATA" "$TEMPORARY/"
	if wait_hold "$RUN_PID"; then
		first=$HOLD
		kill -KILL "$PAWLD_PID" && wait "$PAWLD_PID" 2>/dev/null
		start_pawld || fail 'it does not start'
		wait_hold "$RUN_PID" && expect_eq 'number' "$first" "$HOLD"
		expect_places 300 0
		pawl approve "$HOLD" >/dev/null || fail 'pawl approve failed'
		expect_free
		expect_places 0 300
	fi
	end
}

missing_case() {
	case_begin 'a temporary place that is not there: said at the start'
	stop_pawld
	sed -i "s|^temporary:.*|temporary: [$T/none, $TEMPORARY]|" "$T/pawl.yaml"
	start_pawld || fail 'it does not start'
	expect_match 'pawld says' "there is no $T/none now" "$(cat "$T/pawld.err.$PAWLD_N")"
	case_end
}

# The same with every kernel.
user_space_cases() {
	rest_case
	policy_case 'the policy denies: what is covered passes all the same' refused 1 300 10 \
		'"hold.resolved".*"pawl.state":"denied".*"moved_directory".*"pawl.files":25'
	policy_case 'the policy kills' ended 137 300 0 '"session.kill"'
	policy_case 'the policy observes: it is on record' watched 0 0 310 \
		'"budget.exceeded".*"pawl.detail":"moved_directory"'
	restart_case
}

mkdir "$TEMPORARY"
set_policy
need_pawld
if before_effect; then
	small_case
	approved_case
	denied_case
	files_case
	meanwhile_case
	free_cases
	deep_case
	exchange_case 'from outside' "$DATA" "$TEMPORARY/empty"
	exchange_case 'from inside' "$TEMPORARY/empty" "$DATA"
	exchange_out_case
	unreadable_case
	short || user_space_cases
else
	skip 'moves into a temporary place' "the $BACKEND backend sees names, and not what they stand for"
fi
missing_case
finish
