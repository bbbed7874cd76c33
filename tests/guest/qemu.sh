#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# qemu.sh - the same guests in QEMU: does a machine we did not write print the same?  Usage: qemu.sh [VITRINE]
# Rule: an example whose output rightly differs there says so in a comment, `; qemu: no, REASON`, and is skipped.
set -u
cd "$(dirname "$0")/../.." || exit 2
vitrine=${1:-build/release/vitrine}
qemu='qemu-system-x86_64'
if ! command -v "$qemu" >/dev/null; then
	printf 'skipped: %s is not installed\n0 passed, 0 failed, 1 skipped\n' "$qemu"
	exit 0
fi
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
passed=0 failed=0 skipped=0

disk_of() { # IMAGE : a disk that loads the whole image as `vitrine run` does
	local sectors=$((($(wc -c <"$1") + 511) / 512))
	nasm -f bin -DSECTORS=$sectors -o "$work/disk" tests/guest/qemu-loader.inc &&
		cat "$1" >>"$work/disk" && truncate -s 1M "$work/disk"
}

for source in asm-examples/*.asm tests/guest/*.asm; do
	[ -f "$source" ] || continue
	reason=$(sed -n 's/^; qemu: no, //p' "$source")
	if [ -n "$reason" ]; then
		echo "skipped $source: $reason"
		skipped=$((skipped + 1))
		continue
	fi
	read -ra options < <(sed -n 's/^; run: //p' "$source") || true
	nasm -f bin -I "$(dirname "$source")/" -o "$work/image" "$source" && disk_of "$work/image" || exit 2
	timeout 60 "$vitrine" run --quiet --budget 200M "${options[@]}" "$work/image" \
		>"$work/ours" 2>/dev/null </dev/null
	status=$?
	cpus=$(sed -n 's/^; run:.*--cpus \([0-9]*\).*/\1/p' "$source")
	vga=$(sed -n 's/^; qemu-vga: //p' "$source")
	timeout 20 "$qemu" -accel tcg -cpu max -smp "${cpus:-1}" -m 64M -display none -vga "${vga:-none}" -net none -no-reboot -serial stdio \
		-device isa-debug-exit,iobase=0xf4,iosize=4 -drive format=raw,file="$work/disk" \
		>"$work/theirs" 2>/dev/null </dev/null
	their_status=$?
	# QEMU resets where we stop with status 4: told not to reboot, it ends with 0.
	[ $status = 4 ] && status=0
	if [ $status = $their_status ] && cmp -s "$work/ours" "$work/theirs"; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "FAILED $source: status $status and $their_status there; < ours, > theirs"
		diff "$work/ours" "$work/theirs" | head -n 10 | sed 's/^/    /'
	fi
done
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed = 0 ]
