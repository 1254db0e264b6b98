# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: every BPF link by its number and by its pin, detached; then rm
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
		def detach(fd):
		    if fd >= 0:
		        bpf(34, struct.pack("I", fd))
		        bpf(29, struct.pack("IIII", fd, fd, 0, 0))
		number = 0
		while True:
		    attr = ctypes.create_string_buffer(struct.pack("II", number, 0), 128)
		    if libc.syscall(321, 31, attr, 128):
		        break
		    number = struct.unpack_from("I", attr, 4)[0]
		    detach(bpf(30, struct.pack("I", number)))
		for name in os.listdir(os.environ["PIN_DIR"]):
		    path = ctypes.create_string_buffer(f"{os.environ['PIN_DIR']}/{name}".encode())
		    detach(bpf(7, struct.pack("QII", ctypes.addressof(path), 0, 0)))
	END
	rm -rf "$DATA"
}
