# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317
# tries: moving each file into /var/tmp
# class: files
# where: host

# shellcheck source=away.sh
. "${BASH_SOURCE[0]%/*}/away.sh"

prepare() {
	prepare_away
}

damage() {
	damage_away
}

restore() {
	restore_away
}

attack() {
	find_away
	mv "$KEPT"/data/* "$AWAY/"
}
