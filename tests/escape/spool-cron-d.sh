# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: a file in /etc/cron.d
# class: brokers
# where: guest

# shellcheck source=guest.sh
. "${BASH_SOURCE[0]%/*}/guest.sh"

prepare() {
	mkdir -p /etc/cron.d
	[[ ! -e /etc/cron.d/escape ]] || cp /etc/cron.d/escape saved
	kill -HUP "$PAWLD_PID"
	sleep 1
}

attack() {
	echo '# evil' >>/etc/cron.d/escape
}

damage() {
	if [[ -e /etc/cron.d/escape ]] && grep -qs evil "/etc/cron.d/escape"; then echo 1; else echo 0; fi
}

restore() {
	rm -f /etc/cron.d/escape
	[[ ! -e saved ]] || cp saved /etc/cron.d/escape
}
