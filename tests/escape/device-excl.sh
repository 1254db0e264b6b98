# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: opening a disk with O_WRONLY and O_EXCL, and pwrite(2)
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
		import os, sys
		fd = os.open(sys.argv[1], os.O_WRONLY | os.O_EXCL)
		os.pwrite(fd, bytes(1 << 20), 0)
		os.fsync(fd)
	END
}
