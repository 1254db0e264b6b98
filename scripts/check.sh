#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Checks what a compiler does not: check.sh [-C TREE] [layers|purity|bpf-entry|format|tidy|cppcheck|
# shell|all]… (all where none is given). Every fault is one line, "CHECK: FILE: what"; the status
# is 1 if there was one. tests/check/run.sh shows that each of them can fail. Nothing is changed or
# built here: layers, purity and bpf-entry also read the objects in TREE/build.

set -euo pipefail
shopt -s nullglob extglob
export LC_ALL=C
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
readonly ROOT
readonly ALL=(layers purity bpf-entry format tidy cppcheck shell)

# The core from left to right: a module includes only what stands before it. NAME_*.c belongs to
# NAME.
readonly CORE_ORDER=(cleanup text syscalls decode proctree policy builtin explain assess attempts decide)

# Headers of the shell without a module behind them: constants that more than one place needs.
readonly SHELL_SHARED=(control.h)

# The modules that may send signals.
readonly SIGNALLERS=(user/shell/act user/cli/child)

# All that core objects may ask of the C library: memory, strings, text made in memory, the
# calendar. Nothing that opens, reads, writes, waits, tells the time, logs or looks at the
# environment. Added by the linker or the compiler: the last line.
readonly PURE='
malloc calloc realloc reallocarray free
memchr memrchr memcmp bcmp memcpy mempcpy memmove memset memmem
strlen strnlen strcmp strncmp strcasecmp strncasecmp strchr strrchr strchrnul strstr strcasestr
strcspn strspn strpbrk strsep strtok_r strcpy stpcpy strncpy stpncpy strcat strncat strdup strndup
strtol strtoll strtoul strtoull strtod strerrordesc_np strerrorname_np
snprintf vsnprintf asprintf vasprintf sscanf
isalnum isalpha isdigit isspace isupper islower isxdigit isprint ispunct iscntrl toupper tolower
__ctype_b_loc __ctype_tolower_loc __ctype_toupper_loc
qsort bsearch gmtime_r timegm fnmatch
__errno_location __assert_fail __stack_chk_fail _GLOBAL_OFFSET_TABLE_
'

readonly SIGNALLING='kill killpg tgkill tkill raise sigqueue pthread_kill pthread_sigqueue
pidfd_send_signal'
readonly SIGNALLING_CALLS='pidfd_send_signal|kill|tkill|tgkill|rt_sigqueueinfo|rt_tgsigqueueinfo'
readonly DATA_SECTIONS='@(.maps|license|version|.rodata*|.data*|.bss*|.ksyms|.kconfig)'
readonly LEAVING='exit quick_exit err errx verr verrx error error_at_line'

faults=0
check=

fault() {
	printf '%s: %s: %s\n' "$check" "$1" "$2"
	faults=$((faults + 1))
}

# member WORD LIST…: whether WORD is one of LIST.
member() {
	local word=$1 one
	shift
	for one; do
		[ "$one" != "$word" ] || return 0
	done
	return 1
}

# nothing-to-check is a fault too: a check that looks at nothing would pass for ever.
some() {
	[ "$2" -gt 0 ] || fault "$1" "nothing there to check"
}

# ---- layers ----

# "LINE PATH" for each header that a file names and the tree has, or would have.
project_includes() {
	local file=$1 line number=0 header dir=${1%/*}
	local include='^[[:space:]]*#[[:space:]]*include[[:space:]]*(["<])([^">]+)[">]'
	while IFS= read -r line || [ -n "$line" ]; do
		number=$((number + 1))
		[[ $line =~ $include ]] || continue
		header=${BASH_REMATCH[2]}
		if [[ ${BASH_REMATCH[1]} == '"' && $header != @(bpf|user)/* ]]; then
			header=$(realpath -m --relative-to=. "$dir/$header")
			# A name that does not stand beside the file is found by -Ibuild.
			[ -e "$header" ] || header=build/${header##*/}
		fi
		printf '%s %s\n' "$number" "$header"
	done <"$file"
}

# The place of a core module in CORE_ORDER, by its file's name.
core_rank() {
	local name=${1##*/} i
	name=${name%%.*}
	for i in "${!CORE_ORDER[@]}"; do
		if [[ $name == "${CORE_ORDER[i]}" || $name == "${CORE_ORDER[i]}"_* ]]; then
			printf '%s\n' "$i"
			return
		fi
	done
	printf '%s\n' -1
}

core_include() {
	local file=$1 line=$2 header=$3 mine theirs
	case $header in
	bpf/abi.h) ;;
	user/core/*)
		mine=$(core_rank "$file")
		theirs=$(core_rank "$header")
		[ "$theirs" -ge 0 ] ||
			fault "$header" "has no place in CORE_ORDER of scripts/check.sh"
		[ "$theirs" -le "$mine" ] ||
			fault "$file:$line" "includes $header, which lies to its right"
		;;
	user/* | bpf/* | build/*)
		fault "$file:$line" "the core includes $header, which is not of the core"
		;;
	esac
}

# NAME_*.[ch] belongs to NAME, as in the core.
shell_include() {
	local file=$1 line=$2 header=$3 module=${1##*/} theirs=${3##*/}
	module=${module%%[._]*}
	case $header in
	bpf/abi.h | user/core/*) ;;
	user/shell/*)
		[ "$module" = main ] || [ "$module" = "${theirs%%[._]*}" ] ||
			member "$theirs" "${SHELL_SHARED[@]}" ||
			fault "$file:$line" "includes $header: only main.c sees the other modules"
		;;
	bpf/* | *.skel.h | build/*)
		[ "$module" = sensor ] ||
			fault "$file:$line" "includes $header: only sensor*.c speak to BPF"
		;;
	user/*) fault "$file:$line" "the shell includes $header" ;;
	esac
}

cli_include() {
	local file=$1 line=$2 header=$3
	case $header in
	bpf/abi.h | user/core/* | user/cli/*) ;;
	user/shell/control.h) ;;
	user/* | bpf/* | *.skel.h) fault "$file:$line" "the client includes $header" ;;
	esac
}

# Undefined symbols of an object, without the wrappers of _FORTIFY_SOURCE and C99.
undefined() {
	nm -u -P "$1" | awk '{ print $1 }' | sed -E 's/^__(.*)_chk$/\1/; s/^__isoc(99|23)_//'
}

# Sets $object to that of a source; a fault where it is missing or older.
have_object() {
	object=build/${1%.c}.o
	[ ! -e "$object" ] || [ "$1" -nt "$object" ] || return 0
	fault "$1" "has no current object in build/: make first"
	return 1
}

layers_of_objects() {
	local file object symbol module
	for file in user/shell/*.c user/cli/*.c user/core/*.c; do
		have_object "$file" || continue
		module=${file##*/}
		module=${file%/*}/${module%%[._]*}
		while read -r symbol; do
			# shellcheck disable=SC2086 # lists of words
			if member "$symbol" $SIGNALLING &&
				! member "$module" "${SIGNALLERS[@]}"; then
				fault "$file" "calls $symbol: only user/shell/act.c sends signals, and user/cli/child.c to its own children"
			elif member "$symbol" $LEAVING && [ "${file##*/}" != main.c ]; then
				fault "$file" "calls $symbol: only the two main.c may"
			elif [[ $symbol == @(bpf_|libbpf_|btf_|ring_buffer__|perf_buffer__)* ]] &&
				[ "$module" != user/shell/sensor ]; then
				fault "$file" "calls $symbol: only sensor*.c speak to BPF"
			fi
		done < <(undefined "$object")
	done
}

check_layers() {
	local layer file line header seen=0
	for layer in core shell cli; do
		for file in user/"$layer"/*.[ch]; do
			seen=$((seen + 1))
			if [ "$layer" = core ] && [ "$(core_rank "$file")" -lt 0 ]; then
				fault "$file" "has no place in CORE_ORDER of scripts/check.sh"
				continue
			fi
			while read -r line header; do
				"${layer}_include" "$file" "$line" "$header"
			done < <(project_includes "$file")
		done
	done
	some user "$seen"
	layers_of_objects

	# A signal can also be sent without the function that is named after it; the core, which has
	# tables of numbers, is kept from calling by check_purity.
	while IFS=: read -r file line _; do
		[[ $file == @(user/shell/act?(_*).c|user/core/*) ]] ||
			fault "$file:$line" "a raw system call that signals: only act.c may"
	done < <(grep -nrE --include='*.[ch]' "\\b(SYS|__NR)_($SIGNALLING_CALLS)\\b" user || true)
}

# ---- purity ----
check_purity() {
	local file object symbol seen=0 ours
	local -a objects=(build/user/core/*.o)
	ours=$([ ${#objects[@]} -eq 0 ] ||
		nm -P --defined-only --extern-only "${objects[@]}" | awk 'NF > 1 { print $1 }')
	for file in user/core/*.c; do
		have_object "$file" || continue
		seen=$((seen + 1))
		while read -r symbol; do
			# shellcheck disable=SC2086 # a list of words
			member "$symbol" $PURE $ours && continue
			[[ $symbol == fy_* && $file == user/core/policy?(_*).c ]] && continue
			fault "$file" "uses $symbol, which is not among what the pure core may use"
		done < <(undefined "$object")
	done
	some user/core "$seen"
}

# ---- BPF names ----
# Tools cut names after 15 characters, and two that are alike up to there become one.
check_bpf-entry() {
	local file line text section name seen=0
	while IFS=: read -r file line text; do
		section=$(sed -nE 's/.*SEC\("([^"]*)".*/\1/p' <<<"$text")
		# shellcheck disable=SC2053 # a pattern
		[[ $section == $DATA_SECTIONS || $file == bpf/pawl.bpf.c ]] ||
			fault "$file:$line" "an entry point, SEC(\"$section\"), not in pawl.bpf.c"
	done < <(grep -nE --with-filename '\bSEC\(' bpf/*.[ch] || true)

	if [ ! -e build/pawl.bpf.o ]; then
		fault bpf/pawl.bpf.c "has no object in build/: make first"
		return
	fi
	while read -r section name; do
		# shellcheck disable=SC2254 # a pattern
		case $section in
		.maps)
			[ ${#name} -le 15 ] ||
				fault "map $name" "its name is longer than 15 characters"
			continue
			;;
		.text | $DATA_SECTIONS) continue ;;
		esac
		seen=$((seen + 1))
		[[ $name == on_* && ${#name} -le 15 ]] ||
			fault "program $name" "is not named on_<event> within 15 characters"
	done < <(bpf_symbols build/pawl.bpf.o)
	some build/pawl.bpf.o "$seen"
}

# "SECTION NAME" for each global function and variable.
bpf_symbols() {
	{
		readelf -SW "$1" 2>/dev/null |
			sed -E 's/^ *\[ *([0-9]+)\] ([^ ]+) .*/section \1 \2/'
		readelf -sW "$1" 2>/dev/null
	} | awk '
		$1 == "section" { names[$2] = $3 }
		$4 ~ /^(FUNC|OBJECT)$/ && $5 == "GLOBAL" && $7 in names { print names[$7], $8 }'
}

# ---- tools ----
check_format() {
	local -a files
	mapfile -t files < <(find bpf user tests -name '*.[ch]' | sort)
	some bpf,user,tests "${#files[@]}"
	[ ${#files[@]} -eq 0 ] ||
		clang-format --style="file:$ROOT/.clang-format" --dry-run -Werror \
			"${files[@]}" 2>&1 ||
		fault . "make format puts it right"
}

# Each file in its own run, so that both cores are used.
check_tidy() {
	local -a files=(user/*/*.c)
	some user "${#files[@]}"
	[ ${#files[@]} -eq 0 ] ||
		printf '%s\0' "${files[@]}" |
		xargs -0 -n 1 -P "$(nproc)" "$ROOT/scripts/check.sh" -1 ||
		fault user "clang-tidy is not content, see above"
}

tidy_one() {
	local out rc=0
	out=$(clang-tidy --quiet --config-file="$ROOT/.clang-tidy" --warnings-as-errors='*' "$1" \
		-- -std=gnu11 -D_GNU_SOURCE= -I. -Ibuild 2>&1) || rc=$?
	[ $rc -eq 0 ] || printf '%s\n' "$out"
	return $rc
}

check_cppcheck() {
	local -a files=(user/*/*.c tests/tools/*.c tests/escape/*.c)
	some user "${#files[@]}"
	[ ${#files[@]} -eq 0 ] ||
		cppcheck --quiet --error-exitcode=1 --inline-suppr --std=c11 --platform=unix64 \
			--enable=warning,performance,portability --suppress=missingIncludeSystem \
			-j "$(nproc)" -D_GNU_SOURCE -I. -Ibuild "${files[@]}" 2>&1 ||
		fault user "cppcheck is not content, see above"
}

# Scripts go by their first line, whatever they are called; what is sourced by its name.
check_shell() {
	local -a files
	mapfile -t files < <(find . \( -name .git -o -name build \) -prune -o -type f -print |
		while read -r file; do
			read -r first <"$file" || true
			[[ $first != '#!'*@(/|' ')?(ba)sh* && $file != *.sh ]] || printf '%s\n' "$file"
		done 2>/dev/null | sort)
	some scripts "${#files[@]}"
	[ ${#files[@]} -eq 0 ] ||
		shellcheck --external-sources --source-path=SCRIPTDIR "${files[@]}" 2>&1 ||
		fault . "shellcheck is not content, see above"
}

main() {
	local tree=$ROOT one before
	if [ "${1:-}" = -1 ]; then
		tidy_one "$2"
		return
	fi
	if [ "${1:-}" = -C ]; then
		tree=$2
		shift 2
	fi
	[ $# -gt 0 ] || set -- all
	[ "$1" != all ] || set -- "${ALL[@]}"
	cd "$tree"
	for check; do
		member "$check" "${ALL[@]}" || {
			printf 'check: no check "%s"; there are: %s all\n' "$check" "${ALL[*]}" >&2
			return 2
		}
	done
	for one; do
		check=$one before=$faults
		"check_$check"
		[ "$faults" -gt "$before" ] || printf 'ok %s\n' "$check"
	done
	[ "$faults" -eq 0 ]
}

main "$@"
