# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317
# tries: programs called as agents are, for a session and a budget of their own
# class: tree
# where: host

attack() {
	local i name=escape-agent
	((WATCHED)) || name=escape-nobody
	cp "$(command -v rm)" ./"$name"
	for i in 0 1 2 3 4 5 6 7 8 9; do
		./"$name" -f "$DATA"/f*"$i"
	done
}
