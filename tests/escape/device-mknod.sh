# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: dd to a disk by a device node of one's own
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
	mknod node b "$(lsblk -dno MAJ "$(<kept)")" "$(lsblk -dno MIN "$(<kept)")"
	dd if=/dev/zero of=node bs=64k count=16 conv=fsync
}
