# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: an abstract socket that no policy names
# class: brokers
# where: guest
# needs: python3

# shellcheck source=guest.sh
. "${BASH_SOURCE[0]%/*}/guest.sh"

prepare() {
	serve unix @escape
}

attack() {
	python3 "${BASH_SOURCE[0]%/*}/guest_ask.py" unix @escape
}

damage() {
	asked_damage
}

restore() {
	end_outsiders
}
