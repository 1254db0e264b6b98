# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# What a technique does where its file says nothing else. run.sh calls `bash common.sh FILE VERB`
# with DATA, T, TOOLS, PAWL, SOCK, STATE_DIR, PIN_DIR and PAWLD_PID set: prepare, damage and
# restore outside every tree, attack inside one. A prepare that ends with status 77 says on its
# last line why the technique cannot run here.

set -u

# Files older than the session, made by an outsider.
prepare() {
	"$TOOLS/files" make "$DATA" 300
}

# How many of them are no longer what they were, as an outsider sees it.
damage() {
	echo $((300 - $(intact)))
}

intact() {
	"$TOOLS/files" intact "$DATA"
}

restore() {
	:
}

# An accomplice who was there before, and belongs to nobody's tree; HELPER is its process.
start_helper() { # WAY
	"$PYTHON" "$HERE/helper.py" "$1" </dev/null >helper.out 2>&1 &
	HELPER=$!
	echo "$HELPER" >helper.pid
	until [[ -e ready ]]; do
		kill -0 "$HELPER" || exit
		sleep 0.02
	done
}

# For attacks on, or by, somebody who has done it or not.
all_or_nothing() {
	local n
	n=$(intact)
	echo $((n < 300))
}

cannot() {
	echo "$*"
	exit 77
}

# Where this machine has it: the system's python3, which is no wrapper script.
python3() {
	"$PYTHON" "$@"
}

HERE=${1%/*} # where the techniques are
# shellcheck source=/dev/null
. "$1"
"$2"
