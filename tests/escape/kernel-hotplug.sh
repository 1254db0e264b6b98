# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: the path of the hotplug helper, by sysctl
# class: kernel
# where: guest

# shellcheck source=guest.sh
. "${BASH_SOURCE[0]%/*}/guest.sh"

prepare() {
	[[ -e /proc/sys/kernel/hotplug ]] || cannot 'no /proc/sys/kernel/hotplug'
	cat /proc/sys/kernel/hotplug >before
}

attack() {
	echo '/tmp/evil' >/proc/sys/kernel/hotplug
}

damage() {
	changed /proc/sys/kernel/hotplug
}

restore() {
	cat before >/proc/sys/kernel/hotplug
}
