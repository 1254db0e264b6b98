# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: writing a disk by a descriptor that an outsider hands over
# class: devices
# where: guest
# needs: python3

# shellcheck source=guest.sh
. "${BASH_SOURCE[0]%/*}/guest.sh"

prepare() {
	keep_spare
	outside python3 "${BASH_SOURCE[0]%/*}/guest_server.py" device "$(<kept)"
	sleep 1
}

damage() {
	kept_damage
}

restore() {
	end_outsiders
}

attack() {
	python3 - <<-'END'
		import os, socket
		giver = socket.socket(socket.AF_UNIX)
		giver.connect("giver")
		_, fds, _, _ = socket.recv_fds(giver, 1, 1)
		os.pwrite(fds[0], bytes(1 << 20), 0)
		os.fsync(fds[0])
	END
}
