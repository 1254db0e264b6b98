# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: every pinned BPF map opened, emptied; then rm
# class: tamper
# where: guest
# needs: python3
# limit: 25
# total: 300

# shellcheck source=guest.sh
. "${BASH_SOURCE[0]%/*}/guest.sh"

# Whether a watched rm is still stopped where it must be.
attack() {
	python3 - <<-'END'
		import ctypes, os, struct, sys
		libc = ctypes.CDLL(None, use_errno=True)
		def bpf(command, attr):
		    attr = ctypes.create_string_buffer(attr, 128)
		    return libc.syscall(321, command, attr, 128)
		def wipe(fd):
		    if fd < 0:
		        return
		    key = ctypes.create_string_buffer(256)
		    junk = ctypes.create_string_buffer(65536)
		    for index in range(4096):
		        struct.pack_into("I", key, 0, index)
		        bpf(2, struct.pack("I4xQQQ", fd, ctypes.addressof(key), ctypes.addressof(junk), 0))
		        bpf(3, struct.pack("I4xQ", fd, ctypes.addressof(key)))
		for name in os.listdir(os.environ["PIN_DIR"]):
		    path = ctypes.create_string_buffer(f"{os.environ['PIN_DIR']}/{name}".encode())
		    wipe(bpf(7, struct.pack("QII", ctypes.addressof(path), 0, 0)))
	END
	rm -rf "$DATA"
}
