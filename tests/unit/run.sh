#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# run.sh - run every unit test program of a build.  Usage: run.sh BUILD [NAME...]
# Rule: each ends with Check's own count; a program that does not get so far has failed.
set -u
build=${1:-build/release}
[ $# -gt 0 ] && shift
cd "$(dirname "$0")/../.." || exit 2
passed=0 failed=0 skipped=0
[ $# -gt 0 ] || set -- tests/unit/*.c
for name; do
	name=$(basename "$name" .c)
	reason=$(sed -n "s|^unit/$name  *||p" <<<"${TEST_LEFT_OUT-}")
	if [ -n "$reason" ]; then
		skipped=$((skipped + 1))
		echo "skipped: $name: $reason"
		continue
	fi
	output=$(timeout $((120 * ${TEST_PATIENCE:-1})) "$build/tests/unit/$name" 2>&1)
	status=$?
	read -r checks failures errors < <(sed -n 's/.*Checks: \([0-9]*\), Failures: \([0-9]*\), Errors: \([0-9]*\).*/\1 \2 \3/p' <<<"$output" |
		awk '{ c += $1; f += $2; e += $3 } END { if (NR) print c, f, e }')
	bad=$((${failures:-0} + ${errors:-0}))
	if [ -z "${checks-}" ] || { [ $status != 0 ] && [ $bad = 0 ]; }; then
		bad=$((bad + 1))
		checks=$((${checks:-0} + 1))
		echo "FAILED $name: status $status"
	fi
	[ $bad = 0 ] || tail -n 15 <<<"$output" | sed "s|^|$name: |"
	passed=$((passed + checks - bad)) failed=$((failed + bad))
	unset checks failures errors
done
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
