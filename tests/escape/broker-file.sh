# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317
# tries: a file that an outside helper waits for
# class: brokers
# where: host
# needs: python3

prepare() {
	"$TOOLS/files" make "$DATA" 300
	start_helper file
}

attack() {
	touch please
	sleep 0.5 # he works by himself
}

damage() {
	all_or_nothing
}
