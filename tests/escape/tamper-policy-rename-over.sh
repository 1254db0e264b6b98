# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: another file renamed over the policy
# class: tamper
# where: guest

# shellcheck source=guest.sh
. "${BASH_SOURCE[0]%/*}/guest.sh"

prepare() {
	[[ -e ${SOCK%/*}/pawl.yaml ]] || cannot 'there is none'
	cp -a "${SOCK%/*}/pawl.yaml" saved
	stat -c '%i %Y' "${SOCK%/*}/pawl.yaml" >before
}

attack() {
	printf 'version: 1\nmode: observe\n' >new
	mv new "${SOCK%/*}/pawl.yaml"
}

# Another file, a shorter one, or none.
damage() {
	if [[ -e ${SOCK%/*}/pawl.yaml && $(stat -c %i "${SOCK%/*}/pawl.yaml") = "$(cut -d ' ' -f 1 before)" &&
		$(stat -c %s "${SOCK%/*}/pawl.yaml") -ge $(stat -c %s saved) ]]; then
		echo 0
	else
		echo 1
	fi
}

restore() {
	(($(damage) == 0)) || cp -a saved "${SOCK%/*}/pawl.yaml"
}
