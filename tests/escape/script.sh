# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2016
# tries: a script that is executed, its interpreter a copy of another name
# class: tree
# where: host

attack() {
	cp "$(command -v bash)" ./innocent
	printf '#!%s/innocent\nrm -rf "$1"\n' "$PWD" >script
	chmod +x script
	./script "$DATA"
}
