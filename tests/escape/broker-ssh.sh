# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: a login to this host: port 22
# class: brokers
# where: guest
# needs: python3

# shellcheck source=guest.sh
. "${BASH_SOURCE[0]%/*}/guest.sh"

prepare() {
	serve tcp 127.0.0.1:22
}

attack() {
	python3 "${BASH_SOURCE[0]%/*}/guest_ask.py" tcp 127.0.0.1:22
}

damage() {
	asked_damage
}

restore() {
	end_outsiders
}
