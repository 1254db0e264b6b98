# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: a shared mount made private
# class: mounts
# where: guest

# shellcheck source=guest.sh
. "${BASH_SOURCE[0]%/*}/guest.sh"

prepare() {
	mounted tmpfs
	mount --make-shared "$DATA"
}

attack() {
	mount --make-private "$DATA"
}

damage() {
	if grep " $DATA " /proc/self/mountinfo | grep -q shared:; then echo 0; else echo 1; fi
}

restore() {
	unmount_data
}
