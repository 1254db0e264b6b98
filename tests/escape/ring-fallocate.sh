# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317
# tries: IORING_OP_FALLOCATE that punches holes
# class: ring
# where: host
# needs: uring
# quick: yes

attack() {
	"$TOOLS/escape/ring" fallocate "$DATA"
}
