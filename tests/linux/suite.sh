#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# suite.sh - Debian's kernels, unmodified, boot to a shell and do what they should.  Usage: suite.sh BUILD [--long]
# Rule: kernel and programs are the distribution's; what they print is compared with known answers, the host, or QEMU.
set -u
cd "$(dirname "$0")/../.." || exit 2
build=${1:-build/release} vitrine=${1:-build/release}/vitrine long=${2-}
passed=0 failed=0 skipped=0
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"; for p in $(jobs -p); do kill "$p"; done 2>/dev/null' EXIT
. tests/linux/boots.sh

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
		tail -n 6 "$work/serial" "$work/errors" | tr -d '\r' | cut -c1-160
	fi
}
finish() {
	echo "$passed passed, $failed failed, $skipped skipped"
	[ $failed = 0 ]
	exit
}

case $build in
*asan* | *debug* | *cov*) skip "Linux" "this build is too slow for a kernel; the release build boots it" && finish ;;
esac
folder=$(tests/linux/kernels.sh amd64 2>"$work/why") || { skip "Linux" "$(tail -n 1 "$work/why")"; finish; }
command -v busybox >/dev/null && command -v cpio >/dev/null || { skip "Linux" "busybox or cpio is not installed"; finish; }
kernel=$(ls "$folder"/boot/vmlinuz-*)
tests/linux/initramfs.sh "$folder" "$work/initrd" || exit 2

boot_direct
if [ "$long" = --long ]; then
	boot_smp
	boot_virtio
	boot_network
	boot_compare_qemu
	boot_other_entries
	boot_i386
	boot_grub
fi
finish
