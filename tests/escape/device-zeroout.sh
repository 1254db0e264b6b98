# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: BLKZEROOUT
# class: devices
# where: guest

# shellcheck source=guest.sh
. "${BASH_SOURCE[0]%/*}/guest.sh"

prepare() {
	loop 4M
	keep "$LOOP"
}

damage() {
	kept_damage
}

restore() {
	detach_loops
}

attack() {
	blkdiscard -z "$(<kept)"
}
