# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: /etc/cron.d renamed, made anew, and a file put there
# class: brokers
# where: guest

# shellcheck source=guest.sh
. "${BASH_SOURCE[0]%/*}/guest.sh"

prepare() {
	mkdir -p /etc/cron.d
	kill -HUP "$PAWLD_PID"
	sleep 1
}

attack() {
	mv /etc/cron.d /etc/cron.old
	mkdir /etc/cron.d
	echo '# evil' >/etc/cron.d/escape
}

damage() {
	if [[ -e /etc/cron.d/escape ]]; then echo 1; else echo 0; fi
}

restore() {
	[[ ! -d /etc/cron.old ]] || { rm -rf /etc/cron.d && mv /etc/cron.old /etc/cron.d; }
}
