# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317
# tries: eight threads
# class: tree
# where: host
# quick: yes

attack() {
	"$TOOLS/delthreads" 8 "$DATA"
}
