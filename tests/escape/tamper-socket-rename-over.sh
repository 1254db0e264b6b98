# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: another file renamed over the socket
# class: tamper
# where: guest

# shellcheck source=guest.sh
. "${BASH_SOURCE[0]%/*}/guest.sh"

prepare() {
	[[ -e $SOCK ]] || cannot 'there is none'
	stat -c '%i %Y' "$SOCK" >before
}

attack() {
	touch new
	mv new "$SOCK"
}

# Another file, or none.
damage() {
	if [[ -e $SOCK && $(stat -c %i "$SOCK") = "$(cut -d ' ' -f 1 before)" ]]; then
		echo 0
	else
		echo 1
	fi
}

restore() {
	: # pawld makes a new one when it starts
}
