# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: opening a disk again by /proc/self/fd of a descriptor for reading
# class: devices
# where: guest
# needs: python3

# shellcheck source=guest.sh
. "${BASH_SOURCE[0]%/*}/guest.sh"

prepare() {
	keep_spare
}

damage() {
	kept_damage
}

attack() {
	dd if=/dev/zero of=/proc/self/fd/9 bs=64k count=16 conv=fsync 9<"$(<kept)"
}
