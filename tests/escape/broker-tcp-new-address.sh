# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: a container engine asked by TCP, at an address given to the host after the policy was loaded
# class: brokers
# where: guest
# needs: python3

# shellcheck source=guest.sh
. "${BASH_SOURCE[0]%/*}/guest.sh"

prepare() {
	serve tcp 0.0.0.0:2375
}

attack() {
	ip address add 10.98.76.54/32 dev lo
	python3 "${BASH_SOURCE[0]%/*}/guest_ask.py" tcp 10.98.76.54:2375
}

damage() {
	asked_damage
}

restore() {
	end_outsiders
	ip address del 10.98.76.54/32 dev lo 2>/dev/null || :
}
