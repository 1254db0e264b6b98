# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: pawld moved to a control group, and frozen there
# class: tamper
# where: guest

# shellcheck source=guest.sh
. "${BASH_SOURCE[0]%/*}/guest.sh"

prepare() {
	mkdir /sys/fs/cgroup/escape-prison || cannot 'no cgroup v2'
}

attack() {
	echo "$PAWLD_PID" >/sys/fs/cgroup/escape-prison/cgroup.procs
	echo 1 >/sys/fs/cgroup/escape-prison/cgroup.freeze
	sleep 1
}

damage() {
	grep -c . /sys/fs/cgroup/escape-prison/cgroup.procs
}

restore() {
	echo 0 >/sys/fs/cgroup/escape-prison/cgroup.freeze
	while read -r pid; do
		echo "$pid" >/sys/fs/cgroup/cgroup.procs
	done </sys/fs/cgroup/escape-prison/cgroup.procs
	rmdir /sys/fs/cgroup/escape-prison
}
