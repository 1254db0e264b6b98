# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: the directory of the pins renamed
# class: tamper
# where: guest

# shellcheck source=guest.sh
. "${BASH_SOURCE[0]%/*}/guest.sh"

prepare() {
	[[ -d $PIN_DIR ]] || cannot 'nothing is pinned'
	find "$PIN_DIR" | wc -l >before
}

attack() {
	mv "$PIN_DIR" "$PIN_DIR-old"
}

damage() {
	if (($(find "$PIN_DIR" 2>/dev/null | wc -l) < $(<before))); then echo 1; else echo 0; fi
}

restore() {
	[[ -d $PIN_DIR ]] || mv "$PIN_DIR-old" "$PIN_DIR"
}
