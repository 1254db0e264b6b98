# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: writing a disk by a shared mapping of it
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
		import mmap, os, sys
		fd = os.open(sys.argv[1], os.O_RDWR)
		with mmap.mmap(fd, 1 << 20) as disk:
		    disk[:] = bytes(1 << 20)
		    disk.flush()
	END
}
