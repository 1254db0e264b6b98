# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: an empty directory bound over data
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

restore() {
	unmount_data
}

attack() {
	mkdir empty
	mount --bind empty "$DATA"
}
