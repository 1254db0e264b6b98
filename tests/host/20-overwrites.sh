#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Content is lost without a deletion: truncation, O_TRUNC, a rename over the file; and empty
# directories by the thousand. The look-alikes by which nothing is lost must not be counted.

# shellcheck disable=SC2016,SC2317 # text for other programs; functions called by name
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

dirs() {
	"$TOOLS/files" dirs "$DATA"
}

# held NAME OPERATION COUNTER COMMAND...: 10,000 entries, 25 lost, the rest untouched.
held() {
	local name=$1 operation=$2 counter=$3
	shift 3
	case_begin "$name"
	start_watched -- "$@"
	if wait_hold "$RUN_PID"; then
		expect_eq 'left at the hold' 9975 "$(settled "$counter")"
		expect_eq 'operation' "$operation" "$(pawl holds -o json | json_strings operation)"
		pawl kill "$SESSION" >/dev/null || fail 'pawl kill failed'
		wait_run
		expect_eq 'exit status' 137 "$RUN_STATUS"
		expect_eq 'left after kill' 9975 "$("$counter")"
	fi
	kill_sessions
	case_end
}

# free NAME COMMAND...: nothing is lost, so nothing is stopped.
free() {
	local name=$1
	shift
	case_begin "$name"
	start_watched -- "$@"
	wait_run
	expect_eq 'exit status' 0 "$RUN_STATUS"
	no_holds || fail 'held'
	kill_sessions
	case_end
}

approved_case() {
	case_begin 'O_TRUNC, approved: every file is empty, none is gone'
	fill
	start_watched -- "$TOOLS/overwrite" otrunc "$DATA"
	if wait_hold "$RUN_PID"; then
		pawl approve "$HOLD" --for 10m >/dev/null || fail 'pawl approve failed'
		wait_run
		expect_eq 'exit status' 0 "$RUN_STATUS"
		expect_eq 'files left' 10000 "$(left)"
		expect_eq 'files with content' 0 "$(full)"
	fi
	kill_sessions
	case_end
}

denied_case() {
	local action
	for action in "${denied[@]}"; do
		case_begin "$action, denied"
		fill
		start_watched -- "$TOOLS/overwrite" "$action" "$DATA"
		if wait_hold "$RUN_PID"; then
			expect_eq 'left at the hold' 9975 "$(settled full)"
			pawl deny "$HOLD" >/dev/null || fail 'pawl deny failed'
			wait_run
			expect_match 'exit status' '^[1-9][0-9]*$' "$RUN_STATUS"
			expect_match 'error' 'Operation not permitted' "$(command_err)"
			expect_eq 'left after deny' 9975 "$(full)"
		fi
		kill_sessions
		case_end
	done
}

# Where it cannot be refused in the kernel, each of them may do it once before its tracer is there.
punch_denied_case() {
	case_begin 'punch, denied: one process after the other'
	rm -rf "$DATA"
	fill 500
	start_watched -- bash -c 'for file in "$1"/*; do fallocate -p -l 4096 "$file"; done' - "$DATA"
	if wait_hold "$RUN_PID"; then
		expect_eq 'left at the hold' 475 "$(settled full)"
		pawl deny "$HOLD" >/dev/null || fail 'pawl deny failed'
		wait_run
		expect_match 'exit status' '^[1-9][0-9]*$' "$RUN_STATUS"
		expect_range 'left after deny' "$(before_effect && echo 475 || echo 465)" 475 "$(full)"
	fi
	kill_sessions
	case_end
}

hooked() {
	pawl doctor -o json | "$PYTHON" -c 'import json, sys
hooks = {hook["name"]: hook for hook in json.load(sys.stdin)["hooks"]}
print(hooks["file_permission"]["attached"])'
}

is_unhooked() {
	[[ $(hooked) = False ]]
}

# What comes before fallocate(2) is paid for by every read and write: only while it is needed.
hook_case() {
	local name='what comes before punching is attached while a tree has an io_uring'
	if ! "$TOOLS/deluring" --probe 2>/dev/null; then
		skip "$name" 'no io_uring'
		return
	fi
	case_begin "$name"
	wait_until "$WAIT_S" is_unhooked || fail 'attached, and nobody is watched'
	start_watched -- "$PYTHON" -c 'import ctypes, sys, time
ring = ctypes.CDLL(None).syscall(425, 1, ctypes.create_string_buffer(120))
open(sys.argv[1], "w").write(str(ring))
time.sleep(1000)' "$T/ring"
	wait_until "$WAIT_S" test -s "$T/ring" || fail 'it is still held'
	expect_match 'ring' '^[0-9]+$' "$(cat "$T/ring")"
	expect_eq 'attached' True "$(hooked)"
	no_holds || fail 'a hold stays open'
	kill_sessions
	wait_until "$WAIT_S" is_unhooked || fail 'it stays attached'
	case_end
}

readable() {
	find "$DATA" -type f -perm -444 | wc -l
}

# Of each file; what its file system does not know is no refusal.
set_attribute='import errno, os, sys
name, value = sys.argv[2], bytes.fromhex(sys.argv[3])
for entry in os.scandir(sys.argv[1]):
    try:
        os.setxattr(entry.path, name, value)
    except OSError as error:
        if error.errno != errno.EOPNOTSUPP:
            raise'

# ACLs and attributes: what copying writes is free, what takes reading from somebody is not.
attributes_cases() {
	local nobody # version 2; owner, group, others: no permission
	nobody=02000000$(printf '%s000000ffffffff' 01 04 20)
	chmod 444 "$DATA"/*
	mkdir "$DATA"/directory{1..300}
	free 'copying, with an ACL for each file, is free' cp -a "$DATA" "$DATA.copy"
	free 'giving files to who has them is free' chown -R "$(id -u):$(id -g)" "$DATA.copy"
	rm -rf "$DATA.copy" "$DATA"/directory*
	free 'attributes of a user are free' "$PYTHON" -c "$set_attribute" "$DATA" user.from 00
	case_begin 'ACLs that let nobody read'
	start_watched -- "$PYTHON" -c "$set_attribute" "$DATA" system.posix_acl_access "$nobody"
	if wait_hold "$RUN_PID"; then
		expect_eq 'files left to read' 250 "$(settled readable)"
		expect_eq 'operation' access.change "$(pawl holds -o json | json_strings operation)"
	fi
	kill_sessions
	case_end
}

need_pawld

actions=(truncate ftruncate otrunc punch) denied=(truncate otrunc replace punch)
! short || actions=(ftruncate otrunc punch) denied=(truncate punch)
for action in "${actions[@]}"; do
	fill
	held "$action" file.truncate full "$TOOLS/overwrite" "$action" "$DATA"
done
fill
held 'shell redirection' file.truncate full \
	bash -c 'for file in "$1"/*; do : > "$file"; done' - "$DATA"
fill
held 'rename over' file.replace full "$TOOLS/overwrite" replace "$DATA"
rm -f "$T/replacement"
denied_case
approved_case
punch_denied_case
! before_effect || hook_case
rm -rf "$DATA"

"$TOOLS/files" tree "$DATA" 10000 0
held 'rmdir' dir.delete dirs "$TOOLS/overwrite" rmdir "$DATA"
rm -rf "$DATA"

fill 500
if before_effect; then
	free 'renames to new names are free' "$TOOLS/overwrite" move "$DATA"
else
	skip 'renames to new names are free' "the $BACKEND backend does not see whether the name is taken"
fi
free 'new files are free' "$TOOLS/overwrite" new "$DATA"
rm -rf "$DATA"
"$TOOLS/files" empty "$DATA" 500
if before_effect; then
	free 'truncating empty files is free' "$TOOLS/overwrite" otrunc "$DATA"
	free 'growing files is free' "$TOOLS/overwrite" grow "$DATA"
	attributes_cases
else
	skip 'truncating empty files is free' "the $BACKEND backend does not see the size"
	skip 'growing files is free' "the $BACKEND backend does not see the size"
fi
finish
