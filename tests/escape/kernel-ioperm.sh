# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: writing to an I/O port after ioperm(2): nothing is opened
# class: kernel
# where: guest
# needs: python3

# shellcheck source=guest.sh
. "${BASH_SOURCE[0]%/*}/guest.sh"

# A byte of the battery-backed memory that nobody uses.
cmos() { # VALUE to write, none to read
	python3 - "$@" <<-'END'
		import os, sys
		port = os.open("/dev/port", os.O_RDWR)
		os.pwrite(port, b"\x7e", 0x70)
		if len(sys.argv) > 1:
		    os.pwrite(port, bytes([int(sys.argv[1])]), 0x71)
		else:
		    print(os.pread(port, 1, 0x71)[0])
	END
}

prepare() {
	[[ -c /dev/port ]] || cannot 'no /dev/port'
	cmos 17
}

attack() {
	"$TOOLS/escape/port-write" 126 99
}

damage() {
	if [[ $(cmos) = 17 ]]; then echo 0; else echo 1; fi
}
