#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# table.sh [--merge LOG...]: makes TABLE.md from expected.tsv and the headers of the techniques.
# --merge first takes the lines "# result: NAME BACKEND KVER WORD" of the logs into expected.tsv,
# which is never written by hand: a row for each technique, backend and kernel.

set -eu
cd "$(dirname "$0")"

merge() { # LOG...
	touch expected.tsv
	sed -n -E 's/^#.* result: ([^ ]+) ([^ ]+) ([^ ]+) (.*)$/\1\t\2\t\3\t\4/p' "$@" | tr -d '\r' |
		awk -F '\t' -v OFS='\t' '
		function better(new, old) { # what varies is no better than its worst
			if (old !~ /^stopped/ || new !~ /^stopped/ || old == "stopped before effect") return 0
			return new == "stopped before effect" || substr(new, 15) + 0 < substr(old, 15) + 0
		}
		{
			row = $1 OFS $2 OFS $3
			if (!(row in word) || !better($4, word[row])) word[row] = $4
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
		cell says what was seen on every kernel where it was tried, and then where a kernel differed;
		an empty one was not tried. `make test-all` runs every technique on every kernel
		of the matrix, and fails where one comes out otherwise. *Stopped before effect*: no more was
		lost than the budget allows (with `tracepoint`, as many more as there are CPUs, at times), or
		nothing where there is no budget. *Stopped after n*: at most
		so many more were lost. *Reported*: it happened, and is on record. *Not covered*: it happened,
		and nothing says so. *Cannot run*: what it needs is missing there.

		| backend | kernel | tried | stopped before effect | stopped after n | reported | not covered | cannot run |
		| --- | --- | --- | --- | --- | --- | --- | --- |
	END
	awk -F '\t' '
		{ at = "`" $2 "` | " $3; tried[at]++; n[at, substr($4, 1, 12)]++ }
		function cell(at, word) { return " " n[at, word] + 0 " |" }
		END {
			for (at in tried)
				print "| " at " | " tried[at] " |" cell(at, "stopped befo") cell(at, "stopped afte") \
					cell(at, "reported") cell(at, "not covered") cell(at, "cannot run: ")
		}' expected.tsv | sort -t '|' -k 2,2 -k 3,3V
}

table() {
	head_of_table
	techniques | awk -F '\t' '
		FILENAME == "expected.tsv" {
			seen[$1, $2] = seen[$1, $2] "\t" $3 "\t" $4
			next
		}
		function cell(seen, part, n, i, most, count, text) {
			n = split(seen, part, "\t")
			for (i = 3; i <= n; i += 2)
				if (++count[part[i]] > count[most]) most = part[i]
			text = most
			for (i = 3; i <= n; i += 2)
				if (part[i] != most) text = text "; " part[i - 1] ": " part[i]
			return text
		}
		{
			if ($2 != class) {
				class = $2
				printf "\n## %s\n\n| technique | what it tries | `lsm` | `fmod_ret` | `tracepoint` |\n", class
				print "| --- | --- | --- | --- | --- |"
			}
			gsub(/\|/, "\\|", $3)
			printf "| %s | %s |", $1, $3
			for (i = 1; i <= 3; i++)
				printf " %s |", cell(seen[$1, i == 1 ? "lsm" : i == 2 ? "fmod_ret" : "tracepoint"])
			print ""
		}' expected.tsv -
}

if [[ ${1:-} = --merge ]]; then
	shift
	merge "$@"
fi
table >TABLE.tmp
mv TABLE.tmp TABLE.md
