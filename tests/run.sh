#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# run.sh - all test suites, two at a time, added up.  Usage: run.sh [--long] [BUILD]   (BUILD is build/MODE)
# Rule: a suite is a program that ends with a plain line `N passed, N failed[, N skipped]`; one that ends in any other
# way has failed.  What each printed stays in BUILD/log.
# TEST_PATIENCE multiplies the seconds a suite may take; a line `NAME reason` of TEST_LEFT_OUT leaves one out (unit/NAME, cli/NAME: a
# part of a suite).
# TEST_HOST is a program for the processor here, when that of BUILD is for another and runs in an emulator.
set -u
cd "$(dirname "$0")/.." || exit 2
long=
[ "${1-}" = --long ] && { long=--long; shift; }
build=${1:-build/release}
mode=${build##*/}
log=$build/log
VITRINE=$(realpath "$build/vitrine")
export VITRINE TEST_BUILD=$build TEST_LONG=$long
export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=1:allocator_may_return_null=1}
export UBSAN_OPTIONS=${UBSAN_OPTIONS:-print_stacktrace=1}
mkdir -p "$log"

# name | most seconds it may take | command
suites() {
	echo "unit     | 900 | tests/unit/run.sh $build"
	echo "isa      | 600 | tests/insn/run.sh $build"
	echo "vectors  | 200 | $build/tests/vectors/moo"
	echo "guest    | 200 | tests/guest/run.sh $build/vitrine"
	echo "cli      | 600 | tests/cli/run.sh"
	echo "fuzz     | 600 | tests/fuzz/run.sh $build"
	[ -n "$long" ] && echo "qemu     | 300 | tests/guest/qemu.sh $build/vitrine"
	# The house rules do not depend on the mode.
	if [ "$mode" = release ]; then
		echo "lint     |  60 | tests/lint/lint.sh . $build"
		echo "lint-lint|  60 | tests/lint/selftest.sh"
	fi
	[ -n "${TEST_HOST-}" ] && echo "cross    | 200 | tests/arm64/cross.sh $build $TEST_HOST"
	# Whoever adds tests/NAME/suite.sh has added a suite.
	for script in tests/*/suite.sh; do
		[ -f "$script" ] && name=${script#tests/} && echo "${name%/suite.sh} | 600 | $script $build $long"
	done
}

count_line='^[0-9]+ passed, [0-9]+ failed(, [0-9]+ skipped)?$'
run_suite() { # NAME SECONDS COMMAND... : its output in $log/NAME.log; status, counts and time in $log/NAME.result
	local name=$1 seconds=$2 status counts start=$SECONDS
	shift 2
	[ -n "$long" ] && seconds=$((seconds * 10))
	seconds=$((seconds * ${TEST_PATIENCE:-1}))
	timeout -k 5 "$seconds" "$@" >"$log/$name.log" 2>&1 </dev/null
	status=$?
	counts=$(tail -n 1 "$log/$name.log" | grep -E "$count_line")
	if [ -z "$counts" ]; then
		counts="0 passed, 1 failed, 0 skipped, and ended without its count line, status $status"
		[ $status = 124 ] && counts="0 passed, 1 failed, 0 skipped, and was stopped after $seconds s"
	elif [ $status != 0 ] && [[ $counts == *" 0 failed"* ]]; then
		counts="${counts/ 0 failed/ 1 failed}, although status $status"
	fi
	case $counts in *skipped*) ;; *) counts="$counts, 0 skipped" ;; esac
	echo "$counts ($((SECONDS - start)) s)" >"$log/$name.result"
}

report() { # NAME : one line, and what failed
	printf '%-10s %s\n' "$1" "$(cat "$log/$1.result")"
	if ! grep -q ' 0 failed' "$log/$1.result"; then
		grep -aiE 'fail|error|differs|expected|not ok|: [a-z-]+: ' "$log/$1.log" | head -n 20 | cut -c1-200 |
			sed 's/^/    /'
		echo "    all of it: $log/$1.log"
	fi
}

rm -f "$log"/*.result
jobs_max=${JOBS:-2} names=()
while IFS='|' read -r name seconds command; do
	name=${name// /}
	names+=("$name")
	reason=$(sed -n "s/^$name  *//p" <<<"${TEST_LEFT_OUT-}")
	if [ -n "$reason" ]; then
		echo "0 passed, 0 failed, 1 skipped: $reason" >"$log/$name.result"
		continue
	fi
	while [ "$(jobs -rp | wc -l)" -ge "$jobs_max" ]; do wait -n; done
	# shellcheck disable=SC2086 # the command is words
	run_suite "$name" $((seconds)) $command &
done < <(suites)
wait

for name in "${names[@]}"; do report "$name"; done
total=$(cat "$log"/*.result | awk '
	{ p += $1; f += $3; s += $5 }
	END { print p + 0 " passed, " f + 0 " failed, " s + 0 " skipped" }')
echo "$total"
[[ $total == *" 0 failed"* ]]
