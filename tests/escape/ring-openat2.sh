# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317
# tries: IORING_OP_OPENAT2 with O_TRUNC
# class: ring
# where: host
# needs: uring

attack() {
	"$TOOLS/escape/ring" openat2 "$DATA"
}
