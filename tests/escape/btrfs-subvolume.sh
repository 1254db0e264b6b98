# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: btrfs subvolume delete
# class: devices
# where: guest
# needs: btrfs

# shellcheck source=guest.sh
. "${BASH_SOURCE[0]%/*}/guest.sh"

prepare() {
	mounted btrfs 128M
	btrfs -q subvolume create "$DATA/subvolume"
	"$TOOLS/files" make "$DATA/subvolume/data" 300
	btrfs filesystem sync "$DATA"
}

attack() {
	btrfs subvolume delete "$DATA/subvolume"
}

damage() {
	if [[ -d $DATA/subvolume/data ]]; then echo 0; else echo 1; fi
}

restore() {
	unmount_data
}
