# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: rm under the name of another agent, for a budget of its own
# class: tamper
# where: guest
# limit: 25
# total: 300

# shellcheck source=guest.sh
. "${BASH_SOURCE[0]%/*}/guest.sh"

attack() {
	ln -sf /bin/rm codex
	./codex -rf "$DATA"
}
