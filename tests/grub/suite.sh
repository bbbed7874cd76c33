#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# suite.sh - SeaBIOS starts GRUB from a hard disk and from a CD; GRUB reads files, and switches the machine off by
# ACPI.  Usage: suite.sh BUILD [--long]
# Rule: nothing in the images is ours but the configuration: boot sector, El Torito image and modules are the
# distribution's.
set -u
cd "$(dirname "$0")/../.." || exit 2
vitrine=${1:-build/release}/vitrine
bios=/usr/share/seabios/bios.bin grub=/usr/lib/grub/i386-pc
passed=0 failed=0
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
for need in $bios $grub/boot.img $grub/cdboot.img; do
	[ -f $need ] || missing=$need
done
for need in grub-mkimage mformat xorriso; do
	command -v $need >/dev/null || missing=$need
done
if [ -n "${missing-}" ]; then
	echo "skipped: $missing is not installed (packages seabios, grub-pc-bin, grub-common, mtools, xorriso)"
	echo "0 passed, 0 failed, 1 skipped"
	exit 0
fi

check() { # WHAT CONDITION...
	if "${@:2}"; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "FAILED: $1"
		tail -n 5 "$work/serial" "$work/errors"
	fi
}

says() { tr -d '\r' <"$work/serial" | grep -q -- "$1"; }

run() { # OPTION...
	timeout 250 "$vitrine" run --bios $bios --mem 64M --budget 3G --serial "file:$work/serial" --debugcon none \
		--vgabios none --quiet "$@" </dev/null >"$work/stdout" 2>"$work/errors"
	status=$?
}

# GRUB's own halt reads FADT and DSDT for the way to sleep state 5.
cat >"$work/early.cfg" <<'END'
serial --unit=0
terminal_output serial
terminal_input serial
echo "grub: $root"
search --set=root --file /hello.txt
cat /hello.txt
cmp /big.bin /copy.bin
lspci
echo "grub: halts"
halt
END
modules='biosdisk part_msdos fat iso9660 serial terminal echo cat cmp search search_fs_file test lspci halt'
image() { # FORMAT OUTPUT PREFIX
	grub-mkimage -O "$1" -d $grub -o "$2" -p "$3" -c "$work/early.cfg" $modules
}
head -c 1000000 /dev/urandom >"$work/big.bin"
echo "the file says hello" >"$work/hello.txt"

# A disk as an installation leaves it: boot sector, GRUB behind it, a FAT file system from 1 MiB on.
disk() {
	local sectors=65536
	truncate -s $((sectors * 512)) "$work/disk"
	dd if=$grub/boot.img of="$work/disk" bs=440 count=1 conv=notrunc status=none
	image i386-pc "$work/core" '(hd0,msdos1)/boot'
	dd if="$work/core" of="$work/disk" bs=512 seek=1 conv=notrunc status=none
	# partition 1: active, type 0Ch, sectors 2048 to the end
	printf '\x80\xfe\xff\xff\x0c\xfe\xff\xff\x00\x08\x00\x00\x00\xf8\x00\x00' |
		dd of="$work/disk" bs=1 seek=446 conv=notrunc status=none
	printf '\x55\xaa' | dd of="$work/disk" bs=1 seek=510 conv=notrunc status=none
	mformat -i "$work/disk@@1M" -T $((sectors - 2048)) -h 16 -s 63 -H 2048 ::
	mcopy -i "$work/disk@@1M" "$work/hello.txt" "$work/big.bin" ::
	mcopy -i "$work/disk@@1M" "$work/big.bin" ::copy.bin
}

cd_image() {
	mkdir -p "$work/iso"
	cp "$work/hello.txt" "$work/big.bin" "$work/iso"
	cp "$work/big.bin" "$work/iso/copy.bin"
	image i386-pc-eltorito "$work/iso/eltorito.img" '(cd)/boot'
	xorriso -as mkisofs -quiet -R -b eltorito.img -no-emul-boot -boot-load-size 4 -boot-info-table \
		-o "$work/cd" "$work/iso" >"$work/xorriso" 2>&1
}

disk || exit 2
run --disk "$work/disk"
check "GRUB starts from the hard disk" says 'grub: hd0,msdos1$'
check "it reads a file" says '^the file says hello'
check "two files of 1 MB are equal" says '^The files are identical'
check "it sees the IDE function on the PCI bus" says '^00:01.1 8086:7010'
check "halt finds ACPI's way to switch off (status $status)" [ "$status" = 0 ]

cd_image || exit 2
run --cdrom "$work/cd"
check "GRUB starts from the CD" says 'grub: cd$'
check "it reads a file there" says '^the file says hello'
check "two files of 1 MB on the CD are equal" says '^The files are identical'
check "and switches off (status $status)" [ "$status" = 0 ]

# An empty disk before the CD: the BIOS goes on to the next.
truncate -s 1M "$work/empty"
run --disk "$work/empty" --cdrom "$work/cd"
check "a disk that cannot be booted is passed over" says 'grub: cd$'
check "and the machine is switched off (status $status)" [ "$status" = 0 ]

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
