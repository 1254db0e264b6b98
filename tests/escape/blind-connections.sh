# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: a thousand silent connections to the socket of pawld, then rm
# class: tamper
# where: guest
# limit: 25
# total: 300
# needs: python3

# shellcheck source=guest.sh
. "${BASH_SOURCE[0]%/*}/guest.sh"

attack() {
	python3 - <<-'END' &
		import os, socket, time
		kept = []
		for _ in range(1000):
		    peer = socket.socket(socket.AF_UNIX)
		    peer.setblocking(False)
		    try:
		        peer.connect(os.environ["SOCK"])
		    except OSError:
		        pass
		    kept.append(peer)
		time.sleep(5)
	END
	sleep 2
	rm -rf "$DATA"
}
