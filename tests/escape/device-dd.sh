# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: dd to a disk
# class: devices
# where: guest

# shellcheck source=guest.sh
. "${BASH_SOURCE[0]%/*}/guest.sh"

prepare() {
	keep_spare
}

damage() {
	kept_damage
}

attack() {
	dd if=/dev/zero of="$(<kept)" bs=64k count=16 conv=fsync
}
