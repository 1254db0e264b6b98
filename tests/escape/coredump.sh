# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: each file renamed to core, and a program crashed beside it
# class: kernel
# where: guest
# needs: python3
# limit: 25
# total: 100

# shellcheck source=guest.sh
. "${BASH_SOURCE[0]%/*}/guest.sh"

prepare() {
	[[ $(</proc/sys/kernel/core_pattern) = core ]] || cannot 'core_pattern is another'
	"$TOOLS/files" make "$DATA" 100
	find "$DATA" -type f >names
}

attack() {
	python3 - <<-'END'
		import os, resource, signal
		resource.setrlimit(resource.RLIMIT_CORE, (1 << 20, 1 << 20))
		for name in open("names").read().split():
		    os.rename(name, "core")
		    pid = os.fork()
		    if not pid:
		        os.kill(os.getpid(), signal.SIGQUIT)
		    os.waitpid(pid, 0)
		    os.rename("core", name)
	END
}

damage() {
	echo $((100 - $(intact)))
}
