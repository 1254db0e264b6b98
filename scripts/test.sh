#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Runs test suites: scripts/test.sh [unit|check|host|escape|agents|vm]... (all of them if none is named).
# A suite prints `ok - NAME`, `not ok - NAME: REASON` or `skip - NAME: REASON` a case; they are
# passed on and counted. The last line of all is `N passed, N failed, N skipped`.
# A suite that prints no case, or dies without a failed case, is a failure itself.
# PAWL_MUST_RUN=1 turns skips into failures.

set -u
cd "$(dirname "$0")/.." || exit 1

declare -A limit_s=([unit]=300 [check]=600 [host]=600 [escape]=900 [agents]=900 [vm]=7200)
[[ ${PAWL_TEST_LONG:-0} != 1 ]] || limit_s[host]=2400 limit_s[escape]=2400 limit_s[vm]=36000
passed=0 failed=0 skipped=0 child=''

# A suite cleans up after itself when it is told to end.
stop() {
	trap '' INT TERM HUP
	if [[ -n $child ]]; then
		kill -TERM "$child" 2>/dev/null
		wait "$child" 2>/dev/null
	fi
	echo "interrupted"
	echo "$passed passed, $((failed + 1)) failed, $skipped skipped"
	exit 1
}
trap stop INT TERM HUP

count() {
	case $1 in
	'ok - '*) passed=$((passed + 1)) ;;
	'not ok - '*) failed=$((failed + 1)) ;;
	'skip - '*) skipped=$((skipped + 1)) ;;
	esac
}

# run_suite NAME LIMIT_S COMMAND...: output of COMMAND, line by line.
run_suite() {
	local name=$1 limit=$2 began=$SECONDS line status
	local before=$((passed + failed + skipped)) failed_before=$failed
	shift 2
	exec 3< <(exec timeout --kill-after=60 "$limit" "$@" 2>&1)
	child=$!
	while IFS= read -r line <&3; do
		if [[ $line = 'skip - '* && ${PAWL_MUST_RUN:-0} = 1 ]]; then
			line="not ok - ${line#skip - } (skipped, and PAWL_MUST_RUN=1)"
		fi
		echo "$line"
		count "$line"
	done
	exec 3<&-
	wait "$child"
	status=$?
	child=''
	judge "$name" "$status" $((passed + failed + skipped - before)) $((failed - failed_before))
	echo "# $name: $((SECONDS - began)) s"
}

judge() { # NAME STATUS CASES FAILED
	local reason=''
	if [[ $3 = 0 ]]; then
		reason="printed no case (exit status $2)"
	elif [[ $2 = 124 || $2 = 137 ]]; then
		reason='took too long'
	elif [[ $2 != 0 && $2 != 77 && $4 = 0 ]]; then
		reason="exit status $2, and no case failed"
	fi
	[[ -n $reason ]] || return
	echo "not ok - $1: $reason"
	failed=$((failed + 1))
}

# cmocka's TAP to our lines; what it prints besides is kept as a comment.
run_unit() {
	local test
	for test in build/tests/unit/test_*; do
		[[ -x $test && ! -d $test ]] || continue
		run_suite "${test##*/}" "${limit_s[unit]}" scripts/test.sh --tap "$test"
	done
	[[ -n ${test:-} && -x $test ]] || no_suite unit
}

tap() {
	local name=${1##*/}
	CMOCKA_MESSAGE_OUTPUT=TAP "$1" 2>&1 | sed -E \
		-e "s/^not ok [0-9]+ # SKIP (.*)/skip - $name: \1: skipped by the test/" \
		-e "s/^ok [0-9]+ - (.*)/ok - $name: \1/" \
		-e "s/^not ok [0-9]+ - (.*)/not ok - $name: \1: see below/" \
		-e '/^(ok|not ok|skip) - /!s/^(# ?)?/#   /'
	return "${PIPESTATUS[0]}"
}

run_each() { # SUITE DIR
	local script found=0
	for script in "$2"/*.sh; do
		[[ -x $script && ${script##*/} != setup.sh ]] || continue
		found=1
		run_suite "$1/${script##*/}" "${limit_s[$1]}" "$script"
	done
	[[ $found = 1 ]] || no_suite "$1"
}

# The long run also shows that each technique is real.
run_escape() {
	run_suite escape "${limit_s[escape]}" tests/escape/run.sh
	[[ ${PAWL_TEST_LONG:-0} != 1 ]] ||
		run_suite escape-unwatched "${limit_s[escape]}" tests/escape/run.sh --unwatched
}

no_suite() {
	echo "not ok - $1: no suite found"
	failed=$((failed + 1))
}

if [[ ${1:-} = --tap ]]; then
	tap "$2"
	exit
fi
[[ $# -gt 0 ]] || set -- unit check host escape agents vm
for suite in "$@"; do
	case $suite in
	unit) run_unit ;;
	check) run_suite check "${limit_s[check]}" tests/check/run.sh ;;
	host | agents) run_each "$suite" "tests/$suite" ;;
	escape) run_escape ;;
	vm) run_suite vm "${limit_s[vm]}" tests/vm/matrix.sh ;;
	*)
		echo "usage: scripts/test.sh [unit|check|host|escape|agents|vm]..." >&2
		exit 2
		;;
	esac
done
echo "$passed passed, $failed failed, $skipped skipped"
[[ $failed = 0 ]]
