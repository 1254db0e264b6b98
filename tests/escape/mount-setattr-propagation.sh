# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: mount_setattr(2): a shared mount made private
# class: mounts
# where: guest
# needs: python3

# shellcheck source=guest.sh
. "${BASH_SOURCE[0]%/*}/guest.sh"

prepare() {
	mounted tmpfs
	mount --make-shared "$DATA"
}

attack() {
	python3 - <<-'END'
		import ctypes, os, struct
		attr = ctypes.create_string_buffer(struct.pack("QQQQ", 0, 0, 1 << 18, 0))
		ctypes.CDLL(None).syscall(442, -100, os.environ["DATA"].encode(), 0, attr, 32)
	END
}

damage() {
	if grep " $DATA " /proc/self/mountinfo | grep -q shared:; then echo 0; else echo 1; fi
}

restore() {
	unmount_data
}
