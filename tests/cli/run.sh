#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# run.sh - the command line, tested from outside.  Usage: run.sh [-v] [FILE.test...]   $VITRINE is the program.
# Rule: each test runs in an empty folder of its own that holds only the images of fixtures.sh; what a failing command
# leaves behind there fails the test too.
#
# A test is a block of lines, blocks are separated by blank lines:
#   NAME text               what is tested
#   RUN command             for bash -c; $VITRINE is the program; more RUN lines are more lines of the script
#   EXPECT text             some line of the output (standard output, then standard error) contains the text
#   MATCH regex             some line matches the extended regular expression
#   REFUSE text             no line contains the text
#   LINES n                 so many lines in all
#   STATUS n                exit status, 0 unless said
#   LEAVES names            files the command is meant to leave
# $PAUSE is a while in which the program has certainly begun.  A test that fails is skipped where the program says that
# it was built without a library, or that the host is none for it; that sentence is the reason.
set -u
cd "$(dirname "$0")" || exit 2
here=$PWD
VITRINE=${VITRINE:-build/release/vitrine}
case $VITRINE in /*) ;; *) VITRINE=$(cd ../.. && pwd)/$VITRINE ;; esac
export VITRINE
verbose=
[ "${1-}" = -v ] && { verbose=1; shift; }
[ -x "$VITRINE" ] || { echo "run.sh: $VITRINE is not there; build it first"; echo "0 passed, 1 failed"; exit 1; }
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
mkdir "$work/fixtures" && (cd "$work/fixtures" && . "$here/fixtures.sh") || exit 2
passed=0 failed=0 skipped=0
patience=${TEST_PATIENCE:-1}
export PAUSE=$((patience / 2)).$((patience % 2 * 5))

say() { problems+="    $1"$'\n'; }

check_line() { # KEY VALUE : one expectation against $work/output
	case $1 in
	EXPECT) grep -qF -- "$2" "$work/output" || say "expected: $2" ;;
	MATCH) grep -qE -- "$2" "$work/output" || say "expected a line matching: $2" ;;
	REFUSE) ! grep -qF -- "$2" "$work/output" || say "did not expect: $2" ;;
	LINES) [ "$(wc -l <"$work/output")" = "$2" ] || say "expected $2 lines, not $(wc -l <"$work/output")" ;;
	esac
}

run_block() { # uses name, script, wants, status, leaves
	local folder=$work/folder problems='' got want key value
	rm -rf "$folder" && cp -r "$work/fixtures" "$folder"
	(cd "$folder" && timeout $((60 * patience)) bash -c "$script" >"$work/stdout" 2>"$work/stderr" </dev/null)
	got=$?
	cat "$work/stdout" "$work/stderr" >"$work/output"
	[ "$got" = "$status" ] || say "status $got, expected $status"
	while IFS=$'\t' read -r key value; do
		[ -z "$key" ] || check_line "$key" "$value"
	done <<<"$wants"
	got=$(cd "$folder" && find . -type f | sort | tr '\n' ' ')
	want=$( (cd "$work/fixtures" && find . -type f; for f in $leaves; do echo "./$f"; done) | sort -u | tr '\n' ' ')
	[ "$got" = "$want" ] || say "files afterwards: $got"
	if [ -z "$problems" ]; then
		passed=$((passed + 1))
		[ -z "$verbose" ] || echo "ok     $name"
	elif got=$(grep -m1 -E 'was built without it|needs an x86-64 host' "$work/output"); then
		skipped=$((skipped + 1))
		echo "skipped: $name: $got"
	else
		failed=$((failed + 1))
		echo "FAILED $name"
		printf '%s' "$problems"
		sed 's/^/    | /' "$work/output" | head -n 20
	fi
}

run_file() { # FILE
	local line name='' script='' wants='' status=0 leaves='' key value
	while IFS= read -r line || [ -n "$line" ]; do
		key=${line%% *} value=${line#* }
		case $key in
		'#'*) ;;
		NAME) name="$(basename "$1" .test): $value" ;;
		RUN) script+="$value"$'\n' ;;
		STATUS) status=$value ;;
		LEAVES) leaves=$value ;;
		EXPECT | MATCH | REFUSE | LINES) wants+="$key"$'\t'"$value"$'\n' ;;
		'') [ -z "$name" ] || run_block; name='' script='' wants='' status=0 leaves='' ;;
		*) echo "FAILED $1: unknown line: $line"; failed=$((failed + 1)) ;;
		esac
	done < <(cat "$1"; echo)
}

[ $# -gt 0 ] || set -- ./*.test
for file; do
	name=$(basename "$file" .test)
	reason=$(sed -n "s|^cli/$name  *||p" <<<"${TEST_LEFT_OUT-}")
	[ -z "$reason" ] || { skipped=$((skipped + 1)); echo "skipped: $name: $reason"; continue; }
	run_file "$file"
done
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
