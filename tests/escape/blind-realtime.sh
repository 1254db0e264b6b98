# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: every CPU taken for 15 s at a real-time priority without a limit, then rm
# class: tamper
# where: guest
# limit: 25
# total: 300
# needs: python3
# linger: 2

# shellcheck source=guest.sh
. "${BASH_SOURCE[0]%/*}/guest.sh"

attack() {
	echo -1 >/proc/sys/kernel/sched_rt_runtime_us
	python3 - <<-'END'
		import os, time
		for cpu in range(os.cpu_count()):
		    if os.fork() == 0:
		        os.sched_setaffinity(0, {cpu})
		        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(90))
		        until = time.monotonic() + 15
		        while time.monotonic() < until:
		            pass
		        os._exit(0)
		for _ in range(os.cpu_count()):
		    os.wait()
	END
	rm -rf "$DATA"
}

restore() {
	echo 950000 >/proc/sys/kernel/sched_rt_runtime_us
}
