# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: BLKPG_DEL_PARTITION, the disk opened for reading
# class: devices
# where: guest
# needs: python3

# shellcheck source=guest.sh
. "${BASH_SOURCE[0]%/*}/guest.sh"

blkpg() { # OPERATION
	python3 - "$(<loops)" "$1" <<-'END'
		import ctypes, fcntl, os, struct, sys
		fd = os.open(sys.argv[1], os.O_RDONLY)
		part = ctypes.create_string_buffer(struct.pack("qqi", 1 << 20, 1 << 20, 1), 152)
		fcntl.ioctl(fd, 0x1269, struct.pack("iiiP", int(sys.argv[2]), 0, 152, ctypes.addressof(part)))
	END
}

prepare() {
	loop 4M
	blkpg 1
}

attack() {
	blkpg 2
}

damage() {
	if [[ -d /sys/block/$(basename "$(<loops)")/$(basename "$(<loops)")p1 ]]; then echo 0; else echo 1; fi
}

restore() {
	blkpg 2 2>/dev/null
	detach_loops
}
