#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# run.sh - run every fuzz target briefly with seeded random inputs.  Usage: run.sh BUILD [COUNT]
# Rule: the inputs are a function of the seed, so a failure here is repeatable; `make fuzz-NAME` searches for new ones.
set -u
build=${1:-build/release}
count=${2:-$((400 / ${TEST_PATIENCE:-1}))} # in an emulator fewer
[ -n "${TEST_LONG-}" ] && count=$((count * 100))
cd "$(dirname "$0")/../.." || exit 2
passed=0 failed=0
for target in tests/fuzz/*.c; do
	name=$(basename "$target" .c)
	[ "$name" = driver ] && continue
	if output=$(timeout 1200 "$build/tests/fuzz/$name" -n "$count" -s 1 2>&1); then
		passed=$((passed + 1))
	else
		echo "FAILED $name: status $?"
		tail -n 20 <<<"$output" | sed "s|^|$name: |"
		failed=$((failed + 1))
	fi
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
