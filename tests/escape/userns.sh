# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317
# tries: root in a user namespace of its own
# class: tree
# where: host
# needs: userns

attack() {
	unshare -Ur rm -rf "$DATA"
}
