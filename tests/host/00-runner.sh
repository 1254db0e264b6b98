#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# scripts/test.sh and tests/lib.sh themselves: what they must not let pass as a success.

# shellcheck disable=SC2016 # text for other programs
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

TREE=$T/tree
mkdir -p "$TREE/scripts" "$TREE/tests/host"
cp "$ROOT/scripts/test.sh" "$TREE/scripts/"
cp "$ROOT/tests/lib.sh" "$TREE/tests/"

# runs NAME STATUS SUMMARY <SUITE: a tree with this one suite gives this summary.
runs() {
	case_begin "$1"
	{
		echo '#!/bin/bash'
		cat
	} >"$TREE/tests/host/10-case.sh"
	chmod +x "$TREE/tests/host/10-case.sh"
	(cd / && "$TREE/scripts/test.sh" host) >"$T/run.out" 2>&1
	expect_eq 'exit status' "$2" $?
	expect_eq 'last line' "$3" "$(tail -n 1 "$T/run.out")"
	[[ -z $CASE_REASON ]] || sed 's/^/#   /' "$T/run.out"
	case_end
}

runs 'all is well' 0 '2 passed, 0 failed, 1 skipped' <<'END'
echo 'ok - one'
echo 'a line that is no case'
echo 'ok - two'
echo 'skip - three: because'
END
runs 'a case fails' 1 '1 passed, 1 failed, 0 skipped' <<'END'
echo 'ok - one'
echo 'not ok - two: because'
exit 1
END
runs 'no case at all' 1 '0 passed, 1 failed, 0 skipped' <<'END'
true
END
runs 'a suite dies after a good case' 1 '1 passed, 1 failed, 0 skipped' <<'END'
echo 'ok - one'
kill -SEGV $$
END
runs 'a suite ends badly without a failed case' 1 '1 passed, 1 failed, 0 skipped' <<'END'
echo 'ok - one'
exit 3
END
runs 'a whole suite is skipped' 0 '0 passed, 0 failed, 1 skipped' <<'END'
. "$(dirname "$0")/../lib.sh"
skip_suite 'because'
END
PAWL_MUST_RUN=1 runs 'a skip that must run' 1 '0 passed, 1 failed, 0 skipped' <<'END'
echo 'skip - one: because'
END
PAWL_MUST_RUN=1 runs 'a suite that must run' 1 '0 passed, 1 failed, 0 skipped' <<'END'
. "$(dirname "$0")/../lib.sh"
skip_suite 'because'
END
runs 'a suite that forgets to finish' 1 '1 passed, 1 failed, 0 skipped' <<'END'
. "$(dirname "$0")/../lib.sh"
ok one
END
runs 'a suite that calls what is not there' 1 '1 passed, 1 failed, 0 skipped' <<'END'
. "$(dirname "$0")/../lib.sh"
ok one
all_the_other_cases
finish
END
runs 'expectations that do not hold' 1 '1 passed, 5 failed, 0 skipped' <<'END'
. "$(dirname "$0")/../lib.sh"
echo one >"$T/one"
printf 'one\ntwo\n' >"$T/two"
case_begin good; expect_eq x 1 1; expect_ne x 1 2; expect_match x '^a' ab
expect_range x 1 3 2; expect_one_line x "$T/one"; case_end
case_begin eq; expect_eq x 1 2; case_end
case_begin ne; expect_ne x 1 1; case_end
case_begin match; expect_match x '^b' ab; case_end
case_begin range; expect_range x 1 3 four; case_end
case_begin lines; expect_one_line x "$T/two"; case_end
finish
END

case_begin 'an interrupted suite leaves no process and no file'
cat >"$TREE/tests/host/10-case.sh" <<'END'
#!/bin/bash
. "$(dirname "$0")/../lib.sh"
start "$TOOLS/spawn" daemon sleep 1000
start sleep 1000
echo "$T" >"$PARENT/inner"
while :; do sleep 0.1; done
END
mkdir -p "$TREE/build/tests"
cp "$TOOLS/spawn" "$TREE/build/tests/" 2>/dev/null
PARENT=$T start "$TREE/scripts/test.sh" host
wait_until "$WAIT_S" exists "$T/inner" || fail 'the suite did not start'
INNER=$(cat "$T/inner")
kill -TERM "$RUN_PID"
wait_run
expect_eq 'exit status' 1 "$RUN_STATUS"
expect_eq 'processes' '' \
	"$(grep -lzxF "PAWL_TEST_MARK=${INNER##*/}" /proc/[0-9]*/environ 2>/dev/null)"
expect_eq 'directory' gone "$([[ -e $INNER ]] && echo there || echo gone)"
case_end
finish
