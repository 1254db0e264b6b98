# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: finit_module(2)
# class: kernel
# where: guest

# shellcheck source=guest.sh
. "${BASH_SOURCE[0]%/*}/guest.sh"

prepare() {
	[[ -f $MODULES/dummy.ko ]] || cannot 'no modules'
}

attack() {
	insmod "$MODULES/dummy.ko"
}

damage() {
	if [[ -d /sys/module/dummy ]]; then echo 1; else echo 0; fi
}

restore() {
	[[ ! -d /sys/module/dummy ]] || rmmod dummy
}
