#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Installs what a target needs and this machine lacks: deps.sh GROUP… (build test vm lint agents;
# build where none is given). Asks apt for nothing that is there already, however it came there,
# and never prompts. It does not build, and it does not touch what is installed.

set -euo pipefail
export LC_ALL=C PATH="$PATH:/usr/sbin:/sbin"

# group  package  how to find it where it did not come as that package:
#                 cmd:NAME on PATH · pc:NAME known to pkg-config · file:PATH
readonly TABLE='
build    make               cmd:make
build    gcc                cmd:cc
build    libc6-dev          file:/usr/include/stdio.h
build    pkg-config         cmd:pkg-config
build    clang              cmd:clang
build    bpftool            cmd:bpftool
build    libbpf-dev         pc:libbpf
build    libelf-dev         pc:libelf
build    zlib1g-dev         pc:zlib
build    libfyaml-dev       pc:libfyaml
build    libjansson-dev     pc:jansson
build    libsystemd-dev     pc:libsystemd
test     libcmocka-dev      pc:cmocka
test     python3            cmd:python3
test     perl               cmd:perl
test     rsync              cmd:rsync
test     nodejs             cmd:node
test     procps             cmd:ps
test     util-linux         cmd:setsid
test     findutils          cmd:xargs
test     runc               cmd:runc
vm       qemu-system-x86    cmd:qemu-system-x86_64
vm       mmdebstrap         cmd:mmdebstrap
vm       kmod               cmd:depmod
vm       zstd               cmd:zstd
vm       lz4                cmd:lz4
vm       xz-utils           cmd:xz
vm       e2fsprogs          cmd:mke2fs
lint     clang-format       cmd:clang-format
lint     clang-tidy         cmd:clang-tidy
lint     cppcheck           cmd:cppcheck
lint     shellcheck         cmd:shellcheck
lint     binutils           cmd:nm
agents   nodejs             cmd:node
agents   npm                cmd:npm
'

fail() {
	printf 'deps: %s\n' "$1" >&2
	exit "$2"
}

# The packages that dpkg has, one a line; nothing where there is no dpkg.
installed() {
	command -v dpkg-query >/dev/null || return 0
	dpkg-query -W -f='${Package} ${db:Status-Status}\n' "$@" 2>/dev/null |
		sed -n 's/ installed$//p' || true
}

found() {
	case $1 in
	cmd:*) command -v "${1#cmd:}" >/dev/null ;;
	pc:*) command -v pkg-config >/dev/null && pkg-config --exists "${1#pc:}" ;;
	file:*) [ -e "${1#file:}" ] ;;
	esac
}

# The packages of the groups given that are neither installed nor found.
missing() {
	local groups=" $* " group package probe have
	local -a rows=()
	while read -r group package probe; do
		[[ -n $group && $groups == *" $group "* ]] && rows+=("$package $probe")
	done <<<"$TABLE"
	# Only a build by clang wants clang's run-time for the sanitizers; gcc brings its own.
	if [[ $groups == *' test '* && ${CC:-cc} == *clang* ]]; then
		rows+=('libclang-rt-dev dpkg:')
	fi
	have=" $(installed "${rows[@]%% *}" | tr '\n' ' ')"
	for row in "${rows[@]}"; do
		package=${row%% *} probe=${row#* }
		[[ $have == *" $package "* ]] || found "$probe" || printf '%s\n' "$package"
	done | sort -u
}

main() {
	[ $# -gt 0 ] || set -- build
	local group packages
	for group; do
		[[ $TABLE == *$'\n'"$group "* ]] ||
			fail "no group \"$group\"; there are: build test vm lint agents" 2
	done

	mapfile -t packages < <(missing "$@")
	[ ${#packages[@]} -gt 0 ] || return 0

	[ "$(id -u)" = 0 ] || fail "missing, and only root can install them: ${packages[*]}" 1
	command -v apt-get >/dev/null ||
		fail "missing, and there is no apt-get here: ${packages[*]}" 1

	printf 'deps: installing %s\n' "${packages[*]}" >&2
	export DEBIAN_FRONTEND=noninteractive
	local -a apt=(apt-get -qq -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0)
	"${apt[@]}" update </dev/null >/dev/null ||
		printf 'deps: apt-get update failed, trying the lists that are there\n' >&2
	"${apt[@]}" install -y --no-install-recommends "${packages[@]}" </dev/null >/dev/null ||
		fail "apt-get could not install: ${packages[*]}" 1
}

main "$@"
