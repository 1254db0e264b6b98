# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: pidfd_send_signal(2) to pawld
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
	python3 -c 'import os, signal
signal.pidfd_send_signal(os.pidfd_open(int(os.environ["PAWLD_PID"])), signal.SIGKILL)'
}
