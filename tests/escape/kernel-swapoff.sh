# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: swapoff of the swap in use
# class: kernel
# where: guest

# shellcheck source=guest.sh
. "${BASH_SOURCE[0]%/*}/guest.sh"

prepare() {
	[[ -n $(spare) ]] || cannot 'no spare disk'
	mkswap "$(spare)"
	swapon "$(spare)"
}

attack() {
	swapoff "$(spare)"
}

damage() {
	echo $((1 - $(grep -c "$(spare)" /proc/swaps)))
}

restore() {
	swapoff "$(spare)" 2>/dev/null || :
}
