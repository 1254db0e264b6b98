# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: a line of PAM
# class: brokers
# where: guest

# shellcheck source=guest.sh
. "${BASH_SOURCE[0]%/*}/guest.sh"

prepare() {
	mkdir -p /etc/pam.d
	[[ ! -e /etc/pam.d/other ]] || cp /etc/pam.d/other saved
	kill -HUP "$PAWLD_PID"
	sleep 1
}

attack() {
	echo '# evil' >>/etc/pam.d/other
}

damage() {
	if [[ -e /etc/pam.d/other ]] && grep -qs evil "/etc/pam.d/other"; then echo 1; else echo 0; fi
}

restore() {
	rm -f /etc/pam.d/other
	[[ ! -e saved ]] || cp saved /etc/pam.d/other
}
