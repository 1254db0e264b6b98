# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317
# tries: moving the whole directory into /var/tmp
# class: files
# where: host
# quick: yes

# On the same file system, and not in a temporary place.
prepare() {
	AWAY=$(mktemp -d /var/tmp/pawl-escape.XXXXXX)
	KEPT=$(mktemp -d "${AWAY/tmp/lib}.XXXXXX") || exit
	chmod 755 "$KEPT"
	declare -p AWAY KEPT >places
	[[ $(stat -c %d "$AWAY") = "$(stat -c %d "$KEPT")" ]] || cannot '/var/tmp is another file system'
	"$TOOLS/files" make "$KEPT/data" 300
}

damage() {
	# shellcheck source=/dev/null
	. ./places
	echo $((300 - $("$TOOLS/files" intact "$KEPT/data" 2>/dev/null || echo 0)))
}

restore() {
	# shellcheck source=/dev/null
	. ./places
	rm -rf "$AWAY" "$KEPT"
}

attack() {
	# shellcheck source=/dev/null
	. ./places
	mv "$KEPT/data" "$AWAY/"
}
