# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: the disk taken offline: device/state in sysfs
# class: devices
# where: guest

# shellcheck source=guest.sh
. "${BASH_SOURCE[0]%/*}/guest.sh"

prepare() {
	scsi
	echo "$DISK" >disk
}

attack() {
	echo offline >"/sys/block/$(<disk)/device/state"
}

damage() {
	grep -cx offline "/sys/block/$(<disk)/device/state"
}

restore() {
	echo running >"/sys/block/$(<disk)/device/state"
}
