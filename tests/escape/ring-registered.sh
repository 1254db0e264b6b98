# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317
# tries: IORING_OP_UNLINKAT in a ring that is registered, its descriptor closed
# class: ring
# where: host
# needs: uring

attack() {
	"$TOOLS/escape/ring" -r unlinkat "$DATA"
}
