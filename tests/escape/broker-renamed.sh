# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: the socket of systemd renamed, and asked
# class: brokers
# where: guest
# needs: python3

# shellcheck source=guest.sh
. "${BASH_SOURCE[0]%/*}/guest.sh"

prepare() {
	serve unix /run/systemd/private
}

attack() {
	mv /run/systemd/private /run/systemd/other
	python3 "${BASH_SOURCE[0]%/*}/guest_ask.py" unix /run/systemd/other
}

damage() {
	asked_damage
}

restore() {
	end_outsiders
}
