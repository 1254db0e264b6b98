# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317
# tries: files below 64 levels of names of 200 bytes, deleted by find
# class: files
# where: host

prepare() {
	local name
	printf -v name '%0200d' 0
	mkdir "$DATA" && cd "$DATA" || return
	for _ in {1..64}; do
		mkdir "$name" && cd "$name" || return
	done
	"$TOOLS/files" make . 300
}

attack() {
	find "$DATA" -delete
}

damage() {
	echo $((300 - $("$TOOLS/files" count "$DATA")))
}
