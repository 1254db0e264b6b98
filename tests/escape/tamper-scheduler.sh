# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: sched_setscheduler(2): pawld idle
# class: tamper
# where: guest

# shellcheck source=guest.sh
. "${BASH_SOURCE[0]%/*}/guest.sh"

state() {
	chrt -p "$PAWLD_PID"
}

prepare() {
	state >before
}

attack() {
	chrt -i -p 0 "$PAWLD_PID"
}

damage() {
	if [[ $(state) = "$(<before)" ]]; then echo 0; else echo 1; fi
}

restore() {
	chrt -o -p 0 "$PAWLD_PID"
}
