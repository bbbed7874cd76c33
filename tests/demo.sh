#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# demo.sh - run asm-examples/00-tour.asm and explain the VM exits that are seen.  Usage: demo.sh [VITRINE]
# Rule: only what really happened is explained; the reasons come out of the run.
set -euo pipefail
cd "$(dirname "$0")/.."
vitrine=${1:-build/release/vitrine}
image=$(dirname "$vitrine")/00-tour.img

explain() { # NUMBER TITLE : why it is an exit, and what the hypervisor does about it
	case $1 in
	10) echo "Which processor is this? The hypervisor answers." ;;
	12) echo "Nothing to do: time jumps to the next timer, 1 ms on." ;;
	18) echo "A call to the hypervisor. This one means nothing here." ;;
	30) echo "A port. A file of devices/ plays the chip behind it." ;;
	31) echo "A register that the processor does not keep itself." ;;
	48) echo "No memory at that address; a device could live there." ;;
	*)  "$vitrine" info exits | awk -v n="$1" '$1 == n' ;;
	esac
}
bold='' plain=''
if [ -t 1 ] && [ -z "${NO_COLOR-}" ]; then bold=$'\033[1m' plain=$'\033[0m'; fi
say() { printf '\n%s\n\n' "$bold$*$plain"; }

nasm -f bin -I asm-examples/ -o "$image" asm-examples/00-tour.asm
say "1. A guest: 512 bytes from asm-examples/00-tour.asm, loaded as a PC loads a boot sector"
sed -n '/cpuid/,/rdmsr/p; /sti/,/POWER_OFF/p' asm-examples/00-tour.asm | grep . | expand | sed 's/^/  /'
say "2. It runs: $vitrine run $image"
"$vitrine" run "$image" 2>&1
say "3. Each moment at which the hypervisor had to act (run --exits): number, time, why"
"$vitrine" run --quiet --exits "$image" | tee "$image.exits"
say "4. Between two exits the guest ran on its own. Why it could not go on:"
"$vitrine" info exits | while read -r number _ title; do
	title=${title%%  *}
	count=$(grep -cE "^#[0-9]+ +[0-9.]+ $title  " "$image.exits" || true)
	[ "$count" = 0 ] || printf '  %2d x %-16s %s\n' "$count" "$title" "$(explain "$number")"
done
say "More: asm-examples/01-hello.asm and the others; $vitrine run --help; $vitrine info"
