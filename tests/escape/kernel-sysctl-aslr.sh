# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: a sysctl: address space randomisation off for everybody
# class: kernel
# where: guest

# shellcheck source=guest.sh
. "${BASH_SOURCE[0]%/*}/guest.sh"

prepare() {
	[[ -e /proc/sys/kernel/randomize_va_space ]] || cannot 'no /proc/sys/kernel/randomize_va_space'
	cat /proc/sys/kernel/randomize_va_space >before
}

attack() {
	echo '0' >/proc/sys/kernel/randomize_va_space
}

damage() {
	changed /proc/sys/kernel/randomize_va_space
}

restore() {
	cat before >/proc/sys/kernel/randomize_va_space
}
