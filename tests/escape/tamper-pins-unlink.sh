# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: rm -rf of the pins
# class: tamper
# where: guest

# shellcheck source=guest.sh
. "${BASH_SOURCE[0]%/*}/guest.sh"

prepare() {
	[[ -d $PIN_DIR ]] || cannot 'nothing is pinned'
	find "$PIN_DIR" | wc -l >before
}

attack() {
	rm -rf "$PIN_DIR"
}

damage() {
	if (($(find "$PIN_DIR" 2>/dev/null | wc -l) < $(<before))); then echo 1; else echo 0; fi
}

restore() {
	:
}
