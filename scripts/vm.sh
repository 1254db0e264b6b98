#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Boots stock Debian kernels in QEMU and runs a script on them: pawl's kernel matrix.
#
#   vm.sh prepare [KVER...]       fill the cache: kernels (default: all) and the guest's root image
#   vm.sh run [OPTION...] KVER SHAREDIR [KERNEL-ARG...]
#                                 boot KVER, show SHAREDIR read-only at /mnt, run /mnt/run.sh there
#       --lsm | --no-lsm          with bpf in lsm= (the default), or the same list without it
#       --timeout S               run.sh may take so long (300); booting: PAWL_VM_BOOT_LIMIT (120)
#       --mem MB, --smp N         the guest's memory (1024) and CPUs (2)
#   vm.sh btf KVER OUT            write the kernel's BTF to OUT, without booting
#   vm.sh list                    the cached kernels: KVER, release, package version
#
# `run` prints the guest's console and exits with run.sh's own status. 124: run.sh took too long.
# 125: the harness failed or the kernel died, which says nothing about the test. 126: run.sh ended
# with a status that cannot be passed on (124, 125, 127 or more); the message names it.
#
# A kernel comes with those of its modules that tests load, in /mnt/modules; one disk of the guest's is
# empty (its serial number is "spare").
#
# The cache is ${PAWL_VM_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/pawl/vm}. A cached kernel is used as
# it is: remove its folder to have it replaced. The image is rebuilt when its recipe changes.
#
# It must not change the machine that it runs on: apt's lists stay as they are, KVM is not used, and
# nothing is written outside the cache, OUT and temporary folders. Mirrors are asked of apt, so no
# host stands here.

set -euo pipefail

readonly PROGRAM=${0##*/}
HERE=$(dirname -- "$(readlink -f -- "$0")")
readonly HERE
readonly GUEST_INIT=$HERE/../tests/vm/init
readonly CACHE=${PAWL_VM_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/pawl/vm}
readonly BUILDING=$CACHE/building
readonly KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg

readonly STATUS_TIMEOUT=124
readonly STATUS_HARNESS=125
readonly STATUS_AMBIGUOUS=126

# Emulated, a boot takes 4-6 s on an idle machine; this is for one that compiles at the same time.
readonly BOOT_LIMIT_S=${PAWL_VM_BOOT_LIMIT:-120}

readonly KERNELS=(6.1 6.12 6.18 7.3)
declare -rA SUITE_OF=(
	[6.1]=bookworm-security
	[6.12]=trixie-security
	[6.18]=trixie-backports
	[7.3]=trixie-backports
)

# What pawl links against, and what its tests run. The release is the host's, so that programs built
# here start there.
readonly GUEST_PACKAGES=(
	libbpf1 libelf1 zlib1g libfyaml0 libjansson4 libsystemd0
	python3 perl nodejs
	mount util-linux coreutils findutils hostname rsync procps psmisc strace iproute2
	kmod e2fsprogs btrfs-progs dmsetup tmux
)
# What tests/escape needs that these kernels do not have built in; depmod's order does not matter,
# as init loads nothing by itself.
readonly GUEST_MODULES=(loop overlay btrfs dm-mod scsi_mod sd_mod sg scsi_debug zram brd dummy binfmt_misc)
readonly IMAGE_MB=1200
readonly SPARE_MB=128
readonly ROOT_PARTUUID=7061776c # the bytes "lwap" on disk, "pawl" when read

WORK=         # this run's temporary folder
QEMU_PID=     # the guest that runs now
GUEST_UP=0    # it reached run.sh
GUEST_STATUS= # run.sh ended with this

die() {
	echo "$PROGRAM: $*" >&2
	exit "$STATUS_HARNESS"
}

note() {
	echo "$PROGRAM: $*" >&2
}

usage() {
	sed -n '/^#   vm.sh prepare/,/^#   vm.sh list/s/^#   //p' "$0" >&2
	exit "$STATUS_HARNESS"
}

require_tools() {
	local tool missing=()

	for tool in "$@"; do
		command -v "$tool" >/dev/null || missing+=("$tool")
	done
	((${#missing[@]} == 0)) || die "missing: ${missing[*]}; install with: scripts/deps.sh vm"
}

clean_up() {
	stop_guest
	[[ -z $WORK ]] || rm -rf -- "$WORK"
}

# ---- the cache -------------------------------------------------------------------------------

kernel_dir() {
	echo "$CACHE/kernels/$1"
}

check_known() {
	[[ -v SUITE_OF[$1] ]] || die "unknown kernel $1; there are: ${KERNELS[*]}"
}

check_cached() {
	check_known "$1"
	[[ -f $(kernel_dir "$1")/vmlinuz ]] ||
		die "kernel $1 is not cached; get it with: scripts/vm.sh prepare $1"
}

guest_release() {
	# shellcheck source=/dev/null
	(. /etc/os-release && echo "$VERSION_CODENAME")
}

# The recipe is the packages, the guest's files and the very functions that build.
root_image() {
	local recipe

	recipe=$({
		guest_release
		echo "${GUEST_PACKAGES[*]} $IMAGE_MB $ROOT_PARTUUID"
		declare -f make_rootfs make_disk write_partition_table
		cat -- "$GUEST_INIT"
	} | sha256sum)
	echo "$CACHE/root-${recipe:0:16}.img"
}

# Only a finished folder or image gets its final name, and only the lock's holder builds.
lock_cache() {
	local fd

	mkdir -p -- "$CACHE/kernels"
	exec {fd}>"$CACHE/lock"
	flock -n "$fd" || {
		note "another $PROGRAM fills the cache; waiting"
		flock "$fd"
	}
}

# ---- kernels ---------------------------------------------------------------------------------

# Where apt gets a suite of this machine's release from: "main" or "security".
mirror_of() {
	local kind=$1 release
	release=$(guest_release)
	[[ $kind == main ]] || release+=-$kind

	# shellcheck disable=SC2016 # $(...) is apt's own notation
	apt-get indextargets --format '$(CODENAME) $(REPO_URI)' 'Created-By: Packages' |
		awk -v want="$release" '$1 == want { print $2; exit }'
}

source_line() {
	local suite=$1 kind=main uri

	[[ $suite != *-security ]] || kind=security
	uri=$(mirror_of "$kind")
	[[ -n $uri ]] || die "apt knows no mirror for Debian $(guest_release) ($kind): see /etc/apt"
	echo "deb [signed-by=$KEYRING] $uri $suite main"
}

private_apt() {
	local command=$1
	shift

	"$command" \
		-o Dir::Etc::sourcelist="$BUILDING/sources.list" -o Dir::Etc::sourceparts=- \
		-o Dir::State::lists="$BUILDING/lists" -o Dir::Cache="$BUILDING/cache" \
		-o APT::Sandbox::User=root -o DPkg::Lock::Timeout=300 "$@"
}

update_private_lists() {
	local suite

	mkdir -p -- "$BUILDING"/{lists,cache/archives}/partial
	for suite in $(printf '%s\n' "${SUITE_OF[@]}" | sort -u); do
		source_line "$suite"
	done >"$BUILDING/sources.list"
	private_apt apt-get update -qq
}

# The modules of a .deb that GUEST_MODULES names, with those that they need, into DIR, uncompressed:
# insmod takes them in the order of DIR/order.
fetch_modules() {
	local deb=$1 dir=$2 root release name line file

	root=$(mktemp -d "$BUILDING/modules.XXXXXX")
	dpkg-deb --fsys-tarfile "$deb" | tar -xC "$root" --wildcards '*/lib/modules/*'
	[[ -d $root/lib ]] || ln -s usr/lib "$root/lib"
	release=$(ls "$root/lib/modules")
	depmod -b "$root" "$release" 2>/dev/null # it misses what nobody here asks
	mkdir -p -- "$dir"
	for name in "${GUEST_MODULES[@]}"; do
		modprobe -d "$root" -S "$release" --show-depends "$name" 2>/dev/null || true
	done | while read -r line file _; do
		[[ $line == insmod ]] || continue
		name=${file##*/}
		name=${name%%.ko*}
		echo "$name"
		case $file in
		*.xz) xz -dc "$file" ;;
		*.zst) zstd -qdc "$file" ;;
		*) cat "$file" ;;
		esac >"$dir/$name.ko"
	done | awk '!seen[$0]++' >"$dir/order"
	rm -rf -- "$root"
}

newest_image_package() {
	private_apt apt-cache pkgnames "linux-image-$1." |
		grep -E '^linux-image-[0-9.]+(-[0-9]+|\+deb[0-9.]+)-cloud-amd64$' | sort -V | tail -n 1
}

# From 7.x on the image package is all but empty: vmlinuz comes in linux-binary-*, modules in
# linux-modules-*.
package_with() {
	local part=$1 image=$2 other
	other=${image/#linux-image-/linux-$part-}

	if private_apt apt-cache show "$other" >/dev/null 2>&1; then
		echo "$other"
	else
		echo "$image"
	fi
}

fetch_package() {
	local package=$1 dir=$2

	mkdir -p -- "$dir"
	(cd -- "$dir" && private_apt apt-get download -qq "$package")
	echo "$dir"/*.deb
}

fetch_kernel() {
	local kver=$1 image package modules new=$BUILDING/kernel-$1 deb

	image=$(newest_image_package "$kver")
	[[ -n $image ]] || die "${SUITE_OF[$kver]} has no cloud kernel $kver any more"
	package=$(package_with binary "$image")
	modules=$(package_with modules "$image")
	note "kernel $kver: fetching $package"
	mkdir -p -- "$new"
	deb=$(fetch_package "$package" "$BUILDING/$kver-image")
	dpkg-deb --fsys-tarfile "$deb" | tar -xO --wildcards '*/vmlinuz*' >"$new/vmlinuz"
	[[ -s $new/vmlinuz ]] || die "$package holds no vmlinuz"
	echo "${image#linux-image-} $(dpkg-deb -f "$deb" Version)" >"$new/version"
	[[ $modules == "$package" ]] || deb=$(fetch_package "$modules" "$BUILDING/$kver-modules")
	fetch_modules "$deb" "$new/modules"
	rm -rf -- "$(kernel_dir "$kver")"
	mv -T -- "$new" "$(kernel_dir "$kver")"
}

prepare_kernels() {
	local kver missing=()

	for kver in "$@"; do
		[[ -d $(kernel_dir "$kver")/modules ]] || missing+=("$kver") # older caches have none
	done
	((${#missing[@]} > 0)) || return 0
	require_tools apt-get apt-cache dpkg-deb depmod modprobe zstd xz
	update_private_lists
	for kver in "${missing[@]}"; do
		fetch_kernel "$kver"
	done
}

# ---- the root image --------------------------------------------------------------------------

make_rootfs() {
	local rootfs=$1 release security
	release=$(guest_release)
	security=$(source_line "$release-security")

	mmdebstrap --quiet --variant=essential --include="${GUEST_PACKAGES[*]}" \
		--aptopt='APT::Sandbox::User "root"' --aptopt='DPkg::Lock::Timeout "300"' \
		--dpkgopt='path-exclude=/usr/share/doc/*' \
		--dpkgopt='path-exclude=/usr/share/locale/*' \
		--dpkgopt='path-exclude=/usr/share/man/*' \
		"$release" "$rootfs" "$(source_line "$release")" "$security"
	echo pawl-vm >"$rootfs/etc/hostname"
	echo '127.0.0.1 localhost pawl-vm' >"$rootfs/etc/hosts"
	rm -f -- "$rootfs/etc/resolv.conf"
	install -m 755 -- "$GUEST_INIT" "$rootfs/sbin/pawl-init"
}

# NVMe disks are named in the order in which probing ends, so the kernel finds its root by PARTUUID:
# an MBR with a signature and one partition, from 1 MiB to the end.
write_partition_table() {
	python3 - "$1" "$IMAGE_MB" "$ROOT_PARTUUID" <<-'EOF'
		import struct, sys
		path, size_mb, signature = sys.argv[1], int(sys.argv[2]), int(sys.argv[3], 16)
		no_chs = b"\xfe\xff\xff"
		entry = struct.pack("<B3sB3sII", 0, no_chs, 0x83, no_chs, 2048, (size_mb - 1) * 2048)
		with open(path, "r+b") as disk:
		    disk.seek(440)
		    disk.write(struct.pack("<IH", signature, 0) + entry)
		    disk.seek(510)
		    disk.write(b"\x55\xaa")
	EOF
}

# Made for an emulator's speed: no checksums (unlink takes a quarter less time; create gains nothing
# that could be measured), and inode tables written here, where they are holes, or else ext4lazyinit
# would write them in the guest.
make_disk() {
	local rootfs=$1 disk=$2

	truncate -s "${IMAGE_MB}M" -- "$disk"
	mke2fs -q -F -t ext4 -O ^has_journal,^metadata_csum \
		-E offset=1048576,lazy_itable_init=0,nodiscard \
		-d "$rootfs" "$disk" "$((IMAGE_MB - 1))M"
	write_partition_table "$disk"
}

prepare_root_image() {
	local image
	image=$(root_image)

	[[ ! -f $image ]] || return 0
	((EUID == 0)) || die "the root image is missing or outdated, and building it needs root"
	require_tools mmdebstrap mke2fs python3 apt-get
	note "root image: building ($(guest_release), about a minute)"
	mkdir -p -- "$BUILDING"
	make_rootfs "$BUILDING/rootfs"
	make_disk "$BUILDING/rootfs" "$BUILDING/root.img"
	rm -f -- "$CACHE"/root-*.img
	mv -- "$BUILDING/root.img" "$image"
}

cmd_prepare() {
	local kver kernels=("$@")

	((${#kernels[@]} > 0)) || kernels=("${KERNELS[@]}")
	for kver in "${kernels[@]}"; do
		check_known "$kver"
	done
	lock_cache
	# A killed predecessor's leftovers. --one-file-system: its chroot may still have mounts.
	rm -rf --one-file-system -- "$BUILDING"
	prepare_kernels "${kernels[@]}"
	prepare_root_image
	rm -rf --one-file-system -- "$BUILDING"
}

# ---- run -------------------------------------------------------------------------------------

# Sparse: the size is only a bound. Twice the content leaves room for any number of small files.
make_share() {
	local dir=$WORK/share image=$3 used_mb

	cp -rT -- "$1" "$dir"
	cp -r -- "$2" "$dir/modules"
	used_mb=$(du -sm -- "$dir" | cut -f 1)
	truncate -s "$((used_mb * 2 + 32))M" -- "$image"
	mke2fs -q -F -t ext4 -O ^has_journal -b 4096 -i 4096 -m 0 -d "$dir" "$image"
	rm -rf -- "$dir"
}

lsm_list() {
	local with_bpf=$1 list=landlock,lockdown,yama,integrity,apparmor

	((with_bpf)) && list+=,bpf
	echo "$list"
}

kernel_command_line() {
	local args=(
		console=ttyS0 quiet loglevel=3
		"root=PARTUUID=$ROOT_PARTUUID-01" rootfstype=ext4 rootwait rw init=/sbin/pawl-init
		oops=panic panic=-1
		mitigations=off tsc=reliable no_timer_check
	)

	echo "${args[*]} $*"
}

# Two serial lines: the console, and one for the guest's init alone (see tests/vm/init).
# thread=single: with two virtual CPUs in two threads the emulated kernel now and then oopses.
# snapshot=on: guests share one image, and what they write is gone with them.
# pdeathsig: no guest outlives a harness that was killed.
start_guest() {
	local kver=$1 smp=$2 mem=$3 append=$4

	setpriv --pdeathsig KILL qemu-system-x86_64 \
		-machine q35,i8042=off -cpu max -accel tcg,thread=single -smp "$smp" -m "$mem" \
		-nodefaults -display none -no-reboot \
		-serial stdio -serial "file:$WORK/harness" \
		-drive "if=none,id=root,format=raw,snapshot=on,cache=unsafe,file=$(root_image)" \
		-device nvme,drive=root,serial=root \
		-drive "if=none,id=share,format=raw,snapshot=on,cache=unsafe,file=$WORK/share.img" \
		-device nvme,drive=share,serial=share \
		-drive "if=none,id=spare,format=raw,cache=unsafe,discard=unmap,file=$WORK/spare.img" \
		-device nvme,drive=spare,serial=spare \
		-kernel "$(kernel_dir "$kver")/vmlinuz" -append "$append" \
		</dev/null >"$WORK/console" &
	QEMU_PID=$!
}

stop_guest() {
	[[ -n $QEMU_PID ]] || return 0
	kill -KILL "$QEMU_PID" 2>/dev/null || true
	wait "$QEMU_PID" 2>/dev/null || true
	QEMU_PID=
}

# What the guest's init has said so far. Only whole lines count: they arrive byte by byte.
read_harness_line() {
	local word value

	while read -r word value; do
		case $word in
		up) GUEST_UP=1 ;;
		rc) GUEST_STATUS=$value ;;
		esac
	done <"$WORK/harness"
}

# Waits for the guest's result, its death or the end of its time. The clock starts anew when the
# guest is up: a slow machine is not a slow test.
await_guest() {
	local timeout_s=$1 limit=$((SECONDS + BOOT_LIMIT_S)) was_up=0

	while [[ -z $GUEST_STATUS ]] && kill -0 "$QEMU_PID" 2>/dev/null; do
		((SECONDS < limit)) || return "$STATUS_TIMEOUT"
		sleep 0.1
		read_harness_line
		if ((GUEST_UP && !was_up)); then
			was_up=1
			limit=$((SECONDS + timeout_s))
		fi
	done
}

# QEMU makes its standard output non-blocking, which would hit everyone who shares ours: hence the
# pipe. The kernel's own messages come with carriage returns.
boot_once() {
	local timeout_s=$1 status=0 printer
	shift

	GUEST_UP=0 GUEST_STATUS=
	rm -f -- "$WORK/console"
	mkfifo -- "$WORK/console"
	: >"$WORK/harness"
	sed -u 's/\r*$//' <"$WORK/console" &
	printer=$!
	start_guest "$@"
	await_guest "$timeout_s" || status=$?
	stop_guest
	wait "$printer" || true
	return "$status"
}

# run.sh's status, as far as it cannot be mistaken for one of ours.
pass_on_status() {
	local kver=$1

	case $GUEST_STATUS in
	"$STATUS_TIMEOUT" | "$STATUS_HARNESS" | 12[789] | 1[3-9]? | 2??)
		note "$kver: run.sh ended with status $GUEST_STATUS"
		exit "$STATUS_AMBIGUOUS"
		;;
	esac
	exit "$GUEST_STATUS"
}

# A boot that never reached run.sh is tried once more; what happens after that belongs to the test.
run_guest() {
	local timeout_s=$1 kver=$2 attempt status

	for attempt in 1 2; do
		status=0
		boot_once "$@" || status=$?
		((!GUEST_UP)) || break
		note "$kver: the guest did not come up (attempt $attempt of 2)"
	done
	((GUEST_UP)) || exit "$STATUS_HARNESS"
	if ((status == STATUS_TIMEOUT)); then
		note "$kver: run.sh did not end within $timeout_s s"
		exit "$STATUS_TIMEOUT"
	fi
	[[ -n $GUEST_STATUS ]] || die "$kver: the kernel died under run.sh (see the console)"
	pass_on_status "$kver"
}

check_number() {
	[[ $2 =~ ^[1-9][0-9]*$ ]] || die "$1 wants a positive number, not '$2'"
}

cmd_run() {
	local with_bpf=1 timeout_s=300 mem=1024 smp=2 kver dir

	while [[ ${1-} == --* ]]; do
		case $1 in
		--lsm) with_bpf=1 ;;
		--no-lsm) with_bpf=0 ;;
		--timeout | --mem | --smp)
			check_number "$1" "${2-}"
			case $1 in
			--timeout) timeout_s=$2 ;;
			--mem) mem=$2 ;;
			--smp) smp=$2 ;;
			esac
			shift
			;;
		*) usage ;;
		esac
		shift
	done
	(($# >= 2)) || usage
	kver=$1 dir=$2
	shift 2

	require_tools qemu-system-x86_64 mke2fs setpriv
	check_cached "$kver"
	[[ -f $(root_image) ]] ||
		die "the root image is missing or outdated; make it with: scripts/vm.sh prepare $kver"
	[[ -f $dir/run.sh ]] || die "$dir/run.sh does not exist"
	WORK=$(mktemp -d "${TMPDIR:-/tmp}/pawl-vm.XXXXXX")
	make_share "$dir" "$(kernel_dir "$kver")/modules" "$WORK/share.img"
	truncate -s "${SPARE_MB}M" -- "$WORK/spare.img"
	run_guest "$timeout_s" "$kver" "$smp" "$mem" \
		"$(kernel_command_line "lsm=$(lsm_list "$with_bpf")" "$@")"
}

# ---- the small ones --------------------------------------------------------------------------

cmd_btf() {
	(($# == 2)) || usage
	require_tools python3 zstd lz4 xz
	check_cached "$1"
	"$HERE/extract-btf.py" "$(kernel_dir "$1")/vmlinuz" "$2"
}

cmd_list() {
	local kver

	for kver in "${KERNELS[@]}"; do
		[[ ! -f $(kernel_dir "$kver")/version ]] || echo "$kver $(<"$(kernel_dir "$kver")/version")"
	done
}

main() {
	local command=${1-}

	PATH=$PATH:/usr/sbin:/sbin
	trap clean_up EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
	case $command in
	prepare | run | btf | list)
		shift
		"cmd_$command" "$@"
		;;
	*) usage ;;
	esac
}

main "$@"
