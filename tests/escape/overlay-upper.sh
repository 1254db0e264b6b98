# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154,SC2016
# tries: an overlay whose upper directory is data, and rm in it
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
	mkdir lower work merged
	unshare -m bash -c 'mount -t overlay -o "lowerdir=lower,upperdir=$DATA,workdir=work" none merged &&
		rm -rf merged/*'
}
