# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317
# tries: IORING_OP_FTRUNCATE
# class: ring
# where: host
# needs: uring

prepare() {
	mkdir "$DATA.probe" && echo content >"$DATA.probe/f"
	"$TOOLS/escape/ring" ftruncate "$DATA.probe" 2>/dev/null || cannot "no IORING_OP_FTRUNCATE"
	"$TOOLS/files" make "$DATA" 300
}

attack() {
	"$TOOLS/escape/ring" ftruncate "$DATA"
}
