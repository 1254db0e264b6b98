# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: a compressed disk in memory emptied: reset in sysfs
# class: devices
# where: guest

# shellcheck source=guest.sh
. "${BASH_SOURCE[0]%/*}/guest.sh"

prepare() {
	modules zram
	echo 16M >/sys/block/zram0/disksize || cannot 'no disk in memory'
	keep /dev/zram0
	[[ $(kept_damage) = 0 ]] || cannot 'what is written there is not kept'
}

attack() {
	echo 1 >/sys/block/zram0/reset
}

damage() {
	kept_damage
}

restore() {
	echo 1 >/sys/block/zram0/reset
}
