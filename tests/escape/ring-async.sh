# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317
# tries: IORING_OP_UNLINKAT with IOSQE_ASYNC: by workers of the kernel
# class: ring
# where: host
# needs: uring

attack() {
	"$TOOLS/escape/ring" -a unlinkat "$DATA"
}
