#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# suite.sh - Intel's iasl reads our ACPI tables.  Usage: tests/acpi/suite.sh BUILD
# Rule: iasl was not written by us: what it cannot read back, or would not compile again, is wrong.
set -u
build=${1:-build/release}
passed=0 failed=0
check() { # NAME COMMAND...
	if "${@:2}"; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "FAILED $1"; fi
}
if ! command -v iasl >/dev/null; then
	echo "iasl is not installed (package acpica-tools): nobody here can judge the tables"
	echo "0 passed, 0 failed, 1 skipped"
	exit 0
fi
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
says() { grep -qE -- "$2" "$work/$1.dsl"; }

check "the tables are written" "$build/tests/acpi/tables" "$work"
for table in FACP APIC HPET RSDT XSDT FACS DSDT; do
	iasl -d "$work/$table.dat" >"$work/$table.log" 2>&1
	check "iasl reads $table" [ $? = 0 ]
	check "iasl has nothing to say about $table" sh -c "! grep -iE 'error|warning|invalid|could not' '$work/$table.log'"
done
iasl "$work/DSDT.dsl" >"$work/compiled.log" 2>&1
check "the DSDT compiles again" [ $? = 0 ]
check "without errors, warnings and remarks" grep -q '0 Errors, 0 Warnings, 0 Remarks' "$work/compiled.log"

check "sleep state 5 is there" says DSDT 'Name \(_S5, Package \(0x04\)'
check "slot 3, INTA# is at I/O APIC pin 19" sh -c "tr -d ' \n' <'$work/DSDT.dsl' | grep -q 'Name(PRTA.*0x0003FFFF,Zero,Zero,0x13}.*Name(PRTP'"
check "and at ISA interrupt 11" sh -c "tr -d ' \n' <'$work/DSDT.dsl' | grep -q 'Name(PRTP.*0x0003FFFF,Zero,Zero,0x0B}'"
check "eight processors" [ "$(grep -c ACPI0007 "$work/DSDT.dsl")" = 8 ]
check "three virtio devices" [ "$(grep -c LNRO0005 "$work/DSDT.dsl")" = 3 ]
check "memory window" says DSDT '0xE0000000, +// Range Minimum'
check "COM1" says DSDT '16550A-compatible COM Serial Port'
check "PM timer at 608h" says FACP 'PM Timer Block Address : 00000608'
check "reset by port CF9h" says FACP 'Address : 0000000000000CF9'
check "SCI is interrupt 9" says FACP 'SCI Interrupt : 0009'
check "the HPET's place" says HPET 'Address : 00000000FED00000'
check "interrupt 0 is at pin 2" sh -c "grep -A1 'Source : 00' '$work/APIC.dsl' | grep -q 'Interrupt : 00000002'"

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
