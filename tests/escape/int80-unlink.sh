# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317
# tries: 32-bit system calls from a 64-bit program: unlink
# class: tree
# where: host
# needs: int80

attack() {
	"$TOOLS/escape/int80" unlink
}
