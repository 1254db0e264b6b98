# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: a BPF program loaded: perf-event, which may write to the memory of programs
# class: kernel
# where: guest
# needs: python3

# shellcheck source=guest.sh
. "${BASH_SOURCE[0]%/*}/guest.sh"

attack() {
	python3 - <<-'END'
		from guest_bpf import load_writer
		load_writer(7)
	END
}

damage() {
	if [[ -e /sys/fs/bpf/escape ]]; then echo 1; else echo 0; fi
}

restore() {
	rm -f /sys/fs/bpf/escape
}
