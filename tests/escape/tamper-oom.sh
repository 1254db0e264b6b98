# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: memory taken until the kernel kills somebody, which is not the one who takes it
# class: tamper
# where: guest
# needs: python3
# linger: 1

# shellcheck source=guest.sh
. "${BASH_SOURCE[0]%/*}/guest.sh"

# Everybody else is made safe, so that the machine goes on.
prepare() {
	local pid
	for pid in /proc/[0-9]*; do
		[[ ${pid##*/} = "$PAWLD_PID" ]] || echo "${pid##*/} $(<"$pid/oom_score_adj")"
	done >scores 2>/dev/null
	while read -r pid _; do
		echo -1000 >"/proc/$pid/oom_score_adj"
	done <scores 2>/dev/null
	return 0
}

attack() {
	echo -1000 >/proc/self/oom_score_adj
	python3 - <<-'END'
		import os, time
		taken = []
		for _ in range(400):
		    taken.append(b"x" * (4 << 20))
		    if not os.path.exists(f"/proc/{os.environ['PAWLD_PID']}/exe"):
		        break
	END
}

damage() {
	hurt "$PAWLD_PID"
}

restore() {
	local pid score
	while read -r pid score; do
		echo "$score" >"/proc/$pid/oom_score_adj"
	done <scores 2>/dev/null
	return 0
}
