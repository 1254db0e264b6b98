# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317
# tries: a line in the named pipe of an outside helper
# class: brokers
# where: host
# needs: python3

prepare() {
	"$TOOLS/files" make "$DATA" 300
	start_helper fifo
}

attack() {
	echo please >fifo
	sleep 0.5 # he works by himself
}

damage() {
	all_or_nothing
}
