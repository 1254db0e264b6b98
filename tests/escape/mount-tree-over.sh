# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: open_tree of another directory, moved over data
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
		os.mkdir("empty")
		tree = call(428, -100, b"empty", 1)
		call(429, tree, b"", -100, os.environ["DATA"].encode(), 4)
	END
}
