#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# suite.sh - Trap: wrong scripts and what is said of them, scripts that run, the tutorial.  Usage: suite.sh BUILD [--long]
# Rule: the tutorial's scripts are run as they are printed there, and must say what is printed below them.
set -u
build=$(cd "${1:?usage: suite.sh BUILD}" && pwd) || exit 2
cd "$(dirname "$0")" || exit 2
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
passed=0 failed=0 skipped=0

count() { # COMMAND... : its output but for the last line, which is added up
	local last
	"$@" >"$work/output" 2>&1
	last=$(tail -n 1 "$work/output")
	sed '$d' "$work/output"
	if [[ $last =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed$ ]]; then
		passed=$((passed + BASH_REMATCH[1])) failed=$((failed + BASH_REMATCH[2]))
	else
		echo "FAILED: $* ended with: $last"
		failed=$((failed + 1))
	fi
}

# A block that begins with ```trap WORDS is a script, WORDS what stands behind it on the command line; the next block of
# ```text is its output, and a line [status N] in it is the exit status.
tutorial() { # FILE.md : as cases
	awk '
	/^```trap/ { name = FILENAME ":" FNR; words = substr($0, 9); script = 1
		print "\nNAME " name "\nRUN cat >t.trap <<\"END OF SCRIPT\""; next }
	/^```text/ && words != "" { output = 1; next }
	/^```/ { if (script) print "RUN END OF SCRIPT\nRUN $TRAP t.trap " words
		if (output) words = ""
		script = output = 0; next }
	script { print "RUN " $0 }
	output && /^\[status [0-9]+\]$/ { gsub(/[^0-9]/, ""); print "STATUS " $0; next }
	output { print "| " $0 }' "$1"
}

count "$build/tests/trap/wrong" wrong.txt
tutorial ../../textbook/trap-tutorial.md >"$work/trap-tutorial.cases"
grep -q '^NAME' "$work/trap-tutorial.cases" || { echo 'FAILED: the tutorial has no scripts'; failed=$((failed + 1)); }
if command -v nasm >/dev/null 2>&1; then
	count ./run-cases.sh "$build" ./*.cases "$work/trap-tutorial.cases"
else
	echo 'SKIPPED: scripts that run, and the tutorial: nasm is not installed'
	skipped=1
fi
count ./run-linux.sh "$build"
grep -q '^SKIPPED' "$work/output" && skipped=$((skipped + 1))
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
