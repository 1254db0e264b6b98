#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# What runs inside a guest of the kernel matrix, as PAWL_TEST_PART says: `short`, the suites that say
# most about a kernel, and a few attempts to get round pawl; or one of the long parts: `suites`, `escape`
# (all attempts), `unwatched` (whether each does what it says). tests/vm/matrix.sh puts it into the
# share as /mnt/run.sh and its settings into /mnt/env.

set -u
# shellcheck source=/dev/null
. /mnt/env
export PAWL_TEST_SHORT=1 PAWL_TEST_WAIT=90 PAWL_TEST_GUEST=1

# What follows trees, pawld's own life and what is moved is the same with both backends: it is
# tested with one of them, and what takes many minutes in one guest of eight.
short_suites() {
	suites=(10-deleters 20-overwrites 90-doctor)
	case $PAWL_EXPECT_BACKEND in
	lsm) suites+=(40-tracking 60-lifecycle) ;;
	*) suites+=(25-moves) ;;
	esac
	[[ $(uname -r)-$PAWL_EXPECT_BACKEND != 6.12*-lsm ]] || suites+=(61-daemon-death)
}

# All of them, everywhere; the machine is ours: pids come round sooner.
long_suites() {
	local suite module
	suites=()
	for suite in /mnt/tests/host/*.sh; do
		suite=${suite##*/}
		[[ $suite = 00-* ]] || suites+=("${suite%.sh}") # it tests the runner
	done
	export PAWL_TEST_SESSIONS=100 PAWL_TEST_BOMB=300 PAWL_TEST_LOOPS=20
	export PAWL_TEST_STORM=5000 PAWL_TEST_DELETIONS=4000
	[[ $(uname -r)-$PAWL_EXPECT_BACKEND != 6.12*-lsm ]] || export PAWL_TEST_LOOPS=200
	echo 4096 >/proc/sys/kernel/pid_max
	for module in loop overlay; do
		[[ ! -e /mnt/modules/$module.ko ]] || insmod "/mnt/modules/$module.ko"
	done
}

# The third backend loads here too, and passes its self-test; what it then does is tested on hosts.
tracepoint_case() {
	local dir pid
	dir=$(mktemp -d /tmp/tracepoint.XXXXXX)
	/mnt/build/pawld --backend tracepoint --no-agents --socket "$dir/socket" \
		--state-dir "$dir/state" --log "$dir/log" 2>"$dir/err" &
	pid=$!
	for _ in {1..600}; do
		grep -q 'ready backend=tracepoint' "$dir/err" && break
		kill -0 "$pid" 2>/dev/null || break
		sleep 0.1
	done
	kill -TERM "$pid" 2>/dev/null
	wait "$pid"
	if grep -q 'ready backend=tracepoint' "$dir/err"; then
		echo 'ok - tracepoint: loads, and passes its self-test'
	else
		echo "not ok - tracepoint: $(head -n 1 "$dir/err")"
		failed=1
	fi
}

run() { # SUITE SCRIPT OPTION...
	local status began=$SECONDS
	bash "${@:2}"
	status=$?
	echo "# $1: $((SECONDS - began)) s"
	case $status in
	0 | 77) ;;
	1) failed=1 ;;
	*)
		echo "not ok - $1: ended with status $status"
		failed=1
		;;
	esac
}

run_suites() {
	local suite
	for suite in "${suites[@]}"; do
		run "$suite" "/mnt/tests/host/$suite.sh"
	done
}

failed=0
# shellcheck disable=SC2153 # from /mnt/env
case $PAWL_TEST_PART in
short)
	tracepoint_case
	short_suites
	run_suites
	run escape /mnt/tests/escape/run.sh --quick
	;;
suites)
	tracepoint_case
	long_suites
	run_suites
	;;
escape) run escape /mnt/tests/escape/run.sh ;;
unwatched) run unwatched /mnt/tests/escape/run.sh --unwatched ;;
esac
exit "$failed"
