#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Inside a guest whose PID 1 is systemd (vm.sh run --systemd): pawl is a service, and a watched
# root shell tries to stop, kill, freeze, unload, blind and starve it. After each try pawl must be
# exactly as it was before, and its log must tell of it. Outside the tree root does as it likes.
# `systemd.sh setup` runs before systemd does, and installs.

# shellcheck disable=SC2016,SC2034,SC2317 # text for other programs; functions called by name
UNIT=/usr/local/lib/systemd/system/pawl.service
CGROUP=/sys/fs/cgroup/system.slice/pawl.service
LOG=/var/log/pawl/events.jsonl
PINS=/sys/fs/bpf/pawl

setup() {
	install -D /mnt/build/pawl /usr/local/bin/pawl
	install -D /mnt/build/pawld /usr/local/sbin/pawld
	install -D -m 644 /mnt/pawl.service "$UNIT"
	mkdir -p /etc/pawl /etc/systemd/system/multi-user.target.wants
	ln -s "$UNIT" /etc/systemd/system/multi-user.target.wants/pawl.service
	cat >/etc/pawl/pawl.yaml <<-END
		version: 1
		builtin_agents: false
		agents: []
		hold: {timeout: 10m, on_timeout: deny}
		files: {budget: {loss: 25, per: 10m}}
	END
}

if [[ ${1:-} = setup ]]; then
	setup
	exit
fi

export PAWL_TEST_PRIVATE=1 PAWL_TEST_WAIT=60 # pawld is not the suite's own: nor is its namespace
# shellcheck source=../lib.sh
. /mnt/tests/lib.sh
PAWL=/usr/local/bin/pawl
SOCK=/run/pawl/pawl.sock
SUITE=systemd

# ---- pawl as it is ----

show() {
	systemctl show pawl.service -p "$1" --value
}

main_pid() {
	show MainPID
}

keeper_pid() {
	pgrep -x pawld-keeper
}

# Everything that an attack could change. What changes by itself is not in it.
state_of_pawl() {
	local pid
	systemctl show pawl.service -p ActiveState,SubState,MainPID,NRestarts,UnitFileState \
		-p FreezerState,MemoryMax,CPUQuotaPerSecUSec,TasksMax,DropInPaths,FragmentPath,LoadState
	for pid in $(pgrep '^pawld'); do
		echo "process $pid $(<"/proc/$pid/comm") state $(process_state "$pid")" \
			"nice $(cut -d ' ' -f 18-19 "/proc/$pid/stat") oom $(<"/proc/$pid/oom_score_adj")" \
			"cgroup $(<"/proc/$pid/cgroup")"
		grep -E '^(Max (processes|open files|address space|cpu time))' "/proc/$pid/limits"
	done
	grep . "$CGROUP"/{cgroup.freeze,cgroup.type,memory.max,pids.max,cpu.max} \
		/sys/fs/cgroup/system.slice/{cgroup.freeze,memory.max,pids.max,cpu.max} 2>/dev/null
	echo "pins $(find "$PINS" | sort | cksum)"
	cksum "$UNIT" /usr/local/sbin/pawld /etc/pawl/pawl.yaml
	find /etc/pawl /etc/systemd /run/systemd/system "$UNIT" /usr/local/sbin /var/lib/pawl \
		/run/pawl -printf '%p %i %l\n' | sort | cksum
	findmnt -rn -o TARGET | grep -E '/sys/fs/bpf|/etc/pawl|/var/l|/run/pawl|/sys/fs/cgroup' | sort
	ls -i "$LOG"
}

# R, S and D say nothing; T, t, Z and X do.
process_state() {
	local state
	state=$(cut -d ' ' -f 3 "/proc/$1/stat")
	[[ $state = [RSDI] ]] && state=alive
	echo "$state"
}

answers() {
	timeout 20 "$PAWL" --socket "$SOCK" ps >/dev/null 2>&1
}

# ---- one attempt ----

ended_or_held() {
	gone "$RUN_PID" || find_hold
	gone "$RUN_PID" || [[ -n $HOLD ]]
}

tells() { # REGEX
	tail -n "+$((LOG_LINES + 1))" "$LOG" | grep -qE "$1"
}

# try NAME REGEX COMMAND [CHECK]: REGEX is what the log must say, COMMAND is bash; CHECK, too,
# when it is over.
try() {
	case_begin "a watched root shell cannot: $1"
	LOG_LINES=$(wc -l <"$LOG")
	HOLD='' SESSION=''
	start_watched -- bash -c "$3"
	wait_until "$WAIT_S" ended_or_held || fail 'it neither ended nor was held'
	wait_until 20 tells "$2" || fail "the log does not tell: expected /$2/"
	answers || fail 'pawld does not answer'
	kill_sessions
	[[ -z ${4:-} ]] || eval "$4"
	expect_unchanged
	case_end
}

expect_unchanged() {
	local now
	now=$(state_of_pawl)
	[[ $now != "$BEFORE" ]] || return
	fail 'pawl is not as it was, see below'
	diff <(echo "$BEFORE") <(echo "$now") | head -n 8 | sed 's/^/# /'
}

TAMPER='"pawl.operation":"tamper"'
KERNEL='"pawl.operation":"kernel.change"'
SYSTEMD='"pawl.operation":"broker.connect".*"pawl.broker":"systemd"'
BUS='"pawl.operation":"broker.connect".*"pawl.broker":"system-bus"'
UNITS='"pawl.operation":"broker.connect".*"pawl.broker":"systemd-units"'
MOUNT='"pawl.operation":"(mount.change|tamper)"'
P='$(cat /run/test-pawld.pid)'
K='$(cat /run/test-keeper.pid)'

stop_attempts() {
	try 'systemctl stop' "$SYSTEMD" 'systemctl stop pawl'
	try 'systemctl kill' "$SYSTEMD" 'systemctl kill -s KILL pawl'
	try 'systemctl mask' "$SYSTEMD|$UNITS" 'systemctl mask --now pawl'
	try 'systemctl disable' "$SYSTEMD|$UNITS" 'systemctl disable --now pawl'
	try 'systemctl freeze' "$SYSTEMD|$BUS" 'systemctl freeze pawl'
	try 'systemctl edit' "$SYSTEMD|$BUS|$UNITS" \
		"script -qc \"SYSTEMD_EDITOR='cp /etc/hostname' systemctl edit pawl\" /dev/null"
	try 'systemctl daemon-reexec' "$SYSTEMD" 'systemctl daemon-reexec'
	try 'systemctl set-property MemoryMax' "$SYSTEMD" \
		'systemctl set-property pawl.service MemoryMax=1'
	try 'systemctl set-property CPUQuota' "$SYSTEMD" \
		'systemctl set-property --runtime pawl.service CPUQuota=1%'
	try 'systemd-run' "$SYSTEMD|$BUS" "systemd-run kill -KILL $P"
	try 'systemd-run --scope' "$SYSTEMD|$BUS" "systemd-run --scope kill -KILL $P"
	try 'busctl StopUnit' "$BUS" 'busctl call org.freedesktop.systemd1 /org/freedesktop/systemd1 \
		org.freedesktop.systemd1.Manager StopUnit ss pawl.service replace'
	try 'dbus-send StopUnit' "$BUS" 'dbus-send --system --print-reply \
		--dest=org.freedesktop.systemd1 /org/freedesktop/systemd1 \
		org.freedesktop.systemd1.Manager.StopUnit string:pawl.service string:replace'
	try 'the private socket' "$SYSTEMD" 'python3 -c "import socket; \
		socket.socket(socket.AF_UNIX).connect(\"/run/systemd/private\")"'
	try 'the private socket by another name' "$SYSTEMD" 'ln -s /run/systemd/private /tmp/other; \
		python3 -c "import socket; socket.socket(socket.AF_UNIX).connect(\"/tmp/other\")"'
}

unit_attempts() {
	local dir
	for dir in /etc/systemd/system/pawl.service.d /run/systemd/system/pawl.service.d \
		/etc/systemd/system/service.d /run/systemd/system.control/pawl.service.d \
		/etc/systemd/system.conf.d /etc/systemd/system-generators; do
		# directories and empty files do no harm; what is in them would
		mkdir -p "$dir"
		BEFORE=$(state_of_pawl)
		try "a drop-in in $dir" "$UNITS|$TAMPER" "echo '[Service]' >$dir/x.conf" \
			"[[ ! -s $dir/x.conf ]] || fail 'it is written'; rm -f $dir/x.conf"
		rmdir "$dir"
	done
	BEFORE=$(state_of_pawl)
	try 'a mask by hand' "$UNITS" 'ln -s /dev/null /etc/systemd/system/pawl.service'
	try 'rm of the unit' "$TAMPER" "rm -f $UNIT"
	try 'a write to the unit' "$TAMPER" "echo >$UNIT"
	try 'rm of the link that starts it at boot' "$TAMPER" \
		'rm -f /etc/systemd/system/multi-user.target.wants/pawl.service'
	try 'rm of the binary' "$TAMPER" 'rm -f /usr/local/sbin/pawld'
	try 'another binary in its place' "$TAMPER" \
		'cp /bin/true /usr/local/sbin/x; mv -f /usr/local/sbin/x /usr/local/sbin/pawld;
		rm -f /usr/local/sbin/x'
	try 'moving its directory away' "$TAMPER" 'mv /usr/local/sbin /usr/local/nowhere'
	try 'another policy' "$TAMPER" 'echo "mode: observe" >/etc/pawl/pawl.yaml'
	try 'another policy in its place' "$TAMPER" 'echo "version: 1" >/tmp/p; mv /tmp/p /etc/pawl/pawl.yaml'
	try 'rm of the policy' "$TAMPER" 'rm -rf /etc/pawl'
	try 'rm of the state' "$TAMPER" 'rm -rf /var/lib/pawl'
	try 'rm of the socket' "$TAMPER" "rm -f $SOCK"
	try 'rm of the log' "$TAMPER" "rm -f $LOG"
	try 'truncation of the log' "$TAMPER" "truncate -s 0 $LOG"
	try 'moving the log away' "$TAMPER" 'mv /var/log/pawl /var/log/nowhere'
	try 'rm of the pins' "$TAMPER" "rm -rf $PINS"
}

process_attempts() {
	try 'kill -KILL pawld' "$TAMPER.*signal" "kill -KILL $P"
	try 'kill -STOP pawld' "$TAMPER.*signal" "kill -STOP $P"
	try 'kill -KILL its keeper' "$TAMPER.*signal" "kill -KILL $K"
	try 'both at once, by name' "$TAMPER.*signal" 'pkill -KILL pawld'
	try 'SIGUSR1, which hands over' "$TAMPER.*signal" "kill -USR1 $P"
	try 'ptrace' "$TAMPER.*trace" "timeout 5 strace -p $P"
	try '/proc/PID/mem' "$TAMPER" "dd if=/dev/zero of=/proc/$P/mem bs=1 count=1"
	try 'prlimit' "$TAMPER.*limits" "prlimit --pid $P --nofile=1 --as=1"
	try 'renice' "$TAMPER.*limits" "renice 19 $P"
	try 'chrt' "$TAMPER.*limits" "chrt -i -p 0 $P"
	try 'taskset' "$TAMPER.*limits" "taskset -p 1 $P"
	try 'oom_score_adj' "$TAMPER" "echo 1000 >/proc/$P/oom_score_adj"
	try 'pawl doctor --release' "$TAMPER.*bpf_object" 'pawl doctor --release'
	try 'pawld --release' "$TAMPER.*bpf_object" 'setsid pawld --release'
}

cgroup_attempts() {
	local file
	for file in cgroup.freeze cgroup.kill memory.max memory.high pids.max cpu.max io.max; do
		[[ -e $CGROUP/$file ]] || continue
		try "a write to $file" "$TAMPER.*cgroup" "echo 1 >$CGROUP/$file"
		try "a write to $file of its slice" "$TAMPER.*cgroup" \
			"echo 1 >${CGROUP%/*}/$file"
	done
	try 'moving it to a cgroup of its own' "$KERNEL.*cgroup" \
		"mkdir /sys/fs/cgroup/trap; echo $P >/sys/fs/cgroup/trap/cgroup.procs"
	rmdir /sys/fs/cgroup/trap
}

kernel_attempts() {
	try 'umount of the BPF file system' "$MOUNT" 'umount /sys/fs/bpf'
	try 'umount -l of it' "$MOUNT" 'umount -l /sys/fs/bpf'
	try 'a mount over it' "$MOUNT" 'mount -t tmpfs none /sys/fs/bpf'
	try 'a mount over its policy' "$MOUNT" 'mount -t tmpfs none /etc/pawl'
	try 'a mount over its log' "$MOUNT" "mount --bind /dev/null $LOG"
	try 'its pinned maps' "$TAMPER.*bpf_object" "/mnt/build/tests/pins set $PINS/shared 1 0"
	try 'its maps by number' "$TAMPER.*bpf_object" "/mnt/build/tests/pins there $(id_of map)"
	try 'its programs by number' "$TAMPER.*bpf_object" "/mnt/build/tests/pins there $(id_of prog)"
	try 'systemctl reboot' "$SYSTEMD|$BUS" 'systemctl reboot'
	try 'systemctl poweroff' "$SYSTEMD|$BUS" 'systemctl poweroff'
	try 'kexec.target' "$SYSTEMD|$BUS" 'systemctl start kexec.target --no-block'
	try 'systemctl reboot --force --force' "$KERNEL.*reboot" 'systemctl reboot -ff'
	try 'reboot(2)' "$KERNEL.*reboot" 'python3 -c "import ctypes; \
		print(ctypes.CDLL(None).reboot(0x1234567))"'
	try 'kexec_load(2)' "$KERNEL.*(reboot|kexec)" 'python3 -c "import ctypes; \
		print(ctypes.CDLL(None).syscall(246, 0, 0, 0, 0))"'
	try 'ctrl-alt-del, as PID 1 takes it' "$KERNEL.*reboot" 'kill -INT 1'
	try 'PID 1, another way' "$KERNEL.*reboot" 'kill -RTMIN+5 1'
	try 'sysrq' "$KERNEL.*sysrq" 'echo b >/proc/sysrq-trigger'
	try 'a module' "$KERNEL.*module" 'python3 -c "import ctypes, os; \
		print(ctypes.CDLL(None).syscall(313, os.open(\"/bin/true\", 0), b\"\", 0))"'
	try 'suspend' "$KERNEL.*reboot" 'echo mem >/sys/power/state'
	try 'core_pattern' "$KERNEL.*helper" 'echo "|/bin/true" >/proc/sys/kernel/core_pattern'
}

id_of() { # KIND
	/mnt/build/tests/pins ids "$PINS" | grep -m 1 "^$1"
}

# ---- the other cases ----

boot_case() {
	case_begin 'pawl.service starts at boot, and enforces'
	wait_until "$WAIT_S" answers || fail 'pawld does not answer'
	expect_eq 'state' active "$(show ActiveState)"
	expect_eq 'started how often again' 0 "$(show NRestarts)"
	expect_match 'doctor' 'backend lsm, enforcing' "$("$PAWL" --socket "$SOCK" doctor)"
	expect_eq 'remarks on the unit' '' "$(systemd-analyze verify "$UNIT" 2>&1 | grep -F pawl)"
	expect_eq 'keepers' 1 "$(keeper_pid | wc -l)"
	held_rm
	kill_sessions
	case_end
}

other_pawld() { # OLD
	[[ $(main_pid) != "$1" && $(main_pid) != 0 ]] && answers
}

# Outside the tree: the hold of before is there after, and can be approved.
outside_case() { # NAME COMMAND...
	local name=$1 pid hold
	shift
	case_begin "outside the tree root can: $name, and the hold stays"
	held_rm
	hold=$HOLD pid=$(main_pid)
	"$@" || fail "status $?"
	wait_until "$WAIT_S" other_pawld "$pid" || fail 'no other pawld'
	expect_eq 'files left' "$LEFT" "$(left)"
	wait_hold "$RUN_PID" && expect_eq 'hold' "$hold" "$HOLD"
	"$PAWL" --socket "$SOCK" approve "$HOLD" --for 10m >/dev/null || fail 'approve fails'
	wait_run
	expect_eq 'exit status' 0 "$RUN_STATUS"
	expect_eq 'files left at the end' 0 "$(left)"
	kill_sessions
	case_end
}

# Frozen for longer than its lease: the keeper lets go, and the watchdog has it started again.
frozen_case() {
	local pid
	case_begin 'frozen from outside: nobody stays frozen with it, and it is replaced'
	held_rm
	pid=$(main_pid)
	kill -STOP "$pid"
	wait_run
	expect_eq 'files left: refused' "$LEFT" "$(left)"
	wait_until 90 other_pawld "$pid" || fail 'no other pawld'
	held_rm
	kill_sessions
	case_end
}

stop_case() {
	case_begin 'outside the tree root can stop it: holds are resolved, nothing is left; and start it'
	held_rm
	systemctl stop pawl || fail "status $?"
	wait_run
	expect_eq 'files left: denied' "$LEFT" "$(left)"
	[[ ! -e $PINS ]] || fail 'pins are left'
	[[ -z $(pgrep '^pawld') ]] || fail 'a process is left'
	systemctl start pawl || fail 'it does not start'
	answers || fail 'it does not answer'
	case_end
}

release_case() {
	case_begin 'outside the tree root can release: it stays released, until it is started again'
	held_rm
	"$PAWL" doctor --release >/dev/null || fail "status $?"
	wait_run
	expect_eq 'files left' 0 "$(left)"
	wait_until "$WAIT_S" is_failed || fail "it is $(show ActiveState)"
	systemctl start pawl || fail 'it does not start'
	answers || fail 'it does not answer'
	case_end
}

is_failed() {
	[[ $(show ActiveState) = failed ]]
}

# Whoever listens here is nobody that pawl asks about by default.
clients_case() {
	local pid
	case_begin 'clients of docker and ssh stay usable for a watched tree'
	python3 - <<-END &
		import socket, os
		u = socket.socket(socket.AF_UNIX); u.bind("/run/docker.sock"); u.listen()
		t = socket.socket(); t.bind(("127.0.0.1", 22)); t.listen()
		open("$T/listening", "w").close()
		for s in (u, t):
		    c, _ = s.accept(); c.sendall(b"hello"); c.close()
	END
	pid=$!
	wait_until "$WAIT_S" exists "$T/listening" || fail 'nobody listens'
	start_watched -- python3 -c 'import socket
u = socket.socket(socket.AF_UNIX); u.connect("/run/docker.sock"); print(u.recv(9))
t = socket.create_connection(("127.0.0.1", 22)); print(t.recv(9))'
	wait_run
	expect_eq 'exit status' 0 "$RUN_STATUS"
	kill "$pid" 2>/dev/null
	rm -f /run/docker.sock
	case_end
}

# Real-time hogs on every CPU: the kernel counts and stops all the same.
starve_case() {
	case_begin 'a watched root shell cannot starve it: the budget is exact meanwhile'
	fill "$SMALL"
	start_watched -- bash -c "for cpu in \$(seq \$(nproc)); do
		chrt -f 50 timeout 8 bash -c 'while :; do :; done' & done; rm -rf $DATA; wait"
	wait_hold "$RUN_PID"
	expect_eq 'files left' $((SMALL - BUDGET)) "$(settled left)"
	kill_sessions
	expect_unchanged
	case_end
}

BUDGET=25
boot_case
systemctl start dbus.socket 2>/dev/null
main_pid >/run/test-pawld.pid
keeper_pid >/run/test-keeper.pid
BEFORE=$(state_of_pawl)
stop_attempts
process_attempts
cgroup_attempts
kernel_attempts
unit_attempts
starve_case
clients_case
outside_case 'systemctl restart' systemctl restart pawl
outside_case 'systemctl kill --signal=KILL' systemctl kill --signal=KILL pawl
outside_case 'kill -KILL' bash -c 'kill -KILL "$(systemctl show pawl -p MainPID --value)"'
frozen_case
stop_case
release_case
finish
