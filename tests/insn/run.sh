#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# run.sh - the decoder and disassembler against objdump, and our text through NASM and back; all three modes.
# Rule: what was not compared is printed with its reason and count.  Usage: run.sh [-v] [BUILD] (build/MODE)
cd "$(dirname "$0")/../.." || exit 2
verbose=
[ "$1" = -v ] && { verbose=yes; shift; }
for tool in objdump nasm; do
	command -v $tool >/dev/null && continue
	echo "skipped: no $tool here"
	echo "0 passed, 0 failed, 1 skipped"
	exit 0
done
dir=$(mktemp -d) || exit 2
trap 'rm -rf "$dir"' EXIT
case $1 in
*asan) flags="-O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all" ;;
*) flags=-O2 ;;
esac
${CC:-cc} $flags -std=gnu11 -D_GNU_SOURCE -I. -o "$dir/decode-dump" \
	tests/insn/*.c cpu-interp/isa/*.c core/base/buf.c || exit 2

compare() # BITS, objdump's name for them
{
	"$dir/decode-dump" write "$1" "$dir/slots" || echo "0 passed, 1 failed: nothing was written"
	echo "$1-bit, objdump:"
	objdump -D -b binary -m "$2" -M intel,intel64 --no-show-raw-insn -w "$dir/slots" >"$dir/listing"
	"$dir/decode-dump" check "$1" "$dir/slots" <"$dir/listing"
	echo "$1-bit, NASM and back:"
	"$dir/decode-dump" source "$1" "$dir/slots" >"$dir/source.asm"
	nasm -w-number-overflow -f bin -o "$dir/assembled" "$dir/source.asm" || echo "0 passed, 1 failed: NASM"
	"$dir/decode-dump" nasm "$1" "$dir/slots" "$dir/assembled"
}

for mode in 16:i8086 32:i386 64:i386:x86-64; do
	compare "${mode%%:*}" "${mode#*:}"
done >"$dir/report" 2>&1
if [ -n "$verbose" ]; then cat "$dir/report"; else grep -v '^	 *[0-9]* not compared' "$dir/report"; fi

# Six comparisons must have come to an end, each with something to compare.
awk '/^[0-9]+ passed, [0-9]+ failed$/ { passed += $1; failed += $3; ended += $1 > 10000 }
     /passed, 1 failed:/ { failed++ }
     /not compared:/ { left += $1 }
     END { if (ended != 6) failed++
           printf "%d not compared, by the rules that tests/insn/run.sh -v prints\n", left
           printf "%d passed, %d failed\n", passed, failed
           exit failed > 0 }' "$dir/report"
