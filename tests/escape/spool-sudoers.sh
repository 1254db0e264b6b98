# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: a rule of sudo
# class: brokers
# where: guest

# shellcheck source=guest.sh
. "${BASH_SOURCE[0]%/*}/guest.sh"

prepare() {
	mkdir -p /etc/sudoers.d
	[[ ! -e /etc/sudoers.d/escape ]] || cp /etc/sudoers.d/escape saved
	kill -HUP "$PAWLD_PID"
	sleep 1
}

attack() {
	echo '# evil' >>/etc/sudoers.d/escape
}

damage() {
	if [[ -e /etc/sudoers.d/escape ]] && grep -qs evil "/etc/sudoers.d/escape"; then echo 1; else echo 0; fi
}

restore() {
	rm -f /etc/sudoers.d/escape
	[[ ! -e saved ]] || cp saved /etc/sudoers.d/escape
}
