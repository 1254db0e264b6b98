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
	local disk major minor
	disk=$(<kept)
	IFS=: read -r major minor <"/sys/class/block/${disk##*/}/dev"
	mknod node b "$major" "$minor"
	dd if=/dev/zero of=node bs=64k count=16 conv=fsync
}
