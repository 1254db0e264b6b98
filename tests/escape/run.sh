#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Attempts to get round pawl, one after another, each beside a bystander and under a pawld of the
# suite's own: run.sh [--write] [--quick] [--unwatched] [--backend NAME] [NAME...]. What became of
# each is judged from the world, from pawld's log and from its holds, and compared with
# expected.tsv. CONTRIBUTING.md says what a technique's file looks like.
#   --write      put what happened into expected.tsv
#   --quick      only those marked `quick: yes`
#   --unwatched  without pawl: each must then do its damage, or it shows nothing
# PAWL_TEST_GUEST=1 says that the machine is a guest of ours: `where: guest` runs too.

# shellcheck disable=SC2317 # functions called by name
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

HERE=$ROOT/tests/escape
EXPECTED=$HERE/expected.tsv
KVER=$(uname -r | cut -d . -f 1,2)
BUDGET=25
CANARY_EVERY=8
BYSTANDING=1000 # operations
! short || BYSTANDING=200
FILES=300 # that common.sh makes

WRITE=0 QUICK=0 WATCHED=1
NAMES=() OPTIONS=()
EVENTS='' PARTIAL='' EVENTS_FD=''
declare -A HEADER=() SESSIONS=()
VERBS=''
NAME='' FILE='' LIMIT=0 TOTAL=1 WORK='' WORD='' BYSTANDER='' SINCE_CANARY=0

# ---- techniques ----

# Fills HEADER with what a file says of itself, and VERBS with the functions that it defines.
read_headers() { # FILE
	local line n=0
	HEADER=() VERBS=' '
	while IFS= read -r line; do
		if ((n++ < 25)) && [[ $line =~ ^[\ \#*/]*(tries|class|where|needs|quick|policy|limit|total|linger|start|disk|races|unwatched):\ *(.*)$ ]]; then
			HEADER[${BASH_REMATCH[1]}]=${BASH_REMATCH[2]% \*/}
		elif [[ $line =~ ^(prepare|damage|restore)\(\) ]]; then
			VERBS+="${BASH_REMATCH[1]} "
		fi
	done <"$1"
	[[ -n ${HEADER[tries]:-} ]]
}

# The file that describes NAME: a script, or a program that needs none.
file_of() {
	for FILE in "$HERE/$1".{sh,py,c}; do
		[[ ! -f $FILE ]] || ! read_headers "$FILE" || return 0
	done
	return 1
}

all_names() {
	grep -lE '^[ #*/]*tries: ' "$HERE"/*.{sh,py,c} 2>/dev/null | sed -E 's|.*/||; s|\.[a-z]+$||' |
		sort -u
}

# Fills COMMAND with what the tree runs.
command_of() {
	case $FILE in
	*.sh) COMMAND=(bash "$HERE/common.sh" "$FILE" attack) ;;
	*.py) COMMAND=("$PYTHON" "$FILE") ;;
	*.c) COMMAND=("$TOOLS/escape/$NAME") ;;
	esac
}

# call VERB: prepare, damage or restore, by an outsider; what it says is in $WORK/VERB.
call() {
	if [[ $VERBS = *" $1 "* ]]; then
		technique_env timeout "$((4 * WAIT_S))" bash "$HERE/common.sh" "$FILE" "$1"
	else
		"default_$1"
	fi </dev/null >"$WORK/$1" 2>"$WORK/$1.err"
}

default_prepare() {
	"$TOOLS/files" make "$WORK/cwd/data" "$FILES"
}

default_damage() {
	echo $((FILES - $("$TOOLS/files" intact "$WORK/cwd/data")))
}

default_restore() {
	:
}

technique_env() {
	env -C "$WORK/cwd" T="$WORK/cwd" DATA="$WORK/cwd/data" TOOLS="$TOOLS" PAWL="$PAWL" SOCK="$SOCK" \
		STATE_DIR="$T/state" PIN_DIR="$PIN_DIR" PAWLD_PID="$PAWLD_PID" WATCHED="$WATCHED" PYTHON="$PYTHON" \
		BROKER_SOCKET="$BROKER_SOCKET" BROKER_PORT="$BROKER_PORT" \
		PYTHONDONTWRITEBYTECODE=1 "$@" {EVENTS_FD}<&-
}

# ---- what this machine must have ----

need_python3() {
	[[ -n $PYTHON ]]
}

need_uring() {
	"$TOOLS/deluring" --probe 2>/dev/null
}

need_userns() {
	unshare -Ur true 2>/dev/null
}

need_pidns() {
	unshare -p --fork true 2>/dev/null
}

need_int80() {
	"$TOOLS/escape/int80" probe 2>/dev/null
}

# On a process's own memory it may do all since 6.13.
need_own_process_madvise() {
	printf '6.13\n%s\n' "$KVER" | sort -VC
}

need_systemd() {
	[[ -d /run/systemd/system ]]
}

# Prints why the technique cannot run here, if so.
missing() {
	local word
	for word in ${HEADER[needs]:-}; do
		if declare -F "need_$word" >/dev/null; then
			"need_$word" || echo "no $word"
		else
			command -v "$word" >/dev/null || echo "no $word"
		fi
	done | head -n 1
}

# ---- what is recorded ----

# Takes what pawld has logged since the last time into EVENTS: of sessions that have begun since
# then. No program is started for it: in a guest each one takes its time.
read_events() {
	local line
	while IFS= read -r -u "$EVENTS_FD" line; do
		line=$PARTIAL$line
		PARTIAL=''
		[[ $line =~ \"pawl.session\":\"(s[0-9]+)\" ]] || continue
		[[ $line != *'"event.action":"session.start"'* ]] || SESSIONS[${BASH_REMATCH[1]}]=1
		[[ -z ${SESSIONS[${BASH_REMATCH[1]}]:-} ]] || EVENTS+=$line$'\n'
	done
	PARTIAL+=$line
}

forget_events() {
	read_events
	EVENTS=''
	SESSIONS=()
}

# Whether an event.action since then matches the extended regular expression.
recorded() {
	read_events
	[[ $EVENTS =~ \"event.action\":\"($1)\" ]]
}

# Sessions that have begun and not ended, by what has been read. (A command substitution that read
# would take lines from us: the offset is one.)
open_sessions() {
	awk -F '"' '/"event.action":"session.start"/ { open[$12] = 1 }
		/"event.action":"session.end"/ { delete open[$12] }
		END { for (session in open) print session }' <<<"$EVENTS"
}

no_trees() {
	[[ $(pawl ps -o json 2>/dev/null) =~ ^\[[[:space:]]*\]$ ]]
}

no_sessions() {
	read_events
	[[ -z $(open_sessions) ]]
}

# Operations that were counted, by the records of their directories.
counted() {
	grep -E '"event.action":"(file|dir|access)\.[a-z]+"' <<<"$EVENTS" |
		grep -oE '"pawl.count":[0-9]+' | awk -F : '{ sum += $2 } END { print sum + 0 }'
}

was_stopped() {
	recorded 'hold\.open|session\.kill|[a-z]+\.denied'
}

# Counts are written every few seconds, later under load, and may be lost: half of them say enough.
was_reported() {
	local patience=6
	[[ $(expected) != reported ]] || patience=$WAIT_S
	wait_until "$patience" is_reported "$1"
}

is_reported() {
	recorded 'hold\.open|session\.kill|(tamper|broker|operation|budget)\.[a-z]+' ||
		{ ((LIMIT > 0)) && ((2 * $(counted) >= $1)); }
}

# ---- one technique ----

# Sets LIMIT, up to which damage is no loss, and TOTAL, which is everything.
set_bounds() {
	case ${HEADER[class]:-} in
	files | ring | load | tree) LIMIT=$BUDGET TOTAL=$FILES ;;
	*) LIMIT=0 TOTAL=1 ;;
	esac
	LIMIT=${HEADER[limit]:-$LIMIT} TOTAL=${HEADER[total]:-$TOTAL}
}

damage_now() {
	call damage
	cat "$WORK/damage"
}

# Once it does not change any more: what other CPUs had in flight has ended.
settled_damage() {
	local deadline=$((SECONDS + WAIT_S)) last='' now
	now=$(damage_now)
	while [[ $now != "$last" ]] && ((SECONDS < deadline)); do
		sleep 0.2
		last=$now
		now=$(damage_now)
	done
	echo "$now"
}

# Sets WORD: what became of the attack.
judge() {
	local damage=$1
	if [[ ! $damage =~ ^[0-9]+$ ]]; then
		fail "damage cannot be told: '$damage' $(tail -n 1 "$WORK/damage.err")"
		WORD='broken'
	elif ((damage <= LIMIT)) && was_stopped; then
		WORD='stopped before effect'
	elif was_stopped && ((damage < TOTAL || LIMIT == 0 && damage == TOTAL)); then
		WORD="stopped after $((damage - LIMIT))"
	elif ((damage == 0)); then
		WORD='no effect'
	elif was_reported "$damage"; then
		WORD='reported'
	else
		WORD='not covered'
	fi
}

over() {
	gone "$RUN_PID" && { ((!WATCHED)) || no_sessions || gone "$PAWLD_PID"; }
}

held_or_over() {
	{ ((WATCHED)) && recorded 'hold\.open'; } || over
}

attack() {
	local -a watched=()
	local COMMAND policy=${HEADER[policy]:-}
	if ((WATCHED)) && [[ ${HEADER[start]:-} != self ]]; then
		watched=("$PAWL" --socket "$SOCK" run ${policy:+--policy "$policy"} --)
	fi
	command_of
	start technique_env "${watched[@]}" "${COMMAND[@]}"
	wait_until "$WAIT_S" held_or_over
	sleep "${HEADER[linger]:-0}"
	DAMAGE=$(settled_damage)
}

start_bystander() {
	"$TOOLS/bystander" "$WORK/bystander" "$BYSTANDING" </dev/null >"$WORK/bystander.out" 2>&1 &
	BYSTANDER=$!
}

expect_bystander() {
	wait_until "$((4 * WAIT_S))" gone "$BYSTANDER" || fail 'the bystander does not end'
	wait "$BYSTANDER" 2>/dev/null || fail "the bystander: $(tail -n 1 "$WORK/bystander.out")"
}

# Nobody of the tree is left, and the machine is as it was.
clean_up() {
	local session
	if ((WATCHED)); then
		read_events
		for session in $(open_sessions); do
			pawl kill "$session" >/dev/null 2>&1
		done
		wait_until "$WAIT_S" no_sessions || no_trees || fail "left: $(pawl ps -o json 2>&1)"
	fi
	kill_marked
	wait_run
	((!WATCHED)) || wait_until "$WAIT_S" no_holds || fail "a hold stays open: $(pawl holds -o json 2>&1)"
	call restore || [[ $WORD = 'cannot run'* ]] || fail "restore: $(tail -n 1 "$WORK/restore.err")"
	rm -rf "$WORK"
}

expect_enforcing() {
	if ((!WATCHED)); then # it may have been what was attacked
		[[ ${HEADER[class]:-} != tamper ]] || restart_pawld
	elif gone "$PAWLD_PID"; then
		fail 'pawld is dead'
		restart_pawld
	elif ((SINCE_CANARY == 0)) && ! pawl doctor -o json 2>/dev/null | grep -qE '"enforcing": ?true'; then
		fail "not enforcing: $(pawl doctor 2>&1 | head -n 3)"
		restart_pawld
	fi
}

restart_pawld() {
	stop_pawld
	start_pawld "${OPTIONS[@]}" || fail 'pawld does not start again'
}

# ---- what was expected ----

# The word for this backend and kernel; where this one has none, of any kernel.
expected() {
	awk -F '\t' -v name="$NAME" -v backend="$BACKEND" -v kver="$KVER" '
		$1 == name && $2 == backend { word = $4 }
		$1 == name && $2 == backend && $3 == kver { own = $4 }
		END { print own ? own : word }' "$EXPECTED" 2>/dev/null
}

# What is stopped sooner than expected is well; `stopped after` has a bound.
compare() {
	local expected
	expected=$(expected)
	[[ $WORD = "$expected" ]] && return
	if [[ $expected = 'stopped after '* ]]; then
		[[ $WORD != 'stopped before effect' ]] || return
		[[ $WORD = 'stopped after '* ]] && ((${WORD##* } <= ${expected##* })) && return
	fi
	# where nothing can be refused: what the CPUs have in flight, and what a race has won
	if ! before_effect && ((LIMIT > 0)) && [[ "$expected, $WORD" = stopped*', stopped after '* ]]; then
		((${WORD##* } > $(nproc))) && [[ ${HEADER[races]:-} != yes ]] || return
	fi
	fail "expected '${expected:-nothing, as it is not in expected.tsv}', got '$WORD'"
}

conclude() {
	echo "# result: $NAME $BACKEND $KVER $WORD"
	if ((WRITE)); then
		echo "# result: $NAME $BACKEND $KVER $WORD" >>"$T/results"
	elif ((WATCHED)); then
		compare
	fi
}

# ---- running them ----

# `disk: yes`: not in memory.
scratch() {
	if [[ ${HEADER[disk]:-} = yes ]]; then echo "$DISK"; else echo "$T"; fi
}

# Sets WORD to the reason where the technique cannot run.
prepared() {
	local reason status
	reason=$(missing)
	WORK=$(mktemp -d "$(scratch)/escape.XXXXXX")
	chmod 755 "$WORK"
	mkdir "$WORK/cwd"
	if [[ -z $reason ]]; then
		call prepare
		status=$?
		[[ $status != 77 ]] || reason=$(tail -n 1 "$WORK/prepare")
		[[ $status = 0 || $status = 77 ]] ||
			fail "prepare ended with $status: $(tail -n 1 "$WORK/prepare.err")"
	fi
	WORD=${reason:+cannot run: $reason}
	[[ -z $reason ]]
}

run_technique() {
	local began=$SECONDS
	case_begin "$NAME"
	set_bounds
	forget_events
	if prepared; then
		((WATCHED == 0)) || start_bystander
		attack
		if ((WATCHED)); then
			judge "$DAMAGE"
			expect_bystander
		elif [[ ! $DAMAGE =~ ^[0-9]+$ ]] || ((DAMAGE <= LIMIT)); then
			fail "it does damage of '$DAMAGE' only: $(run_err | tail -n 1)"
		fi
	fi
	[[ $WORD != 'no effect' || -n $CASE_REASON ]] ||
		fail "it had no effect, and nothing stopped it: $(run_err | tail -n 1)"
	clean_up
	expect_enforcing
	((WATCHED == 0)) || conclude
	case_end
	((SECONDS - began < WAIT_S)) || echo "# $NAME: $((SECONDS - began)) s"
}

# A plain deletion is held where it must be: what came before has changed nothing.
canary() {
	SINCE_CANARY=0
	case_begin "canary after $NAME"
	held_rm
	((${LEFT:-0} <= SMALL - BUDGET)) || fail "held too early"
	kill_sessions
	rm -rf "$DATA"
	case_end
}

runs_here() {
	[[ ${HEADER[where]:-} = host || ${PAWL_TEST_GUEST:-0} = 1 ]] || return 1
	((QUICK == 0)) || [[ ${HEADER[quick]:-} = yes ]]
}

run_all() {
	for NAME in "${NAMES[@]}"; do
		file_of "$NAME" || { not_ok "$NAME" 'there is no such technique' && continue; }
		runs_here || continue
		if ((!WATCHED)) && [[ -n ${HEADER[unwatched]:-} ]]; then
			skip "$NAME" "${HEADER[unwatched]}"
			continue
		fi
		run_technique
		SINCE_CANARY=$((SINCE_CANARY + 1))
		((WATCHED)) || continue
		if ((SINCE_CANARY >= CANARY_EVERY)) || [[ ${HEADER[class]:-} = tamper ]]; then
			canary
		fi
	done
	((WATCHED == 0 || SINCE_CANARY == 0)) || canary
}

while (($#)); do
	case $1 in
	--write) WRITE=1 ;;
	--quick) QUICK=1 ;;
	--unwatched) WATCHED=0 ;;
	--backend)
		OPTIONS+=(--backend "$2")
		shift
		;;
	-*)
		echo "usage: run.sh [--write] [--quick] [--unwatched] [--backend NAME] [NAME...]" >&2
		exit 2
		;;
	*) NAMES+=("$1") ;;
	esac
	shift
done
SUITE=escape
# A port of this host that nobody listens on.
free_port() {
	"$PYTHON" -c 'import socket
s = socket.create_server(("127.0.0.1", 0))
print(s.getsockname()[1])'
}

# With brokers of the suite's own.
set_policy() {
	AGENTS=$'\n  - {name: escape-agent, match: {exe: escape-agent}}'
	write_policy
	cat >>"$T/pawl.yaml" <<-END
		  refused: {files: {budget: {loss: $BUDGET, per: 10m}, do: deny}}
		brokers:
		  - {name: escape-unix, socket: "@pawl-escape-$ID", do: hold}
		  - {name: escape-tcp, port: $BROKER_PORT, do: hold}
	END
}
DISK=$(mktemp -d /var/tmp/pawl-escape.XXXXXX)
chmod 755 "$DISK"
at_exit rm -rf "$DISK"
BROKER_SOCKET=pawl-escape-$ID # abstract
BROKER_PORT=$(free_port)
set_policy
((${#NAMES[@]})) || mapfile -t NAMES < <(all_names)
need_pawld "${OPTIONS[@]}"
exec {EVENTS_FD}<"$T/events.jsonl"
run_all
((!WRITE)) || "$HERE/table.sh" --merge "$T/results"
finish
