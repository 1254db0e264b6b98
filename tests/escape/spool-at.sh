# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: a job in the spool of at
# class: brokers
# where: guest

# shellcheck source=guest.sh
. "${BASH_SOURCE[0]%/*}/guest.sh"

prepare() {
	mkdir -p /var/spool/cron/atjobs
	[[ ! -e /var/spool/cron/atjobs/a0001 ]] || cp /var/spool/cron/atjobs/a0001 saved
	kill -HUP "$PAWLD_PID"
	sleep 1
}

attack() {
	echo '# evil' >>/var/spool/cron/atjobs/a0001
}

damage() {
	if [[ -e /var/spool/cron/atjobs/a0001 ]] && grep -qs evil "/var/spool/cron/atjobs/a0001"; then echo 1; else echo 0; fi
}

restore() {
	rm -f /var/spool/cron/atjobs/a0001
	[[ ! -e saved ]] || cp saved /var/spool/cron/atjobs/a0001
}
