#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# grub-disk.sh - a disk image that GRUB starts.  Usage: grub-disk.sh OUT KERNEL INITRD APPEND
# Rule: an MBR with one FAT partition, made without root: GRUB's core image lies in the gap before the partition.
set -eu
out=$1 kernel=$2 initrd=$3 append=$4
grub=/usr/lib/grub/i386-pc
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
start=2048 size=$((64 * 2048))

truncate -s $(((start + size) * 512)) "$out"
truncate -s $((size * 512)) "$work/part"
mformat -i "$work/part" -F ::
cat >"$work/grub.cfg" <<CFG
serial --unit=0 --speed=115200
terminal_input serial
terminal_output serial
echo "GRUB: starting Linux"
linux /vmlinuz $append
initrd /initrd
boot
CFG
mmd -i "$work/part" ::/grub
mcopy -i "$work/part" "$kernel" ::/vmlinuz
mcopy -i "$work/part" "$initrd" ::/initrd
mcopy -i "$work/part" "$work/grub.cfg" ::/grub/grub.cfg
dd if="$work/part" of="$out" bs=1M seek=1 conv=notrunc status=none

grub-mkimage -O i386-pc -d $grub -p '(hd0,msdos1)/grub' -o "$work/core" \
	biosdisk part_msdos fat normal linux echo serial terminal configfile boot
dd if=$grub/boot.img of="$out" bs=440 count=1 conv=notrunc status=none
dd if="$work/core" of="$out" bs=512 seek=1 conv=notrunc status=none
# The partition table: one active FAT32 (0Ch) partition; and 55 AA.
python3 - "$out" $start $size <<'PY'
import struct, sys
with open(sys.argv[1], "r+b") as f:
    f.seek(446)
    f.write(struct.pack("<B3sB3sII", 0x80, b"\xfe\xff\xff", 0x0C, b"\xfe\xff\xff", int(sys.argv[2]), int(sys.argv[3])))
    f.seek(510)
    f.write(b"\x55\xaa")
PY
