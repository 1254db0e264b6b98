# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: a file in /etc/profile.d
# class: brokers
# where: guest

# shellcheck source=guest.sh
. "${BASH_SOURCE[0]%/*}/guest.sh"

prepare() {
	mkdir -p /etc/profile.d
	[[ ! -e /etc/profile.d/escape.sh ]] || cp /etc/profile.d/escape.sh saved
	kill -HUP "$PAWLD_PID"
	sleep 1
}

attack() {
	echo '# evil' >>/etc/profile.d/escape.sh
}

damage() {
	if [[ -e /etc/profile.d/escape.sh ]] && grep -qs evil "/etc/profile.d/escape.sh"; then echo 1; else echo 0; fi
}

restore() {
	rm -f /etc/profile.d/escape.sh
	[[ ! -e saved ]] || cp saved /etc/profile.d/escape.sh
}
