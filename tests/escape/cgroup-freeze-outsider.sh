# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: a control group of outsiders frozen
# class: kernel
# where: guest

# shellcheck source=guest.sh
. "${BASH_SOURCE[0]%/*}/guest.sh"

prepare() {
	mkdir /sys/fs/cgroup/escape-outsider || cannot 'no cgroup v2'
	outside sleep 1000
	cat outsiders >/sys/fs/cgroup/escape-outsider/cgroup.procs
}

attack() {
	echo 1 >/sys/fs/cgroup/escape-outsider/cgroup.freeze
	sleep 1
}

damage() {
	grep -c 'frozen 1' /sys/fs/cgroup/escape-outsider/cgroup.events
}

restore() {
	echo 0 >/sys/fs/cgroup/escape-outsider/cgroup.freeze
	end_outsiders
	for _ in {1..50}; do
		! rmdir /sys/fs/cgroup/escape-outsider 2>/dev/null || break
		sleep 0.1
	done
}
