#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Shows that every check of scripts/check.sh can fail: makes a small tree that all of them accept,
# plants one fault in it, and wants it refused with the right words. Then the checks that need no
# more than the build look at this tree itself. One line a test: ok, not ok, skip.

set -uo pipefail
export LC_ALL=C
ROOT=$(cd "$(dirname "$0")/../.." && pwd)
WORK=$(mktemp -d "${TMPDIR:-/tmp}/pawl-check.XXXXXX")
readonly ROOT WORK
trap 'rm -rf "$WORK"' EXIT

failed=0

not_ok() {
	printf 'not ok - %s: %s\n' "$1" "$2"
	failed=1
}

skip() {
	if [ "${PAWL_MUST_RUN:-0}" = 1 ]; then
		not_ok "$1" "$2"
	else
		printf 'skip - %s: %s\n' "$1" "$2"
	fi
}

# put FILE: writes standard input to it, below the fixture.
put() {
	mkdir -p "$tree/${1%/*}"
	cat >"$tree/$1"
}

# The tree that everything accepts, small enough to see at once that it is right.
clean_tree() {
	tree=$WORK/tree
	rm -rf "$tree"
	put bpf/abi.h <<<'#define PAWL_ABI_VERSION 1'
	put bpf/pawl.bpf.c <<'END'
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} fifteen_letters SEC(".maps");

SEC("raw_tp/sched_process_exec")
int on_exec(void *ctx)
{
	(void)ctx;
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
END
	put user/core/text.h <<<'int pawl_text_size(const char *text);'
	put user/core/text.c <<'END'
#include "user/core/text.h"

#include <string.h>

int pawl_text_size(const char *text)
{
	return (int)strlen(text);
}
END
	put user/core/policy.h <<<'int pawl_policy_size(const char *text);'
	put user/core/policy.c <<'END'
#include "policy.h"

#include "bpf/abi.h"
#include "text.h"

int pawl_policy_size(const char *text)
{
	return pawl_text_size(text) + PAWL_ABI_VERSION;
}
END
	put user/shell/control.h <<<'#define PAWL_CLIENTS_MAX 256'
	put user/shell/act.h <<<'int pawl_act_stop(int pid);'
	put user/shell/act.c <<'END'
#include "act.h"

#include <signal.h>

int pawl_act_stop(int pid)
{
	return kill(pid, SIGSTOP);
}
END
	put user/shell/record.h <<<'int pawl_record_write(int value);'
	put user/shell/record.c <<'END'
#include "record.h"

#include "user/core/policy.h"

int pawl_record_write(int value)
{
	return value + pawl_policy_size("record");
}
END
	put user/shell/main.c <<'END'
#include <stdlib.h>

#include "user/shell/act.h"
#include "user/shell/record.h"

int main(void)
{
	exit(pawl_act_stop(pawl_record_write(1)));
}
END
	put user/cli/main.c <<'END'
#include "user/core/text.h"
#include "user/shell/control.h"

int main(void)
{
	return pawl_text_size("pawl") == PAWL_CLIENTS_MAX;
}
END
	put scripts/hello.sh <<'END'
#!/bin/bash
echo "hello, ${1:-world}"
END
	mkdir -p "$tree/tests/tools"
}

# The objects that layers, purity and bpf-entry read.
compile_tree() {
	local file
	cd "$tree" || return
	for file in user/*/*.c; do
		mkdir -p "build/${file%/*}"
		"${CC:-cc}" -O2 -std=gnu11 -D_GNU_SOURCE= -I. -c "$file" -o "build/${file%.c}.o" ||
			return
	done
	"${CLANG:-clang}" -g -O2 -target bpf -I. -idirafter "/usr/include/$(uname -m)-linux-gnu" \
		-c bpf/pawl.bpf.c -o build/pawl.bpf.o
}

tool_of() {
	case $1 in
	format) echo clang-format ;;
	tidy) echo clang-tidy ;;
	cppcheck) echo cppcheck ;;
	shell) echo shellcheck ;;
	layers | purity) echo nm ;;
	bpf-entry) echo readelf ;;
	esac
}

# have_tool CHECK NAME: or the test of that name is skipped.
have_tool() {
	local tool
	tool=$(tool_of "$1")
	command -v "$tool" >/dev/null && return
	skip "$2" "$tool is missing"
	return 1
}

# run CHECK: compiles the tree and checks it; leaves $out and $rc.
run() {
	rc=0
	out=$(compile_tree 2>&1) || { rc=99 && return; }
	out=$("$ROOT/scripts/check.sh" -C "$tree" "$1" 2>&1) || rc=$?
}

accepts() {
	local name="check $1: accepts a clean tree"
	have_tool "$1" "$name" || return 0
	clean_tree
	run "$1"
	if [ "$rc" -eq 0 ]; then
		printf 'ok - %s\n' "$name"
	else
		not_ok "$name" "status $rc: $(head -n 3 <<<"$out" | tr '\n' ' ')"
	fi
}

# refuses CHECK WHAT WORDS: the planted fault (function plant) is refused, and the words are said.
refuses() {
	local name="check $1: refuses $2"
	have_tool "$1" "$name" || return 0
	clean_tree
	plant
	run "$1"
	if [ "$rc" -ne 1 ]; then
		not_ok "$name" "status $rc, not 1: $(head -n 3 <<<"$out" | tr '\n' ' ')"
	elif [[ $out != *"$3"* ]]; then
		not_ok "$name" "does not say \"$3\" but: $(head -n 3 <<<"$out" | tr '\n' ' ')"
	else
		printf 'ok - %s\n' "$name"
	fi
}

test_layers() {
	accepts layers

	plant() { sed -i '1i #include "policy.h"' "$tree/user/core/text.c"; }
	refuses layers 'a core file that includes what lies to its right' \
		'layers: user/core/text.c:1: includes user/core/policy.h, which lies to its right'

	plant() { sed -i '1i #include "user/shell/act.h"' "$tree/user/core/policy.c"; }
	refuses layers 'a core file that includes the shell' \
		'layers: user/core/policy.c:1: the core includes user/shell/act.h'

	plant() { put user/core/extra.c <<<'int pawl_extra;'; }
	refuses layers 'a core module without a place' \
		'layers: user/core/extra.c: has no place in CORE_ORDER'

	plant() { sed -i '1i #include "act.h"' "$tree/user/shell/record.c"; }
	refuses layers 'a shell module that includes another' \
		'layers: user/shell/record.c:1: includes user/shell/act.h: only main.c'

	plant() { sed -i '1i #include "user/shell/act.h"' "$tree/user/cli/main.c"; }
	refuses layers 'a client that includes the shell' \
		'layers: user/cli/main.c:1: the client includes user/shell/act.h'

	plant() { sed -i '1i #include <bpf/libbpf.h>' "$tree/user/shell/record.c"; }
	refuses layers 'a second module with libbpf headers' \
		'layers: user/shell/record.c:1: includes bpf/libbpf.h: only sensor*.c'

	plant() {
		put build/pawl.skel.h <<<''
		sed -i '1i #include "../../build/pawl.skel.h"' "$tree/user/shell/record.c"
	}
	refuses layers 'a second module with the skeleton' \
		'layers: user/shell/record.c:1: includes build/pawl.skel.h: only sensor*.c'

	plant() {
		sed -i -e '1i int bpf_map_freeze(int fd);' \
			-e 's/return value/return bpf_map_freeze(0) + value/' \
			"$tree/user/shell/record.c"
	}
	refuses layers 'a second module that calls libbpf' \
		'layers: user/shell/record.c: calls bpf_map_freeze: only sensor*.c'
}

test_signals_and_exits() {
	plant() {
		sed -i -e '1i #include <signal.h>' -e 's/return value/return kill(value, 9)/' \
			"$tree/user/shell/record.c"
	}
	refuses layers 'a second module that sends signals' \
		'layers: user/shell/record.c: calls kill: only user/shell/act.c'

	plant() { put user/cli/run.c <<<'int raise(int sig); int f(void) { return raise(9); }'; }
	refuses layers 'a client that raises a signal' \
		'layers: user/cli/run.c: calls raise: only user/shell/act.c'

	plant() {
		sed -i -e '1i #include <sys/syscall.h>\n#include <unistd.h>' \
			-e 's/return value/return (int)syscall(SYS_pidfd_send_signal, value, 9)/' \
			"$tree/user/shell/record.c"
	}
	refuses layers 'a signal by its system call' \
		'layers: user/shell/record.c:9: a raw system call that signals'

	plant() {
		sed -i -e '1i #include <stdlib.h>' -e 's/return value.*/exit(value);/' \
			"$tree/user/shell/record.c"
	}
	refuses layers 'exit outside main' \
		'layers: user/shell/record.c: calls exit: only the two main.c may'
}

test_purity() {
	accepts purity

	local call
	for call in 'puts(text)' '(int)time(0)' '(int)(getenv(text) != 0)' 'open(text, 0)' \
		'printf("%s", text) + (int)sizeof(stderr)' '(int)fy_version()'; do
		plant() {
			sed -i -e '1i #include <fcntl.h>\n#include <stdio.h>\n#include <stdlib.h>' \
				-e '1i #include <time.h>\nint fy_version(void);' \
				-e "s/return (int)/return $call + (int)/" "$tree/user/core/text.c"
		}
		local symbol=${call##*(int)}
		symbol=${symbol#(} symbol=${symbol%%(*}
		[[ $call != printf* ]] || symbol='printf'
		refuses purity "a core that calls $symbol" \
			"purity: user/core/text.c: uses $symbol, which"
	done

	plant() {
		sed -i -e '1i #include <stdio.h>' \
			-e 's/return (int)/return fputs(text, stderr) + (int)/' \
			"$tree/user/core/text.c"
	}
	refuses purity 'a core that logs' 'purity: user/core/text.c: uses stderr, which'

	plant() { rm "$tree"/user/core/*.c; }
	refuses purity 'a tree without a core' 'purity: user/core: nothing there to check'
}

test_bpf_entry() {
	accepts bpf-entry

	plant() { put bpf/files.h <<<'SEC("raw_tp/sched_process_exit") int on_exit(void *ctx);'; }
	refuses bpf-entry 'an entry point elsewhere' \
		'bpf-entry: bpf/files.h:1: an entry point, SEC("raw_tp/sched_process_exit")'

	plant() { sed -i 's/on_exec/handle_exec/' "$tree/bpf/pawl.bpf.c"; }
	refuses bpf-entry 'an entry point not named on_*' \
		'bpf-entry: program handle_exec: is not named on_<event>'

	plant() { sed -i 's/on_exec/on_exec_of_agent/' "$tree/bpf/pawl.bpf.c"; }
	refuses bpf-entry 'an entry point of 16 characters' \
		'bpf-entry: program on_exec_of_agent: is not named'

	plant() { sed -i 's/fifteen_letters/sixteen__letters/' "$tree/bpf/pawl.bpf.c"; }
	refuses bpf-entry 'a map of 16 characters' \
		'bpf-entry: map sixteen__letters: its name is longer'
}

test_tools() {
	accepts format
	plant() { sed -i 's/^	return/        return/' "$tree/user/core/text.c"; }
	refuses format 'spaces for a tab' 'user/core/text.c:6'

	accepts tidy
	plant() { put user/core/decode.c <<<'int f(void) { int a = 1; return 0 / (a - 1); }'; }
	refuses tidy 'a division by zero' 'user/core/decode.c'
	plant() {
		{
			printf 'int f(int a);\nint f(int a)\n{\n'
			seq -f '	a += %.0f;' 62
			printf '	return a;\n}\n'
		} | put user/core/decode.c
	}
	refuses tidy 'a function of more than 60 lines' 'readability-function-size'

	accepts cppcheck
	plant() { put user/core/decode.c <<<'int f(void) { int a[2] = {0, 1}; return a[2]; }'; }
	refuses cppcheck 'a read past an array' 'arrayIndexOutOfBounds'

	accepts shell
	# shellcheck disable=SC2016 # the fault is to be planted as it stands
	plant() { sed -i 's/"hello.*/$1/' "$tree/scripts/hello.sh"; }
	refuses shell 'an unquoted expansion' 'SC2086'
	# shellcheck disable=SC2016 # likewise
	plant() { mkdir "$tree/.ci" && printf '#!/bin/bash\ncd $1\n' >"$tree/.ci/run"; }
	refuses shell 'a fault in a script without a suffix' '.ci/run'
}

# What this tree keeps of its own rules; format and the analysers are left to `make lint`, for their
# verdict changes with their version.
test_this_tree() {
	local one out name
	for one in layers purity bpf-entry; do
		name="check $one: this tree"
		have_tool "$one" "$name" || continue
		if out=$("$ROOT/scripts/check.sh" "$one" 2>&1); then
			printf 'ok - %s\n' "$name"
		else
			printf '%s\n' "$out" | sed 's/^/# /'
			not_ok "$name" "$(head -n 1 <<<"$out")"
		fi
	done
}

test_layers
test_signals_and_exits
test_purity
test_bpf_entry
test_tools
test_this_tree
exit "$failed"
