#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# check.sh - the program and its tests built for ARM64 Linux, and run there by QEMU's user mode.  Usage: check.sh [BUILD]
# Rule: it is the build of any other processor without /dev/kvm; a suite that is left out is named here, with the reason.
#
# In place of each program of the build lies a script that starts it, NAME.elf, in the emulator.
set -u
cd "$(dirname "$0")/../.." || exit 2
build=${1:-build/arm64}
export PKG_CONFIG_LIBDIR=/usr/lib/aarch64-linux-gnu/pkgconfig
compiler=aarch64-linux-gnu-gcc

# SUITE  why it is not run.  A guest's instruction takes two emulators, some 20 times the time.
left_out='
isa        judges the decoder by objdump and NASM; cross shows that ours for ARM64 does the same
linux      boots of Linux: half an hour each
grub       boots through firmware: minutes each
firmware   boots through firmware: minutes each; cross starts it
display    compares hundreds of screens with those of QEMU
smp        a host thread per processor needs an x86-64 host; processors that take turns are in cross
timetravel runs each guest some hundred times; cross replays recordings and cuts runs
host       clones reserve a terabyte of addresses, which the emulator enters page by page: minutes and gigabytes
cli/host   clones reserve a terabyte of addresses, which the emulator enters page by page: minutes and gigabytes
unit/cow   clones reserve a terabyte of addresses, which the emulator enters page by page: minutes and gigabytes
unit/swap  clones reserve a terabyte of addresses, which the emulator enters page by page: minutes and gigabytes
readme     the commands of the README are for the usual build
'

emulator=$(command -v qemu-aarch64-static || command -v qemu-aarch64) || emulator=
missing=
command -v $compiler >/dev/null || missing+=" $compiler"
[ -n "$emulator" ] || missing+=" qemu-aarch64"
for module in jansson libzstd libsodium libpng ncursesw readline vterm check zlib; do
	pkg-config --exists $module 2>/dev/null || missing+=" $module"
done
if [ -n "$missing" ]; then
	echo "check-arm64: not here for ARM64:$missing; 'make deps-arm64' installs what is needed (Debian, Ubuntu)"
	exit 77
fi

make --no-print-directory B="$build" CC=$compiler -j"$(nproc)" program tests || exit
host=${TEST_HOST-}
if [ -z "$host" ] && [ "$(uname -m)" = x86_64 ]; then # the same program for the processor here, to compare with
	host=build/release/vitrine
	(unset PKG_CONFIG_LIBDIR && make --no-print-directory -j"$(nproc)" program) || exit
fi
find "$build" -type f -perm -u+x ! -name '*.elf' | while read -r program; do
	[ "$(head -c 4 "$program" | tail -c 3)" = ELF ] || continue
	mv "$program" "$program.elf"
	# shellcheck disable=SC2016 # the script's own
	printf '#!/bin/sh\nexec %s "$0.elf" "$@"\n' "$emulator" >"$program"
	chmod +x "$program"
done

unset PKG_CONFIG_LIBDIR
export CK_TIMEOUT_MULTIPLIER=20 TEST_PATIENCE=8 TEST_LEFT_OUT=$left_out TEST_EMULATOR=$emulator TEST_HOST=$host
export TEST_NO_LINUX='an emulator in an emulator is too slow to boot it'
exec tests/run.sh "$build"
