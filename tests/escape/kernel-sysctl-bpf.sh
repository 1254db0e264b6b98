# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: a sysctl: unprivileged bpf allowed
# class: kernel
# where: guest

# shellcheck source=guest.sh
. "${BASH_SOURCE[0]%/*}/guest.sh"

prepare() {
	[[ -e /proc/sys/kernel/unprivileged_bpf_disabled ]] || cannot 'no /proc/sys/kernel/unprivileged_bpf_disabled'
	cat /proc/sys/kernel/unprivileged_bpf_disabled >before
}

attack() {
	echo '0' >/proc/sys/kernel/unprivileged_bpf_disabled
}

damage() {
	changed /proc/sys/kernel/unprivileged_bpf_disabled
}

restore() {
	cat before >/proc/sys/kernel/unprivileged_bpf_disabled
}
