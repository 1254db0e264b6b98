# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: reboot(2), with a command that only changes what Ctrl-Alt-Del does
# class: kernel
# where: guest
# needs: python3

# shellcheck source=guest.sh
. "${BASH_SOURCE[0]%/*}/guest.sh"

cad() { # COMMAND
	python3 - "$1" <<-'END'
		import ctypes, sys
		ctypes.CDLL(None).syscall(169, 0xFEE1DEAD, 672274793, ctypes.c_uint(int(sys.argv[1], 0)), 0)
	END
}

prepare() {
	cad 0x89ABCDEF
	cat /proc/sys/kernel/ctrl-alt-del >before
}

attack() {
	cad 0
}

damage() {
	changed /proc/sys/kernel/ctrl-alt-del
}
