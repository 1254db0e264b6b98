# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: NVME_IOCTL_ADMIN_CMD: Format NVM on the controller opened for reading, as nvme-cli does
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
	python3 - "$(sed 's/n[0-9]*$//' kept)" <<-'END'
		import fcntl, os, struct, sys
		# opcode, nsid, cdw10 (first block), cdw12 (blocks - 1)
		command = struct.pack("<BBHI8x8xQQIIIIIIIIII", 0x80, 0, 0, 1, 0, 0, 0, 0, 0, 0, 2047, 0, 0, 0, 5000, 0)
		command = command[:48] + bytes(4) + command[52:]  # no cdw12
		fcntl.ioctl(os.open(sys.argv[1], os.O_RDONLY), 0xC0484E41, command)
	END
}
