# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317
# tries: from a mount namespace of its own
# class: tree
# where: host

attack() {
	unshare -m rm -rf "$DATA"
}
