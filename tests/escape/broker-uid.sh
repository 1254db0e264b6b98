# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: systemd asked by nobody
# class: brokers
# where: guest
# needs: python3

# shellcheck source=guest.sh
. "${BASH_SOURCE[0]%/*}/guest.sh"

prepare() {
	serve unix /run/systemd/private
}

attack() {
	chmod 777 /run/systemd/private
	setpriv --reuid 65534 --clear-groups python3 "${BASH_SOURCE[0]%/*}/guest_ask.py" unix /run/systemd/private
}

damage() {
	asked_damage
}

restore() {
	end_outsiders
}
