# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: mount --move of data to elsewhere
# class: mounts
# where: guest

# shellcheck source=guest.sh
. "${BASH_SOURCE[0]%/*}/guest.sh"

prepare() {
	mounted tmpfs
}

damage() {
	data_damage
}

attack() {
	mkdir away
	mount --move "$DATA" away
}

restore() {
	unmount_data
	umount away 2>/dev/null || :
}
