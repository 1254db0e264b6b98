# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: F_SETOWN and F_SETSIG: the kernel sends SIGKILL to pawld when a pipe can be read
# class: tamper
# where: guest
# unwatched: everybody is kept from it, as the kernel does not say who it was
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
		import fcntl, os, signal, time
		ours, theirs = os.pipe()
		fcntl.fcntl(ours, fcntl.F_SETOWN, int(os.environ["PAWLD_PID"]))
		fcntl.fcntl(ours, 10, signal.SIGKILL)
		fcntl.fcntl(ours, fcntl.F_SETFL, fcntl.fcntl(ours, fcntl.F_GETFL) | os.O_ASYNC)
		os.write(theirs, b"x")
		time.sleep(1)
	END
}
