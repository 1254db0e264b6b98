# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: /etc/crontab, which was not there
# class: brokers
# where: guest

# shellcheck source=guest.sh
. "${BASH_SOURCE[0]%/*}/guest.sh"

prepare() {
	mkdir -p /etc
	[[ ! -e /etc/crontab ]] || cp /etc/crontab saved
	kill -HUP "$PAWLD_PID"
	sleep 1
}

attack() {
	echo '# evil' >>/etc/crontab
}

damage() {
	if [[ -e /etc/crontab ]] && grep -qs evil "/etc/crontab"; then echo 1; else echo 0; fi
}

restore() {
	rm -f /etc/crontab
	[[ ! -e saved ]] || cp saved /etc/crontab
}
