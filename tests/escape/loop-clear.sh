# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: LOOP_CLR_FD of a loop device, opened for reading
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
	python3 -c 'import fcntl, os, sys
fcntl.ioctl(os.open(sys.argv[1], os.O_RDONLY), 0x4C01)' "$(<kept)"
}
