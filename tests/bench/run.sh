#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# run.sh - millions of guest instructions per second, per workload, beside Bochs and QEMU where they are installed.
# Usage: run.sh [VITRINE [NAME...]]   RUNS=2 (how often; the best counts)   OTHERS="bochs qemu" (whom to compare with;
# Bochs needs the packages bochs, bochs-term, bochsbios and vgabios)
#
# Instructions are Vitrine's exact count.  Times are processor times of the whole program (user and system), so that
# other work on this computer does not count.  Vitrine's includes its start-up; the other machines are measured twice,
# with N and with 2N rounds of the same image, so that in the difference the start of their firmware cancels out.
# Rule: a speed counts only if the result is right: every machine must print what the last column of `workloads`,
# an independent calculation, gives.
set -u
cd "$(dirname "$0")/../.." || exit 2
vitrine=${1:-build/release/vitrine}
[ $# -gt 0 ] && shift
runs=${RUNS:-2} others=${OTHERS-bochs qemu}
guests=tests/bench/guests
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
failed=0

# name | counts for the geometric mean | N | how the result is calculated
workloads() {
	cat <<-'END'
	alu      | cpu | 1500000 | crc
	copy     | cpu | 4000    | sum(2654435761*(4096*4095/2)*n)
	sort     | cpu | 20      | sorted
	sha256   | cpu | 30000   | sha256
	real     | cpu | 1000    | sum(1229*n)
	call     | cpu | 500     | sum(17711*n)
	vector   |     | 10000   | sum((2654435761*(4096*4095/2)+65535*1024)*n)
	float    |     | 2000000 | logistic
	indirect |     | 10000000| sum(n*(n+1)/2)
	divide   |     | 5000    | sum(13500*n)
	movsb    |     | 12000   | sum(2654435761*(4096*4095/2))
	movsq    |     | 40000   | sum(2654435761*(4096*4095/2))
	tlb      |     | 2000    | sum((4096*0x400000+0x1000*(4096*4095/2))*n)
	pcid     |     | 200000  | sum((32*0x100000+0x1000*(32*31/2))*n)
	fault    |     | 500000  | sum(n)
	remap    |     | 10000   | sum(n*64)
	switch   |     | 100000  | sum(64*(n/4)*(n/4-1)/2)
	int80    |     | 1000000 | sum(n)
	syscall  |     | 2000000 | sum(n)
	port     |     | 2048000 | sum(n/256*32640)
	cpuid    |     | 2000000 | sum(n)
	END
}

# ---- what must come out, calculated by others: the shell, gzip, sort and awk, sha256sum ----
letters() { head -c "$1" /dev/zero | tr '\0' V; }
expected() { # METHOD N
	local n=$2
	case $1 in
	sum*) printf '%08x\n' $((${1#sum} & 0xffffffff)) ;;
	crc) letters "$n" | gzip -1 -c | tail -c 8 | head -c 4 | od -An -tx4 --endian=little | tr -d ' ' ;;
	logistic) awk -v n="$n" 'BEGIN { x = 0.5; for (i = 0; i < n; i++) { y = 1 - x; x *= 3.9; x *= y }
		x *= 65536; h = int(x); printf "%04x%04x\n", h, int((x - h) * 65536) }' ;;
	sha256) letters $((64 * n)) | sha256sum | cut -d' ' -f1 ;;
	sorted)
		awk 'BEGIN { x = 1; for (i = 0; i < 20000; i++) { x = x * 16807 % 2147483647; printf "%d\n", x } }' | sort -n |
			awk '{ h = (31 * h + $1) % 4294967296 } END { printf "%04x%04x\n", h / 65536, h % 65536 }' ;;
	esac
}

# ---- images ----
build() { # NAME N : $work/NAME-N.img, and the same behind a boot loader as $work/NAME-N.disk
	local source=$guests/$1.asm image=$work/$1-$2.img options=()
	if [ -f "$guests/$1.c" ]; then
		source=$guests/program.asm options=("-DPAYLOAD=\"$work/$1.bin\"")
		gcc -m32 -march=i686 -O2 -std=gnu11 -Wall -Wextra -ffreestanding -fno-pic -fno-stack-protector -fcf-protection=none \
			-mgeneral-regs-only -mno-sse -c -o "$work/$1.o" "$guests/$1.c" || return 1
		ld -m elf_i386 -T "$guests/flat.ld" --oformat binary -o "$work/$1.bin" "$work/$1.o" || return 1
	fi
	nasm -f bin -I "$guests/" -I asm-examples/ -DROUNDS="$2" "${options[@]}" -o "$image" "$source" || return 1
	nasm -f bin -DSECTORS=$((($(wc -c <"$image") + 511) / 512)) -o "$work/$1-$2.disk" tests/guest/qemu-loader.inc &&
		cat "$image" >>"$work/$1-$2.disk" && truncate -s 10321920 "$work/$1-$2.disk" # 20 cylinders
}

# ---- machines: each prints the guest's console into $work/out and leaves its time in $seconds ----
run_vitrine() { # IMAGE : also sets $insns
	local status
	timed "$vitrine" run --serial "file:$work/out" "$1.img"
	status=$?
	[ $status = 33 ] || { echo "vitrine ended with status $status:"; tail -n 3 "$work/log"; return 1; }
	insns=$(sed -n 's/.* after \([0-9]*\) instructions.*/\1/p' "$work/log")
}
timed() { # COMMAND... : processor time of the command and its children
	local TIMEFORMAT='%U %S' status
	{ time "$@" >"$work/log" 2>&1 </dev/null; } 2>"$work/time"
	status=$?
	seconds=$(awk '{ print $1 + $2 }' "$work/time")
	return $status
}
run_bochs() {
	rm -f "$work/out"
	cat >"$work/bochsrc" <<-END
	display_library: term
	config_interface: textconfig
	cpu: model=corei7_sandy_bridge_2600k, count=1, ips=50000000, reset_on_triple_fault=0
	clock: sync=none
	memory: guest=64, host=64
	romimage: file=/usr/share/bochs/BIOS-bochs-latest
	vgaromimage: file=/usr/share/bochs/VGABIOS-lgpl-latest
	ata0-master: type=disk, path="$1.disk", mode=flat, cylinders=20, heads=16, spt=63
	boot: disk
	com1: enabled=1, mode=file, dev="$work/out"
	log: $work/bochs.log
	panic: action=fatal
	error: action=ignore
	info: action=ignore
	speaker: enabled=0
	END
	echo continue >"$work/bochs-commands" # Debian's Bochs is built with its debugger
	# The terminal display wants a terminal; `script` gives it one.
	TERM=xterm timed script -qec "timeout 120 bochs -q -f '$work/bochsrc' -rc '$work/bochs-commands'" /dev/null
	[ -s "$work/out" ] # its exit status says nothing
}
run_qemu() {
	timed timeout 120 qemu-system-x86_64 -accel tcg -cpu max -m 64M -display none -vga none -net none -no-reboot \
		-serial "file:$work/out" -device isa-debug-exit,iobase=0xf4,iosize=4 -drive "format=raw,file=$1.disk"
	[ -s "$work/out" ]
}

# ---- measuring ----
right() { # WHO NAME EXPECTED
	local got
	got=$(tr -d '\r\0' 2>/dev/null <"$work/out")
	[ "$got" = "$3" ] && return 0
	echo "WRONG $2: $1 printed '${got:0:70}', expected '$3'"
	failed=1
	return 1
}
least() { awk -v a="$1" -v b="$2" 'BEGIN { print a == "" || b + 0 < a + 0 ? b : a }'; }
best() { # WHO NAME N EXPECTED : the least time of $runs runs, in $least
	least=
	for ((i = 0; i < runs; i++)); do
		"run_$1" "$work/$2-$3" && right "$1" "$2" "$4" || return 1
		least=$(least "$least" "$seconds")
	done
}
measure() { # NAME KIND N METHOD : one line of the table
	local name=$1 kind=$2 n=$3 twice=$((2 * $3)) once_insns once_expect twice_expect line once
	build "$name" "$n" && build "$name" "$twice" || { failed=1; return; }
	once_expect=$(expected "$4" "$n") twice_expect=$(expected "$4" "$twice")
	run_vitrine "$work/$name-$n" && right vitrine "$name" "$once_expect" || { failed=1; return; }
	once_insns=$insns
	best vitrine "$name" "$twice" "$twice_expect" || { failed=1; return; }
	line="$name ${kind:-more} $insns $least"
	for who in $machines; do
		if best "$who" "$name" "$n" "$once_expect" && once=$least && best "$who" "$name" "$twice" "$twice_expect"; then
			line+=" $(awk -v i=$((insns - once_insns)) -v a="$once" -v b="$least" 'BEGIN { print (b > a ? i / 1e6 / (b - a) : 0) }')"
		else
			line+=" 0"
		fi
	done
	echo "$line" >>"$work/lines"
	table <<<"$line"
}

# ---- the table ----
table() {
	awk -v machines="$machines" '
	BEGIN { n = split(machines, who, " ") }
	{
		mips = $4 > 0 ? $3 / 1e6 / $4 : 0
		printf "%-9s %13d %8.3f %8.0f", $1, $3, $4, mips
		for (i = 1; i <= n; i++)
			if ($(4 + i) > 0) printf " %8.0f %6.2f", $(4 + i), mips / $(4 + i); else printf " %8s %6s", "-", "-"
		print ""
	}'
}
mean() { # geometric means of the processor's workloads
	awk -v machines="$machines" '
	BEGIN { n = split(machines, who, " ") }
	$2 == "cpu" && $4 > 0 {
		count++
		own += log($3 / 1e6 / $4)
		for (i = 1; i <= n; i++) if ($(4 + i) > 0) { others[i]++; sum[i] += log($(4 + i)); ratio[i] += log($3 / 1e6 / $4 / $(4 + i)) }
	}
	END {
		if (!count) exit
		printf "\nprocessor only (%d workloads, geometric mean): %.0f MIPS", count, exp(own / count)
		for (i = 1; i <= n; i++) if (others[i]) printf "; %s %.0f, ratio %.2f", who[i], exp(sum[i] / others[i]), exp(ratio[i] / others[i])
		print ""
	}' "$work/lines"
}

for tool in nasm gcc ld gzip; do command -v $tool >/dev/null || { echo "$tool is needed to build the guests"; exit 77; }; done
machines=
for who in $others; do
	case $who in
	bochs) command -v bochs >/dev/null && [ -f /usr/share/bochs/BIOS-bochs-latest ] && command -v script >/dev/null ;;
	qemu) command -v qemu-system-x86_64 >/dev/null ;;
	esac && machines+="${machines:+ }$who" || echo "$who is not installed: not compared"
done
printf '%-9s %13s %8s %8s' workload instructions seconds MIPS
for who in $machines; do printf ' %8s %6s' "$who" ratio; done
echo
: >"$work/lines"
while IFS='|' read -r name kind n method; do
	name=${name// /}
	[ $# -gt 0 ] && [[ " $* " != *" $name "* ]] && continue
	measure "$name" "${kind// /}" $((n)) "${method# }"
done < <(workloads)
mean
exit $failed
