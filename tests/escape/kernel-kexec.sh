# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: kexec_load(2) of a kernel of its own
# class: kernel
# where: guest
# needs: python3

# shellcheck source=guest.sh
. "${BASH_SOURCE[0]%/*}/guest.sh"

kexec() { # SEGMENTS
	python3 - "$1" <<-'END'
		import ctypes, struct, sys
		code = ctypes.create_string_buffer(b"\xf4" * 4096, 4096)
		segment = struct.pack("PNNN", ctypes.addressof(code), 4096, 0x8000000, 4096)
		n = int(sys.argv[1])
		libc = ctypes.CDLL(None, use_errno=True)
		if libc.syscall(246, ctypes.c_ulong(0x8000000), n, segment, ctypes.c_ulong(62 << 16)):
		    raise OSError(ctypes.get_errno(), "kexec_load")
	END
}

prepare() {
	[[ -e /sys/kernel/kexec_loaded ]] || cannot 'no kexec'
}

attack() {
	kexec 1
}

damage() {
	cat /sys/kernel/kexec_loaded
}

restore() {
	kexec 0
}
