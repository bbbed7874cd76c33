# SPDX-License-Identifier: GPL-3.0-or-later
# linux.sh - the figures that are promised for Linux guests; read by suite.sh.
# Rule: memory is what the host says (memfd, smaps_rollup), not what we count.

linux_guests() {
	local folder kernel
	case $build in
	*asan* | *debug* | *cov*) skip "Linux" "this build is too slow for a kernel; the release build boots it" && return ;;
	esac
	folder=$(tests/linux/kernels.sh amd64 2>"$work/why") || { skip "Linux" "$(tail -n 1 "$work/why")"; return; }
	command -v busybox >/dev/null && command -v cpio >/dev/null || { skip "Linux" "busybox or cpio is not installed"; return; }
	kernel=$(ls "$folder"/boot/vmlinuz-*)
	tests/linux/initramfs.sh "$folder" "$work/initrd" || return
	linux=(--kernel "$kernel" --initrd "$work/initrd" --append "console=ttyS0 panic=-1" --slice 20M --json "$work/json")

	host --mem 256M --clone-after 7G --clones 50 --for 2M "${linux[@]}"
	check "50 clones cost less than the guest once more" json 'd["memory"]["behind_clones"]["process"] < 2 * d["memory"]["before_clones"]["process"]'
	check "20 ms of the processor for a clone, in the median" json 'sorted(g["clone_cpu_ns"] for g in d["guests"][1:])[25] <= 20e6'
	python3 -c 'import json, sys; d = json.load(open(sys.argv[1])); m = d["memory"]
t = sorted(g["clone_cpu_ns"] / 1e6 for g in d["guests"][1:])
w = sorted(g["clone_ns"] / 1e6 for g in d["guests"][1:])
print("50 clones of a 256 MiB Linux: %.1f MiB before, %.1f behind; ms of the processor: %.1f in the median, %.1f at most; "
      "by the clock: %.1f, %.1f"
      % (m["before_clones"]["process"] / 2**20, m["behind_clones"]["process"] / 2**20, t[25], t[-1], w[25], w[-1]))' "$work/json"

	host --mem 128M --vms 4 --for 7G --share --scan 1 "${linux[@]}" # so nothing is shared before the last look
	check "sharing saves 40 % of the memory of four idle guests" json 'd["memory"]["end"]["process"] <= 0.6 * d["memory"]["before_last_scan"]["process"]'
	check "the counters say so, too" json 'd["sharing"]["saved"] >= 0.4 * (d["sharing"]["saved"] + d["sharing"]["own"] + d["sharing"]["frames"])'
	python3 -c 'import json, sys; d = json.load(open(sys.argv[1]))["memory"]; a, e = d["before_last_scan"]["process"], d["end"]["process"]
print("4 idle Linux guests: %.1f MiB apart, %.1f with shared pages: %.0f %% saved" % (a / 2**20, e / 2**20, 100 - 100 * e / a))' "$work/json"
}
linux_guests
