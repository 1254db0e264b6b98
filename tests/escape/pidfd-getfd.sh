# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317
# tries: pidfd_getfd(2) of a descriptor of an outside process, and writing to it
# class: brokers
# where: host
# needs: python3

prepare() {
	start_helper wait
}

attack() {
	python3 "$HERE/outside.py" getfd "$(<helper.pid)"
}

damage() {
	[[ $(<secret) = secret ]]
	echo $?
}
