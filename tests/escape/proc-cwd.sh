# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317
# tries: rm through /proc/PID/cwd of another process
# class: files
# where: host

attack() {
	(cd "$DATA" && exec sleep 60) &
	until [[ $(readlink "/proc/$!/cwd") = "$DATA" ]]; do sleep 0.01; done
	rm -f "/proc/$!/cwd"/f*
	kill "$!"
}
