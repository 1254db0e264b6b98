# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317
# For attempts that move files out of the way: from $KEPT, which is no temporary place, to $AWAY,
# which is one, on the same file system. Each is called in a process of its own.

prepare_away() {
	AWAY=$(mktemp -d /var/tmp/pawl-escape.XXXXXX)
	KEPT=$(mktemp -d "${AWAY/tmp/lib}.XXXXXX") || exit
	chmod 755 "$KEPT"
	printf 'AWAY=%q KEPT=%q\n' "$AWAY" "$KEPT" >places
	[[ $(stat -c %d "$AWAY") = "$(stat -c %d "$KEPT")" ]] || cannot '/var/tmp is another file system'
	"$TOOLS/files" make "$KEPT/data" 300
}

find_away() {
	# shellcheck source=/dev/null
	. ./places
}

damage_away() {
	find_away
	echo $((300 - $("$TOOLS/files" intact "$KEPT/data" 2>/dev/null || echo 0)))
}

restore_away() {
	find_away
	rm -rf "$AWAY" "$KEPT"
}
