# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: write(2) of a WRITE(10) to the raw character device
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
		import os, sys
		from guest_scsi import HEADER
		fd = os.open(sys.argv[1], os.O_RDWR)
		os.write(fd, HEADER)
		os.read(fd, len(HEADER))
	END
}
