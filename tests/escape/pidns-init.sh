# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317
# tries: process 1 of a pid namespace, which no signal from inside can stop
# class: tree
# where: host
# needs: pidns

attack() {
	unshare -p --fork rm -rf "$DATA"
}
