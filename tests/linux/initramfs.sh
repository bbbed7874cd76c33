#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# initramfs.sh - an initial RAM disk: busybox, the drivers for our devices, the selftest.  Usage: initramfs.sh KERNEL-FOLDER OUT [BUSYBOX]
# Rule: nothing in it was written to make a test pass: it is what `busybox` and the kernel's package contain.
set -eu
cd "$(dirname "$0")/../.."
folder=$1 out=$2 busybox=${3:-$(command -v busybox)}
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
mkdir -p "$root"/{bin,dev,proc,sys,tmp,etc,lib}
with_libraries() { # FILE : into the root, with the shared libraries it names, if any
	for file in "$1" $(ldd "$1" 2>/dev/null | grep -o '/[^ ]*'); do
		mkdir -p "$root$(dirname "$file")" && cp -L "$file" "$root$file"
	done
}
cp "$busybox" "$root/bin/busybox"
ldd "$busybox" >/dev/null 2>&1 && with_libraries "$busybox"
for applet in $("$busybox" --list); do
	[ "$applet" = busybox ] || ln -s busybox "$root/bin/$applet"
done
# Busybox's awk may have no floating-point functions; the host's has (for 64-bit guests).
[ $# -lt 3 ] && command -v mawk >/dev/null && with_libraries "$(command -v mawk)"
cp tests/guest/linux-selftest "$root/bin/selftest"
cp tests/linux/init "$root/init"
cp tests/linux/lease "$root/bin/lease"
# In the order in which one needs the other.
for module in virtio_ring virtio virtio_pci_legacy_dev virtio_pci_modern_dev virtio_pci virtio_mmio virtio_blk failover net_failover \
	virtio_net virtio-rng virtio_console virtio_balloon scsi_common scsi_mod crct10dif_common crct10dif_generic crc-t10dif crc64 crc64-rocksoft t10-pi \
	sd_mod cdrom sr_mod libata ata_piix isofs; do
	file=$(find "$folder/lib/modules" -name "$module.ko" 2>/dev/null | head -n 1)
	[ -n "$file" ] && cp "$file" "$root/lib/" && echo "$module" >>"$root/lib/order"
done
(cd "$root" && find . | LC_ALL=C sort | cpio --quiet -o -H newc -R 0:0) | gzip -9n >"$out"
