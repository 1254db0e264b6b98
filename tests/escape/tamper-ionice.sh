# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: ioprio_set(2): pawld last
# class: tamper
# where: guest

# shellcheck source=guest.sh
. "${BASH_SOURCE[0]%/*}/guest.sh"

state() {
	ionice -p "$PAWLD_PID"
}

prepare() {
	state >before
}

attack() {
	ionice -c 3 -p "$PAWLD_PID"
}

damage() {
	if [[ $(state) = "$(<before)" ]]; then echo 0; else echo 1; fi
}

restore() {
	ionice -c 0 -p "$PAWLD_PID"
}
