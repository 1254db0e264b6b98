# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: the state directory renamed
# class: tamper
# where: guest

# shellcheck source=guest.sh
. "${BASH_SOURCE[0]%/*}/guest.sh"

prepare() {
	:
}

attack() {
	mv "$STATE_DIR" "$STATE_DIR.old"
}

damage() {
	if [[ -d $STATE_DIR ]]; then echo 0; else echo 1; fi
}

restore() {
	[[ -d $STATE_DIR ]] || mv "$STATE_DIR.old" "$STATE_DIR"
}
