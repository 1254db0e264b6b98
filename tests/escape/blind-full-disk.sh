# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: the file system of the log and the state filled up, then rm
# class: tamper
# where: guest
# limit: 25
# total: 300

# shellcheck source=guest.sh
. "${BASH_SOURCE[0]%/*}/guest.sh"

attack() {
	fallocate -l "$(($(stat -f -c '%a * %S' .) - 65536))" hog
	dd if=/dev/zero of=hog2 bs=4k count=100
	rm -rf "$DATA"
}
