# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317
# tries: a new program for each file, the one before it gone
# class: tree
# where: host

attack() {
	local path
	for path in "$DATA"/*; do
		(setsid rm "$path")
	done
}
