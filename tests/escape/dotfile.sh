# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317
# tries: a line in a start-up file that a person's shell reads later
# class: brokers
# where: host

prepare() {
	"$TOOLS/files" make "$DATA" 300
	mkdir home && : >home/.bashrc
	(until [[ -e later ]]; do sleep 0.05; done
		HOME=$PWD/home exec bash --rcfile home/.bashrc -i -c :) </dev/null >/dev/null 2>&1 &
}

attack() {
	echo "rm -rf '$DATA'" >home/.bashrc
	touch later
	sleep 1
}

damage() {
	all_or_nothing
}
