#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# suite.sh - the TLB by the manual's rules: which translations go with which instruction, here, in QEMU, and in Bochs,
# whose TLB knows PCIDs and global pages; and the ways to find written pages (core/dirty.h) against each other, with
# --long in Linux, too.  Usage: suite.sh BUILD [--long]
# Rule: what must be gone is gone in every machine; what may stay is compared here only, so that a change is seen.
set -u
cd "$(dirname "$0")/../.." || exit 2
vitrine=${1:-build/release}/vitrine long=${2-}
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
passed=0 failed=0 skipped=0

skip() { # WHAT WHY
	skipped=$((skipped + 1))
	echo "skipped: $1: $2"
}
check() { # WHAT CONDITION...
	local what=$1
	shift
	if "$@" >"$work/diff"; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "FAILED: $what"
		head -n 12 "$work/diff"
	fi
}
# The lines printed are rows of the table, in its order and to its end, and every N is an n in them.
obeys() { # OUTPUT LINES : at least so many
	awk -v least="$2" -v out="$1" '
	/^#/ { next }
	{ rows++; name[rows] = $0; sub(/: [onN ]*$/, "", name[rows]); want[rows] = $0 }
	END {
		row = 0
		while ((getline line < out) > 0) {
			sub(/\r$/, "", line)
			got = line
			sub(/: [on ]*$/, "", got)
			do row++; while (row <= rows && name[row] != got)
			if (row > rows) { print "not in the table: " line; exit 1 }
			for (i = 1; i <= length(want[row]); i++)
				if (substr(want[row], i, 1) == "N" && substr(line, i, 1) != "n") { print line " instead of " want[row]; bad = 1 }
			lines++
			last = line
		}
		if (last != "end" || lines < least) { print lines + 0 " lines, the last \"" last "\""; bad = 1 }
		exit bad
	}' tests/tlb/rules.table
}
ours() { # MODE
	timeout $((60 * ${TEST_PATIENCE:-1})) "$vitrine" run --quiet --budget 50M --paging "$1" "$work/image" >"$work/$1" 2>"$work/errors" </dev/null
}
disk() {
	nasm -f bin -DSECTORS=$((($(wc -c <"$work/image") + 511) / 512)) -o "$work/disk" tests/guest/qemu-loader.inc &&
		cat "$work/image" >>"$work/disk" && truncate -s 10321920 "$work/disk" # 20 cylinders, for Bochs
}
qemu() {
	timeout 60 qemu-system-x86_64 -accel tcg -cpu max -m 64M -display none -vga none -net none -no-reboot -serial stdio \
		-device isa-debug-exit,iobase=0xf4,iosize=4 -drive "format=raw,file=$work/disk" >"$work/qemu" 2>/dev/null </dev/null
}
bochs_has() { command -v bochs >/dev/null && command -v script >/dev/null && [ -f /usr/share/bochs/BIOS-bochs-latest ]; }
bochs_run() {
	cat >"$work/bochsrc" <<-END
	display_library: term
	config_interface: textconfig
	cpu: model=corei7_haswell_4770, count=1, ips=50000000, reset_on_triple_fault=0
	clock: sync=none
	memory: guest=64, host=64
	romimage: file=/usr/share/bochs/BIOS-bochs-latest
	vgaromimage: file=/usr/share/bochs/VGABIOS-lgpl-latest
	ata0-master: type=disk, path="$work/disk", mode=flat, cylinders=20, heads=16, spt=63
	boot: disk
	com1: enabled=1, mode=file, dev="$work/bochs"
	log: $work/bochs.log
	panic: action=fatal
	error: action=ignore
	info: action=ignore
	speaker: enabled=0
	END
	echo continue >"$work/bochs-commands" # Debian's Bochs is built with its debugger
	TERM=xterm timeout 120 script -qec "timeout 120 bochs -q -f '$work/bochsrc' -rc '$work/bochs-commands'" /dev/null \
		>/dev/null 2>&1 </dev/null
}

nasm -f bin -I asm-examples/ -o "$work/image" tests/tlb/rules.asm || exit 2
tr N n <tests/tlb/rules.table | grep -v '^#' >"$work/exactly"
rows=$(wc -l <"$work/exactly")
for mode in none ept; do
	ours $mode
	check "--paging $mode: exactly the table" diff "$work/exactly" "$work/$mode"
done
ours shadow
check "--paging shadow: what must be gone is gone" obeys "$work/shadow" "$rows"
# The comparison itself must be able to fail.
sed 's/^mov cr3: nnn/mov cr3: non/' "$work/exactly" >"$work/wrong"
check "a translation that stays is found" eval '! obeys "$work/wrong" "$rows"'
if ! command -v qemu-system-x86_64 >/dev/null; then
	skip "the rules in QEMU" "qemu-system-x86_64 is not installed"
elif disk; then
	qemu
	check "QEMU: what must be gone is gone (it has no PCIDs)" obeys "$work/qemu" 11
fi
if bochs_has && disk; then
	bochs_run
	check "Bochs: what must be gone is gone, with PCIDs" obeys "$work/bochs" "$rows"
else
	skip "the rules in Bochs" "bochs, its BIOS or script is not installed"
fi
# How many pages a guest writes, by each way.
written() { # MODE WAY OPTION...
	local mode=$1 way=$2
	shift 2
	timeout 280 "$vitrine" run --quiet --serial none --stats --paging "$mode" --dirty-log "$way" "$@" 2>/dev/null </dev/null |
		sed -n 's/^pages of the guest written *//p'
}
ways() { # WHAT OPTION... : own and wp agree in every mode, and ad and pml; these find page tables that were only read, too
	local what=$1 own modes=("none own" "ept own" "shadow own" "ept wp" "shadow wp")
	shift
	own=$(written none own "$@")
	check "$what: pages are written" [ "${own:-0}" -gt 0 ]
	for pair in "${modes[@]}"; do
		check "$what, $pair" [ "$(written ${pair% *} ${pair#* } "$@")" = "$own" ]
	done
	ad=$(written ept ad "$@") pml=$(written ept pml "$@")
	check "$what: ad ($ad) finds all of $own, and a few page tables" [ "${ad:-0}" -ge "$own" -a "${ad:-0}" -le $((own + own / 8 + 8)) ]
	check "$what: pml ($pml) finds what ad finds" [ "$ad" = "$pml" ]
}
ways "the rules' guest" --budget 50M "$work/image"
if [ "$long" = --long ]; then
	if folder=$(tests/linux/kernels.sh amd64 2>"$work/why"); then
		ways "Linux" --mem 128M --budget 400M --kernel "$(echo "$folder"/boot/vmlinuz-*)" --append console=ttyS0
	else
		skip "written pages of Linux" "$(tail -n 1 "$work/why")"
	fi
fi
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed = 0 ]
