#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# linux.sh - Debian's kernels in every paging mode.  Usage: linux.sh BUILD [--long]
# Rule: at the same number of instructions, the same console and the same bytes in all memory that the guest sees; nothing
# else is compared, for exits and the hypervisor's tables are what the modes differ in.
set -u
cd "$(dirname "$0")/../.." || exit 2
build=${1:-build/release} vitrine=${1:-build/release}/vitrine long=${2-}
passed=0 failed=0 skipped=0
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
modes=("ept" "shadow" "shadow --ept-pages 4K --shadow-tables 64")

skip() { # WHAT WHY
	skipped=$((skipped + 1))
	echo "skipped: $1: $2"
}
finish() {
	echo "$passed passed, $failed failed, $skipped skipped"
	[ $failed = 0 ]
	exit
}
run() { # WHO MODE OPTION... : console and hash in $work/WHO
	# shellcheck disable=SC2086 # the mode is words
	timeout 900 "$vitrine" run --mem 256M --quiet --serial stdio --debugcon none --memory-hash --paging $2 "${@:3}" \
		<"$work/typed" >"$work/$1" 2>"$work/errors"
}
same() { # WHAT MODE OPTION... : as in $work/none
	run mode "$2" "${@:3}"
	if grep -q '^memory-hash' "$work/mode" && cmp -s "$work/none" "$work/mode"; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "FAILED: $1, --paging $2: not as with --paging none"
		diff <(tr -d '\r' <"$work/none") <(tr -d '\r' <"$work/mode") | head -n 4 | cut -c1-160
		tail -n 2 "$work/errors"
	fi
}
everywhere() { # WHAT OPTION...
	run none none "${@:2}"
	for mode in "${modes[@]}"; do
		same "$1" "$mode" "${@:2}"
	done
}

case $build in
*asan* | *debug* | *cov*) skip "Linux" "this build is too slow for a kernel; the release build boots it" && finish ;;
esac
folder=$(tests/linux/kernels.sh amd64 2>"$work/why") || { skip "Linux" "$(tail -n 1 "$work/why")"; finish; }
command -v busybox >/dev/null && command -v cpio >/dev/null || { skip "Linux" "busybox or cpio is not installed"; finish; }
tests/linux/initramfs.sh "$folder" "$work/initrd" || exit 2
linux=(--kernel "$(ls "$folder"/boot/vmlinuz-*)" --initrd "$work/initrd" --append "console=ttyS0 panic=-1")

: >"$work/typed"
everywhere "Linux, 200 M instructions" "${linux[@]}" --budget 200M
if old=$(tests/linux/kernels.sh 686-pae 2>"$work/why"); then # PAE; before that, 32-bit tables
	everywhere "Linux for the i386, 100 M instructions" --kernel "$(ls "$old"/boot/vmlinuz-*)" --append console=ttyS0 --budget 100M
else
	skip "Linux for the i386" "$(tail -n 1 "$work/why")"
fi

# A run that is cut by a snapshot is the same run: the shadow begins empty, and nobody can tell.
"$vitrine" run --quiet --mem 256M --debugcon none --paging shadow "${linux[@]}" --budget 50M --save "$work/half" >"$work/cut" 2>&1
run none "shadow" "${linux[@]}" --budget 90M --state-hash
timeout 900 "$vitrine" run --mem 256M --quiet --serial stdio --debugcon none --paging shadow "$work/half" --budget 40M --state-hash \
	--memory-hash </dev/null >"$work/cut" 2>"$work/errors"
if diff <(grep hash "$work/none") <(grep hash "$work/cut") >"$work/diff" && [ -s "$work/cut" ]; then
	passed=$((passed + 1))
else
	failed=$((failed + 1))
	echo "FAILED: a run in shadow mode that a snapshot has cut is another run"
	cat "$work/diff"
fi

if [ "$long" = --long ]; then
	modes+=("shadow --shadow-unsync")
	printf 'echo sum-$((6 * 7))\nselftest\npoweroff -f\n' >"$work/typed"
	everywhere "Linux, from start to power-off" "${linux[@]}"
	for n in 4G 5500M 7G; do
		everywhere "Linux, $n instructions" "${linux[@]}" --budget $n
	done
	everywhere "Linux on two processors" "${linux[@]}" --cpus 2 --budget 7G
fi
finish
