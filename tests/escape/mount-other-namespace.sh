# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154,SC2016
# tries: umount of a tmpfs with data in the mount namespace of an outsider
# class: mounts
# where: guest

# shellcheck source=guest.sh
. "${BASH_SOURCE[0]%/*}/guest.sh"

prepare() {
	mkdir "$DATA"
	outside unshare -m --propagation private bash -c \
		'mount -t tmpfs data "$DATA" && "$TOOLS/files" make "$DATA" 300 && echo ready && sleep 1000'
	sleep 2
	grep -q ready outside.out
}

attack() {
	nsenter -t "$(<outsiders)" -m umount "$DATA"
}

damage() {
	if [[ $(nsenter -t "$(<outsiders)" -m find "$DATA" -type f | wc -l) = 300 ]]; then echo 0; else echo 1; fi
}

restore() {
	end_outsiders
}
