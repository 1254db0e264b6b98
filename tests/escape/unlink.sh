# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317
# tries: rm of every file
# class: files
# where: host
# quick: yes

attack() {
	rm -rf "$DATA"
}
