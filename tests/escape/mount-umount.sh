# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: umount of a tmpfs with data
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
	umount "$DATA"
}
