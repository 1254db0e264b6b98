# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: rt_sigqueueinfo(2) and tgkill(2) to pawld
# class: tamper
# where: guest
# needs: python3

# shellcheck source=guest.sh
. "${BASH_SOURCE[0]%/*}/guest.sh"

prepare() {
	:
}

damage() {
	hurt "$PAWLD_PID"
}

restore() {
	kill -CONT "$PAWLD_PID" 2>/dev/null || :
}

attack() {
	python3 - <<-'END'
		import ctypes, os, struct
		pid = int(os.environ["PAWLD_PID"])
		info = ctypes.create_string_buffer(struct.pack("iii", 9, 0, -1), 128)
		libc = ctypes.CDLL(None)
		libc.syscall(129, pid, 9, info)
		libc.syscall(234, pid, pid, 9)
	END
}
