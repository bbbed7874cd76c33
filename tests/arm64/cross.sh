#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# cross.sh - what the program for ARM64 does against what that for x86-64 does.  Usage: cross.sh BUILD HOST_VITRINE
# Rule: the x86-64 program is the oracle, for `make check` has judged it by processors and machines that we did not write;
# here both must agree to the last bit: recordings, snapshots, state hashes, the decoder's output.
set -u
cd "$(dirname "$0")/../.." || exit 2
arm=$(realpath "$1/vitrine") host=$(realpath "$2") emulator=${TEST_EMULATOR-qemu-aarch64}
passed=0 failed=0 skipped=0
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT

skip() { # WHAT WHY
	skipped=$((skipped + 1))
	echo "skipped: $1: $2"
}
check() { # WHAT CONDITION... : the condition is a command
	if "${@:2}"; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "FAILED: $1"
		tail -n 3 "$work/err" | cut -c1-200
	fi
}
on() { # PROGRAM COMMAND OPTIONS... : console and state hash, then the status
	timeout $((60 * ${TEST_PATIENCE:-1})) "$@" --quiet --state-hash 2>"$work/err" <"$work/typed"
	echo "status $?"
}
insns_of() { # OPTIONS... : how many instructions the guest executes
	"$host" run "$@" 2>&1 >/dev/null <"$work/typed" | sed -n 's/.* after \([0-9]*\) instructions, .*/\1/p'
}

# ---- a guest: recorded here, replayed there; cut in two, each half by another program ----
both() { # NAME OPTIONS...
	local name=$1 half
	shift
	rm -f "$work"/rec* "$work"/snap*
	printf 'typed at the keyboard\n' >"$work/typed"
	on "$host" run "$@" --record "$work/rec" >"$work/want"
	check "$name: has a state hash" grep -q state-hash "$work/want"
	on "$arm" run "$@" --record "$work/rec-arm" >"$work/got"
	check "$name: the same console, state and status" cmp "$work/want" "$work/got"
	check "$name: the same recording" cmp "$work/rec" "$work/rec-arm"
	: >"$work/typed"
	on "$arm" replay "$work/rec" "$@" >"$work/got"
	check "$name: recorded on x86-64, replayed on ARM64" cmp "$work/want" "$work/got"
	half=$(($(insns_of "$@") / 2))
	on "$host" run "$@" --budget $half --save "$work/snap" >"$work/first"
	on "$arm" run "$@" --budget $half --save "$work/snap-arm" >"$work/got"
	check "$name: saved half-way, the same state" cmp "$work/first" "$work/got"
	check "$name: the same snapshot" cmp "$work/snap" "$work/snap-arm"
	case ${!#} in *.img) set -- "${@:1:$#-1}" ;; esac # the image is in the snapshot
	on "$host" run "$@" "$work/snap" >"$work/want"
	on "$arm" run "$@" "$work/snap" >"$work/got"
	check "$name: saved on x86-64, goes on alike on ARM64" cmp "$work/want" "$work/got"
	on "$host" run "$@" "$work/snap-arm" >"$work/got"
	check "$name: saved on ARM64, goes on alike on x86-64" cmp "$work/want" "$work/got"
}

# The comparison must be able to fail.
damaged() {
	nasm -f bin -I asm-examples/ -o "$work/x.img" asm-examples/10-interrupts.asm || exit 2
	on "$host" run "$work/x.img" --record "$work/rec" >"$work/want"
	: >"$work/typed"
	nasm -f bin -I asm-examples/ -o "$work/y.img" asm-examples/04-timer-tick.asm || exit 2
	on "$arm" replay "$work/rec" "$work/y.img" >"$work/got"
	check "a recording of another guest is noticed" grep -q 'began in another state' "$work/err"
	rm -f "$work/rec"
}

# ---- the decoder: all that decode-dump writes, which tests/insn compares with objdump and NASM ----
decoder() {
	local compiler bits
	command -v objdump >/dev/null || { skip "decoder" "objdump is not installed"; return; }
	for compiler in cc aarch64-linux-gnu-gcc; do
		$compiler -O2 -std=gnu11 -D_GNU_SOURCE -I. -o "$work/$compiler" \
			tests/insn/*.c cpu-interp/isa/*.c core/base/buf.c || { check "$compiler" false; return; }
	done
	for bits in 16 32 64; do
		"$work/cc" write $bits "$work/slots"
		"$emulator" "$work/aarch64-linux-gnu-gcc" write $bits "$work/slots-arm"
		check "$bits-bit: the same instructions are valid" cmp "$work/slots" "$work/slots-arm"
		"$work/cc" source $bits "$work/slots" >"$work/want"
		"$emulator" "$work/aarch64-linux-gnu-gcc" source $bits "$work/slots" >"$work/got"
		check "$bits-bit: the same text, $(wc -l <"$work/want") lines" cmp "$work/want" "$work/got"
	done
}

if command -v nasm >/dev/null; then
	for source in asm-examples/[0-9]*.asm; do
		name=$(basename "$source" .asm)
		nasm -f bin -I asm-examples/ -o "$work/$name.img" "$source" || exit 2
		read -ra options < <(sed -n 's/^; run: //p' "$source") || true
		both "$name" "${options[@]}" --budget 2M "$work/$name.img"
	done
	damaged
else
	skip "examples" "nasm is not installed"
fi
bios=/usr/share/seabios/bios.bin
if [ -f $bios ]; then
	head -c 65536 /dev/zero >"$work/disk"
	both "SeaBIOS" --bios $bios --disk "$work/disk" --budget 6M
	both "SeaBIOS on four processors" --bios $bios --cpus 4 --budget 6M
else
	skip "SeaBIOS" "$bios is not installed (package seabios)"
fi
decoder
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed = 0 ]
