# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: delete_module(2) of the driver of a memory disk, with what is on it
# class: kernel
# where: guest
# needs: python3

# shellcheck source=guest.sh
. "${BASH_SOURCE[0]%/*}/guest.sh"

prepare() {
	modules brd
	keep /dev/ram0
}

attack() {
	rmmod brd
}

damage() {
	if [[ -b /dev/ram0 ]]; then echo 0; else echo 1; fi
}

restore() {
	[[ ! -d /sys/module/brd ]] || rmmod brd
}
