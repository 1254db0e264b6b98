# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: the path of the hotplug helper, by sysfs
# class: kernel
# where: guest

# shellcheck source=guest.sh
. "${BASH_SOURCE[0]%/*}/guest.sh"

prepare() {
	[[ -e /sys/kernel/uevent_helper ]] || cannot 'no /sys/kernel/uevent_helper'
	cat /sys/kernel/uevent_helper >before
}

attack() {
	echo '/tmp/evil' >/sys/kernel/uevent_helper
}

damage() {
	changed /sys/kernel/uevent_helper
}

restore() {
	cat before >/sys/kernel/uevent_helper
}
