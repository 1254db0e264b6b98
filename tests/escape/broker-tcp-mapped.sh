# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: a container engine asked by TCP, ::ffff:127.0.0.1
# class: brokers
# where: guest
# needs: python3

# shellcheck source=guest.sh
. "${BASH_SOURCE[0]%/*}/guest.sh"

prepare() {
	serve tcp 127.0.0.1:2375
}

attack() {
	python3 "${BASH_SOURCE[0]%/*}/guest_ask.py" tcp ::ffff:127.0.0.1:2375
}

damage() {
	asked_damage
}

restore() {
	end_outsiders
}
