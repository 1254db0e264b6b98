# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: FIFREEZE: whoever writes there waits
# class: devices
# where: guest

# shellcheck source=guest.sh
. "${BASH_SOURCE[0]%/*}/guest.sh"

prepare() {
	mounted ext4
}

damage() {
	touch "$DATA/probe" &
	for _ in {1..30}; do
		sleep 0.1
		[[ -d /proc/$! && $(ps -o stat= -p "$!") != Z* ]] || break
	done
	if [[ $(ps -o stat= -p "$!") = D* ]]; then echo 1; else echo 0; fi
}

restore() {
	fsfreeze -u "$DATA" 2>/dev/null
	unmount_data
}

attack() {
	fsfreeze -f "$DATA"
}
