#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The host suites on stock kernels, each booted with bpf in lsm= (backend lsm) and without it
# (backend fmod_ret), two guests at a time; and one with systemd, where pawl is a service. Prints
# their lines, each case named after its kernel and backend. PAWL_TEST_KERNELS="6.1 7.3" picks
# kernels. PAWL_TEST_LONG=1 runs every suite, every attempt to get round pawl in a guest of its own,
# and on one kernel the same attempts without pawl; PAWL_TEST_PARTS="suites escape" picks of these.

set -u
cd "$(dirname "$0")/../.." || exit 1

read -ra KERNELS <<<"${PAWL_TEST_KERNELS:-6.1 6.12 6.18 7.3}"
BUILD=${PAWL_BUILD:-build}
SYSTEMD_KERNEL=6.12
GUESTS=2
LIMIT_S=1200 # a boot takes about 4 minutes on an idle machine
PARTS=(short)
UNWATCHED_KERNEL=6.12
if [[ ${PAWL_TEST_LONG:-0} = 1 ]]; then
	LIMIT_S=5400
	read -ra PARTS <<<"${PAWL_TEST_PARTS:-suites escape unwatched}"
fi
WORK=$(mktemp -d "${TMPDIR:-/tmp}/pawl-matrix.XXXXXX")

# shellcheck disable=SC2317 # called by trap
end() {
	trap '' INT TERM HUP
	local pid
	for pid in $(jobs -pr); do
		kill -TERM "$pid" 2>/dev/null
	done
	wait
	rm -rf "$WORK"
}
trap end EXIT
trap 'exit 143' INT TERM HUP

cannot_run() {
	if [[ ${PAWL_MUST_RUN:-0} = 1 ]]; then
		echo "not ok - vm: whole suite: skipped, and PAWL_MUST_RUN=1: $1"
		exit 1
	fi
	echo "skip - vm: whole suite: $1"
	exit 77
}

prepare() {
	local tool
	[[ -x $BUILD/pawl && -x $BUILD/pawld ]] || cannot_run "$BUILD/pawl and $BUILD/pawld are not built"
	for tool in qemu-system-x86_64 mke2fs; do
		command -v "$tool" >/dev/null || cannot_run "$tool is not installed"
	done
	scripts/vm.sh prepare "${KERNELS[@]}" "$SYSTEMD_KERNEL" >"$WORK/prepare" 2>&1 ||
		cannot_run "kernels and root image could not be had: $(tail -n 1 "$WORK/prepare")"
}

# One share for each guest: the same programs, other expectations.
make_share() { # DIR BACKEND PART
	mkdir -p "$1/build/tests/escape" "$1/tests"
	cp "$BUILD/pawl" "$BUILD/pawld" "$1/build/"
	find "$BUILD/tests" -maxdepth 1 -type f -perm -u+x -exec cp -t "$1/build/tests/" {} +
	find "$BUILD/tests/escape" -maxdepth 1 -type f -perm -u+x \
		-exec cp -t "$1/build/tests/escape/" {} +
	cp -r tests/lib.sh tests/contract.py tests/host tests/escape "$1/tests/"
	if [[ $2 = systemd ]]; then
		cp tests/vm/systemd.sh "$1/run.sh"
		cp deploy/systemd/pawl.service "$1/"
		echo 'bash /mnt/run.sh setup' >"$1/setup.sh"
	else
		cp tests/vm/run.sh "$1/run.sh"
	fi
	cat >"$1/env" <<-END
		export PAWL_EXPECT_BACKEND=$2
		export PAWL_TEST_LONG=${PAWL_TEST_LONG:-0}
		export PAWL_TEST_PART=$3
		export PAWL_MUST_RUN=${PAWL_MUST_RUN:-0}
	END
}

# Lines of cases get the guest's name; remarks are passed on, the console's noise is kept aside.
label() { # NAME
	tee "$WORK/$1.console" | sed -u -n -E \
		-e "s/^(ok|not ok|skip) - /\1 - vm-$1: /p" -e "s/^# /# vm-$1: /p"
}

run_guest() { # KVER BACKEND PART OPTION...
	local name=$1-$2 pid printer status began=$SECONDS
	[[ $3 = short ]] || name+=-$3
	make_share "$WORK/$name" "$2" "$3"
	exec 3> >(label "$name")
	printer=$!
	scripts/vm.sh run "${@:4}" --timeout "$LIMIT_S" "$1" "$WORK/$name" >&3 2>&1 &
	pid=$!
	exec 3>&-
	trap 'kill -TERM "$pid"; wait "$pid"; exit 143' TERM
	wait "$pid"
	status=$?
	wait "$printer"
	case $status in
	0 | 1) ;;
	124) echo "not ok - vm-$name: took longer than $LIMIT_S s" ;;
	*) echo "not ok - vm-$name: the guest failed (status $status): $(tail -n 1 "$WORK/$name.console")" ;;
	esac
	if [[ $status = 1 ]] && ! grep -q '^not ok' "$WORK/$name.console"; then
		echo "not ok - vm-$name: status 1, and no case failed"
	fi
	grep -qE '^(ok|not ok) - ' "$WORK/$name.console" || echo "not ok - vm-$name: printed no case"
	echo "# vm-$name: $((SECONDS - began)) s"
	[[ $status = 0 ]]
}

start_guest() { # as run_guest, when there is room
	if ((running == GUESTS)); then
		wait -n || failed=1
		running=$((running - 1))
	fi
	run_guest "$@" &
	running=$((running + 1))
}

prepare
failed=0
running=0
start_guest "$SYSTEMD_KERNEL" systemd short --systemd
for part in "${PARTS[@]}"; do
	for kver in "${KERNELS[@]}"; do
		[[ $part != unwatched || $kver = "$UNWATCHED_KERNEL" ]] || continue
		start_guest "$kver" lsm "$part" --lsm
		[[ $part = unwatched ]] || start_guest "$kver" fmod_ret "$part" --no-lsm
	done
done
while ((running > 0)); do
	wait -n || failed=1
	running=$((running - 1))
done
exit "$failed"
