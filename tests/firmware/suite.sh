#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# suite.sh - unmodified firmware (SeaBIOS) starts a disk here and in QEMU, and both print the same.  Usage: suite.sh BUILD [--long]
# Rule: the firmware is the host's own package; without it, or without NASM, the tests are skipped and say so.
set -u
cd "$(dirname "$0")/../.." || exit 2
vitrine=${1:-build/release}/vitrine
bios=/usr/share/seabios/bios.bin
passed=0 failed=0 skipped=0
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
[ -f $bios ] && command -v nasm >/dev/null || {
	echo "skipped: $bios (package seabios) or nasm is not installed"
	echo "0 passed, 0 failed, 1 skipped"
	exit 0
}

check() { # WHAT CONDITION... : the condition is a command
	local what=$1
	shift
	if "$@"; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "FAILED: $what"
		tail -n 5 "$work/serial" "$work/debug" "$work/errors"
	fi
}

run() { # NAME OPTION... : console, debug console, error output and status in $work
	timeout 250 "$vitrine" run --bios $bios --budget 60M --serial "file:$work/serial" --debugcon "file:$work/debug" --quiet "$@" \
		>"$work/stdout" 2>"$work/errors"
	status=$?
}

nasm -f bin -o "$work/disk" tests/firmware/disk.asm || exit 2
cp "$work/disk" "$work/before"

run --disk "$work/disk" --state-hash
check "the guest switches off with status 0 (got $status)" [ "$status" = 0 ]
check "SeaBIOS prints its banner on port 402h" grep -q '^SeaBIOS (version' "$work/debug"
check "SeaBIOS finds the disk" grep -q 'ata0-0: Vitrine disk ATA-6 Hard-Disk (1 MiBytes)' "$work/debug"
check "the boot sector reads, writes and prints" grep -q 'boot sector: 027F 003F 0F01 1234 BEEF 2000 0101 done' "$work/serial"
check "the image on the host is as before" cmp "$work/disk" "$work/before"
cp "$work/serial" "$work/ours"
cp "$work/stdout" "$work/hash"

run --disk "$work/disk" --exits --state-hash
check "exits name the devices" grep -q 'debugcon output' "$work/errors" "$work/stdout"
check "and the disk's registers" grep -q 'ide0 command$' "$work/errors" "$work/stdout"
for device in rtc pci pic1 pit kbd uart; do
	check "exits name the device $device" grep -qE -- "-> $device" "$work/errors" "$work/stdout"
done
hash=$(grep state-hash "$work/hash")
check "watched, the same run ends in the same state" grep -qxF "$hash" "$work/stdout"
nice -n 19 "$vitrine" run --bios $bios --disk "$work/disk" --quiet --debugcon none --state-hash >"$work/stdout" 2>"$work/errors"
check "at another priority too" grep -qxF "$hash" "$work/stdout"
run --disk "$work/disk" --budget 4M --save "$work/half"
check "half-way the budget ends the run (got $status)" [ "$status" = 5 ]
run --disk "$work/disk" --state-hash "$work/half"
check "saved there and restored, it ends in the same state" grep -qxF "$hash" "$work/stdout"

# The same disk on virtio: SeaBIOS has a driver for it.
run --disk "$work/disk,if=virtio" --state-hash
check "from a virtio disk the guest switches off with status 0 (got $status)" [ "$status" = 0 ]
check "SeaBIOS finds the virtio disk by its capabilities" grep -q '00:03.0 using modern (1.0) virtio mode' "$work/debug"
check "the boot sector does the same" cmp "$work/serial" "$work/ours"
cp "$work/stdout" "$work/hash"
run --disk "$work/disk,if=virtio" --budget 5M --save "$work/half"
run --disk "$work/disk,if=virtio" --state-hash "$work/half"
check "saved half-way with virtio and restored, it ends in the same state" cmp "$work/stdout" "$work/hash"

# A disk of one sector: out 0x3f8, '!'; out 0x604, 0x2000 (power off).
printf '\xba\xf8\x03\xb0!\xee\xba\x04\x06\xb8\x00\x20\xef' >"$work/sector"
truncate -s 510 "$work/sector" && printf '\x55\xaa' >>"$work/sector"
run --disk "$work/sector"
check "a disk of a single sector boots (got $status)" [ "$status" = 0 ]
check "and its guest runs" grep -q '!' "$work/serial"

run --mem 2M --budget 15M
check "without a disk the budget ends the run (got $status)" [ "$status" = 5 ]
check "and SeaBIOS says why it does not boot" grep -q 'No bootable device' "$work/debug"

# The oracle: the same firmware and the same disk on a machine we did not write.
if [ -n "${2-}" ] && command -v qemu-system-x86_64 >/dev/null; then
	printf '\xf8\x03' >"$work/port"
	timeout 60 qemu-system-x86_64 -accel tcg -m 64 -display none -vga none -net none -bios $bios -boot c \
		-fw_cfg "name=etc/sercon-port,file=$work/port" -rtc base=2000-01-01T00:00:00,clock=vm \
		-drive "file=$work/disk,format=raw,snapshot=on" -serial "file:$work/theirs" 2>/dev/null </dev/null
	check "QEMU prints the same" cmp "$work/ours" "$work/theirs"
else
	echo "skipped: the comparison with QEMU is part of --long"
	skipped=1
fi
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed = 0 ]
