# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317
# tries: IORING_OP_UNLINKAT submitted by a polling thread of the kernel, without a system call
# class: ring
# where: host
# needs: uring

attack() {
	"$TOOLS/escape/ring" -s unlinkat "$DATA"
}
