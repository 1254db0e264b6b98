# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317
# tries: names with newlines, escapes, bytes that are no text, and 255 bytes
# class: files
# where: host
# needs: python3

prepare() {
	local i name
	mkdir "$DATA"
	for i in {1..75}; do
		printf -v name '%0250d' "$i"
		for name in $'\n'"$i" $'\e[2J'"$i"$'\r' $'\xff\xfe'"$i" "$name"; do
			echo content >"$DATA/$name"
		done
	done
}

attack() {
	python3 "$HERE/odd-names.py"
}
