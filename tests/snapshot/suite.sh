#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# suite.sh - trees of snapshots from the command line, older files, power cuts, full disks, and a machine with a lot going on.
# Usage: suite.sh BUILD [--long]
# Rule: what a snapshot is worth is what a run from it does: consoles and state hashes are compared with those of a run that was
# never cut.
set -u
cd "$(dirname "$0")/../.." || exit 2
build=${1:-build/release} long=${2-}
vitrine=$(realpath "$build/vitrine")
passed=0 failed=0 skipped=0
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT

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
		tail -n 5 "$work/out" 2>/dev/null | cut -c1-300
	fi
}
finish() {
	echo "$passed passed, $failed failed, $skipped skipped"
	[ $failed = 0 ]
	exit
}
says() { grep -qE -- "$1" "$work/out"; }
v() { "$vitrine" "$@" >"$work/out" 2>&1 </dev/null; }
hash_of() { "$vitrine" "$@" --quiet --state-hash </dev/null 2>&1 | grep state-hash; }

# At 7C00: counts CX down from 4096, then prints OK to COM1 and halts: 8202 instructions.
printf '%b' '\xb9\x00\x10\x49\x75\xfd\xba\xf8\x03\xb0\x4f\xee\xb0\x4b\xee\xb0\x0a\xee\xfa\xf4' >"$work/count.img"
truncate -s 510 "$work/count.img" && printf '\125\252' >>"$work/count.img"
cp tests/snapshot/format-1.vsnap "$work/"
cd "$work" || exit 2

# ---- the tree ----
whole=$(hash_of run --mem 1M count.img)
v snapshot save tree start --mem 1M --budget 1000 count.img
check "a run is saved at its end" says '^vitrine: budget used up after 1000 instructions'
v run --mem 1M --quiet --snapshots tree --snapshot-at 500:a --snapshot-at 2000insn:b --snapshot-at end:c --budget 3000 tree/start.vsnap
check "a run adds to the tree on its way and at its end" [ "$(ls tree | sed 's/.vsnap$//')" = "$(printf '%s\n' a b c start)" ]
v snapshot list tree
check "the list draws the tree" [ "$(cut -c1-12 out | sed 's/ *$//')" = "$(printf '  NAME\n  start\n    a\n      b\n        c')" ]
check "with instructions and virtual time" says '^ +b +changes .* 3000 +0\.000003000 s'
for name in start a b c; do
	check "a run from $name ends as the run that was not cut" [ "$(hash_of snapshot restore tree $name)" = "$whole" ]
	check "also when the file is given as image" [ "$(hash_of run --mem 1M tree/$name.vsnap)" = "$whole" ]
done
v snapshot diff tree/a tree/b
check "diff follows the parents" grep -qx 'vcpu 0 icount: 1500 -> 3000   (instructions retired)' out
v snapshot show tree/b
check "show says upon which it builds" says '^holds the memory that has changed since a, whose check was [0-9a-f]{16}$'
v --json snapshot list tree
"$vitrine" snapshot --json list tree >out 2>&1
check "the list as JSON" python3 -c 'import json,sys; l = json.load(open("out")); sys.exit([x["name"] for x in l] != ["start", "a", "b", "c"] or l[1]["parent"] != "start" or l[1]["whole"])'
v snapshot rm tree a
check "a parent is not removed" says "'a' cannot be removed: 'b' goes on from it"
v snapshot rm tree c
check "a leaf is" [ ! -e tree/c.vsnap ]
v run --mem 1M --snapshots tree --snapshot-at 1:b count.img
check "a name that is taken is refused before the run" says 'b.vsnap is there already'
v run --mem 1M --snapshot-at 1:b count.img
check "so is a name without a tree" says 'give --snapshots FOLDER'
for bad in 5:a:b x:a 5: 5:../a 9999999999999999999999:a; do
	v run --snapshots tree --snapshot-at "$bad" count.img
	check "--snapshot-at $bad is refused" says '^vitrine: --snapshot-at: '
done
v run --mem 2M tree/b.vsnap
check "another machine is refused" says 'made with mem_size = 1048576, this machine has 2097152'
mv tree/start.vsnap aside
v snapshot restore tree b --quiet
check "without its ancestor a snapshot is refused" says "builds upon 'start': .*No such file"
mv aside tree/start.vsnap
printf 'tree\ntree restore a\ns 3\ntree save d\ntree\ntree rm d\n' | "$vitrine" debug --line --mem 1M --snapshots tree count.img >out 2>&1
check "the debugger goes on in the tree" says '^\* +d +changes'

# ---- disks: what the guest has written is in it ----
if [ -n "${TEST_NO_DISK-}" ]; then skip "disks" "asked for"; else
	printf '%1024s' >disk
	printf '%b' "$(printf '%s' 'baf601b0e0eebaf201b001ee42ee4230c0ee42ee4242b030eeb2f0b90001b85669efe2fdb2f7ec88c4b0e7eeec08e0a821b04b7402b045baf803eeb00aeeba0406b80020eff4' |
		sed 's/../\\x&/g')" >write.img
	truncate -s 510 write.img && printf '\125\252' >>write.img
	v snapshot save disks before --mem 1M --disk disk --budget 5 write.img
	v run --mem 1M --quiet --disk disk --snapshots disks --snapshot-at 535:written disks/before.vsnap
	v snapshot diff disks/before disks/written
	check "written sectors are in the snapshot" says '^machine memory: [0-9]+ pages differ'
	check "and the run from it ends alike" [ "$(hash_of snapshot restore disks written --disk disk)" = "$(hash_of run --mem 1M --disk disk write.img)" ]
fi

# ---- other versions ----
v run --mem 1M --quiet format-1.vsnap
check "a file of format 1 is read" grep -qx OK out
printf 'VITRINE\003rest' >newer.vsnap
v snapshot show newer.vsnap
check "a newer one is refused, both formats named" says 'is of format 3, this version reads formats 1 to 2'
v run --mem 1M --cpus 1 --virtio rng --quiet format-1.vsnap
check "one from before a device was there is read, and that is said" says 'is older than some devices, which are as after power-up: .*virtio'

# ---- the other engine ----
v run --mem 1M --engine vtx --quiet tree/b.vsnap
if grep -q 'kvm\|vtx' out && ! grep -qx OK out; then skip "the engine vtx" "$(head -n 1 out | cut -c1-150)"; else
	check "the other engine goes on from a snapshot" grep -qx OK out
	v run --mem 1M --engine vtx --quiet --snapshots tree --snapshot-at end:v --budget 2000 tree/b.vsnap
	check "and takes one" [ "$(hash_of snapshot restore tree v | wc -l)" = 1 ]
fi

# ---- state lists: the tests of tests/unit/state-lists.c go over pc_classes[] ----
for class in $(grep -rhoE '^const struct device_class [a-z0-9_]+' "$OLDPWD/devices" | cut -d' ' -f4 | sort -u); do
	check "$class is in pc_classes[]" grep -q "&$class\>" "$OLDPWD/devices/pc.c"
done

# ---- no room ----
mkdir full
if unshare -rm sh -c 'mount -t tmpfs -o size=16k none full' 2>/dev/null; then
	unshare -rm sh -c "mount -t tmpfs -o size=16k none full && '$vitrine' snapshot save full one --mem 1M --budget 10 count.img --quiet;
		'$vitrine' snapshot save full two --mem 1M --budget 20 count.img --quiet; ls full;
		'$vitrine' snapshot restore full one --quiet" >out 2>&1 </dev/null
	check "a full disk: said" says 'two.vsnap: cannot be written: No space left on device'
	check "what was there before is there, and alone" [ "$(grep -c vsnap out)" = 2 ]
	check "and good" grep -qx OK out
else
	skip "a full disk" "no mount namespaces for this user"
fi

# ---- power cuts ----
cd "$OLDPWD" || exit 2
rounds=40
[ -n "$long" ] && rounds=1000
"$build/tests/snapshot/kill" "$work/cuts" $rounds >"$work/out" 2>&1
check "killed $rounds times while it saves: $(tail -n 1 "$work/out")" [ $? = 0 ]
check "none of the files is partial" says ' 0 wrong; '
tail -n 1 "$work/out"

# ---- a machine with a lot going on ----
case $build in
*asan* | *debug* | *cov*) skip "Linux" "this build is too slow for it; the release build does it" && finish ;;
esac
folder=$(tests/linux/kernels.sh cloud-amd64 2>"$work/why") || { skip "Linux" "$(tail -n 1 "$work/why")"; finish; }
command -v busybox >/dev/null && command -v cpio >/dev/null || { skip "Linux" "busybox or cpio is not installed"; finish; }
tests/linux/initramfs.sh "$folder" "$work/initrd" || exit 2
head -c 2000000 /dev/urandom >"$work/disk"
points=16
[ -n "$long" ] && points=500
busy='ip link set eth0 up;while :;do echo 3 >/proc/sys/vm/drop_caches;cat /dev/vda >/dev/null;'
busy+='head -c 99 /dev/hwrng >/dev/null;echo x >/dev/hvc0;done'
"$build/tests/snapshot/digest" 4000000000 $points "$busy" --mem 128M --kernel "$folder"/boot/vmlinuz-* --initrd "$work/initrd" \
	--append "console=ttyS0 panic=-1" --disk "$work/disk,if=virtio" --disk "$work/disk" --virtio rng,console --net user \
	>"$work/out" 2>&1
check "saved in virtio and FIFOs, it goes on as it would have" grep -qx 'wrong 0' "$work/out"
changes() { awk -v name="$1" -v least="$2" '$1 == name { n = $2 } END { exit !(n >= least) }' "$work/out"; }
for device in virtio-blk0 virtio-net virtio-console virtio-rng uart kbd; do
	check "$device was in use meanwhile" changes $device 2
done
tr '\n' ' ' <"$work/out"; echo
finish
