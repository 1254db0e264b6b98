# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: garbage over the memory of pawld by process_vm_writev(2)
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
		junk = ctypes.create_string_buffer(b"\xff" * 65536)
		libc = ctypes.CDLL(None)
		for line in open(f"/proc/{pid}/maps"):
		    if "[heap]" in line or "[stack]" in line:
		        start, end = (int(x, 16) for x in line.split()[0].split("-"))
		        for at in range(start, end, 65536):
		            n = min(65536, end - at)
		            mine = struct.pack("PN", ctypes.addressof(junk), n)
		            libc.syscall(311, pid, mine, 1, struct.pack("PN", at, n), 1, 0)
	END
	timeout 3 "$PAWL" --socket "$SOCK" ps
	sleep 1
}
