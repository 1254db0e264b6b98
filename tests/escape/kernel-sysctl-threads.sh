# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: a sysctl: threads-max, so that others can start nothing more
# class: kernel
# where: guest

# shellcheck source=guest.sh
. "${BASH_SOURCE[0]%/*}/guest.sh"

prepare() {
	[[ -e /proc/sys/kernel/threads-max ]] || cannot 'no /proc/sys/kernel/threads-max'
	cat /proc/sys/kernel/threads-max >before
}

attack() {
	echo '2000' >/proc/sys/kernel/threads-max
}

damage() {
	changed /proc/sys/kernel/threads-max
}

restore() {
	cat before >/proc/sys/kernel/threads-max
}
