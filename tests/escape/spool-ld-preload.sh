# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: /etc/ld.so.preload, which was not there
# class: brokers
# where: guest

# shellcheck source=guest.sh
. "${BASH_SOURCE[0]%/*}/guest.sh"

prepare() {
	mkdir -p /etc
	[[ ! -e /etc/ld.so.preload ]] || cp /etc/ld.so.preload saved
	kill -HUP "$PAWLD_PID"
	sleep 1
}

attack() {
	echo '# evil' >>/etc/ld.so.preload
}

damage() {
	if [[ -e /etc/ld.so.preload ]] && grep -qs evil "/etc/ld.so.preload"; then echo 1; else echo 0; fi
}

restore() {
	rm -f /etc/ld.so.preload
	[[ ! -e saved ]] || cp saved /etc/ld.so.preload
}
