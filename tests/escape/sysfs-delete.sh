# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: the disk taken away: device/delete in sysfs
# class: devices
# where: guest

# shellcheck source=guest.sh
. "${BASH_SOURCE[0]%/*}/guest.sh"

prepare() {
	scsi
	echo "$DISK" >disk
}

attack() {
	echo 1 >"/sys/block/$(<disk)/device/delete"
}

damage() {
	if [[ -d /sys/block/$(<disk) ]]; then echo 0; else echo 1; fi
}

restore() {
	scsi
}
