# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: a BPF program on the root control group that takes a device from everybody
# class: kernel
# where: guest
# needs: python3

# shellcheck source=guest.sh
. "${BASH_SOURCE[0]%/*}/guest.sh"

attack() {
	python3 - <<-'END'
		import os, struct
		from guest_bpf import bpf, insn, load
		# minor 9, /dev/urandom: no; all else: yes
		code = [insn(0x61, 0x12, 8), insn(0xB7, 0, 0, 1), insn(0x55, 2, 1, 9), insn(0xB7), insn(0x95)]
		program = load(15, code, 6)
		root = os.open("/sys/fs/cgroup", os.O_RDONLY)
		bpf(8, struct.pack("IIII", root, program, 6, 2))
	END
}

damage() {
	if head -c 1 /dev/urandom >/dev/null; then echo 0; else echo 1; fi
}

restore() {
	python3 - <<-'END'
		import ctypes, os, struct
		from guest_bpf import LIBC, bpf
		root = os.open("/sys/fs/cgroup", os.O_RDONLY)
		ids = ctypes.create_string_buffer(64)
		query = ctypes.create_string_buffer(struct.pack("IIIIQI", root, 6, 0, 0, ctypes.addressof(ids), 16), 128)
		LIBC.syscall(321, 16, query, 128)
		for at in range(struct.unpack_from("I", query, 24)[0]):
		    number = struct.unpack_from("I", ids, at * 4)[0]
		    bpf(9, struct.pack("III", root, bpf(13, struct.pack("I", number)), 6))
	END
}
