# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: a CPU taken away: sysfs online
# class: tamper
# where: guest

# shellcheck source=guest.sh
. "${BASH_SOURCE[0]%/*}/guest.sh"

prepare() {
	[[ -e /sys/devices/system/cpu/cpu1/online ]] || cannot 'no CPU can be taken away'
}

attack() {
	echo 0 >/sys/devices/system/cpu/cpu1/online
}

damage() {
	echo $((1 - $(</sys/devices/system/cpu/cpu1/online)))
}

restore() {
	echo 1 >/sys/devices/system/cpu/cpu1/online
}
