# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: SG_IO: WRITE(10) on the raw character device
# class: devices
# where: guest
# needs: python3

# shellcheck source=guest.sh
. "${BASH_SOURCE[0]%/*}/guest.sh"

prepare() {
	scsi
	keep "/dev/$DISK"
}

damage() {
	kept_damage
}

attack() {
	python3 - "/dev/$(basename /sys/block/"$(basename "$(<kept)")"/device/scsi_generic/sg*)" <<-'END'
		import fcntl, os, sys
		from guest_scsi import HEADER, SG_IO
		fd = os.open(sys.argv[1], os.O_RDWR)
		fcntl.ioctl(fd, SG_IO, HEADER)
	END
}
