# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: every BPF link by its number and by its pin, detached; then rm
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
		import itertools, struct
		from guest_bpf import attempt, by_id, by_pin
		for fd in itertools.chain(by_id(31, 30), by_pin()):
		    if fd >= 0:
		        attempt(34, struct.pack("I", fd))
		        attempt(29, struct.pack("IIII", fd, fd, 0, 0))
	END
	rm -rf "$DATA"
}
