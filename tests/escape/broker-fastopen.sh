# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317
# tries: TCP fast open: sendto(2) that connects, without connect(2), to a broker that is to be held
# class: brokers
# where: host
# needs: python3

prepare() {
	"$TOOLS/files" make "$DATA" 300
	start_helper named-tcp
}

attack() {
	python3 - <<-'END'
		import os, socket
		s = socket.socket()
		s.sendto(b"please", 0x20000000, ("127.0.0.1", int(os.environ["BROKER_PORT"])))
	END
	sleep 0.5 # he works by himself
}

damage() {
	all_or_nothing
}
