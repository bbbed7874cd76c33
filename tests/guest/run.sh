#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# run.sh - assemble and run every guest of asm-examples and tests/guest.  Usage: run.sh [VITRINE [NAME...]]
# Rule: a guest is one .asm file; what must come out stands beside it in NAME.expect:
#	status: N          the exit status (default 0; for tests/guest 33, which is 10h written to port F4h)
#	console: TEXT      one line of the console per row; together they are the whole output, exactly (no row: none)
#	exits: REGEX       a line of --exits; such lines must come in this order, others may lie between
#	stderr: REGEX      a line on standard error
# A comment `; run: OPTIONS` in the source names further options.
set -u
cd "$(dirname "$0")/../.." || exit 2
vitrine=${1:-build/release/vitrine}
[ $# -gt 0 ] && shift
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
passed=0 failed=0

expected() { sed -n "s/^$1: \{0,1\}//p" "$expect" 2>/dev/null; } # KEY : the rows of that key
fail() {
	ok=0
	echo "FAILED $source: $1"
	[ -s "${2-}" ] && head -n 12 "$2" | cut -c1-160 | sed 's/^/    /'
}
in_order() { # FILE : the regular expressions on standard input match lines of FILE, in order
	awk 'FILENAME == "-" { want[++n] = $0; next }
		at < n && $0 ~ want[at + 1] { at++ }
		END { if (at < n) { print want[at + 1]; exit 1 } }' - "$1"
}

run_guest() { # of $source: assemble, run plain, run with --exits, compare
	local name expect status want options missing
	name=$(basename "$source" .asm)
	expect=${source%.asm}.expect
	image=$work/$name.img
	if ! nasm -f bin -Werror -I "$(dirname "$source")/" -o "$image" "$source" >"$work/nasm" 2>&1; then
		fail "does not assemble" "$work/nasm"
		return
	fi
	read -ra options < <(sed -n 's/^; run: //p' "$source") || true
	want=$(expected status)
	case $source in tests/guest/*) want=${want:-33} ;; esac
	options+=(--quiet --budget 200M "$image")
	timeout $((60 * ${TEST_PATIENCE:-1})) "$vitrine" run "${options[@]}" >"$work/out" 2>"$work/err" </dev/null
	status=$?
	[ $status = "${want:-0}" ] || fail "exit status $status, expected ${want:-0}" "$work/err"
	if [ -f "$expect" ]; then
		expected console | diff - <(tr -d '\r' <"$work/out") >"$work/diff" ||
			fail "the console differs (< expected, > got)" "$work/diff"
	elif [[ $source == asm-examples/* ]]; then
		fail "has no $expect"
	fi
	missing=$(expected stderr | in_order "$work/err") ||
		fail "standard error lacks a line like '$missing'" "$work/err"
	if grep -q '^exits:' "$expect" 2>/dev/null; then
		timeout $((60 * ${TEST_PATIENCE:-1})) "$vitrine" run --exits "${options[@]}" >"$work/exits" 2>&1 </dev/null
		missing=$(expected exits | in_order "$work/exits") ||
			fail "--exits lacks a line like '$missing'" "$work/exits"
	fi
}

list=(asm-examples/*.asm tests/guest/*.asm)
[ $# -gt 0 ] && list=("$@")
for source in "${list[@]}"; do
	[ -f "$source" ] || continue
	ok=1
	run_guest
	passed=$((passed + ok)) failed=$((failed + 1 - ok))
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
