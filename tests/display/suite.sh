#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# suite.sh - the guest's screen: on terminals of several kinds, and as a PNG file.  Usage: suite.sh BUILD [--long]
# Rule: the terminal is one of ours (terminal.py), so that the suite needs nobody at a keyboard.
set -u
cd "$(dirname "$0")/../.." || exit 2
vitrine=$(realpath "${1:-build/release}")/vitrine
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
if [ -z "${2-}" ]; then
	python3 -B tests/display/checks.py "$vitrine" "$work"
	exit
fi

# Longer: a pass of memtest86+, and every video mode of the video BIOS against QEMU.
python3 -B tests/display/checks.py "$vitrine" "$work" "$2" | tee "$work/first"
if command -v qemu-system-x86_64 >/dev/null && [ -f /usr/share/seabios/vgabios-stdvga.bin ]; then
	python3 -B tests/display/modes.py "$vitrine" "$work" | tee "$work/second"
else
	echo "skipped: the video modes need qemu-system-x86 and seabios"
	echo "0 passed, 0 failed, 1 skipped" >"$work/second"
fi
cat "$work/first" "$work/second" | awk '
	/^[0-9]+ passed, [0-9]+ failed/ { passed += $1; failed += $3; skipped += $5 }
	END { printf "%d passed, %d failed, %d skipped\n", passed, failed, skipped; exit failed != 0 }'
