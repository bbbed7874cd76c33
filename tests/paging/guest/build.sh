#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# build.sh - a guest of this folder as OUT.img, and as OUT.disk for machines with a BIOS.
# Usage: build.sh OUT WIDTH NAME [-DX=Y...]   (WIDTH 32 or 64; NAME.c is the program)
# Rule: nothing of the host's C library or start-up code gets in.
set -eu
out=$1 width=$2 name=$3
shift 3
here=$(cd "$(dirname "$0")" && pwd)
top=$here/../../..
flags=(-O2 -std=gnu11 -Wall -Wextra -Wno-main -ffreestanding -fno-pic -fno-pie -fno-stack-protector -fcf-protection=none
	-fno-asynchronous-unwind-tables -fno-tree-loop-distribute-patterns -mno-red-zone -mno-sse -mno-mmx -mno-80387)
case $width in
32) flags+=(-m32 -march=i686) emulation=elf_i386 ;;
64) flags+=(-m64) emulation=elf_x86_64 ;;
*) echo "build.sh: width $width; expected 32 or 64" >&2; exit 2 ;;
esac
parts=()
for part in machine "$name"; do
	${CC:-gcc} "${flags[@]}" "$@" -c -o "$out.$part.o" "$here/$part.c"
	parts+=("$out.$part.o")
done
nasm -f "elf$width" -o "$out.cpu.o" "$here/cpu$width.asm"
ld -m "$emulation" -T "$here/flat.ld" --oformat binary -o "$out.bin" "$out.cpu.o" "${parts[@]}"
nasm -f bin -I "$top/asm-examples/" -DWIDTH="$width" "-DPAYLOAD=\"$out.bin\"" -o "$out.img" "$here/start.asm"
sectors=$((($(wc -c <"$out.img") + 511) / 512))
[ "$sectors" -le 66 ] || { echo "build.sh: $name has $sectors sectors; 66 fit below 64 KiB" >&2; exit 2; }
nasm -f bin -DSECTORS=$sectors -o "$out.disk" "$top/tests/guest/qemu-loader.inc"
cat "$out.img" >>"$out.disk"
truncate -s 10321920 "$out.disk" # 20 cylinders
