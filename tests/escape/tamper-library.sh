# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: garbage over the code of a library that pawld runs, in the file
# class: tamper
# where: guest
# needs: python3

# shellcheck source=guest.sh
. "${BASH_SOURCE[0]%/*}/guest.sh"

prepare() {
	awk '/libbpf/ { print $6; exit }' "/proc/$PAWLD_PID/maps" >library
	[[ -s library ]] || cannot 'pawld maps no libbpf'
	cp "$(<library)" saved
}

attack() {
	python3 - "$(<library)" <<-'END'
		import os, sys
		fd = os.open(sys.argv[1], os.O_WRONLY)
		for line in open(f"/proc/{os.environ['PAWLD_PID']}/maps"):
		    if " r-xp " in line and "libbpf" in line:
		        start, end = (int(x, 16) for x in line.split()[0].split("-"))
		        os.pwrite(fd, b"\xcc" * (end - start), int(line.split()[2], 16))
	END
	sleep 5
}

damage() {
	hurt "$PAWLD_PID"
}

restore() {
	cp saved library.new
	mv library.new "$(<library)"
}
