# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: SG_IO: WRITE(10) on a disk opened for reading
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
	python3 - "$(<kept)" <<-'END'
		import fcntl, os, sys
		from guest_scsi import HEADER, SG_IO
		fd = os.open(sys.argv[1], os.O_RDONLY)
		fcntl.ioctl(fd, SG_IO, HEADER)
	END
}
