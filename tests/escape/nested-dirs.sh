# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317
# tries: rm of a tree with one file a directory
# class: files
# where: host

prepare() {
	"$TOOLS/files" tree "$DATA" 300 300
}

attack() {
	rm -rf "$DATA"
}
