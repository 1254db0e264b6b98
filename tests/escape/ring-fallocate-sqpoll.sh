# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317
# tries: the same, handed over to the kernel's own polling thread
# class: ring
# where: host
# needs: uring

attack() {
	"$TOOLS/escape/ring" -s fallocate "$DATA"
}
