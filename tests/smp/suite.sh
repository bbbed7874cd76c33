#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# suite.sh - several processors: the firmware finds them, and the same run gives the same state.  Usage: suite.sh BUILD
# Rule: a run is compared with the same run again, and with the same run cut in two by a snapshot; the budgets of the
# guests end before they switch off.
set -u
cd "$(dirname "$0")/../.." || exit 2
vitrine=${1:?usage: suite.sh BUILD}/vitrine
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
passed=0 failed=0 skipped=0

ok() { passed=$((passed + 1)); }
fail() {
	failed=$((failed + 1))
	echo "FAILED $1"
	shift
	printf '    %s\n' "$@"
}
hash_of() { # OPTIONS... : of a run with them
	timeout 60 "$vitrine" run --serial none --debugcon none --quiet --state-hash "$@" 2>&1 </dev/null |
		sed -n 's/.*state-hash: \([0-9a-f]*\).*/\1/p'
}

same_run() { # NAME BUDGET CUT OPTIONS... : twice whole, once cut at CUT
	local name=$1 budget=$2 cut=$3 first second pieces
	shift 3
	first=$(hash_of --budget "$budget" "$@")
	second=$(hash_of --budget "$budget" "$@")
	[ -n "$first" ] && [ "$first" = "$second" ] && ok || fail "$name: two runs differ" "'$first'" "'$second'"
	hash_of --budget "$cut" --save "$work/snapshot" "$@" >/dev/null
	case ${!#} in *.img) set -- "${@:1:$#-1}" ;; esac # the image is in the snapshot
	pieces=$(hash_of --budget $((budget - cut)) "$@" "$work/snapshot")
	[ "$first" = "$pieces" ] && ok || fail "$name: cut in two it differs" "'$first'" "'$pieces'"
}

for guest in 24-processors:400 25-ipi:2000 27-x2apic:800; do
	name=${guest%:*}
	read -ra options < <(sed -n 's/^; run: //p' "asm-examples/$name.asm")
	nasm -f bin -I asm-examples/ -o "$work/$name.img" "asm-examples/$name.asm" || exit 2
	for at in 3 $((${guest#*:} / 3)) $((${guest#*:} / 2)); do
		same_run "$name, cut at $at" "${guest#*:}" "$at" "${options[@]}" "$work/$name.img"
	done
done

# With a thread per processor no run is like another, but what the guests print is the same.
for name in 24-processors 25-ipi 27-x2apic 30-locks; do
	read -ra options < <(sed -n 's/^; run: //p' "asm-examples/$name.asm")
	nasm -f bin -I asm-examples/ -o "$work/$name.img" "asm-examples/$name.asm" || exit 2
	sed -n 's/^console: \{0,1\}//p' "asm-examples/$name.expect" >"$work/want"
	for _ in 1 2 3 4 5; do
		timeout 60 "$vitrine" run --quiet --smp-threads "${options[@]}" "$work/$name.img" \
			>"$work/got" 2>&1 </dev/null
		status=$?
		[ $status = 0 ] && cmp -s "$work/want" "$work/got" && ok ||
			fail "$name with threads: status $status" "$(tail -n 3 "$work/got")"
	done
done

bios=/usr/share/seabios/bios.bin
if [ -f "$bios" ]; then
	for cpus in 1 4 8; do
		timeout 60 "$vitrine" run --bios "$bios" --cpus $cpus --budget 40M --quiet --serial none \
			--debugcon stdout >"$work/debug" 2>&1 </dev/null
		grep -q "Found $cpus cpu(s) max supported $cpus cpu(s)" "$work/debug" && ok ||
			fail "SeaBIOS with --cpus $cpus" "$(grep -a 'cpu(s)' "$work/debug")"
	done
	same_run "SeaBIOS with 4 processors" 30000000 11111111 --bios "$bios" --cpus 4
else
	echo "skipped SeaBIOS: $bios is not installed (package seabios)"
	skipped=$((skipped + 1))
fi
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed = 0 ]
