#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# run-linux.sh - the first worked example: which exits does the boot of a stock Linux cause?  Usage: run-linux.sh BUILD
# Rule: what the host's speed decides is not compared; that the guest came to its login, and what is counted, is.
set -u
build=$(cd "${1:-build/release}" && pwd) || exit 2
cd "$(dirname "$0")/../.." || exit 2
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT

skip() {
	echo "SKIPPED: exits of a Linux boot: $1"
	echo "0 passed, 0 failed"
	exit 0
}

case $build in
*asan* | *debug* | *cov*) skip "this build is too slow for a kernel; the release build boots it" ;;
esac
folder=$(tests/linux/kernels.sh amd64 2>"$work/why") || skip "$(tail -n 1 "$work/why")"
command -v busybox >/dev/null && command -v cpio >/dev/null || skip "busybox or cpio is not installed"
tests/linux/initramfs.sh "$folder" "$work/initrd" || exit 2
timeout 240 "$build/vitrine" trap tests/trap/examples/01-exits-of-a-boot.trap --quiet --mem 128M --initrd "$work/initrd" \
	--kernel "$(ls "$folder"/boot/vmlinuz-*)" --append 'console=ttyS0 quiet rdinit=/bin/sh -- -c "mount -t devtmpfs dev /dev; exec getty 115200 -"' --console \
	>"$work/out" 2>"$work/err" </dev/null
status=$?
problems=
[ "$status" = 0 ] || problems+=" status $status;"
grep -q 'login:' "$work/err" || problems+=" no login on the console;"
head -n 1 "$work/out" | grep -qE '^@n: [0-9]+ in all$' || problems+=" no table of counts;"
grep -qE '^  IO +[0-9]+ +[0-9.]+ %' "$work/out" || problems+=" no row for ports;"
grep -qE '^@cost\[IO\]: [0-9]+ in all, from ' "$work/out" || problems+=" no histogram of costs;"
if [ -n "$problems" ]; then
	echo "FAILED: exits of a Linux boot:$problems"
	tail -n 5 "$work/out" "$work/err"
	echo "0 passed, 1 failed"
	exit 1
fi
echo "1 passed, 0 failed"
