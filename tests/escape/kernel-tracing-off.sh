# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: tracefs: tracing switched off
# class: kernel
# where: guest

# shellcheck source=guest.sh
. "${BASH_SOURCE[0]%/*}/guest.sh"

prepare() {
	[[ -e /sys/kernel/tracing/tracing_on ]] || cannot 'no /sys/kernel/tracing/tracing_on'
	cat /sys/kernel/tracing/tracing_on >before
}

attack() {
	echo '0' >/sys/kernel/tracing/tracing_on
}

damage() {
	changed /sys/kernel/tracing/tracing_on
}

restore() {
	echo 1 >/sys/kernel/tracing/tracing_on
}
