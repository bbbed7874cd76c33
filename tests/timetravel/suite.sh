#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# suite.sh - going back in real guests, and recordings of them.  Usage: suite.sh BUILD [--long]
# Rule: a state is known by its hash alone, taken before anybody went back; figures are processor time, so that a busy
# host does not matter.
set -u
cd "$(dirname "$0")/../.." || exit 2
build=${1:-build/release} vitrine=${1:-build/release}/vitrine long=${2-}
travel=$build/tests/timetravel/travel
passed=0 failed=0 skipped=0
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT

skip() { # WHAT WHY
	skipped=$((skipped + 1))
	echo "skipped: $1: $2"
}
check() { # WHAT CONDITION... : the condition is a command
	local what=$1
	shift
	if "$@"; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "FAILED: $what"
		tail -n 8 "$work/out" | cut -c1-160
	fi
}
finish() {
	echo "$passed passed, $failed failed, $skipped skipped"
	[ $failed = 0 ]
	exit
}
go() { # DEPTH JUMPS MIB OPTION... : its figures in $work/out
	"$travel" "$@" >"$work/out" 2>&1
}
figure() { awk -v name="$1" '$1 == name { print $2 }' "$work/out"; }
at_most() { # FIGURE LIMIT
	awk -v value="$(figure "$1")" -v limit="$2" 'BEGIN { exit !(value != "" && value + 0 <= limit) }'
}
show() { # WHAT
	echo "$1: back $(figure back-1-median-ms) ms, p99 $(figure back-1-p99-ms); search of 10^8 $(figure search-nothing-ms) ms;" \
		"keep $(figure keep-ms), restore $(figure restore-ms) ms; run $(figure without-ms) ms, remembered" \
		"$(figure with-timeline-ms) ms; $(figure points) points, $(figure memory-mib) MiB"
}

# Every example: back and forth in all that it does.
examples() {
	for source in asm-examples/*.asm; do
		name=$(basename "$source" .asm)
		nasm -f bin -I asm-examples/ -o "$work/image" "$source" 2>/dev/null || continue
		check "$name: everywhere what it was" go 3000000 40 64 "$work/image"
		rm -f "$work/rec"
		"$vitrine" run --quiet --state-hash --budget 2M --record "$work/rec" "$work/image" </dev/null >"$work/first" 2>&1
		"$vitrine" replay "$work/rec" --quiet --state-hash --budget 2M "$work/image" </dev/null >"$work/out" 2>&1
		check "$name: a recording ends as the run did" cmp "$work/first" "$work/out"
	done
}

# A session that is typed, recorded, and run again; then the same with another machine, and with the end cut off.
recording() { # BUDGET
	local options=(--mem 256M --kernel "$kernel" --initrd "$work/initrd" --debugcon none --state-hash --budget "$1")
	printf 'echo sum-$((6 * 7))\nselftest\n' >"$work/typed"
	rm -f "$work/rec"
	"$vitrine" run "${options[@]}" --append "console=ttyS0" --record "$work/rec" <"$work/typed" >"$work/first" 2>"$work/out"
	"$vitrine" replay "$work/rec" "${options[@]}" --append "console=ttyS0" </dev/null >"$work/second" 2>"$work/out"
	check "a replay ends with status 5, as the run did" [ $? = 5 ]
	check "and shows the same console and state hash" cmp "$work/first" "$work/second"
	"$vitrine" replay "$work/rec" "${options[@]}" --append "console=ttyS1" >"$work/second" 2>"$work/out"
	check "another command line is noticed" grep -q 'began in another state' "$work/out"
	head -c $(($(stat -c %s "$work/rec") / 2)) "$work/rec" >"$work/cut"
	"$vitrine" replay "$work/cut" "${options[@]}" --append "console=ttyS0" >"$work/second" 2>"$work/out"
	check "a recording that was cut off is good up to there" grep -q 'cut off; it goes up to instruction' "$work/out"
	rm -f "$work/rec"
}

# Two machines, and what is between: N, save, M; restore, M.
points() { # WHAT COUNT LIMIT OPTION...
	local what=$1
	shift
	"$build/tests/timetravel/points" "$1" "$2" "$RANDOM" "${@:3}" >"$work/out" 2>&1
	check "$what: restored at $1 random points it goes on as it went" [ $? = 0 ]
	for kind in repeated waiting asleep others; do total[$kind]=$((${total[$kind]-0} + $(figure $kind))); done
}
declare -A total
RANDOM=1 # the same points each time
random_points() { # COUNT of each guest
	nasm -f bin -o "$work/strings" tests/timetravel/strings.asm || exit 2
	points strings "$1" 1000000 "$work/strings" --insn-ps 40000
	for source in asm-examples/*.asm; do
		nasm -f bin -I asm-examples/ -o "$work/image" "$source" 2>/dev/null || continue
		points "$(basename "$source" .asm)" "$2" 2000000 "$work/image"
	done
	nasm -f bin -I asm-examples/ -o "$work/image" asm-examples/04-timer-tick.asm || exit 2
	points "a timer" 150 1000000 "$work/image"
	for kind in repeated waiting asleep; do
		check "some of the points were of the kind '$kind'" [ "${total[$kind]}" -gt 0 ]
	done
	echo "points: ${total[repeated]} in the midst of a repeated instruction, ${total[waiting]} with an interrupt waiting," \
		"${total[asleep]} asleep, ${total[others]} with another processor's turn"
}

# The worked example: a process of the guest crashes by a return address that somebody has overwritten long before.
writer() {
	local folder small
	folder=$(tests/linux/kernels.sh cloud-amd64 2>"$work/why") || { skip "the writer in Linux" "$(tail -n 1 "$work/why")"; return; }
	small=$(ls "$folder"/boot/vmlinuz-*)
	mkdir -p "$work/root"
	nasm -f elf64 -o "$work/smash.o" tests/timetravel/smash.asm && ld -static -o "$work/root/smash" "$work/smash.o" || exit 2
	(cd "$work/root" && echo smash | cpio -o -H newc --quiet) >"$work/smash.cpio"
	timeout 600 "$vitrine" trap tests/timetravel/find-writer.trap --symbols "$work/root/smash" --quiet --mem 128M --kernel "$small" \
		--initrd "$work/smash.cpio" --append "rdinit=/smash" >"$work/out" 2>&1 </dev/null
	check "the writer of a return address is found by going back in Linux" [ $? = 0 ]
	check "in its place" grep -q '^written by what is before smash.done' "$work/out"
	check "the return slot" grep -q '^crashed in crash return slot holds 0x4141414141414141' "$work/out"
}

# Sessions at a prompt, typed otherwise each time.
pairs() { # COUNT OPTION...
	"$vitrine" run "${linux[@]}" --append console=ttyS0 --quiet --budget 9G --save "$work/prompt" </dev/null >"$work/out" 2>&1
	[ -e "$work/prompt" ] || { check "a Linux at its prompt" false; return; }
	tests/timetravel/pairs.py --vitrine "$vitrine" --snapshot "$work/prompt" --count "$@" -- --mem 256M >"$work/out" 2>"$work/pairs"
	check "$1 sessions at a prompt are replayed to the same states" [ $? = 0 ]
	tail -n 1 "$work/pairs"
	rm -f "$work/prompt"
}

case $build in
*asan* | *debug* | *cov*) skip "time travel" "this build is too slow for it; the release build does it" && finish ;;
esac
if ! command -v nasm >/dev/null; then
	skip "asm-examples" "nasm is not installed"
else
	examples
	if [ "$long" = --long ]; then random_points 300 15; else random_points 20 2; fi
fi

folder=$(tests/linux/kernels.sh amd64 2>"$work/why") || { skip "Linux" "$(tail -n 1 "$work/why")"; finish; }
command -v busybox >/dev/null && command -v cpio >/dev/null || { skip "Linux" "busybox or cpio is not installed"; finish; }
kernel=$(ls "$folder"/boot/vmlinuz-*)
tests/linux/initramfs.sh "$folder" "$work/initrd" || exit 2
linux=(--mem 256M --kernel "$kernel" --initrd "$work/initrd")

writer
if [ "$long" != --long ]; then
	check "Linux: everywhere what it was" go 300000000 30 256 "${linux[@]}" --append console=ttyS0
	show "Linux, 3 * 10^8 instructions"
	check "one instruction back takes at most 100 ms (p99)" at_most back-1-p99-ms 100
	recording 150M
	finish
fi

points "Linux" 150 2000000000 "${linux[@]}" --append console=ttyS0
points "Linux on four processors" 100 2000000000 "${linux[@]}" --append console=ttyS0 --cpus 4

check "Linux: everywhere what it was" go 1000000000 400 256 "${linux[@]}" --append console=ttyS0
show "Linux, 10^9 instructions"
check "one instruction back takes at most 100 ms (p99)" at_most back-1-p99-ms 100
check "a search through 10^8 instructions takes at most 10 s" at_most search-nothing-ms 10000
check "a checkpoint takes at most 50 ms" at_most keep-ms 50
check "and 100 ms to be restored" at_most restore-ms 100
head -c 8388608 /dev/urandom >"$work/disk"
check "four processors, virtio, little memory for the past: everywhere what it was" \
	go 4000000000 100 96 "${linux[@]}" --append "console=ttyS0 run=selftest disks=vda" --cpus 4 \
	--disk "$work/disk,if=virtio" --virtio rng
show "Linux on four processors"
check "its past keeps to its bound" at_most memory-after-mib 96
recording 9G
pairs 1000
finish
