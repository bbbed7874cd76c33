#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# run.sh - the decoder and disassembler against objdump, and our text through NASM and back; all three modes.
# Rule: what was not compared is printed with its reason and count.  usage: tests/insn/run.sh [-v]
cd "$(dirname "$0")/../.." || exit 2
for tool in objdump nasm; do
	command -v $tool > /dev/null || { echo "skipped: no $tool"; echo "0 passed, 0 failed, 1 skipped"; exit 0; }
done
dir=$(mktemp -d) || exit 2
trap 'rm -rf "$dir"' EXIT
${CC:-cc} ${CFLAGS:--O2} -std=gnu11 -D_GNU_SOURCE -I. -o "$dir/decode-dump" tests/insn/*.c cpu-interp/isa/*.c \
	core/base/buf.c || exit 2

# One mode: bits, objdump's name for it.
compare()
{
	"$dir/decode-dump" write "$1" "$dir/slots" || return 1
	echo "$1-bit, objdump:"
	objdump -D -b binary -m "$2" -M intel,intel64 --no-show-raw-insn -w "$dir/slots" |
		"$dir/decode-dump" check "$1" "$dir/slots"
	echo "$1-bit, NASM and back:"
	"$dir/decode-dump" source "$1" "$dir/slots" > "$dir/source.asm"
	nasm -w-number-overflow -f bin -o "$dir/assembled" "$dir/source.asm" || echo "0 passed, 1 failed"
	"$dir/decode-dump" nasm "$1" "$dir/slots" "$dir/assembled"
}

for mode in 16:i8086 32:i386 64:i386:x86-64; do
	compare "${mode%%:*}" "${mode#*:}"
done > "$dir/report"
case $1 in
-v) cat "$dir/report" ;;
*) grep -v '^	 *[0-9]' "$dir/report" ;;
esac
awk '/passed,/ { passed += $1; failed += $3 }
     /not compared/ { left += $1 }
     END { printf "%d not compared, by the rules that tests/insn/run.sh -v prints\n", left
           printf "%d passed, %d failed\n", passed, failed; exit failed > 0 || !passed }' "$dir/report"
