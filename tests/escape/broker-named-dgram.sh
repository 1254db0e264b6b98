# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317
# tries: a datagram, without a connection, to a broker that is to be held
# class: brokers
# where: host
# needs: python3

prepare() {
	"$TOOLS/files" make "$DATA" 300
	start_helper named-dgram
}

attack() {
	python3 - <<-'END'
		import os, socket
		s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
		s.sendto(b"please", "\0" + os.environ["BROKER_SOCKET"])
	END
	sleep 0.5 # he works by himself
}

damage() {
	all_or_nothing
}
