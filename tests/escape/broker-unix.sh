# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317
# tries: connecting to the socket of an outside helper that the policy does not name
# class: brokers
# where: host
# needs: python3

prepare() {
	"$TOOLS/files" make "$DATA" 300
	start_helper unix
}

attack() {
	python3 - <<-'END'
		import os, socket
		s = socket.socket(socket.AF_UNIX)
		s.connect("\0" + os.environ["BROKER_SOCKET"] + "-other")
	END
	sleep 0.5 # he works by himself
}

damage() {
	all_or_nothing
}
