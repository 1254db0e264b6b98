# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154,SC2016
# tries: an overlay over data, and rm in it: whiteouts count once, the data stays; then rm of the data
# class: mounts
# where: guest
# limit: 25
# total: 300

# shellcheck source=guest.sh
. "${BASH_SOURCE[0]%/*}/guest.sh"

prepare() {
	modules overlay
	"$TOOLS/files" make "$DATA" 300
}

attack() {
	mkdir upper work merged
	unshare -m bash -c 'mount -t overlay -o "lowerdir=$DATA,upperdir=upper,workdir=work" none merged &&
		find merged -type f -print0 | head -zn 20 | xargs -0 rm'
	rm -rf "$DATA"
}
