# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: sched_setaffinity(2): pawld on one CPU
# class: tamper
# where: guest

# shellcheck source=guest.sh
. "${BASH_SOURCE[0]%/*}/guest.sh"

state() {
	taskset -p "$PAWLD_PID"
}

prepare() {
	state >before
}

attack() {
	taskset -p 1 "$PAWLD_PID"
}

damage() {
	if [[ $(state) = "$(<before)" ]]; then echo 0; else echo 1; fi
}

restore() {
	taskset -p 3 "$PAWLD_PID"
}
