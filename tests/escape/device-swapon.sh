# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: swapon of a disk that somebody prepared, over what he keeps there
# class: devices
# where: guest

# shellcheck source=guest.sh
. "${BASH_SOURCE[0]%/*}/guest.sh"

prepare() {
	[[ -n $(spare) ]] || cannot 'no spare disk'
	mkswap "$(spare)"
}

attack() {
	swapon "$(spare)"
}

damage() {
	grep -c "$(spare)" /proc/swaps
}

restore() {
	swapoff "$(spare)" 2>/dev/null || :
}
