# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317
# tries: `pawl run` inside the tree, for a session and a budget of its own
# class: tree
# where: host

attack() {
	local i
	for i in 0 1 2 3 4 5 6 7 8 9; do
		if ((WATCHED)); then
			"$PAWL" --socket "$SOCK" run -- rm -f "$DATA"/f*"$i"
		else
			rm -f "$DATA"/f*"$i"
		fi
	done
}
