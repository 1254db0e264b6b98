# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317
# tries: fallocate(2) with FALLOC_FL_COLLAPSE_RANGE
# class: files
# where: host
# needs: python3
# disk: yes

# Two blocks each, of which the first is to go.
prepare() {
	local i
	mkdir "$DATA"
	for i in {1..300}; do
		truncate -s 8192 "$DATA/f$i"
	done
}

attack() {
	python3 - "$DATA" <<-'END'
		import ctypes, os, sys
		for entry in os.scandir(sys.argv[1]):
		    fd = os.open(entry.path, os.O_RDWR)
		    if ctypes.CDLL(None).syscall(285, fd, 8, ctypes.c_long(0), ctypes.c_long(4096)):
		        sys.exit("fallocate failed")
		    os.close(fd)
	END
}

damage() {
	echo $((300 - $(find "$DATA" -size 16b | wc -l)))
}
