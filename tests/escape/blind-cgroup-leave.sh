# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: a control group made and entered by clone3(CLONE_INTO_CGROUP), then rm
# class: tamper
# where: guest
# limit: 25
# total: 300

# shellcheck source=guest.sh
. "${BASH_SOURCE[0]%/*}/guest.sh"

attack() {
	mkdir /sys/fs/cgroup/escape-own
	"$TOOLS/escape/into-cgroup" /sys/fs/cgroup/escape-own rm -rf "$DATA"
}

restore() {
	rmdir /sys/fs/cgroup/escape-own
}
