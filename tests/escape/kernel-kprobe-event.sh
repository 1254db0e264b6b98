# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: tracefs: a probe of its own in the kernel
# class: kernel
# where: guest

# shellcheck source=guest.sh
. "${BASH_SOURCE[0]%/*}/guest.sh"

prepare() {
	[[ -e /sys/kernel/tracing/kprobe_events ]] || cannot 'no kprobe_events'
}

attack() {
	echo 'p:escape do_unlinkat' >/sys/kernel/tracing/kprobe_events
}

damage() {
	grep -c escape /sys/kernel/tracing/kprobe_events
}

restore() {
	: >/sys/kernel/tracing/kprobe_events
}
