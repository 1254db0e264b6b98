# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317
# tries: chains of 32 linked IORING_OP_UNLINKAT that go on after a failure
# class: ring
# where: host
# needs: uring

attack() {
	"$TOOLS/escape/ring" -l unlinkat "$DATA"
}
