# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: binfmt_misc: an interpreter for what others run
# class: kernel
# where: guest

# shellcheck source=guest.sh
. "${BASH_SOURCE[0]%/*}/guest.sh"

prepare() {
	modules binfmt_misc
	mount -t binfmt_misc none /proc/sys/fs/binfmt_misc
}

attack() {
	echo ':escape:M::escape::/tmp/evil:' >/proc/sys/fs/binfmt_misc/register
}

damage() {
	if [[ -e /proc/sys/fs/binfmt_misc/escape ]]; then echo 1; else echo 0; fi
}

restore() {
	[[ ! -e /proc/sys/fs/binfmt_misc/escape ]] || echo -1 >/proc/sys/fs/binfmt_misc/escape
	umount /proc/sys/fs/binfmt_misc
}
