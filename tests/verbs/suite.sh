#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# suite.sh - everything that can be typed at the debugger's prompt.  Usage: suite.sh BUILD [--long]
# Rule: a test is a transcript (tests/verbs/*.txt): its first line is the command, what follows `trap> ' is typed, and
# all that is printed must be as it stands there.  A line `...' stands for any lines, one that begins with ~ is a
# regular expression.  UPDATE=1 writes the files anew, for reading the difference.
set -u
cd "$(dirname "$0")/../.." || exit 2
build=${1:-build/release}
VITRINE=$(realpath "${VITRINE:-$build/vitrine}")
export VITRINE
if ! command -v nasm >/dev/null || ! command -v python3 >/dev/null; then
	echo "skipped: nasm and python3 are needed to assemble the guests and to compare"
	echo "0 passed, 0 failed, 1 skipped"
	exit 0
fi
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
for source in asm-examples/*.asm tests/verbs/*.asm; do
	name=$(basename "$source" .asm)
	nasm -f bin -I asm-examples/ -o "$work/$name.img" -l "$work/$name.lst" "$source" || exit 1
done
exec python3 tests/verbs/suite.py "$work" tests/verbs/*.txt
