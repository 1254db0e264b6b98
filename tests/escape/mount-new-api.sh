# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: fsopen, fsmount and move_mount of a tmpfs over data
# class: mounts
# where: guest
# needs: python3

# shellcheck source=guest.sh
. "${BASH_SOURCE[0]%/*}/guest.sh"

prepare() {
	mounted tmpfs
}

damage() {
	data_damage
}

restore() {
	unmount_data
}

attack() {
	python3 - <<-'END'
		import ctypes, os
		call = ctypes.CDLL(None).syscall
		fs = call(430, b"tmpfs", 0)
		call(431, fs, 6, None, None, 0)
		call(429, call(432, fs, 0, 0), b"", -100, os.environ["DATA"].encode(), 4)
	END
}
