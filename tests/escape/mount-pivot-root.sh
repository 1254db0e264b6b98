# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: pivot_root(2): the root of everybody exchanged
# class: mounts
# where: guest
# needs: python3

# shellcheck source=guest.sh
. "${BASH_SOURCE[0]%/*}/guest.sh"

# Everything is bound there too, so that the machine goes on.
prepare() {
	mkdir -p root /pawl-old
	mount --rbind --make-rprivate / root
}

attack() {
	python3 -c 'import ctypes
libc = ctypes.CDLL(None, use_errno=True)
if libc.syscall(155, b"root", b"root/pawl-old"):
    raise OSError(ctypes.get_errno())'
}

damage() {
	if [[ -d /pawl-old/etc ]]; then echo 1; else echo 0; fi
}

restore() {
	if [[ -d /pawl-old/etc ]]; then
		python3 -c 'import ctypes, os
ctypes.CDLL(None).syscall(155, b"/pawl-old", b"/pawl-old" + os.getcwd().encode() + b"/root")'
	fi
	umount -lR "$T/root"
}
