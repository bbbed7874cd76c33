#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# suite.sh - the guest's screen: on terminals of several kinds, and as a PNG file.  Usage: suite.sh BUILD [--long]
# Rule: the terminal is one of ours (terminal.py), so that the suite needs nobody at a keyboard.
set -u
cd "$(dirname "$0")/../.." || exit 2
vitrine=$PWD/${1:-build/release}/vitrine
[ "${1:0:1}" != / ] || vitrine=$1/vitrine
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
for tool in nasm python3; do
	command -v $tool >/dev/null && continue
	echo "skipped: $tool is not installed"
	echo "0 passed, 0 failed, 1 skipped"
	exit 0
done
for guest in keys pixels; do
	nasm -f bin -Werror -o "$work/$guest" tests/display/$guest.asm || exit 2
done
python3 -B tests/display/checks.py "$vitrine" "$work" "${@:2}"
