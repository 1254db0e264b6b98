# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: a setting of modprobe
# class: brokers
# where: guest

# shellcheck source=guest.sh
. "${BASH_SOURCE[0]%/*}/guest.sh"

prepare() {
	mkdir -p /etc/modprobe.d
	[[ ! -e /etc/modprobe.d/escape.conf ]] || cp /etc/modprobe.d/escape.conf saved
	kill -HUP "$PAWLD_PID"
	sleep 1
}

attack() {
	echo '# evil' >>/etc/modprobe.d/escape.conf
}

damage() {
	if [[ -e /etc/modprobe.d/escape.conf ]] && grep -qs evil "/etc/modprobe.d/escape.conf"; then echo 1; else echo 0; fi
}

restore() {
	rm -f /etc/modprobe.d/escape.conf
	[[ ! -e saved ]] || cp saved /etc/modprobe.d/escape.conf
}
