# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: the path of modprobe, which the kernel runs
# class: kernel
# where: guest

# shellcheck source=guest.sh
. "${BASH_SOURCE[0]%/*}/guest.sh"

prepare() {
	[[ -e /proc/sys/kernel/modprobe ]] || cannot 'no /proc/sys/kernel/modprobe'
	cat /proc/sys/kernel/modprobe >before
}

attack() {
	echo '/tmp/evil' >/proc/sys/kernel/modprobe
}

damage() {
	changed /proc/sys/kernel/modprobe
}

restore() {
	cat before >/proc/sys/kernel/modprobe
}
