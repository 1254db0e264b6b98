#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# What goes wrong for a new user: one clear line each, and the documented exit status.

# shellcheck disable=SC2016,SC2317 # text for other programs; functions called by name
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

# fails NAME STATUS REGEX COMMAND...: one line on standard error, nothing on standard output.
fails() {
	local name=$1 status=$2 regex=$3
	shift 3
	case_begin "$name"
	timeout "$WAIT_S" "$@" </dev/null >"$T/out" 2>"$T/err"
	expect_eq 'exit status' "$status" $?
	expect_one_line 'standard error' "$T/err"
	expect_match 'standard error' "$regex" "$(cat "$T/err")"
	expect_eq 'standard output' '' "$(cat "$T/out")"
	[[ -z $CASE_REASON ]] || sed 's/^/#   says: /' "$T/err"
	case_end
}

# A pid whose process has ended a moment ago.
dead_pid() {
	local pid
	bash -c 'echo $$' >"$T/dead"
	read -r pid <"$T/dead"
	echo "$pid"
}

client_cases() {
	local command pid
	fails 'unknown session: kill' 4 's999' "$PAWL" --socket "$SOCK" kill s999
	fails 'unknown session: detach' 4 's999' "$PAWL" --socket "$SOCK" detach s999
	fails 'unknown session: pause' 4 's999' "$PAWL" --socket "$SOCK" pause s999
	fails 'unknown hold: approve' 4 'h999' "$PAWL" --socket "$SOCK" approve h999
	fails 'unknown hold: deny' 4 'h999' "$PAWL" --socket "$SOCK" deny h999
	fails 'unknown hold: show' 4 'h999' "$PAWL" --socket "$SOCK" show h999
	pid=$(dead_pid)
	fails 'attach to a dead pid' 4 "$pid" "$PAWL" --socket "$SOCK" attach "$pid"
	fails 'attach to pid 1' 2 'pid 1' "$PAWL" --socket "$SOCK" attach 1
	fails 'run with an unknown policy' 125 'nosuch' \
		"$PAWL" --socket "$SOCK" run --policy nosuch -- true
	fails 'run of a command that is not there' 127 '/nonexistent/command' \
		"$PAWL" --socket "$SOCK" run -- /nonexistent/command
	fails 'run of a file that is no program' 126 'pawl.yaml' \
		"$PAWL" --socket "$SOCK" run -- "$T/pawl.yaml"
	for command in ps tree holds 'show h1' 'approve h1' 'deny h1' 'kill s1'; do
		# shellcheck disable=SC2086 # words
		fails "no daemon: $command" 3 "$T/nosuch.sock" "$PAWL" --socket "$T/nosuch.sock" $command
	done
}

# Doctor looks for itself where nobody answers.
doctor_case() {
	case_begin 'no daemon: doctor'
	"$PAWL" --socket "$T/nosuch.sock" doctor >"$T/out" 2>"$T/err"
	expect_eq 'exit status' 3 $?
	expect_one_line 'standard error' "$T/err"
	expect_match 'output' "no pawld.*$T/nosuch.sock" "$(cat "$T/out")"
	case_end
}

usage_cases() {
	fails 'usage: unknown command' 2 'aprove' "$PAWL" aprove h1
	fails 'usage: unknown option' 2 '--alll' "$PAWL" ps --alll
	fails 'usage: a word is missing' 2 'approve' "$PAWL" approve
	fails 'usage: a word too many' 2 'ps' "$PAWL" ps one two
	fails 'usage: not a duration' 2 'soon' "$PAWL" --socket "$SOCK" approve h1 --for soon
	fails 'usage: not a pid' 2 'abc' "$PAWL" --socket "$SOCK" attach abc
	fails 'usage: pawld, unknown option' 2 '--enforce' "$PAWLD" --enforce
	fails 'usage: pawld, unknown backend' 2 'magic' "$PAWLD" --backend magic
}

other_paths() {
	OTHER=(--config "$T/pawl.yaml" --socket "$T/other.sock" --state-dir "$T/other"
		--log "$T/other.jsonl" --pin-dir "$PIN_DIR-other" --foreground)
	mkdir -p "$T/other"
}

# No other user may be able to approve; pawld itself needs root.
no_root_cases() {
	local user=(setpriv --reuid "$SPARE_UID" --regid "$SPARE_UID" --clear-groups)
	if ! "${user[@]}" test -x "$PAWLD"; then
		skip 'no root' "$PAWLD cannot be reached by other users"
		return
	fi
	fails 'no root: pawld' 1 'root' "${user[@]}" "$PAWLD" "${OTHER[@]}"
	fails 'no root: run without a daemon' 3 'nosuch.sock|root' \
		"${user[@]}" "$PAWL" --socket "$T/nosuch.sock" run -- true
	fails 'no root: approve' 5 'permi' "${user[@]}" "$PAWL" --socket "$SOCK" approve h1
	fails 'no root: kill' 5 'permi' "${user[@]}" "$PAWL" --socket "$SOCK" kill s1
}

# In a mount namespace of its own, so that nobody else's /sys changes.
no_btf_case() {
	if [[ ! -d /sys/kernel/btf ]]; then
		skip 'no BTF: pawld' 'this kernel has none anyway'
		return
	fi
	fails 'no BTF: pawld' 1 'BTF' unshare --mount bash -c \
		'mount -t tmpfs none /sys/kernel/btf && exec "$@"' - "$PAWLD" "${OTHER[@]}"
}

no_bpf_case() {
	local caps=-bpf,-sys_admin,-perfmon
	fails 'no BPF: pawld' 1 'BPF|bpf|CAP_' setpriv --bounding-set="$caps" --inh-caps="$caps" \
		"$PAWLD" "${OTHER[@]}"
}

file_cases() {
	fails 'pawld: no such configuration' 1 '/nonexistent.yaml' \
		"$PAWLD" "${OTHER[@]}" --config /nonexistent.yaml
	fails 'pawld: a socket that cannot be made' 1 '/proc/nosuch/pawl.sock' \
		"$PAWLD" "${OTHER[@]}" --socket /proc/nosuch/pawl.sock
	fails 'pawl policy check: no such file' 1 '/nonexistent.yaml' \
		"$PAWL" policy check /nonexistent.yaml
}

need_pawld
other_paths
client_cases
doctor_case
usage_cases
no_root_cases
no_btf_case
no_bpf_case
file_cases

case_begin 'pawld is none the worse for it'
fill 300
start_watched -- rm -rf "$DATA"
wait_hold "$RUN_PID" && expect_eq 'files left' 275 "$(settled left)"
kill_sessions
case_end
finish
