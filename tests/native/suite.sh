#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# suite.sh - the comparisons with the host's processor as a suite of `make check`.  Usage: suite.sh BUILD [--long]
# Rule: a fixed seed and a fixed number of instructions, so that the result does not depend on the machine's speed.
set -u
build=${1:-build/release}
insns=2000000 operands=5000
[ "${build##*/}" = release ] || insns=300000 operands=500
[ "${2-}" = --long ] && insns=$((insns * 50)) operands=$((operands * 100))
cd "$(dirname "$0")/../.." || exit 2

# Integer instructions in sequences, then x87, MMX and SSE one by one; each ends in its own count line.
counts=''
run() {
	local output
	output=$("$@")
	local status=$?
	printf '%s\n' "$output"
	counts+=$(tail -n 1 <<<"$output")$'\n'
	[ $status = 0 ]
}
ok=true
run "$build/tests/native/native" --insns $insns --seed 1 || ok=false
run "$build/tests/native/fx" --count $operands --seed 1 --recorded tests/native/fx.hashes || ok=false
awk '{ p += $1; f += $3; s += $5 } END { printf "%d passed, %d failed, %d skipped\n", p, f, s }' <<<"$counts"
$ok
