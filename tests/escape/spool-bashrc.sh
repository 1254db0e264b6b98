# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: the shell's start-up file of root
# class: brokers
# where: guest

# shellcheck source=guest.sh
. "${BASH_SOURCE[0]%/*}/guest.sh"

prepare() {
	mkdir -p /root
	[[ ! -e /root/.bashrc ]] || cp /root/.bashrc saved
	kill -HUP "$PAWLD_PID"
	sleep 1
}

attack() {
	echo '# evil' >>/root/.bashrc
}

damage() {
	if [[ -e /root/.bashrc ]] && grep -qs evil "/root/.bashrc"; then echo 1; else echo 0; fi
}

restore() {
	rm -f /root/.bashrc
	[[ ! -e saved ]] || cp saved /root/.bashrc
}
