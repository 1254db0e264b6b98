# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: core_pattern: a program that the kernel runs when another crashes
# class: kernel
# where: guest

# shellcheck source=guest.sh
. "${BASH_SOURCE[0]%/*}/guest.sh"

prepare() {
	[[ -e /proc/sys/kernel/core_pattern ]] || cannot 'no /proc/sys/kernel/core_pattern'
	cat /proc/sys/kernel/core_pattern >before
}

attack() {
	echo '|/tmp/evil' >/proc/sys/kernel/core_pattern
}

damage() {
	changed /proc/sys/kernel/core_pattern
}

restore() {
	cat before >/proc/sys/kernel/core_pattern
}
