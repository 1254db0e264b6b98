# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: NVME_IOCTL_IO_CMD: Write Zeroes on a disk opened for reading
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
	python3 - "$(<kept)" <<-'END'
		import fcntl, os, struct, sys
		# opcode, nsid, cdw10 (first block), cdw12 (blocks - 1)
		command = struct.pack("<BBHI8x8xQQIIIIIIIIII", 8, 0, 0, 1, 0, 0, 0, 0, 0, 0, 2047, 0, 0, 0, 5000, 0)
		fcntl.ioctl(os.open(sys.argv[1], os.O_RDONLY), 0xC0484E43, command)
	END
}
