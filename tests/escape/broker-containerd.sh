# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: containerd asked
# class: brokers
# where: guest
# needs: python3

# shellcheck source=guest.sh
. "${BASH_SOURCE[0]%/*}/guest.sh"

prepare() {
	serve unix /run/containerd/containerd.sock
}

attack() {
	python3 "${BASH_SOURCE[0]%/*}/guest_ask.py" unix /run/containerd/containerd.sock
}

damage() {
	asked_damage
}

restore() {
	end_outsiders
}
