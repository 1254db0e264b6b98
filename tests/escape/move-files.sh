# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317
# tries: moving each file to another place, where it is kept
# class: files
# where: host

attack() {
	mkdir away
	mv "$DATA"/* away/
}
