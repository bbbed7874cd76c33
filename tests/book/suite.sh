#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# suite.sh - the textbook against the program.  Usage: suite.sh BUILD [--long]
# Rule: what the book prints was printed by the program: each ```session block is run again and compared, every file and
# function it names must be there, and a fence it does not know is a failure.  UPDATE=1 writes new output into the book.
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
for source in asm-examples/[0-9]*.asm; do
	name=$(basename "$source" .asm)
	nasm -f bin -I asm-examples/ -o "$work/$name.img" -l "$work/$name.lst" "$source" || exit 1
done
exec python3 tests/book/suite.py "$work" textbook/[0-9][0-9]-*.md
