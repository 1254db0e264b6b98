# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: data renamed to be the work directory of an overlay: the kernel empties it
# class: mounts
# where: guest
# limit: 25
# total: 300

# shellcheck source=guest.sh
. "${BASH_SOURCE[0]%/*}/guest.sh"

prepare() {
	modules overlay
	"$TOOLS/files" make "$DATA" 300
	mkdir inside
	mv "$DATA" inside/
	ln -s inside/data "$DATA"
}

attack() {
	mkdir lower upper
	mv inside/data inside/work
	unshare -m bash -c 'mkdir m; mount -t overlay -o lowerdir=lower,upperdir=upper,workdir=inside none m'
}

damage() {
	echo $((300 - $(find inside -type f | wc -l)))
}
