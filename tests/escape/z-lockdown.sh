# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: lockdown raised to confidentiality: pawl could not be loaded again until the next boot
# class: tamper
# where: guest
# unwatched: it works, and nothing can be loaded after it until the next boot

# shellcheck source=guest.sh
. "${BASH_SOURCE[0]%/*}/guest.sh"

# Nothing undoes it: it is the last technique, by its name.
prepare() {
	grep -q '\[none\]' /sys/kernel/security/lockdown || cannot 'lockdown is on already'
}

attack() {
	echo confidentiality >/sys/kernel/security/lockdown
}

damage() {
	grep -c '\[confidentiality\]' /sys/kernel/security/lockdown
}
