# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: a mounted device-mapper device given a table that only fails
# class: devices
# where: guest
# needs: dmsetup

# shellcheck source=guest.sh
. "${BASH_SOURCE[0]%/*}/guest.sh"

prepare() {
	modules dm-mod
	loop 16M
	mkfs.ext4 -q "$LOOP"
	dmsetup create --noudevsync escape --table "0 32768 linear $LOOP 0"
	dmsetup mknodes
	mkdir "$DATA"
	mount /dev/mapper/escape "$DATA" || cannot 'no device-mapper'
	"$TOOLS/files" make "$DATA" 300
	sync -f "$DATA"
}

attack() {
	dmsetup --noudevsync wipe_table --force escape
}

damage() {
	dmsetup table escape | grep -c error
}

restore() {
	dmsetup suspend escape
	dmsetup load escape --table "0 32768 linear $(<loops) 0"
	dmsetup resume --noudevsync escape
	umount "$DATA"
	dmsetup remove --noudevsync escape
	detach_loops
}
