# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: a tmpfs mounted over what the state directory lies in
# class: tamper
# where: guest
# disk: yes

# shellcheck source=guest.sh
. "${BASH_SOURCE[0]%/*}/guest.sh"

prepare() {
	:
}

attack() {
	mount -t tmpfs none "${STATE_DIR%/*}"
}

damage() {
	if mountpoint -q "${STATE_DIR%/*}"; then echo 1; else echo 0; fi
}

restore() {
	! mountpoint -q "${STATE_DIR%/*}" || umount "${STATE_DIR%/*}"
}
