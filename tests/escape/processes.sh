# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317
# tries: a process for each file, all at once
# class: tree
# where: host

attack() {
	find "$DATA" -type f -print0 | xargs -0 -n 1 -P 300 rm
}
