# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: FS_IOC_SHUTDOWN
# class: devices
# where: guest
# needs: python3

# shellcheck source=guest.sh
. "${BASH_SOURCE[0]%/*}/guest.sh"

prepare() {
	mounted ext4
}

damage() {
	if timeout 5 touch "$DATA/probe"; then echo 0; else echo 1; fi
}

restore() {
	unmount_data
}

attack() {
	python3 -c 'import fcntl, os, struct
fcntl.ioctl(os.open(os.environ["DATA"], os.O_RDONLY), 0x8004587D, struct.pack("I", 2))'
}
