# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# For techniques that run in a guest of ours alone: modules, disks in use, mounts of data, and
# outsiders who do what they are asked. Sourced by them.

MODULES=/mnt/modules
export PYTHONPATH=${BASH_SOURCE[0]%/*} # for guest_*.py

# modules NAME...: loads them with what they need.
modules() {
	local name wanted=" $* "
	[[ -f $MODULES/order ]] || cannot 'no modules'
	while read -r name; do
		[[ -d /sys/module/${name//-/_} ]] || insmod "$MODULES/$name.ko" 2>/dev/null
		wanted=${wanted/ $name / }
		[[ $wanted = *[!\ ]* ]] || return 0
	done <"$MODULES/order"
	cannot "no module${wanted% }"
}

# ---- devices ----

# The disk that nothing else uses: the device of its namespace.
spare() {
	local disk serial
	for disk in /sys/block/nvme*n1; do
		read -r serial <"$disk/device/serial"
		[[ ${serial%% *} != spare ]] || echo "/dev/${disk##*/}"
	done
}

pattern() {
	yes 'what somebody keeps on this disk' | head -c 1M
}

# keep DEVICE: something is on it, at its start.
keep() {
	pattern | dd of="$1" bs=64k iflag=fullblock conv=fsync status=none
	echo "$1" >kept
}

# Whether it is still there, past every cache: 0 or 1.
kept_damage() {
	blockdev --flushbufs "$(<kept)" 2>/dev/null
	if dd if="$(<kept)" bs=64k count=16 iflag=direct status=none 2>/dev/null |
		cmp -s - <(pattern); then
		echo 0
	else
		echo 1
	fi
}

keep_spare() {
	[[ -n $(spare) ]] || cannot 'no spare disk'
	keep "$(spare)"
}

# loop SIZE: a new loop device of a new file: LOOP.
loop() {
	local file
	modules loop
	file=$(mktemp "$T/loop.XXXXXX")
	truncate -s "$1" "$file"
	LOOP=$(losetup -f --show "$file") || cannot 'no loop device'
	echo "$LOOP" >>loops
}

detach_loops() {
	local device
	[[ ! -f loops ]] || while read -r device; do
		losetup -d "$device" 2>/dev/null || :
	done <loops
}

# scsi: a disk of the emulated host adapter: DISK, as in /sys/block.
scsi() {
	modules sd_mod sg scsi_debug
	[[ -n $(scsi_disk) ]] || echo '- - -' >"$(echo /sys/class/scsi_host/host*/scan)"
	for _ in {1..100}; do
		DISK=$(scsi_disk)
		[[ -z $DISK || ! -b /dev/$DISK ]] || return 0
		sleep 0.1
	done
	cannot 'no SCSI disk appears'
}

scsi_disk() {
	basename -a /sys/block/sd* 2>/dev/null | grep -x 'sd[a-z]*' | tail -n 1
}

# ---- mounts ----

# mounted TYPE [SIZE]: 300 files in a file system of their own at $DATA.
mounted() {
	mkdir -p "$DATA"
	if [[ $1 = tmpfs ]]; then
		mount -t tmpfs data "$DATA"
	else
		mounted_disk "$@"
	fi
	"$TOOLS/files" make "$DATA" 300
	sync -f "$DATA"
}

mounted_disk() {
	[[ $1 != btrfs ]] || modules btrfs
	loop "${2:-16M}"
	"mkfs.$1" -q "$LOOP" >/dev/null 2>&1
	mount -t "$1" "$LOOP" "$DATA" || cannot "no $1"
	rm -rf "$DATA/lost+found"
}

unmount_data() {
	while umount "$DATA" 2>/dev/null; do :; done
	detach_loops
}

# 1 if any of the files is no longer to be had at $DATA.
data_damage() {
	if (($(intact) < 300)); then echo 1; else echo 0; fi
}

# ---- outsiders ----

# outside COMMAND...: goes on outside every tree until the technique is over.
outside() {
	setsid "$@" </dev/null >outside.out 2>&1 &
	echo "$!" >>outsiders
}

# serve KIND ADDRESS: somebody who deletes $DATA when asked.
serve() {
	"$TOOLS/files" make "$DATA" 300
	outside python3 "${BASH_SOURCE[0]%/*}/guest_server.py" "$@"
	for _ in {1..200}; do
		grep -qs ready outside.out && return
		sleep 0.05
	done
	cannot "the outsider does not serve: $(tail -n 1 outside.out)"
}

end_outsiders() {
	local pid
	[[ ! -f outsiders ]] || while read -r pid; do
		kill -KILL "$pid" 2>/dev/null
	done <outsiders
	return 0
}

# 1 once an outsider has deleted; it needs a moment.
asked_damage() {
	for _ in {1..8}; do
		(($(intact) == 300)) || break
		sleep 0.1
	done
	data_damage
}

# ---- pawl ----

keeper() {
	pgrep -x pawld-keeper | head -n 1
}

# 1 if process PID is not there, or does not run.
hurt() {
	if [[ $(ps -o stat= -p "$1") = [RSD]* ]]; then echo 0; else echo 1; fi
}

# What is said to the kernel and read back: was VALUE of FILE changed?
changed() {
	if [[ $(cat "$1") = "$(cat before)" ]]; then echo 0; else echo 1; fi
}
