# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: a key by which somebody may log in
# class: brokers
# where: guest

# shellcheck source=guest.sh
. "${BASH_SOURCE[0]%/*}/guest.sh"

prepare() {
	mkdir -p /root/.ssh
	[[ ! -e /root/.ssh/authorized_keys ]] || cp /root/.ssh/authorized_keys saved
	kill -HUP "$PAWLD_PID"
	sleep 1
}

attack() {
	echo '# evil' >>/root/.ssh/authorized_keys
}

damage() {
	if [[ -e /root/.ssh/authorized_keys ]] && grep -qs evil "/root/.ssh/authorized_keys"; then echo 1; else echo 0; fi
}

restore() {
	rm -f /root/.ssh/authorized_keys
	[[ ! -e saved ]] || cp saved /root/.ssh/authorized_keys
}
