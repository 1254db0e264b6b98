#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Hostile load: whoever deletes knows pawl, and does so by odd names, old system calls, swarms of
# processes and threads, with tracers and SIGCONT against the stop. The budget ends where it ends,
# nobody stays frozen, pawld answers all the while, and its memory and its log stay bounded.

# shellcheck disable=SC2016,SC2317 # text for other programs; functions called by name
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

CPUS=$(nproc)
RSS_KIB=16384 # of pawld, after all that
SWARM=32      # of many in one directory so many may wait for it, each with a deletion in flight
SINGLY=20     # attempts recorded one by one in a minute
STORM=${PAWL_TEST_STORM:-100000}

# A pawld that blocks must not keep the suite waiting for ever.
pawl() {
	timeout "$WAIT_S" "$PAWL" --socket "$SOCK" "$@"
}

answers() {
	timeout 20 "$PAWL" --socket "$SOCK" ps -o json >"$T/ps.json" || {
		fail 'pawld does not answer'
		return 1
	}
}

state_of() { # PID
	sed -n 's/^State:\t\(.\).*/\1/p' "/proc/$1/status" 2>/dev/null
}

nobody_stopped() {
	local pid
	for pid in $(marked); do
		[[ $(state_of "$pid") != [Tt] ]] || return 1
	done
}

all_deleted() {
	[[ $(left) = 0 ]]
}

fresh() {
	rm -rf "$DATA"
	fill "$SMALL"
}

# held_at FLIGHT: the budget of 25 is gone; where the effect comes first, FLIGHT more at most.
held_at() {
	local least=$((SMALL - 25))
	before_effect || least=$((least - $1))
	LEFT=$(settled left)
	skipped && least=0
	expect_range 'files left' "$least" $((SMALL - 25)) "$LEFT"
}

# Where a kernel that preempts itself has skipped all programs of a hook that counts deletions, which
# is told by doctor, no number holds.
skipped() {
	local missed
	[[ $BACKEND = fmod_ret ]] || return 1
	missed=$(pawl doctor -o json | "$PYTHON" -c 'import json, sys
print(sum(h["missed"] for h in json.load(sys.stdin)["hooks"] if h["name"] in ("path_unlink", "inode_unlink")))')
	[[ $missed != "$MISSED" ]] || return 1
	MISSED=$missed
	echo "# $BACKEND: $missed runs of hooks were skipped by the kernel; $(left) files left"
}
MISSED=0

decide() { # approve|deny|kill
	case $1 in
	approve)
		pawl approve "$HOLD" --for 10m >/dev/null || fail 'pawl approve failed'
		wait_until "$WAIT_S" all_deleted || fail "$(left) files left after approve"
		wait_run
		expect_eq 'exit status' 0 "$RUN_STATUS"
		return
		;;
	deny) pawl deny "$HOLD" >/dev/null || fail 'pawl deny failed' ;;
	kill) pawl kill "$SESSION" >/dev/null || fail 'pawl kill failed' ;;
	esac
	wait_run
	[[ $1 = deny ]] || expect_eq 'exit status' 137 "$RUN_STATUS"
	expect_ne "exit status after $1" 0 "$RUN_STATUS"
	expect_ne "exit status after $1" running "$RUN_STATUS"
	skipped || expect_eq "files left after $1" "$LEFT" "$(left)"
}

# resolve NAME FLIGHT DECISION COMMAND...: held at the budget, decided, over.
resolve() {
	case_begin "$1; $3"
	local flight=$2 decision=$3
	shift 3
	fresh
	start_watched -- "$@"
	if wait_hold "$RUN_PID"; then
		held_at "$flight"
		decide "$decision"
		wait_until "$WAIT_S" nobody_stopped || fail 'a process stays stopped'
	fi
	kill_sessions
	case_end
}

# ---- odd names for files ----

odd_ways() {
	resolve 'O_PATH descriptor' 0 approve "$TOOLS/ways" opath "$DATA"
	resolve '/proc/self/fd/N/name' 0 deny "$TOOLS/ways" procfd "$DATA"
	resolve '/proc/thread-self/root' 0 kill "$TOOLS/ways" procroot "$DATA"
	resolve 'working directory deleted' 0 approve "$TOOLS/ways" nowhere "$DATA"
	resolve 'path of 4,095 bytes' 0 deny "$TOOLS/ways" long "$DATA"
	resolve 'chroot' 0 approve "$TOOLS/ways" chroot "$DATA"
	resolve 'int 0x80' 0 approve "$TOOLS/ways" int80 "$DATA"
	resolve 'int 0x80' 0 deny "$TOOLS/ways" int80 "$DATA"
	ln -sfn "$DATA" "$T/link"
	resolve 'through a symbolic link' 0 approve \
		bash -c 'exec rm "$1"/../link/*' - "$T/link"
	x32_case
	bare32_case
}

# A kernel without them must refuse: a number that pawl takes for another call would be a hole.
x32_case() {
	local status=0
	case_begin 'x32 system calls: there are none'
	fresh
	"$TOOLS/ways" x32 "$DATA" || status=$?
	if ((status == 3)); then
		expect_eq 'files left' "$SMALL" "$(left)"
		case_end
		return
	fi
	resolve 'x32 system calls' 0 approve "$TOOLS/ways" x32 "$DATA"
	resolve 'x32 system calls' 0 deny "$TOOLS/ways" x32 "$DATA"
}

bare32_case() {
	if ! "$TOOLS/bare32" 2>/dev/null; then
		skip 'a 32-bit program' 'this kernel runs none'
		return
	fi
	resolve 'a 32-bit program' 0 approve bash -c 'cd "$1" && exec "$2"' - "$DATA" "$TOOLS/bare32"
	resolve 'a 32-bit program' 0 deny bash -c 'cd "$1" && exec "$2"' - "$DATA" "$TOOLS/bare32"
}

full_is() {
	[[ $(full) = "$1" ]]
}

opath_truncate_case() {
	case_begin 'O_TRUNC through /proc/self/fd of an O_PATH descriptor'
	fresh
	start_watched -- "$TOOLS/ways" truncate-opath "$DATA"
	if wait_hold "$RUN_PID"; then
		expect_eq 'files with content' $((SMALL - 25)) "$(settled full)"
		expect_eq 'operation' file.truncate "$(pawl holds -o json | json_strings operation)"
		pawl approve "$HOLD" --for 10m >/dev/null || fail 'pawl approve failed'
		wait_run
		expect_eq 'exit status' 0 "$RUN_STATUS"
		full_is 0 || fail "$(full) files have content"
	fi
	kill_sessions
	case_end
}

# Each name of a file is one that can be lost; the file itself stays.
hard_link_case() {
	local i
	case_begin 'hard links: each name counts'
	rm -rf "$DATA"
	fill 1
	for ((i = 1; i < SMALL; i++)); do
		ln "$DATA/f0" "$DATA/f$i"
	done
	start_watched -- rm -rf "$DATA"
	if wait_hold "$RUN_PID"; then
		held_at 0
		expect_eq 'links' "$LEFT" "$(find "$DATA" -type f -printf '%n\n' | head -n 1)"
		decide approve
	fi
	kill_sessions
	case_end
}

left_below() {
	find "$DATA" -type f | wc -l
}

deep_case() {
	local levels=4000
	case_begin "a directory $levels levels down"
	rm -rf "$DATA"
	mkdir "$DATA"
	"$TOOLS/ways" deep-make "$DATA" "$levels" 100 2>"$T/deep.err" || fail "$(cat "$T/deep.err")"
	start_watched -- "$TOOLS/ways" deep-delete "$DATA" "$levels" 100
	if wait_hold "$RUN_PID"; then
		expect_eq 'files left' 75 "$(settled left_below)"
		valid_json
		expect_range 'bytes of pawl show' 100 8192 "$(pawl show "$HOLD" | wc -c)"
		pawl deny "$HOLD" >/dev/null || fail 'pawl deny failed'
		wait_run
		expect_eq 'exit status' 1 "$RUN_STATUS"
		expect_eq 'files left after deny' 75 "$(left_below)"
	fi
	kill_sessions
	rm -rf "$DATA"
	case_end
}

# Everything that pawl prints as JSON is JSON, and UTF-8; what it prints for people is printable.
valid_json() {
	pawl holds -o json >"$T/holds.json"
	pawl show "$HOLD" -o json >"$T/show.json"
	pawl log -o json >"$T/log.json"
	"$PYTHON" - "$T" >"$T/json.faults" 2>&1 <<-'END' || fail "$(tail -n 1 "$T/json.faults")"
		import json, sys
		for name in ("holds", "show"):
		    json.loads(open(f"{sys.argv[1]}/{name}.json", "rb").read().decode("utf-8"))
		for line in open(f"{sys.argv[1]}/log.json", "rb").read().decode("utf-8").splitlines():
		    json.loads(line)
	END
	"$PYTHON" "$ROOT/tests/contract.py" log <"$T/log.json" >"$T/log.faults" 2>&1 ||
		fail "$(head -n 1 "$T/log.faults")"
}

printable() { # WHAT FILE
	if LC_ALL=C grep -qaP '[\x00-\x09\x0b-\x1f\x7f]' "$2"; then
		fail "$1 has a control character"
	fi
	"$PYTHON" -c 'import sys; t = open(sys.argv[1], "rb").read().decode("utf-8")
sys.exit("\u202e" in t)' "$2" || fail "$1 is no UTF-8, or turns its direction"
}

names_case() {
	local what
	case_begin 'names with newlines, escapes, invalid UTF-8'
	rm -rf "$DATA"
	mkdir "$DATA"
	"$TOOLS/ways" names "$DATA" "$SMALL"
	start_watched -- rm -rf "$DATA"/*
	if wait_hold "$RUN_PID"; then
		valid_json
		expect_match 'target' 'new.x0aline.*title.*quote' "$(pawl holds)"
		for what in holds "show $HOLD" log tree ps; do
			# shellcheck disable=SC2086 # two words
			pawl $what >"$T/printed"
			printable "pawl $what" "$T/printed"
		done
		printable 'the notice' "$T/run.err.$RUN_N"
		expect_one_line 'notice' "$T/run.err.$RUN_N"
	fi
	kill_sessions
	case_end
}

# ---- mounts and namespaces; the suite has a mount namespace of its own ----

namespaces() {
	resolve 'a mount namespace, bind mounts' 0 approve unshare -m --propagation private bash -c \
		'mkdir "$1.m" && mount --bind "$1" "$1.m" && cd "$1.m" && rm -f f*' - "$DATA"
	resolve 'bind mounts over each other' 0 deny unshare -m --propagation private bash -c \
		'for i in 1 2 3 4; do mount --bind "$1" "$1" || exit 9; done; cd "$1" && exec rm -f f*' \
		- "$DATA"
	resolve 'init of a pid namespace' 0 approve unshare -pf "$TOOLS/ways" opath "$DATA"
	resolve 'init of a pid namespace' 0 deny unshare -pf "$TOOLS/ways" opath "$DATA"
	resolve 'init of a pid namespace' 0 kill unshare -pf "$TOOLS/ways" opath "$DATA"
	resolve 'user, mount and pid namespaces' 0 approve unshare -Urmpf "$TOOLS/ways" opath "$DATA"
}

overlay_mount() { # DIR: its lower, upper and merged
	mkdir -p "$1"/{lower,upper,work,merged} &&
		mount -t overlay overlay -o "lowerdir=$1/lower,upperdir=$1/upper,workdir=$1/work" \
			"$1/merged" 2>"$T/overlay.err"
}

overlay_cases() {
	local layer
	mkdir "$T/overlay" && mount -t tmpfs tmpfs "$T/overlay" && at_exit "umount -l '$T/overlay'"
	if ! overlay_mount "$T/overlay/probe"; then
		skip 'overlayfs' "$(tail -n 1 "$T/overlay.err")"
		return
	fi
	umount "$T/overlay/probe/merged"
	for layer in lower upper; do
		overlay_case "$layer" approve
		overlay_case "$layer" deny
	done
}

# A deletion is one, whether a file goes or a whiteout comes.
overlay_case() { # lower|upper approve|deny
	local dir=$T/overlay/$1-$2 data=$DATA
	case_begin "overlayfs: files of the $1 layer; $2"
	mkdir -p "$dir"/{lower,upper,work,merged}
	"$TOOLS/files" make "$dir/$1/data" "$SMALL"
	overlay_mount "$dir" || fail "$(cat "$T/overlay.err")"
	DATA=$dir/merged/data
	start_watched -- rm -rf "$DATA"
	if wait_hold "$RUN_PID"; then
		held_at 0
		expect_eq 'deletions counted' 25 "$(counted file.delete)"
		decide "$2"
	fi
	kill_sessions
	DATA=$data
	umount -l "$dir/merged"
	case_end
}

# counted OPERATION: of the sessions that live.
counted() {
	pawl ps -o json | "$PYTHON" -c 'import json, sys
print(sum(s["operations"].get(sys.argv[1], 0) for s in json.load(sys.stdin)))' "$1"
}

# ---- swarms ----

swarms() {
	local decision
	for decision in approve deny kill; do
		resolve 'a fork bomb that deletes' "$SWARM" "$decision" "$TOOLS/storm" forks "$DATA"
		resolve 'a storm of threads' "$SWARM" "$decision" "$TOOLS/storm" threads "$DATA"
	done
	for decision in approve deny kill; do
		vfork_case "$decision"
	done
}

# The parent of a vfork child waits in the kernel, where no signal but SIGKILL reaches it.
vfork_case() { # approve|deny|kill
	case_begin "a parent in an uninterruptible wait: vfork; $1"
	fresh
	start_watched -- bash -c 'exec "$1" vfork-unlink "$2"/*' - "$TOOLS/spawn" "$DATA"
	if wait_hold "$RUN_PID"; then
		held_at 0
		expect_match 'states' D "$(states)"
		decide "$1"
		wait_until "$WAIT_S" nobody_stopped || fail 'a process stays stopped'
	fi
	kill_sessions
	case_end
}

states() {
	local pid
	for pid in $(marked); do
		state_of "$pid"
	done
}

in_wait() {
	[[ $(states) = *D* ]]
}

# Where not even SIGKILL does, until the file system is thawed. In guests alone.
frozen_case() {
	local data=$DATA
	[[ ${PAWL_TEST_GUEST:-0} = 1 ]] || return
	if ! frozen_mount; then
		skip 'a frozen file system' "$(tail -n 1 "$T/frozen.err")"
		return
	fi
	case_begin 'killed in a frozen file system: pawld goes on, the rest follows at the thaw'
	DATA=$T/frozen/data
	fill "$SMALL"
	start_watched -- rm -rf "$DATA"
	if wait_hold "$RUN_PID"; then
		held_at 0
		fsfreeze -f "$T/frozen"
		pawl approve "$HOLD" >/dev/null || fail 'pawl approve failed'
		wait_until "$WAIT_S" in_wait || fail 'nobody waits for the file system'
		pawl kill "$SESSION" >/dev/null || fail 'pawl kill failed'
		answers
		fsfreeze -u "$T/frozen"
		wait_run
		expect_eq 'exit status' 137 "$RUN_STATUS"
		wait_until "$WAIT_S" no_sessions || fail "left: $(pawl ps -o json)"
		expect_range 'files left' $((SMALL - 26)) $((SMALL - 25)) "$(left)"
	fi
	kill_sessions
	DATA=$data
	case_end
}

frozen_mount() {
	truncate -s 32M "$T/frozen.img" && mke2fs -q -F -t ext4 "$T/frozen.img" &&
		mkdir "$T/frozen" && mount -o loop "$T/frozen.img" "$T/frozen" || return
	at_exit "fsfreeze -u '$T/frozen'; umount -l '$T/frozen'"
} 2>"$T/frozen.err"

rate_case() { # PROCESSES N
	local counted
	case_begin "deletions by $1 processes, as fast as they go: each is counted"
	rm -rf "$DATA"
	mkdir "$DATA"
	start_watched --policy loose -- bash -c '"$@"; read -r </dev/zero -t 1; exit 0' - \
		"$TOOLS/storm" rate "$DATA" "$1" "$2"
	while ! gone "$RUN_PID"; do
		answers || break
		sleep 0.2
	done
	wait_run
	expect_eq 'exit status' 0 "$RUN_STATUS"
	no_holds || fail 'held'
	expect_match 'rate' "^$(($1 * $2)) deletions" "$(cat "$T/run.out.$RUN_N")"
	counted=$(counted_of_all file.delete)
	skipped || expect_eq 'deletions counted' $(($1 * $2)) "$counted"
	echo "# $BACKEND: $(cat "$T/run.out.$RUN_N") by $1 processes on $CPUS CPUs, $counted counted"
	kill_sessions
	case_end
}

# counted_of_all OPERATION: of the session that came last, also if it has ended.
counted_of_all() {
	pawl ps --all -o json | "$PYTHON" -c 'import json, sys
last = max(json.load(sys.stdin), key=lambda s: int(s["session"][1:]))
print(last["operations"].get(sys.argv[1], 0))' "$1"
}

# ---- against the stop ----

# A tracer inside the tree is of the tree: it is stopped too, or what it lets go is refused again.
tracers() {
	local decision
	for decision in approve deny kill; do
		resolve 'a tracer in the tree swallows every stop' 1 "$decision" \
			"$TOOLS/tracer" run "$TOOLS/ways" opath "$DATA"
	done
}

# traced COMMAND...: in a tree, and traced from outside before it begins.
start_traced() {
	rm -f "$T/go.traced" "$T/pid"
	start_watched -- bash -c 'echo $$ >"$1"; until [[ -e $2 ]]; do sleep 0.05; done
		shift 2; exec "$@"' - "$T/pid" "$T/go.traced" "$@"
	wait_until "$WAIT_S" contains "$T/pid" . || fail 'the command does not run'
	"$TOOLS/tracer" attach "$(<"$T/pid")" 2>"$T/tracer.err" &
	TRACER=$!
	wait_until "$WAIT_S" grep -q "^TracerPid:	$TRACER" "/proc/$(<"$T/pid")/status" ||
		fail 'not traced'
	touch "$T/go.traced"
}

outside_tracer_case() {
	case_begin 'a tracer outside the tree swallows every stop'
	fresh
	start_traced "$TOOLS/ways" opath "$DATA"
	if ! before_effect; then
		over_by_itself 1
	elif wait_hold "$RUN_PID"; then
		sleep 1
		held_at 0
		answers
		decide kill
	fi
	wait_until "$WAIT_S" gone "$TRACER" || fail 'the tracer has not ended'
	expect_match 'tracer' '[1-9][0-9]* stops' "$(cat "$T/tracer.err")"
	kill_sessions
	case_end
}

# over_by_itself FLIGHT: who is continued and deletes more is killed, where only that holds it.
over_by_itself() {
	wait_run
	expect_eq 'exit status' 137 "$RUN_STATUS"
	held_at "$1"
	wait_until "$WAIT_S" no_holds || fail 'the hold stays open'
}

# SIGCONT storms, from outside and from inside the tree, on what is held.
sigcont_case() { # approve|deny|kill
	local pids storm
	case_begin "SIGCONT storm from outside; $1"
	fresh
	start_watched -- "$TOOLS/delthreads" 4 "$DATA"
	if wait_hold "$RUN_PID"; then
		held_at "$CPUS"
		mapfile -t pids < <(pawl ps -o json | "$PYTHON" -c 'import json, sys
for session in json.load(sys.stdin): print(*session["pids"], sep="\n")')
		"$TOOLS/storm" cont 1000000 3000 "${pids[@]}" >"$T/cont" &
		storm=$!
		answers
		wait "$storm"
		echo "# $BACKEND: SIGCONT storm, $(cat "$T/cont"), $((LEFT - $(left))) lost by it"
		if before_effect; then
			expect_eq 'files left after the storm' "$LEFT" "$(left)"
			decide "$1"
		else
			over_by_itself $((CPUS + 4))
		fi
		wait_until "$WAIT_S" nobody_stopped || fail 'a process stays stopped'
	fi
	kill_sessions
	case_end
}

sigcont_inside_case() { # approve|deny|kill
	case_begin "SIGCONT storm from inside the tree; $1"
	fresh
	start_watched -- setsid -w bash -c '"$1" cont-group "$2" & "$1" forks "$3"
		status=$?; touch "$2"; wait; exit $status' - "$TOOLS/storm" "$T/stop.cont" "$DATA"
	if wait_hold "$RUN_PID"; then
		sleep 2
		held_at $((2 * SWARM)) # one more for each process that was continued
		answers
		decide "$1"
		wait_until "$WAIT_S" nobody_stopped || fail 'a process stays stopped'
	fi
	kill_sessions
	rm -f "$T/stop.cont"
	case_end
}

# ---- attempts without end ----

log_lines() { # TEXT
	grep -c -- "$1" "$T/events.jsonl"
}

# told ACTION: what the log says in all, one by one and counted.
told() {
	"$PYTHON" - "$T/events.jsonl" "$1" <<-'END'
		import json, sys
		lines = [json.loads(line) for line in open(sys.argv[1])]
		print(sum(l.get("pawl.count", 1) for l in lines if l["event.action"] == sys.argv[2]))
	END
}

lost_events() {
	pawl doctor -o json | "$PYTHON" -c 'import json, sys; print(json.load(sys.stdin)["lost_events"])'
}

# Whether pawld answers while COMMAND runs in a tree of its own.
attempts_case() { # NAME ACTION N COMMAND...
	local action=$2 n=$3 before
	case_begin "$1"
	shift 3
	before=$(log_lines "$action")
	start_watched -- "$@"
	while ! gone "$RUN_PID"; do
		answers || break
		sleep 0.2
	done
	wait_until "$((2 * WAIT_S))" gone "$RUN_PID" || fail 'the storm does not end'
	wait_run
	wait_until "$WAIT_S" no_sessions || fail "left: $(cat "$T/ps.json")"
	expect_range "lines about it in the log" 1 $((3 * (SINGLY + 1))) \
		"$(($(log_lines "$action") - before))"
	expect_range 'attempts told' "$SINGLY" "$n" "$(told "$action")"
	echo "# $BACKEND: $(told "$action") of $n attempts told, $(lost_events) records lost"
	kill_sessions
	case_end
}

no_sessions() {
	[[ $(pawl ps -o json) =~ ^\[[[:space:]]*\]$ ]]
}

attempts() {
	"$TOOLS/storm" broker "$T/broker" &
	wait_until "$WAIT_S" exists "$T/broker" || fail 'the broker did not come up'
	attempts_case "$STORM connections to a broker that is observed" broker.observed "$STORM" \
		"$TOOLS/storm" connects "$T/broker" "$STORM"
	before_effect || return # there a denial is a hold, and the tracer answers the rest
	attempts_case "$STORM signals to pawld" tamper.denied "$STORM" \
		bash -c '"$@"; exit 0' - "$TOOLS/storm" signals "$PAWLD_PID" "$STORM"
}

# ---- and after all that ----

memory_kib() { # VmRSS|VmHWM
	sed -n "s/^$1:[[:space:]]*\([0-9]*\).*/\1/p" "/proc/$PAWLD_PID/status"
}

pawld_case() {
	local now
	case_begin 'pawld lives, within its memory, and holds as before'
	gone "$PAWLD_PID" && fail 'pawld has ended'
	now=$(memory_kib VmRSS)
	expect_range 'KiB of memory' 1 "$RSS_KIB" "$now"
	echo "# $BACKEND: memory of pawld: $RSS_BEFORE KiB at first, $now KiB now, $(memory_kib VmHWM) KiB at most"
	fresh
	start_watched -- rm -rf "$DATA"
	wait_hold "$RUN_PID" && expect_eq 'files left' $((SMALL - 25)) "$(settled left)"
	valid_json
	kill_sessions
	case_end
}

write_policy
cat >>"$T/pawl.yaml" <<END
  loose: {files: {budget: {loss: 1000000, per: 10m}, do: hold}}
builtin_brokers: false
brokers:
  - {name: hostile, socket: $T/broker, do: observe}
END
need_pawld
RSS_BEFORE=$(memory_kib VmRSS)
odd_ways
opath_truncate_case
hard_link_case
deep_case
names_case
namespaces
overlay_cases
swarms
frozen_case
tracers
outside_tracer_case
sigcont_case approve
sigcont_case deny
sigcont_case kill
sigcont_inside_case approve
sigcont_inside_case deny
sigcont_inside_case kill
rate_case "$((4 * CPUS))" "${PAWL_TEST_DELETIONS:-50000}"
attempts
pawld_case
finish
