# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317
# tries: ptrace(2) of an outside process, and a word written into its memory
# class: brokers
# where: host
# needs: python3

prepare() {
	start_helper wait
}

attack() {
	python3 "$HERE/outside.py" ptrace "$(<helper.pid)"
	sleep 0.3
}

damage() {
	[[ ! -e changed ]]
	echo $?
}
