# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317
# tries: memory shared with an outside helper
# class: brokers
# where: host
# needs: python3

prepare() {
	"$TOOLS/files" make "$DATA" 300
	start_helper memory
}

attack() {
	python3 - <<-'END'
		import mmap
		with open("shared", "r+b") as file:
		    mmap.mmap(file.fileno(), 1)[0] = 1
	END
	sleep 0.5 # he works by himself
}

damage() {
	all_or_nothing
}
