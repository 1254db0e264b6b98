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

# NAME CLASS TRIES, tab-separated, by class in the order in which they are shown.
techniques() {
	local class file
	for class in "${CLASSES[@]}"; do
		grep -lE "^[ #*/]*class: $class( |$)" -- *.sh *.py *.c | LC_ALL=C sort | while read -r file; do
			sed -n -E "1,25s/^[ #*\/]*tries: *(.*)/${file%.*}\t$class\t\1/p" "$file"
		done
	done
}

readonly CLASSES=(files ring tree load devices mounts kernel brokers tamper)

head_of_table() {
	cat <<-'END'
		# What has been tried to get round pawl

		Made by `tests/escape/table.sh` from what `tests/escape/run.sh` saw; see CONTRIBUTING.md. A
		cell says what was seen on at least one kernel, and an empty one that nothing has been run
		there; where kernels differed it is said. `make test-all` runs every technique on every kernel
		of the matrix, and fails where one comes out otherwise. *Stopped before effect*: no more was
		lost than the budget allows (with `tracepoint`, as many more as there are CPUs, at times), or
		nothing where there is no budget. *Stopped after n*: at most
		so many more were lost. *Reported*: it happened, and is on record. *Not covered*: it happened,
		and nothing says so. *Cannot run*: what it needs is missing there.
	END
}

table() {
	head_of_table
	techniques | awk -F '\t' '
		FILENAME == "expected.tsv" {
			split($2, at, "@")
			if (at[2] == "") word[$1, at[1]] = $3
			else own[$1, at[1]] = own[$1, at[1]] "; " at[2] ": " $3
			next
		}
		{
			if ($2 != class) {
				class = $2
				printf "\n## %s\n\n| technique | what it tries | `lsm` | `fmod_ret` | `tracepoint` |\n", class
				print "| --- | --- | --- | --- | --- |"
			}
			gsub(/\|/, "\\|", $3)
			printf "| %s | %s |", $1, $3
			for (i = 1; i <= 3; i++) {
				backend = i == 1 ? "lsm" : i == 2 ? "fmod_ret" : "tracepoint"
				printf " %s%s |", word[$1, backend], own[$1, backend]
			}
			print ""
		}' expected.tsv -
}

if [[ ${1:-} = --merge ]]; then
	shift
	merge "$@"
fi
table >TABLE.tmp
mv TABLE.tmp TABLE.md
