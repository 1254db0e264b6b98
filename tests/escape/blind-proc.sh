# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: another file system mounted over /proc, then rm
# class: tamper
# where: guest
# unwatched: whoever would look at what it has done is blind too
# limit: 25
# total: 300

# shellcheck source=guest.sh
. "${BASH_SOURCE[0]%/*}/guest.sh"

attack() {
	mount -t tmpfs none /proc
	rm -rf "$DATA"
}

restore() {
	[[ -d /proc/self ]] || umount /proc
}
