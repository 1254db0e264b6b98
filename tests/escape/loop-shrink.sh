# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: LOOP_SET_STATUS64 that moves the start of a mounted loop device
# class: devices
# where: guest
# needs: python3

# shellcheck source=guest.sh
. "${BASH_SOURCE[0]%/*}/guest.sh"

prepare() {
	mounted ext4
}

attack() {
	python3 - "$(<loops)" <<-'END'
		import fcntl, os, struct, sys
		fd = os.open(sys.argv[1], os.O_RDONLY)
		status = bytearray(fcntl.ioctl(fd, 0x4C05, bytes(232)))
		struct.pack_into("QQ", status, 24, 1 << 20, 1 << 20)  # lo_offset, lo_sizelimit
		fcntl.ioctl(fd, 0x4C04, bytes(status))
	END
}

damage() {
	if (($(blockdev --getsize64 "$(<loops)") < 16 << 20)); then echo 1; else echo 0; fi
}

restore() {
	losetup -o 0 "$(<loops)" 2>/dev/null
	unmount_data
}
