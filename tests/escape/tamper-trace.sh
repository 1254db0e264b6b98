# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: PTRACE_ATTACH to pawld
# class: tamper
# where: guest
# needs: python3

# shellcheck source=guest.sh
. "${BASH_SOURCE[0]%/*}/guest.sh"

prepare() {
	:
}

damage() {
	hurt "$PAWLD_PID"
}

restore() {
	kill -CONT "$PAWLD_PID" 2>/dev/null || :
}

attack() {
	python3 -c 'import ctypes, os, time
libc = ctypes.CDLL(None)
libc.ptrace(16, int(os.environ["PAWLD_PID"]), None, None)
time.sleep(3)'
}
