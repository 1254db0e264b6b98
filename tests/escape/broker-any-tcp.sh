# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317
# tries: the same port by 0.0.0.0, which is this host too
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
		socket.create_connection(("0.0.0.0", int(os.environ["BROKER_PORT"])))
	END
	sleep 0.5 # he works by himself
}

damage() {
	all_or_nothing
}
