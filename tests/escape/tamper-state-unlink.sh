# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: rm -rf of the state directory
# class: tamper
# where: guest

# shellcheck source=guest.sh
. "${BASH_SOURCE[0]%/*}/guest.sh"

prepare() {
	cp -a "$STATE_DIR" saved
	find saved | wc -l >before
}

attack() {
	rm -rf "$STATE_DIR"
}

damage() {
	if (($(find "$STATE_DIR" 2>/dev/null | wc -l) < $(<before))); then echo 1; else echo 0; fi
}

restore() {
	mkdir -p "$STATE_DIR"
	cp -an saved/. "$STATE_DIR"
}
