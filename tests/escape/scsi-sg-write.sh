# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: write(2) of a WRITE(10) to the raw character device
# class: devices
# where: guest
# needs: python3

# shellcheck source=guest.sh
. "${BASH_SOURCE[0]%/*}/guest.sh"

prepare() {
	scsi
	keep "/dev/$DISK"
}

damage() {
	kept_damage
}

attack() {
	python3 - "/dev/$(basename /sys/block/"$(basename "$(<kept)")"/device/scsi_generic/sg*)" <<-'END'
		import ctypes, fcntl, os, struct, sys
		data = ctypes.create_string_buffer(512)
		command = ctypes.create_string_buffer(bytes([0x2A, 0, 0, 0, 0, 0, 0, 0, 1, 0]), 10)
		sense = ctypes.create_string_buffer(32)
		header = struct.pack(
		    "iiBBHIPPPIIiP24x", ord("S"), -2, 10, 32, 0, 512, ctypes.addressof(data),
		    ctypes.addressof(command), ctypes.addressof(sense), 5000, 0, 0, 0)
		fd = os.open(sys.argv[1], os.O_RDWR)
		os.write(fd, header)
		os.read(fd, len(header))
	END
}
