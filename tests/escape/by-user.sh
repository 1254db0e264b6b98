# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317
# tries: rm by an unprivileged user inside the tree
# class: files
# where: host
# needs: setpriv

prepare() {
	"$TOOLS/files" make "$DATA" 300
	chown 61234 "$DATA"
}

attack() {
	setpriv --reuid 61234 --regid 61234 --clear-groups rm -rf "$DATA"
}
