# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: every pinned BPF map opened, emptied; then rm
# class: tamper
# where: guest
# needs: python3
# limit: 25
# total: 300

# shellcheck source=guest.sh
. "${BASH_SOURCE[0]%/*}/guest.sh"

# Whether a watched rm is still stopped where it must be.
attack() {
	python3 - <<-'END'
		from guest_bpf import by_pin, wipe
		for fd in by_pin():
		    wipe(fd)
	END
	rm -rf "$DATA"
}
