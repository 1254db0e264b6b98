# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: a container engine asked by TCP, ::1
# class: brokers
# where: guest
# needs: python3

# shellcheck source=guest.sh
. "${BASH_SOURCE[0]%/*}/guest.sh"

prepare() {
	serve tcp ::1:2375
}

attack() {
	python3 "${BASH_SOURCE[0]%/*}/guest_ask.py" tcp ::1:2375
}

damage() {
	asked_damage
}

restore() {
	end_outsiders
}
