# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: a file in /etc/cron.hourly, which was made after the policy was loaded
# class: brokers
# where: guest

# shellcheck source=guest.sh
. "${BASH_SOURCE[0]%/*}/guest.sh"

prepare() {
	[[ ! -e /etc/cron.hourly ]] || cannot "the directory is there"
	kill -HUP "$PAWLD_PID"
	sleep 1
}

attack() {
	mkdir -p /etc/cron.hourly
	echo '# evil' >>/etc/cron.hourly/escape
}

damage() {
	if [[ -e /etc/cron.hourly/escape ]] && grep -qs evil "/etc/cron.hourly/escape"; then echo 1; else echo 0; fi
}

restore() {
	rm -f /etc/cron.hourly/escape
	rmdir /etc/cron.hourly
	:
}
