#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# run-cases.sh - scripts that run, and what they print.  Usage: run-cases.sh [-v] BUILD [FILE.cases...]
# Rule: standard output is compared line by line, and every script is run twice: both times it must print the same bytes.
#
# A case is a block of lines, blocks are separated by blank lines:
#   NAME text               what is shown
#   RUN command             for bash -c, in a folder with the guests (NAME.img, NAME.lst) and examples (NAME.trap);
#                           $TRAP is `vitrine trap`, $EXAMPLES asm-examples/; more RUN lines are more lines
#   | text                  the next line of standard output
#   ! text                  some line of standard error contains the text
#   STATUS n                exit status, 0 unless said
set -u
verbose=
[ "${1-}" = -v ] && { verbose=1; shift; }
build=$(cd "${1:-build/release}" && pwd) || exit 2
[ $# -gt 0 ] && shift
cd "$(dirname "$0")" || exit 2
[ $# -gt 0 ] || set -- *.cases
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
export TRAP="$build/vitrine trap" EXAMPLES="$PWD/../../asm-examples/"
passed=0 failed=0

guests() {
	local f name
	mkdir "$work/fixtures"
	cp examples/*.trap "$work/fixtures"
	for f in guests/*.asm; do
		name=${f#guests/} name=${name%.asm}
		nasm -f bin -I ../../asm-examples/ -o "$work/fixtures/$name.img" -l "$work/fixtures/$name.lst" "$f" || exit 2
	done
	nasm -f bin -I ../../asm-examples/ -DLATE -o "$work/fixtures/late-timer.img" guests/virtual-timer.asm || exit 2
	nasm -f bin -I ../../asm-examples/ -DMUTE -o "$work/fixtures/mute-timer.img" guests/virtual-timer.asm || exit 2
	for name in 01-hello 03-cpuid 18-triple-fault 24-processors 22-exit-status 33-remap 12-long-mode; do
		nasm -f bin -I ../../asm-examples/ -o "$work/fixtures/$name.img" "../../asm-examples/$name.asm" || exit 2
	done
}

once() { # FOLDER
	rm -rf "$1" && cp -r "$work/fixtures" "$1"
	(cd "$1" && timeout $((60 * ${TEST_PATIENCE:-1})) bash -c "$run" >../out 2>../err </dev/null)
}

check() {
	local problems='' got line
	[ -n "$name" ] || return
	once "$work/dir"
	got=$?
	[ "$got" = "$status" ] || problems+="    status $got, expected $status"$'\n'
	mv "$work/out" "$work/out1"
	diff <(printf '%s' "$out") "$work/out1" >"$work/diff" || problems+=$(sed 's/^/    /' "$work/diff")$'\n'
	while IFS= read -r line; do
		[ -z "$line" ] || grep -qF -- "$line" "$work/err" || problems+="    expected on standard error: $line"$'\n'
	done <<<"$err"
	once "$work/dir"
	cmp -s "$work/out" "$work/out1" || problems+="    the second run printed something else"$'\n'
	if [ -n "$problems" ]; then
		failed=$((failed + 1))
		printf 'FAIL %s: %s\n%s' "$file" "$name" "$problems"
		sed 's/^/    stderr: /' "$work/err" | head -8
	else
		passed=$((passed + 1))
		[ -z "$verbose" ] || echo "ok   $file: $name"
	fi
	name=''
}

guests
for file; do
	name='' run='' out='' err='' status=0
	while IFS= read -r line || [ -n "$line" ]; do
		case $line in
		'NAME '*) check; name=${line#NAME } run='' out='' err='' status=0 ;;
		'RUN '*) run+=${line#RUN }$'\n' ;;
		'STATUS '*) status=${line#STATUS } ;;
		'| '*) out+=${line#| }$'\n' ;;
		'|') out+=$'\n' ;;
		'! '*) err+=${line#! }$'\n' ;;
		'' | '#'*) ;;
		*) echo "FAIL $file: this line is no key: $line"; failed=$((failed + 1)) ;;
		esac
	done <"$file"
	check
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
