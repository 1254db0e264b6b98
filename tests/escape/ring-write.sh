# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317
# tries: IORING_OP_WRITE over what is there
# class: ring
# where: host
# needs: uring

attack() {
	"$TOOLS/escape/ring" write "$DATA"
}
