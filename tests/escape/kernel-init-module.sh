# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: init_module(2) of a module in memory
# class: kernel
# where: guest
# needs: python3

# shellcheck source=guest.sh
. "${BASH_SOURCE[0]%/*}/guest.sh"

prepare() {
	[[ -f $MODULES/dummy.ko ]] || cannot 'no modules'
	restore # another attempt may have needed it
}

attack() {
	python3 - "$MODULES/dummy.ko" <<-'END'
		import ctypes, sys
		image = open(sys.argv[1], "rb").read()
		ctypes.CDLL(None).syscall(175, image, ctypes.c_ulong(len(image)), b"")
	END
}

damage() {
	if [[ -d /sys/module/dummy ]]; then echo 1; else echo 0; fi
}

restore() {
	[[ ! -d /sys/module/dummy ]] || rmmod dummy
}
