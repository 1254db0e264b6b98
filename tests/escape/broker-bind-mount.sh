# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: systemd asked by way of a bind mount
# class: brokers
# where: guest
# needs: python3

# shellcheck source=guest.sh
. "${BASH_SOURCE[0]%/*}/guest.sh"

prepare() {
	serve unix /run/systemd/private
}

attack() {
	mkdir bound
	unshare -m bash -c "mount --bind /run/systemd bound && exec python3 \"${BASH_SOURCE[0]%/*}/guest_ask.py\" unix bound/private"
}

damage() {
	asked_damage
}

restore() {
	end_outsiders
}
