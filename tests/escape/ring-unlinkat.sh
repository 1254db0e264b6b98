# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317
# tries: IORING_OP_UNLINKAT, 64 at once
# class: ring
# where: host
# needs: uring
# quick: yes

attack() {
	"$TOOLS/deluring" "$DATA"
}
