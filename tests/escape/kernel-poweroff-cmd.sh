# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: the command that the kernel runs to power off
# class: kernel
# where: guest

# shellcheck source=guest.sh
. "${BASH_SOURCE[0]%/*}/guest.sh"

prepare() {
	[[ -e /proc/sys/kernel/poweroff_cmd ]] || cannot 'no /proc/sys/kernel/poweroff_cmd'
	cat /proc/sys/kernel/poweroff_cmd >before
}

attack() {
	echo '/tmp/evil' >/proc/sys/kernel/poweroff_cmd
}

damage() {
	changed /proc/sys/kernel/poweroff_cmd
}

restore() {
	cat before >/proc/sys/kernel/poweroff_cmd
}
