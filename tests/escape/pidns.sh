# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2016
# tries: a process of a pid namespace
# class: tree
# where: host
# needs: pidns

attack() {
	unshare -p --fork bash -c 'rm -rf "$1"; :' - "$DATA"
}
