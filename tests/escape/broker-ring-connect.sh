# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317
# tries: IORING_OP_CONNECT to a broker that is to be held
# class: brokers
# where: host
# needs: python3 uring

prepare() {
	"$TOOLS/files" make "$DATA" 300
	start_helper named-tcp
}

attack() {
	"$TOOLS/escape/ring" connect "$DATA"
	sleep 0.5 # he works by himself
}

damage() {
	all_or_nothing
}
