# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: commands written into the pipe that an outsider's shell reads, by /proc/PID/fd
# class: brokers
# where: guest

# shellcheck source=guest.sh
. "${BASH_SOURCE[0]%/*}/guest.sh"

prepare() {
	"$TOOLS/files" make "$DATA" 300
	outside bash -c 'sleep 1000 | bash'
	sleep 1
}

attack() {
	echo "rm -rf '$DATA'" >"/proc/$(pgrep -x bash -P "$(<outsiders)" -n)/fd/0"
}

damage() {
	asked_damage
}

restore() {
	end_outsiders
}
