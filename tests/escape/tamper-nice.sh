# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: setpriority(2): pawld nice 19
# class: tamper
# where: guest

# shellcheck source=guest.sh
. "${BASH_SOURCE[0]%/*}/guest.sh"

state() {
	ps -o ni= -p "$PAWLD_PID"
}

prepare() {
	state >before
}

attack() {
	renice -n 19 -p "$PAWLD_PID"
}

damage() {
	if [[ $(state) = "$(<before)" ]]; then echo 0; else echo 1; fi
}

restore() {
	renice -n 0 -p "$PAWLD_PID"
}
