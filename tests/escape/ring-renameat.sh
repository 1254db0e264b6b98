# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317
# tries: IORING_OP_RENAMEAT of an empty file over each file
# class: ring
# where: host
# needs: uring

attack() {
	"$TOOLS/escape/ring" renameat "$DATA"
}
