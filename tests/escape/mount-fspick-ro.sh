# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: fspick and fsconfig: data made read-only
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
		import ctypes, os
		call = ctypes.CDLL(None).syscall
		fs = call(433, -100, os.environ["DATA"].encode(), 0)
		call(431, fs, 0, b"ro", None, 0)
		call(431, fs, 7, None, None, 0)
	END
}
