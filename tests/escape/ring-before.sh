# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317
# tries: a ring that was made before the process was attached to
# class: ring
# where: host
# needs: uring
# start: self

# Not started by `pawl run`: it attaches, where pawl is to watch.
attack() {
	"$TOOLS/escape/ring" -w "$T/go" unlinkat "$DATA" &
	until [[ -n $(find "/proc/$!/fd" -lname '*io_uring*' 2>/dev/null) ]]; do sleep 0.02; done
	if ((WATCHED)); then
		"$PAWL" --socket "$SOCK" attach "$!" || exit
	fi
	touch "$T/go"
	wait "$!"
}
