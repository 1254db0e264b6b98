# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317
# tries: renaming each file to "core" and crashing, so that the kernel writes a dump over it
# class: files
# where: host
# needs: python3
# total: 60

prepare() {
	[[ $(</proc/sys/kernel/core_pattern) = core ]] || cannot 'core_pattern is not "core"'
	[[ $(</proc/sys/kernel/core_uses_pid) = 0 ]] || cannot 'core_uses_pid is on'
	"$TOOLS/files" make "$DATA" 60
}

attack() {
	python3 "$HERE/core-dump.py"
}

damage() {
	echo $((60 - $(intact)))
}
