#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Who is watched: agents by each kind of signature, trees older than pawld, attached processes;
# and that nothing a program does takes it out of its tree.

# shellcheck disable=SC2016,SC2317 # text for other programs; functions called by name
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

AGENT=pawltest-agent-$ID # longer than a comm
SCRIPT=pawltest-script-$ID
LINK=pawltest-link-$ID
UID_AGENT=pawltest-uid-$ID
ENV_NAME=PAWLTEST_$ID
CGROUP=/pawltest-$ID

cgroup_root() {
	local path type
	while read -r _ path type _; do
		[[ $type = cgroup2 ]] && echo "$path" && return
	done </proc/mounts
}

CGROUP_ROOT=$(cgroup_root)

set_up() {
	cp /bin/bash "$T/$AGENT"
	cp /bin/bash "$T/$UID_AGENT"
	ln -s /bin/bash "$T/$LINK"
	printf 'import os, sys\nfor f in os.scandir(sys.argv[1]):\n    os.unlink(f.path)\n' >"$T/$SCRIPT"
	AGENTS="
  - {name: by-exe, match: [{exe: $AGENT}, {exe: $LINK}]}
  - {name: by-script, match: {script: $SCRIPT}}
  - {name: by-env, match: {env: $ENV_NAME=1}}
  - {name: by-uid, match: {exe: $UID_AGENT, uid: $SPARE_UID}}"
	if [[ -n $CGROUP_ROOT ]] && mkdir "$CGROUP_ROOT$CGROUP" 2>/dev/null; then
		at_exit "rmdir '$CGROUP_ROOT$CGROUP'"
		AGENTS+="
  - {name: by-cgroup, match: {cgroup: $CGROUP}}"
	else
		CGROUP_ROOT=''
	fi
	write_policy
	echo '  engine: {mounts: observe, kernel: observe}' >>"$T/pawl.yaml" # of runc: cgroups
}

fill_few() {
	fill 300
}

# held_at AGENT: the hold is there, 25 of 300 files are gone; then the tree is killed.
held_at() {
	expect_eq 'files left' 275 "$(settled left)"
	[[ -z $1 ]] || expect_eq 'agent' "$1" "$(pawl holds -o json | json_strings agent)"
	pawl kill "$SESSION" >/dev/null || fail 'pawl kill failed'
	wait_until "$WAIT_S" none_marked || fail 'a process of the tree is left'
	expect_eq 'files left after kill' 275 "$(left)"
}

# found NAME AGENT COMMAND...: the command, started by nobody, is an agent.
found() {
	local name=$1 agent=$2
	shift 2
	case_begin "$name"
	fill_few
	start "$@"
	wait_hold "$RUN_PID" && held_at "$agent"
	kill_sessions
	case_end
}

# free NAME COMMAND...: the command is nobody's agent.
free() {
	local name=$1
	shift
	case_begin "$name"
	fill_few
	start "$@"
	wait_run
	expect_eq 'exit status' 0 "$RUN_STATUS"
	expect_eq 'files left' 0 "$(left)"
	no_holds || fail 'held'
	kill_sessions
	case_end
}

# kept NAME COMMAND...: the command stays in the tree of `pawl run`, also when its root has ended.
kept() {
	local name=$1
	shift
	case_begin "$name"
	fill_few
	start_watched -- "$@"
	wait_hold && held_at ''
	kill_sessions
	case_end
}

by_signature() {
	found 'found by executable' by-exe "$T/$AGENT" -c 'rm -rf "$1"; :' - "$DATA"
	found 'found by the name of a link' by-exe "$T/$LINK" -c 'rm -rf "$1"; :' - "$DATA"
	found 'found by script' by-script "$PYTHON" "$T/$SCRIPT" "$DATA"
	found 'found by environment' by-env env "$ENV_NAME=1" rm -rf "$DATA"
	free 'another value in the environment is not found' env "$ENV_NAME=12" rm -rf "$DATA"
	free 'the script as another argument is not found' "$PYTHON" -c \
		'import shutil, sys; shutil.rmtree(sys.argv[1])' "$DATA" "$T/$SCRIPT"
	by_uid
	by_cgroup
}

by_uid() {
	case_begin 'found by uid and executable'
	fill_few
	chmod 777 "$DATA"
	start setpriv --reuid "$SPARE_UID" --clear-groups "$T/$UID_AGENT" -c 'rm "$1"/*; :' - "$DATA"
	wait_hold "$RUN_PID" && held_at by-uid
	kill_sessions
	case_end

	free 'another uid with the same executable is not found' \
		"$T/$UID_AGENT" -c 'rm "$1"/*; :' - "$DATA"
}

by_cgroup() {
	if [[ -z $CGROUP_ROOT ]]; then
		skip 'found by cgroup' 'no cgroup v2 hierarchy that can be written'
		return
	fi
	found 'found by cgroup' by-cgroup \
		bash -c 'echo $$ >"$1/cgroup.procs" && exec rm -rf "$2"' - "$CGROUP_ROOT$CGROUP" "$DATA"
}

ways_out() {
	local way
	for way in daemon orphan vfork thread; do
		kept "kept: $way" "$TOOLS/spawn" "$way" rm -rf "$DATA"
	done
	kept 'kept: vfork child before its exec' \
		bash -c 'exec "$1" vfork-unlink "$2"/*' - "$TOOLS/spawn" "$DATA"
	kept 'kept: a new pid namespace' unshare --pid --fork rm -rf "$DATA"
	one_session
	short && return
	kept 'kept: chain of execs' \
		bash -c 'exec env sh -c "exec nice rm -rf \"\$1\"" - "$1"' - "$DATA"
	kept 'kept: another uid' bash -c \
		'chmod 777 "$1"; setpriv --reuid 61234 --clear-groups rm -rf "$1"; :' - "$DATA"
	kept 'kept: an emptied environment' env -i /bin/rm -rf "$DATA"
}

one_session() {
	case_begin 'an agent inside an agent belongs to the outer one'
	fill_few
	start_watched --agent outer -- "$T/$AGENT" -c 'rm -rf "$1"; :' - "$DATA"
	if wait_hold "$RUN_PID"; then
		expect_eq 'agents' outer "$(pawl ps -o json | json_strings agent | tr '\n' ' ' | xargs)"
		held_at outer
	fi
	kill_sessions
	case_end
}

wait_and_delete='until [[ -e $1 ]]; do sleep 0.05; done; rm -rf "$2"; :'

attach_case() {
	case_begin 'attached while it runs, with a child that runs already'
	fill_few
	start bash -c 'bash -c "$3" - "$1" "$2"; :' - "$T/go.attach" "$DATA" "$wait_and_delete"
	wait_until "$WAIT_S" has_child "$RUN_PID" || fail 'the command has no child'
	pawl attach "$RUN_PID" --agent attached >/dev/null || fail 'pawl attach failed'
	touch "$T/go.attach"
	wait_hold "$RUN_PID" && held_at attached
	kill_sessions
	case_end
}

has_child() {
	[[ -n $(cat "/proc/$1/task/$1/children" 2>/dev/null) ]]
}

detach_cases() {
	case_begin 'detached: free again'
	fill_few
	start_watched -- bash -c "$wait_and_delete" - "$T/go.detach" "$DATA"
	wait_until "$WAIT_S" session_seen || fail 'no session'
	pawl detach "$SESSION" >/dev/null || fail 'pawl detach failed'
	touch "$T/go.detach"
	wait_run
	expect_eq 'exit status' 0 "$RUN_STATUS"
	expect_eq 'files left' 0 "$(left)"
	no_holds || fail 'held'
	kill_sessions
	case_end

	case_begin 'detached while held: goes on'
	fill_few
	start_watched -- rm -rf "$DATA"
	if wait_hold "$RUN_PID"; then
		pawl detach "$SESSION" >/dev/null || fail 'pawl detach failed'
		wait_run
		expect_eq 'exit status' 0 "$RUN_STATUS"
		expect_eq 'files left' 0 "$(left)"
	fi
	kill_sessions
	case_end
}

session_seen() {
	SESSION=$(pawl ps -o json | json_strings session | head -n 1)
	[[ -n $SESSION ]]
}

end_case() {
	case_begin 'a session whose processes have ended is gone from ps'
	start_watched -- true
	wait_run
	expect_eq 'exit status' 0 "$RUN_STATUS"
	wait_until "$WAIT_S" no_sessions || fail "still there: $(pawl ps -o json)"
	case_end
}

no_sessions() {
	[[ $(pawl ps -o json) =~ ^\[[[:space:]]*\]$ ]]
}

# Trees that run before pawld does: threads, a grandchild, an orphan with the marker left.
seeded_cases() {
	local name deleter=("$TOOLS/delthreads" --wait)
	stop_pawld
	for name in tree script orphan; do
		"$TOOLS/files" make "$T/data.$name" 300
	done
	printf 'import os, sys\nos.spawnv(os.P_WAIT, sys.argv[1], sys.argv[1:])\n' >"$T/$SCRIPT"
	"$T/$AGENT" -c 'bash -c '\''"$@"; :'\'' - "$@"; :' - \
		"${deleter[@]}" "$T/go.tree" 4 "$T/data.tree" 2>"$T/tree.err" &
	"$PYTHON" "$T/$SCRIPT" "${deleter[@]}" "$T/go.script" 4 "$T/data.script" \
		2>"$T/script.err" &
	env "$ENV_NAME=1" "$TOOLS/spawn" daemon "${deleter[@]}" "$T/go.orphan" 4 "$T/data.orphan" \
		2>"$T/orphan.err" &
	for name in tree script orphan; do
		wait_until "$WAIT_S" exists "$T/go.$name.ready" || echo "# $name did not come up"
	done
	need_pawld
	for name in tree script orphan; do
		case_begin "older than pawld: $name"
		touch "$T/go.$name"
		if wait_hold; then
			expect_eq 'files left' 275 "$(settled "$TOOLS/files" count "$T/data.$name")"
			pawl kill "$SESSION" >/dev/null || fail 'pawl kill failed'
			wait_until "$WAIT_S" no_holds || fail 'a hold stays open after the kill'
			expect_eq 'files left after kill' 275 "$("$TOOLS/files" count "$T/data.$name")"
		fi
		case_end
	done
	kill_sessions
}

# A bundle whose root file system is the host's /usr, read-only.
make_bundle() {
	local dir
	mkdir -p "$T/bundle/rootfs"/{proc,dev,sys,usr,data,tools}
	for dir in bin sbin lib lib64; do
		[[ ! -e /$dir ]] || ln -s "usr/$dir" "$T/bundle/rootfs/$dir"
	done
	(cd "$T/bundle" && runc spec) || return
	"$PYTHON" - "$T/bundle/config.json" "$DATA" <<-'END'
		import json, sys
		path, data = sys.argv[1:]
		spec = json.load(open(path))
		spec["process"].update(terminal=False, args=["/usr/bin/rm", "-rf", "/data/inner"])
		spec["process"].pop("rlimits", None)
		for source, target, options in (("/usr", "/usr", ["rbind", "ro"]), (data, "/data", ["bind", "rw"])):
		    spec["mounts"].append({"type": "bind", "source": source, "destination": target,
		                           "options": options})
		json.dump(spec, open(path, "w"))
	END
}

container_case() {
	local held
	if ! command -v runc >/dev/null || ! make_bundle; then
		skip 'kept: a container' 'runc is not installed'
		return
	fi
	rm -rf "$DATA"
	"$TOOLS/files" make "$DATA" 0
	if ! runc --root "$T/runc" run --bundle "$T/bundle" "$MARK-probe" </dev/null >"$T/runc.out" 2>&1; then
		skip 'kept: a container' "runc does not run here: $(tail -n 1 "$T/runc.out")"
		return
	fi
	at_exit "runc --root '$T/runc' delete --force '$MARK'"
	"$TOOLS/files" make "$DATA/inner" 300
	case_begin 'kept: a container'
	start_watched --policy engine -- runc --root "$T/runc" run --bundle "$T/bundle" "$MARK"
	if wait_hold "$RUN_PID"; then
		held=$(settled left)
		expect_range 'files left' 275 290 "$held" # runc deletes a few of its own
		pawl kill "$SESSION" >/dev/null || fail 'pawl kill failed'
		wait_run
		expect_eq 'files left after kill' "$held" "$(left)"
	fi
	kill_sessions
	case_end
	rm -rf "$DATA"
}

set_up
need_pawld
by_signature
ways_out
attach_case
detach_cases
end_case
short || container_case
seeded_cases
finish
