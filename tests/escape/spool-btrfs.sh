# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: a file in /etc/cron.d, which lies on btrfs
# class: brokers
# where: guest

# shellcheck source=guest.sh
. "${BASH_SOURCE[0]%/*}/guest.sh"

prepare() {
	modules btrfs
	loop 128M
	mkfs.btrfs -q "$LOOP"
	mkdir -p /etc/cron.d
	mount "$LOOP" /etc/cron.d || cannot 'no btrfs'
	kill -HUP "$PAWLD_PID"
	sleep 1
}

attack() {
	echo '# evil' >/etc/cron.d/escape
}

damage() {
	if [[ -s /etc/cron.d/escape ]]; then echo 1; else echo 0; fi
}

restore() {
	! mountpoint -q /etc/cron.d || umount /etc/cron.d
	detach_loops
}
