# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: BTRFS_IOC_ADD_DEV: the kernel makes a disk part of a file system, over what is there
# class: devices
# where: guest
# needs: python3

# shellcheck source=guest.sh
. "${BASH_SOURCE[0]%/*}/guest.sh"

prepare() {
	mounted btrfs 128M
	keep_spare
}

attack() {
	python3 - "$(<kept)" <<-'END'
		import ctypes, os, struct, sys
		fd = os.open(os.environ["DATA"], os.O_RDONLY)
		vol = ctypes.create_string_buffer(struct.pack("q4088s", 0, sys.argv[1].encode()))
		ctypes.CDLL(None).ioctl(fd, ctypes.c_ulong(0x5000940A), vol)
	END
	sync -f "$DATA"
}

damage() {
	kept_damage
}

restore() {
	btrfs device remove "$(<kept)" "$DATA" 2>/dev/null
	unmount_data
}
