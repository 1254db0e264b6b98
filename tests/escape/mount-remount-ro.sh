# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: mount -o remount,ro of data
# class: mounts
# where: guest

# shellcheck source=guest.sh
. "${BASH_SOURCE[0]%/*}/guest.sh"

prepare() {
	mounted tmpfs
}

damage() {
	if touch "$DATA/probe" 2>/dev/null; then echo 0; else echo 1; fi
}

restore() {
	unmount_data
}

attack() {
	mount -o remount,ro "$DATA"
}
