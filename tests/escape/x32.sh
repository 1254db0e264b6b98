# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317
# tries: the system calls of the x32 table
# class: tree
# where: host
# needs: python3

prepare() {
	python3 -c 'import ctypes, os, sys
sys.exit(ctypes.CDLL(None).syscall(0x40000000 | 39) != os.getpid())' ||
		cannot 'no x32 system calls'
	"$TOOLS/files" make "$DATA" 300
}

attack() {
	python3 "$HERE/x32.py"
}
