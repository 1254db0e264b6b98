# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: rm of the log
# class: tamper
# where: guest

# shellcheck source=guest.sh
. "${BASH_SOURCE[0]%/*}/guest.sh"

prepare() {
	[[ -e ${SOCK%/*}/events.jsonl ]] || cannot 'there is none'
	cp -a "${SOCK%/*}/events.jsonl" saved
	stat -c '%i %Y' "${SOCK%/*}/events.jsonl" >before
}

attack() {
	rm -f "${SOCK%/*}/events.jsonl"
}

# Another file, a shorter one, or none.
damage() {
	if [[ -e ${SOCK%/*}/events.jsonl && $(stat -c %i "${SOCK%/*}/events.jsonl") = "$(cut -d ' ' -f 1 before)" &&
		$(stat -c %s "${SOCK%/*}/events.jsonl") -ge $(stat -c %s saved) ]]; then
		echo 0
	else
		echo 1
	fi
}

restore() {
	(($(damage) == 0)) || cp -a saved "${SOCK%/*}/events.jsonl"
}
