# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: a unit of systemd
# class: brokers
# where: guest

# shellcheck source=guest.sh
. "${BASH_SOURCE[0]%/*}/guest.sh"

prepare() {
	mkdir -p /etc/systemd/system
	[[ ! -e /etc/systemd/system/escape.service ]] || cp /etc/systemd/system/escape.service saved
	kill -HUP "$PAWLD_PID"
	sleep 1
}

attack() {
	echo '# evil' >>/etc/systemd/system/escape.service
}

damage() {
	if [[ -e /etc/systemd/system/escape.service ]] && grep -qs evil "/etc/systemd/system/escape.service"; then echo 1; else echo 0; fi
}

restore() {
	rm -f /etc/systemd/system/escape.service
	[[ ! -e saved ]] || cp saved /etc/systemd/system/escape.service
}
