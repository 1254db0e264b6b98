# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: BLKDISCARD on a descriptor, BLKSECDISCARD before it
# class: devices
# where: guest
# needs: python3

# shellcheck source=guest.sh
. "${BASH_SOURCE[0]%/*}/guest.sh"

prepare() {
	loop 4M
	keep "$LOOP"
}

damage() {
	kept_damage
}

restore() {
	detach_loops
}

attack() {
	python3 - "$(<kept)" <<-'END'
		import fcntl, os, struct, sys
		fd = os.open(sys.argv[1], os.O_RDWR)
		for request in 0x127D, 0x1277:
		    try:
		        fcntl.ioctl(fd, request, struct.pack("QQ", 0, 1 << 20))
		    except OSError as error:
		        print(error)
	END
}
