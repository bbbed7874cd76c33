#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# demo.sh - run asm-examples/00-tour.asm and explain what is seen.  Usage: demo.sh [VITRINE]
# Rule: every explanation comes from the program's own tables (`vitrine info exits`); nothing is retold here.
set -eu
cd "$(dirname "$0")/.."
vitrine=${1:-build/release/vitrine}
image=$(dirname "$vitrine")/00-tour.img

say() { printf '\n%s\n\n' "$*"; }
nasm -f bin -I asm-examples/ -o "$image" asm-examples/00-tour.asm

say "The guest: asm-examples/00-tour.asm, 512 bytes, as a PC would load them from a disk"
sed -n '/cpuid/,/^on_tick/p' asm-examples/00-tour.asm | sed '/^on_tick/d; s/^/    /'
say "$vitrine run $image   # what it prints on its serial port:"
"$vitrine" run --quiet "$image"
say "$vitrine run --exits $image   # each moment at which the hypervisor had to act:"
"$vitrine" run --exits "$image" | tee "$image.exits"
say "Why each of them happened (vitrine info exits has them all):"
"$vitrine" info exits | while IFS= read -r row; do
	title=$(sed -E 's/^ *[0-9]+ +[A-Z_]+ +//; s/  .*//' <<<"$row")
	if grep -qF "  $title  " "$image.exits"; then echo "$row"; fi
done
say "More: vitrine run --help, vitrine info, and the other examples in asm-examples/"
