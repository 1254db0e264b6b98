#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# 10,000 files, a budget of 25, every common way to delete: what is left when the hold appears,
# and after it was approved, denied, killed, or left alone until its time was out.

# shellcheck disable=SC2016,SC2317 # text for other programs; functions called by name
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

# Each deleter is a function that sets COMMAND, deletes all of $DATA and says how many files the
# tracepoint backend may lose past the budget: it stops a task when its system call has ended.
deleter() {
	MOST_PAST=0 NEEDS=''
	case $1 in
	rm) COMMAND=(rm -rf "$DATA") ;;
	find) COMMAND=(find "$DATA" -delete) ;;
	python)
		NEEDS=$PYTHON
		COMMAND=("$PYTHON" -c 'import shutil, sys; shutil.rmtree(sys.argv[1])' "$DATA")
		;;
	node)
		NEEDS=node
		COMMAND=(node -e 'require("fs").rmSync(process.argv[1], {recursive: true})' "$DATA")
		;;
	perl)
		NEEDS=perl
		COMMAND=(perl -MFile::Path -e 'File::Path::rmtree($ARGV[0])' "$DATA")
		;;
	rsync)
		NEEDS=rsync
		mkdir -p "$T/empty"
		COMMAND=(rsync -a --delete "$T/empty/" "$DATA/")
		;;
	threads)
		MOST_PAST=3 # all but one are in a system call when the budget ends
		COMMAND=("$TOOLS/delthreads" 4 "$DATA")
		;;
	leaderless)
		MOST_PAST=3
		COMMAND=("$TOOLS/delthreads" --leader-exits 4 "$DATA")
		;;
	xargs)
		MOST_PAST=4 # small batches: several processes delete at once when the budget ends
		COMMAND=(bash -c 'find "$1" -type f -print0 | xargs -0 -n 5 -P 4 rm' - "$DATA")
		;;
	xargs-many)
		MOST_PAST=4
		COMMAND=(bash -c 'find "$1" -type f -print0 | xargs -0 -n 100 -P 4 rm' - "$DATA")
		;;
	uring) COMMAND=("$TOOLS/deluring" "$DATA") ;;
	daemon) COMMAND=("$TOOLS/spawn" daemon rm -rf "$DATA") ;;
	esac
}

expect_left() { # EXPECTED ACTUAL
	if before_effect; then
		expect_eq 'files left' "$1" "$2"
	else
		expect_range 'files left' $(($1 - MOST_PAST)) "$1" "$2"
	fi
}

# Starts the deleter on a full directory and waits until its hold has come to rest.
hold_deleter() {
	deleter "$1"
	fill
	start_watched -- "${COMMAND[@]}"
	if [[ $1 = daemon ]]; then wait_hold; else wait_hold "$RUN_PID"; fi || return
	LEFT=$(settled left)
	expect_left 9975 "$LEFT"
	HOLD_JSON=$(pawl holds -o json)
	expect_eq 'state of the hold' held "$(json_strings state <<<"$HOLD_JSON")"
	expect_eq 'operation of the hold' file.delete "$(json_strings operation <<<"$HOLD_JSON")"
	expect_match 'target of the hold' "^$DATA/f[0-9]+$" "$(json_strings target <<<"$HOLD_JSON")"
}

refused_text() {
	expect_match 'error of the command' 'Operation not permitted' "$(command_err)"
}

end_approve() {
	pawl approve "$HOLD" --for 10m >/dev/null || fail 'pawl approve failed'
	wait_run
	expect_eq 'exit status' 0 "$RUN_STATUS"
	wait_until "$WAIT_S" all_deleted
	expect_eq 'files left after approve' 0 "$(left)"
	expect_eq 'errors of the command' '' "$(command_err)"
}

all_deleted() {
	[[ $(left) = 0 ]]
}

end_deny() {
	pawl deny "$HOLD" >/dev/null || fail 'pawl deny failed'
	wait_run
	if [[ $1 = daemon ]]; then
		wait_until "$WAIT_S" none_marked || fail 'a process of the tree is left'
	else
		expect_match 'exit status' '^[1-9][0-9]*$' "$RUN_STATUS"
		refused_text
	fi
	expect_eq 'files left after deny' "$LEFT" "$(left)"
}

end_kill() {
	pawl kill "$SESSION" >/dev/null || fail 'pawl kill failed'
	wait_run
	[[ $1 = daemon ]] || expect_eq 'exit status' 137 "$RUN_STATUS"
	wait_until "$WAIT_S" none_marked || fail 'a process of the tree is left'
	expect_eq 'files left after kill' "$LEFT" "$(left)"
}

# The held operation passes and as many more; then the next hold.
end_fresh() {
	local first=$HOLD
	pawl approve "$HOLD" >/dev/null || fail 'pawl approve failed'
	wait_until "$WAIT_S" other_hold "$first" || fail 'no second hold'
	expect_ne 'second hold' "$first" "$HOLD"
	LEFT=$(settled left)
	if before_effect; then
		expect_eq 'files left at the second hold' 9949 "$LEFT"
	else
		expect_eq 'files left at the second hold' 9950 "$LEFT"
	fi
}

other_hold() {
	find_hold
	[[ -n $HOLD && $HOLD != "$1" ]]
}

run_case() { # DELETER END
	local probe=$1
	deleter "$1"
	if [[ -n $NEEDS ]] && ! command -v "$NEEDS" >/dev/null; then
		skip "$1, $2" "$NEEDS is not installed"
		return
	fi
	if [[ $probe = uring ]]; then
		uring_case
		return
	fi
	case_begin "$1, $2"
	hold_deleter "$1" && "end_$2" "$1"
	kill_sessions
	case_end
}

# A ring cannot be waited for: its requests are refused, or it is not to be had at all.
uring_case() {
	if ! "$TOOLS/deluring" --probe 2>/dev/null; then
		skip uring 'this kernel offers no io_uring'
		return
	fi
	case_begin 'uring, kill'
	HOLD=''
	fill
	start_watched -- "${COMMAND[@]}"
	if wait_until "$WAIT_S" find_hold "$RUN_PID" && [[ -n $HOLD ]]; then
		LEFT=$(settled left)
		pawl kill "$SESSION" >/dev/null
	else
		LEFT=$(settled left)
	fi
	wait_run
	# it may see its request refused, and end, before the stop reaches it
	expect_ne 'exit status' 0 "$RUN_STATUS"
	[[ $RUN_STATUS = 137 ]] ||
		expect_match 'error of the command' 'Operation not permitted' "$(run_err)"
	if before_effect; then
		expect_eq 'files left' 9975 "$LEFT"
	else
		expect_eq 'files left' 10000 "$LEFT"
	fi
	expect_eq 'files left at the end' "$LEFT" "$(left)"
	kill_sessions
	case_end
}

nested_case() {
	local command
	for command in 'rm -rf' 'find'; do
		case_begin "nested tree, $command"
		rm -rf "$DATA"
		"$TOOLS/files" tree "$DATA" 100 10000
		if [[ $command = find ]]; then
			start_watched -- find "$DATA" -delete
		else
			start_watched -- rm -rf "$DATA"
		fi
		if wait_hold "$RUN_PID"; then
			expect_eq 'files left' 9975 "$(settled left)"
			expect_eq 'directories left' 100 "$("$TOOLS/files" dirs "$DATA")"
		fi
		kill_sessions
		rm -rf "$DATA"
		case_end
	done
}

# Directories have a bucket of their own: 20 of each are within the budget.
apart_case() {
	case_begin 'directories are counted apart'
	"$TOOLS/files" tree "$DATA" 20 20
	start_watched -- rm -rf "$DATA"
	wait_run
	expect_eq 'exit status' 0 "$RUN_STATUS"
	expect_eq 'files left' 0 "$(left)"
	no_holds || fail 'held within the budget'
	kill_sessions
	rm -rf "$DATA"
	case_end
}

small_budget_case() {
	case_begin 'a policy by name has its own budget'
	fill 100
	start_watched --policy strict -- rm -rf "$DATA"
	if wait_hold "$RUN_PID"; then
		expect_eq 'files left' 95 "$(settled left)"
	fi
	kill_sessions
	rm -rf "$DATA"
	case_end
}

refill_case() {
	case_begin 'the budget refills'
	fill 40
	start_watched --policy brief -- bash -c \
		'rm "$1"/f?; rm "$1"/f1?; sleep 3; rm "$1"/f2? "$1"/f3?' - "$DATA"
	wait_run
	expect_eq 'exit status' 0 "$RUN_STATUS"
	expect_eq 'files left' 0 "$(left)"
	kill_sessions
	rm -rf "$DATA"
	case_end
}

# Its own pawld: the time-out is one for all holds.
expire_case() {
	stop_pawld
	write_policy 2s
	need_pawld
	case_begin 'rm, time-out'
	deleter rm
	fill
	start_watched -- "${COMMAND[@]}"
	wait_run # nobody decides
	expect_match 'exit status' '^[1-9][0-9]*$' "$RUN_STATUS"
	refused_text
	expect_left 9975 "$(left)"
	expect_eq 'holds, open or not' expired "$(pawl holds --all -o json | json_strings state)"
	no_holds || fail 'the hold is still open'
	kill_sessions
	case_end
}

# Every deleter, and every end of a hold for those that differ.
run_cases() {
	local name end
	while read -r name end; do
		run_case "$name" "$end"
	done <<-'END'
		rm approve
		rm deny
		rm kill
		find deny
		python approve
		node kill
		perl kill
		rsync deny
		threads approve
		leaderless kill
		xargs kill
		xargs-many approve
		uring kill
		daemon kill
	END
	short || while read -r name end; do
		run_case "$name" "$end"
	done <<-'END'
		python deny
		node approve
		threads deny
		threads kill
		xargs-many deny
		daemon approve
		daemon deny
	END
	run_case rm fresh
}

# The other cases run in memory, as a rule.
disk_case() {
	local disk
	disk=$(mktemp -d /var/tmp/pawl-test.XXXXXX)
	at_exit "rm -rf '$disk'"
	case_begin 'rm, kill, on a disk'
	DATA=$disk/data
	hold_deleter rm && end_kill rm
	kill_sessions
	DATA=$T/data
	rm -rf "$disk"
	case_end
}

need_pawld
run_cases
disk_case
nested_case
apart_case
small_budget_case
refill_case
expire_case
finish
