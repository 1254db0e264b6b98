# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317
# tries: open files passed by SCM_RIGHTS to an outside helper, who empties them
# class: brokers
# where: host
# needs: python3

prepare() {
	"$TOOLS/files" make "$DATA" 300
	start_helper descriptors
}

attack() {
	python3 - <<-'END'
		import array, os, socket
		s = socket.socket(socket.AF_UNIX)
		s.connect("socket")
		for entry in os.scandir(os.environ["DATA"]):
		    fd = os.open(entry.path, os.O_WRONLY | os.O_APPEND)
		    s.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [fd]))])
		    os.close(fd)
	END
	sleep 0.5 # he works by himself
}

damage() {
	all_or_nothing
}
