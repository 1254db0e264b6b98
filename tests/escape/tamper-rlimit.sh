# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: prlimit(2): pawld may open no more files
# class: tamper
# where: guest

# shellcheck source=guest.sh
. "${BASH_SOURCE[0]%/*}/guest.sh"

state() {
	prlimit -n -o SOFT --noheadings -p "$PAWLD_PID"
}

prepare() {
	state >before
}

attack() {
	prlimit -n3:3 -p "$PAWLD_PID"
}

damage() {
	if [[ $(state) = "$(<before)" ]]; then echo 0; else echo 1; fi
}

restore() {
	prlimit -n1024:1048576 -p "$PAWLD_PID"
}
