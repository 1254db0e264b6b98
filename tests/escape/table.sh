#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# table.sh [--merge LOG...]: makes TABLE.md from expected.tsv and the headers of the techniques.
# --merge first takes the lines "# result: NAME BACKEND KVER WORD" of the logs into expected.tsv,
# which is never written by hand. A row holds for a backend on every kernel; BACKEND@KVER is where
# one kernel differs.

set -eu
cd "$(dirname "$0")"

merge() { # LOG...
	touch expected.tsv
	sed -n -E 's/^#.* result: ([^ ]+) ([^ ]+) ([^ ]+) (.*)$/\1\t\2\t\3\t\4/p' "$@" | tr -d '\r' |
		awk -F '\t' -v OFS='\t' '
		function later(old, new) { # bounds grow, and what varies is no better than its worst
			if (old !~ /^stopped/ || new !~ /^stopped/) return 0
			if (old == "stopped before effect") return 1
			if (new == "stopped before effect") return 0
			return substr(new, 15) + 0 > substr(old, 15) + 0
		}
		FILENAME != "-" { word[$1 OFS $2] = $3; next }
		{
			general = $1 OFS $2; own = $1 OFS $2 "@" $3
			if (!(general in word)) word[general] = $4
			else if (word[general] == $4) delete word[own]
			else if (word[general] ~ /^stopped/ && $4 ~ /^stopped/) {
				if (later(word[general], $4)) word[general] = $4
				delete word[own]
			} else word[own] = $4
		}
		END { for (row in word) print row, word[row] }' expected.tsv - |
		LC_ALL=C sort >expected.new
	mv expected.new expected.tsv
}

if [[ ${1:-} = --merge ]]; then
	shift
	merge "$@"
fi
