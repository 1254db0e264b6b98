# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: rm in a chroot into which data is bound
# class: mounts
# where: guest
# limit: 25
# total: 300

# shellcheck source=guest.sh
. "${BASH_SOURCE[0]%/*}/guest.sh"

attack() {
	mkdir r
	unshare -m bash -c "mount --bind / r && mount --bind '$DATA' r/root &&
		chroot r find /root -type f -delete"
}
