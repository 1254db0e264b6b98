# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: clock_settime(2): an hour on
# class: kernel
# where: guest

# shellcheck source=guest.sh
. "${BASH_SOURCE[0]%/*}/guest.sh"

attack() {
	date -s "+1 hour"
}

prepare() {
	date +%s >before
}

damage() {
	if (($(date +%s) - $(<before) > 1800)); then echo 1; else echo 0; fi
}

restore() {
	(($(damage) == 0)) || date -s '-1 hour'
}
