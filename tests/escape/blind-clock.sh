# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: the clock set a day on and back, then rm
# class: tamper
# where: guest
# limit: 25
# total: 300
# linger: 8

# shellcheck source=guest.sh
. "${BASH_SOURCE[0]%/*}/guest.sh"

attack() {
	date -s '+1 day'
	rm -rf "$DATA/dir" &
	sleep 1
	date -s '-1 day'
	rm -rf "$DATA"
}

prepare() {
	"$TOOLS/files" make "$DATA" 300
	cut -d ' ' -f 1 /proc/uptime >uptime
	date +%s >now
}

restore() {
	date -s "@$(($(<now) + $(cut -d . -f 1 /proc/uptime) - $(cut -d . -f 1 uptime)))"
}
