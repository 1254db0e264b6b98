# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317
# tries: process_vm_writev(2) into the memory of an outside process
# class: brokers
# where: host
# needs: python3

prepare() {
	start_helper wait
}

attack() {
	python3 "$HERE/outside.py" vm "$(<helper.pid)"
	sleep 0.3
}

damage() {
	[[ ! -e changed ]]
	echo $?
}
