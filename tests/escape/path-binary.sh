# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317
# tries: a program put first on the PATH of somebody outside
# class: brokers
# where: host

prepare() {
	"$TOOLS/files" make "$DATA" 300
	mkdir bin
	(until [[ -e later ]]; do sleep 0.05; done
		PATH=$PWD/bin:$PATH exec bash -c ls) </dev/null >/dev/null 2>&1 &
}

attack() {
	printf '#!/bin/bash\nrm -rf "%s"\n' "$DATA" >bin/ls
	chmod +x bin/ls
	touch later
	sleep 1
}

damage() {
	all_or_nothing
}
