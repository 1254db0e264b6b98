# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: SIGKILL to the keeper by the kernel: F_SETOWN and F_SETSIG
# class: tamper
# where: guest
# unwatched: everybody is kept from it, as the kernel does not say who it was
# needs: python3

# shellcheck source=guest.sh
. "${BASH_SOURCE[0]%/*}/guest.sh"

prepare() {
	keeper >keeper.pid
	[[ -s keeper.pid ]] || cannot 'no keeper'
}

attack() {
	python3 - <<-'END'
		import fcntl, os, signal, time
		ours, theirs = os.pipe()
		fcntl.fcntl(ours, fcntl.F_SETOWN, int(open("keeper.pid").read()))
		fcntl.fcntl(ours, 10, signal.SIGKILL)
		fcntl.fcntl(ours, fcntl.F_SETFL, fcntl.fcntl(ours, fcntl.F_GETFL) | os.O_ASYNC)
		os.write(theirs, b"x")
		time.sleep(1)
	END
}

damage() {
	hurt "$(<keeper.pid)"
}
