#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# suite.sh - paging modes against each other, and against other machines.  Usage: suite.sh BUILD [--long [PART...]]
# Parts: random permutations edits hostile.
# Rule: a guest must not be able to tell in which mode it runs; each check compares all it can see.  The checker
# (--check-paging) is on in every run, so a wrong table is found even if nobody stumbles over it.
set -u
cd "$(dirname "$0")/../.." || exit 2
build=${1:-build/release} long=${2-} parts=${*:3}
vitrine=$build/vitrine guests=tests/paging/guest
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
passed=0 failed=0 skipped=0
modes=("ept" "ept --ept-pages 4K" "shadow" "shadow --shadow-unsync" "shadow --shadow-tables 64")

fail() {
	failed=$((failed + 1))
	echo "FAILED $1"
	shift
	[ $# -gt 0 ] && printf '    %s\n' "$@"
}
skip() { # COUNT REASON
	skipped=$((skipped + $1))
	echo "skipped: $2"
}
counted() { # NAME COMMAND... : a program that ends with a count line
	local name=$1 line
	shift
	"$@" >"$work/counted"
	line=$(tail -n 1 "$work/counted")
	if [[ $line =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed(,\ ([0-9]+)\ skipped)?$ ]]; then
		passed=$((passed + BASH_REMATCH[1])) failed=$((failed + BASH_REMATCH[2]))
		skipped=$((skipped + ${BASH_REMATCH[4]:-0}))
		grep -v "^$line\$" "$work/counted"
		echo "$name: $line"
	else
		fail "$name: ended without its count line" "$(tail -n 5 "$work/counted")"
	fi
}

# ---- machines: the console of $work/NAME.img (or .disk) goes to $work/NAME.WHO ----
ours() { # NAME WHO OPTIONS...
	local name=$1 who=$2
	shift 2
	timeout 900 "$vitrine" run --quiet --mem 64M --serial "file:$work/$name.$who" "$@" "$work/$name.img" \
		>"$work/log" 2>&1 </dev/null
	[ $? = 33 ] && return 0
	fail "$name $*: did not end as it should" "$(tail -n 3 "$work/log")"
	return 1
}
qemu() { # NAME
	timeout 900 qemu-system-x86_64 -accel tcg -cpu max -m 64M -display none -vga none -net none -no-reboot \
		-serial "file:$work/qemu.out" -device isa-debug-exit,iobase=0xf4,iosize=4 \
		-drive "format=raw,file=$work/$1.disk" >"$work/log" 2>&1 </dev/null
	tr -d '\r' <"$work/qemu.out" >"$work/$1.qemu"
}
bochs_machine() { # NAME
	cat >"$work/bochsrc" <<-END
		display_library: term
		config_interface: textconfig
		cpu: model=broadwell_ult, count=1, ips=50000000, reset_on_triple_fault=0
		clock: sync=none
		memory: guest=64, host=64
		romimage: file=/usr/share/bochs/BIOS-bochs-latest
		vgaromimage: file=/usr/share/bochs/VGABIOS-lgpl-latest
		ata0-master: type=disk, path="$work/$1.disk", mode=flat, cylinders=20, heads=16, spt=63
		boot: disk
		com1: enabled=1, mode=file, dev="$work/bochs.out"
		log: $work/bochs.log
		panic: action=fatal
		error: action=ignore
		info: action=ignore
		speaker: enabled=0
	END
	echo continue >"$work/bochs-commands"
	TERM=xterm script -qec "timeout 900 bochs -q -f '$work/bochsrc' -rc '$work/bochs-commands'" /dev/null \
		>/dev/null 2>&1 </dev/null
	tr -d '\r' <"$work/bochs.out" >"$work/$1.bochs"
}
has_bochs() { command -v bochs >/dev/null && [ -f /usr/share/bochs/BIOS-bochs-latest ] && command -v script >/dev/null; }

# ---- every combination of entries, control registers and accesses ----

# Lines `what: N cases, faults SUM, bits on the way to a fault SUM`; each is N cases passed if A's is B's, too.
# Others need not set accessed bits as we do on the way to a fault: of them only the first sum is compared.
same_sums() { # NAME A B [others]
	local counts
	counts=$(awk -v others="${4-}" '
		function cut(line) { if (others) sub(/, bits on.*/, "", line); return line }
		FNR == NR { split($0, part, ": "); seen[part[1]] = cut($0); next }
		/ cases, / { split($0, part, ": "); split(part[2], word, " ")
			if (seen[part[1]] == cut($0)) good += word[1]; else { bad++; print "differs: " $0 >"/dev/stderr" } }
		/^done/ { done = 1 }
		END { print good + 0, bad + !done }' "$2" "$3" 2>"$work/differs")
	read -r good bad <<<"$counts"
	passed=$((passed + good))
	[ "$bad" = 0 ] && echo "$1: $good cases" || fail "$1: $bad groups of cases differ" "$(head -n 3 "$work/differs")"
}
permutations() { # WIDTH
	local name=permute$1 mode lenient stride=193
	[ -n "$long" ] && stride=1
	options=(-DSTRIDE=$stride -DSHOW_FIRST=1 -DSHOW_LAST=0)
	$guests/build.sh "$work/$name" "$1" permute "${options[@]}" -DLENIENT=0 || { fail "$name: not built"; return; }
	ours "$name" none || return
	for mode in "${modes[@]}"; do
		# shellcheck disable=SC2086 # the mode is words
		ours "$name" mode --paging $mode --check-paging && same_sums "$1-bit guest, $mode" "$work/$name.none" "$work/$name.mode"
	done
	for who in bochs qemu; do
		if [ $who = bochs ] && ! has_bochs || ! command -v qemu-system-x86_64 >/dev/null; then
			skip 1 "$who is not installed"
			continue
		fi
		lenient=$([ $who = bochs ] && echo 2 || echo 3)
		$guests/build.sh "$work/$name" "$1" permute "${options[@]}" -DLENIENT=$lenient && ours "$name" none || continue
		[ $who = bochs ] && bochs_machine "$name" || qemu "$name"
		same_sums "$1-bit guest, $who" "$work/$name.none" "$work/$name.$who" others
	done
	return 0
}

# ---- random edits, and tables that are not sane ----

# Lines as above; sums of others are compared whole.
guest_everywhere() { # NAME WIDTH PROGRAM OTHERS -DX... : in each mode, and if OTHERS is not empty in QEMU and Bochs
	local name=$1 width=$2 program=$3 others=$4 mode
	shift 4
	$guests/build.sh "$work/$name" "$width" "$program" "$@" || { fail "$name: not built"; return; }
	ours "$name" none || return
	for mode in "${modes[@]}"; do
		# shellcheck disable=SC2086
		ours "$name" mode --paging $mode --check-paging && same_sums "$name, $mode" "$work/$name.none" "$work/$name.mode"
	done
	[ -n "$others" ] || return
	has_bochs && { bochs_machine "$name"; same_sums "$name, bochs" "$work/$name.none" "$work/$name.bochs"; }
	command -v qemu-system-x86_64 >/dev/null && { qemu "$name"; same_sums "$name, qemu" "$work/$name.none" "$work/$name.qemu"; }
}
# Without flushes nobody can say what comes out; but the checker is there, and the machine ends as it should.
checked_only() { # NAME MODE
	local cases
	# shellcheck disable=SC2086
	ours "$1" mode --paging $2 --check-paging || return
	grep -q '^done' "$work/$1.mode" || { fail "$1, $2: not done"; return; }
	cases=$(awk -F '[: ]+' '/ cases, / { sum += $4 } END { print sum + 0 }' "$work/$1.mode")
	passed=$((passed + cases))
	echo "$1, $2: $cases cases"
}
edits() {
	local format width steps=16000 mode
	[ -n "$long" ] && steps=1920000 # six seeds of them are more than 10^7 edits and accesses for each kind of shadow
	for format in 0 1 2; do
		width=$([ $format = 2 ] && echo 64 || echo 32)
		guest_everywhere edits$format $width edits others -DFORMAT=$format -DSTEPS=$steps -DSTRICT=1 -DSEED=$((7 + format))
		$guests/build.sh "$work/loose$format" $width edits -DFORMAT=$format -DSTEPS=$steps -DSTRICT=0 -DSEED=$((17 + format)) ||
			{ fail "loose edits: not built"; continue; }
		for mode in "shadow" "shadow --shadow-unsync"; do checked_only loose$format "$mode"; done
	done
}
hostile() {
	local width
	for width in 32 64; do
		guest_everywhere hostile$width $width hostile others -DSTRANGE=0
		guest_everywhere strange$width $width hostile "" -DSTRANGE=1
	done
}

if [ -n "${TEST_EMULATOR-}" ] && [ -z "$parts" ]; then
	skip 1 "permutations, edits, hostile: some 10^9 instructions, too many for an interpreter in an emulator"
	parts=random
fi
wanted() { [ -z "$parts" ] || [[ " $parts " == *" $1 "* ]]; }

wanted random && counted "random cases" "$build/tests/paging/modes" --count "$([ -n "$long" ] && echo 200000 || echo $((4000 / ${TEST_PATIENCE:-1})))"
# Without /dev/kvm there is nothing in this part, and modes says so.
wanted random && counted "random cases, KVM" "$build/tests/paging/modes" --kvm 2 --seed 1000001 --count "$([ -n "$long" ] && echo 400000 || echo 4000)"
for tool in nasm gcc ld; do
	command -v $tool >/dev/null || { skip 1 "no $tool to build guests"; parts=none; }
done
wanted permutations && permutations 32 && permutations 64
wanted edits && edits
wanted hostile && hostile
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
