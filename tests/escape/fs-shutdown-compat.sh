# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: FS_IOC_SHUTDOWN by the 32-bit ioctl(2)
# class: devices
# where: guest

# shellcheck source=guest.sh
. "${BASH_SOURCE[0]%/*}/guest.sh"

prepare() {
	mounted ext4
}

damage() {
	if timeout 5 touch "$DATA/probe"; then echo 0; else echo 1; fi
}

restore() {
	unmount_data
}

attack() {
	"$TOOLS/escape/compat-ioctl" "$DATA" 0x8004587d 2
}
