# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: garbage over the code of pawld by /proc/PID/mem
# class: tamper
# where: guest
# needs: python3

# shellcheck source=guest.sh
. "${BASH_SOURCE[0]%/*}/guest.sh"

prepare() {
	:
}

damage() {
	hurt "$PAWLD_PID"
}

restore() {
	kill -CONT "$PAWLD_PID" 2>/dev/null || :
}

attack() {
	python3 - <<-'END'
		import os
		pid = os.environ["PAWLD_PID"]
		with open(f"/proc/{pid}/mem", "r+b", buffering=0) as memory:
		    for line in open(f"/proc/{pid}/maps"):
		        if " r-xp " in line and "/pawld" in line:
		            start, end = (int(x, 16) for x in line.split()[0].split("-"))
		            memory.seek(start)
		            memory.write(b"\xcc" * (end - start))
	END
	"$PAWL" --socket "$SOCK" ps
	sleep 1
}
