# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317
# tries: accomplices in the tree that send SIGCONT all the time
# class: tree
# where: host
# linger: 2

attack() {
	for _ in 1 2 3; do
		bash -c 'while kill -CONT "$1"; do :; done' - "$$" 2>/dev/null &
	done
	exec rm -rf "$DATA"
}
