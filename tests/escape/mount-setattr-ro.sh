# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: mount_setattr(2): data made read-only
# class: mounts
# where: guest
# needs: python3

# shellcheck source=guest.sh
. "${BASH_SOURCE[0]%/*}/guest.sh"

prepare() {
	mounted tmpfs
}

damage() {
	if touch "$DATA/probe" 2>/dev/null; then echo 0; else echo 1; fi
}

restore() {
	unmount_data
}

attack() {
	python3 - <<-'END'
		import ctypes, os, struct
		attr = ctypes.create_string_buffer(struct.pack("QQQQ", 1, 0, 0, 0))
		ctypes.CDLL(None).syscall(442, -100, os.environ["DATA"].encode(), 0, attr, 32)
	END
}
