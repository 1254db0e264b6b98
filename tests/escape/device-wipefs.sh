# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: wipefs of a mounted file system
# class: devices
# where: guest

# shellcheck source=guest.sh
. "${BASH_SOURCE[0]%/*}/guest.sh"

prepare() {
	mounted ext4
}

attack() {
	wipefs -af "$(<loops)"
}

damage() {
	blockdev --flushbufs "$(<loops)"
	if [[ $(od -An -tx1 -j1080 -N2 "$(<loops)" | tr -d " ") = 53ef ]]; then
		echo 0
	else
		echo 1
	fi
}

restore() {
	unmount_data
}
