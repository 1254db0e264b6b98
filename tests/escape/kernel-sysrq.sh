# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: sysrq-trigger u: every disk read-only
# class: kernel
# where: guest

# shellcheck source=guest.sh
. "${BASH_SOURCE[0]%/*}/guest.sh"

attack() {
	echo u >/proc/sysrq-trigger
}

damage() {
	if touch /var/tmp/escape-probe 2>/dev/null; then echo 0; else echo 1; fi
}

restore() {
	mount -o remount,rw /
	rm -f /var/tmp/escape-probe
}
