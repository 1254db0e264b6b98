#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# What runs inside a guest of the kernel matrix: the host suites, those first that say most about a
# kernel. tests/vm/matrix.sh puts it into the share as /mnt/run.sh and its settings into /mnt/env.

set -u
# shellcheck source=/dev/null
. /mnt/env
export PAWL_TEST_SHORT=1 PAWL_TEST_WAIT=90 PAWL_TEST_GUEST=1

# What follows trees, pawld's own life and what is moved is the same with both backends: it is
# tested with one of them, and what takes many minutes in one guest of eight. Among the long ones
# all are, everywhere.
suites=(10-deleters 20-overwrites 90-doctor)
if [[ ${PAWL_TEST_LONG:-0} = 1 || $PAWL_EXPECT_BACKEND = lsm ]]; then
	suites+=(40-tracking 60-lifecycle)
fi
if [[ ${PAWL_TEST_LONG:-0} = 1 || $PAWL_EXPECT_BACKEND = fmod_ret ]]; then
	suites+=(25-moves)
fi
if [[ ${PAWL_TEST_LONG:-0} = 1 || $(uname -r)-$PAWL_EXPECT_BACKEND = 6.12*-lsm ]]; then
	suites+=(61-daemon-death)
fi
if [[ ${PAWL_TEST_LONG:-0} = 1 ]]; then
	export PAWL_TEST_SESSIONS=100 PAWL_TEST_BOMB=300 PAWL_TEST_LOOPS=20
	export PAWL_TEST_STORM=5000 PAWL_TEST_DELETIONS=4000
	echo 4096 >/proc/sys/kernel/pid_max # the guest is ours: pids come round sooner
	suites+=(30-bystander 50-scale 65-authority 66-liveness 70-ring 75-hostile 80-errors)
	for module in loop overlay; do
		[[ ! -e /mnt/modules/$module.ko ]] || insmod "/mnt/modules/$module.ko"
	done
fi

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

# Attempts to get round pawl: a few of them, or all, and whether each does what it says.
escape_cases() {
	local status began=$SECONDS
	local -a modes=(--quick)
	export PAWL_TEST_GUEST=1
	[[ ${PAWL_TEST_LONG:-0} != 1 ]] || modes=('' --unwatched)
	for mode in "${modes[@]}"; do
		# shellcheck disable=SC2086 # none is no word
		bash /mnt/tests/escape/run.sh $mode
		status=$?
		[[ $status = 0 ]] || failed=1
		((status < 2)) || echo "not ok - escape: ended with status $status"
	done
	echo "# escape: $((SECONDS - began)) s"
}

failed=0
tracepoint_case
for suite in "${suites[@]}"; do
	began=$SECONDS
	bash "/mnt/tests/host/$suite.sh"
	status=$?
	echo "# $suite: $((SECONDS - began)) s"
	case $status in
	0 | 77) ;;
	1) failed=1 ;;
	*)
		echo "not ok - $suite: ended with status $status"
		failed=1
		;;
	esac
done
escape_cases
exit "$failed"
