# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: a container engine asked: /run/docker.sock
# class: brokers
# where: guest
# needs: python3

# shellcheck source=guest.sh
. "${BASH_SOURCE[0]%/*}/guest.sh"

prepare() {
	serve unix /run/docker.sock
}

attack() {
	python3 "${BASH_SOURCE[0]%/*}/guest_ask.py" unix /run/docker.sock
}

damage() {
	asked_damage
}

restore() {
	end_outsiders
}
