# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: a rule of udev
# class: brokers
# where: guest

# shellcheck source=guest.sh
. "${BASH_SOURCE[0]%/*}/guest.sh"

prepare() {
	mkdir -p /etc/udev/rules.d
	[[ ! -e /etc/udev/rules.d/99-escape.rules ]] || cp /etc/udev/rules.d/99-escape.rules saved
	kill -HUP "$PAWLD_PID"
	sleep 1
}

attack() {
	echo '# evil' >>/etc/udev/rules.d/99-escape.rules
}

damage() {
	if [[ -e /etc/udev/rules.d/99-escape.rules ]] && grep -qs evil "/etc/udev/rules.d/99-escape.rules"; then echo 1; else echo 0; fi
}

restore() {
	rm -f /etc/udev/rules.d/99-escape.rules
	[[ ! -e saved ]] || cp saved /etc/udev/rules.d/99-escape.rules
}
