# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: a socket that an outsider connected to systemd, and handed over
# class: brokers
# where: guest
# needs: python3

# shellcheck source=guest.sh
. "${BASH_SOURCE[0]%/*}/guest.sh"

prepare() {
	serve give /run/systemd/private
}

attack() {
	python3 "${BASH_SOURCE[0]%/*}/guest_ask.py" given giver
}

damage() {
	asked_damage
}

restore() {
	end_outsiders
}
