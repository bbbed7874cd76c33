#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# suite.sh - unmodified SeaBIOS from the distribution starts and boots a disk.  Usage: suite.sh BUILD
# Rule: the firmware is the oracle; nobody here wrote it, and it checks every chip it touches.
set -u
cd "$(dirname "$0")/../.." || exit 2
vitrine=${1:-build/release}/vitrine
bios=${SEABIOS:-/usr/share/seabios/bios.bin}
passed=0 failed=0

if [ ! -f "$bios" ]; then
	echo "skipped: no $bios (package seabios)"
	echo "0 passed, 0 failed, 1 skipped"
	exit 0
fi
dir=$(mktemp -d) || exit 2
trap 'rm -rf "$dir"' EXIT
nasm -f bin -o "$dir/disk.img" tests/firmware/boot.asm || exit 1
truncate -s 4M "$dir/disk.img"

claim() { # TEXT COMMAND...
	local text=$1
	shift
	if "$@" >/dev/null 2>&1; then
		passed=$((passed + 1))
		echo "ok      $text"
	else
		failed=$((failed + 1))
		echo "FAILED  $text"
	fi
}

machine=(--bios "$bios" --disk "$dir/disk.img")
"$vitrine" run "${machine[@]}" --state-hash --budget 300M >"$dir/out" 2>"$dir/err"
status=$?
claim "powers off with status 0 (was $status)" [ $status = 0 ]
claim "the banner is on the debug port" grep -q '^SeaBIOS (version' "$dir/err"
for text in "by INT 10h" "read by INT 13h" "by INT 14h"; do
	claim "the boot sector printed '$text'" grep -aq "$text" "$dir/out"
done
claim "the disk was found" grep -q 'ata0-0: Vitrine disk' "$dir/err"

# The same inputs give the same machine: at another priority, with everything watched, and cut in two by a snapshot.
hash=$(tail -n 1 "$dir/out")
nice -n 19 "$vitrine" run "${machine[@]}" --state-hash --budget 300M --exits >"$dir/again" 2>"$dir/exits"
claim "the same state hash under nice and with --exits" [ "$(tail -n 1 "$dir/again")" = "$hash" ]
for device in rtc pci pic1 pit kbd uart ide debugcon; do
	claim "its exits name the device $device" grep -qE -- "-> $device" "$dir/exits" "$dir/again"
done
"$vitrine" run "${machine[@]}" --budget 4M --save "$dir/half.vit" >"$dir/first" 2>&1
"$vitrine" run "${machine[@]}" --state-hash --budget 300M "$dir/half.vit" >"$dir/second" 2>"$dir/second.err"
claim "saved half-way and restored, it ends in the same state" [ "$(tail -n 1 "$dir/second")" = "$hash" ]

[ $failed = 0 ] || { tail -n 20 "$dir/err" "$dir/second" "$dir/second.err" | cut -c1-200; }
echo "$passed passed, $failed failed"
[ $failed = 0 ]
