# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: rm in a mount namespace of its own
# class: mounts
# where: guest
# limit: 25
# total: 300

# shellcheck source=guest.sh
. "${BASH_SOURCE[0]%/*}/guest.sh"

attack() {
	unshare -m rm -rf "$DATA"
}
