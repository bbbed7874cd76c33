#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# suite.sh - the transcript in README.md is what the program prints today.  Usage: suite.sh BUILD
# Rule: every line of the VM exits and of their summary is compared; host times are not among them.
set -u
cd "$(dirname "$0")/../.." || exit 2
dir=$(mktemp -d) || exit 2
trap 'rm -rf "$dir"' EXIT

lines() { grep -E '^(#[0-9]|uart\|| *[0-9]+ x )'; }

tests/demo.sh "${1:-build/release}/vitrine" 2>&1 | lines >"$dir/now"
sed -n 's/^    //p' README.md | lines >"$dir/readme"
if [ -s "$dir/now" ] && diff "$dir/readme" "$dir/now"; then
	echo "1 passed, 0 failed"
else
	echo "README.md shows what make demo no longer prints: paste its output"
	echo "0 passed, 1 failed"
	exit 1
fi
