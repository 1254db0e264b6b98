# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: SIOCSPGRP and F_SETSIG on a socket: the same
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
		import fcntl, os, signal, socket, struct, time
		ours, theirs = socket.socketpair()
		fcntl.ioctl(ours, 0x8902, struct.pack("i", int(os.environ["PAWLD_PID"])))
		fcntl.fcntl(ours, 10, signal.SIGKILL)
		fcntl.fcntl(ours, fcntl.F_SETFL, fcntl.fcntl(ours, fcntl.F_GETFL) | os.O_ASYNC)
		theirs.send(b"x")
		time.sleep(1)
	END
}
