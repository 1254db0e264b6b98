# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317
# tries: rm through /proc/self/root
# class: files
# where: host

attack() {
	rm -rf "/proc/self/root$DATA"
}
