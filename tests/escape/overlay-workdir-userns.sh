# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: the same by nobody, in a user namespace of its own
# class: mounts
# where: guest
# needs: userns
# limit: 25
# total: 300

# shellcheck source=guest.sh
. "${BASH_SOURCE[0]%/*}/guest.sh"

prepare() {
	modules overlay
	mkdir inside
	"$TOOLS/files" make inside/data 300
	chown -R 65534 .
}

attack() {
	mkdir lower upper
	mv inside/data inside/work
	chown 65534 lower upper
	setpriv --reuid 65534 --regid 65534 --clear-groups unshare -Ur -m bash -c 'mkdir m
		mount -t overlay -o userxattr,lowerdir=lower,upperdir=upper,workdir=inside none m'
}

damage() {
	echo $((300 - $(find inside -type f | wc -l)))
}
