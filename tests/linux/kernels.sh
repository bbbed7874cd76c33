#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# kernels.sh - Debian's kernels for use as guests.  Usage: kernels.sh [amd64|cloud-amd64|686-pae]
# Prints the folder that holds boot/vmlinuz-* and lib/modules of that kernel, fetching the package if it must.
# Rule: nothing is installed on this machine: the package is unpacked under .cache/, which git ignores.
set -u
cd "$(dirname "$0")/../.." || exit 2
flavour=${1:-amd64}
cache=.cache/linux/$flavour

found() {
	[ -n "$(ls "$1"/boot/vmlinuz-*-"$flavour" 2>/dev/null)" ] && echo "$1" && exit 0
}
found "$cache"

command -v apt-get >/dev/null || { echo "no Debian kernel ($flavour): this system has no apt-get to fetch one" >&2; exit 1; }
arch=
[ "$flavour" = 686-pae ] && arch=:i386
fetch() {
	local package
	package=$(apt-cache depends "linux-image-$flavour$arch" 2>/dev/null | sed -n 's/^ *Depends: *\(linux-image-[0-9][^ ]*\)$/\1/p' | head -n 1)
	[ -n "$package" ] || return 1
	mkdir -p "$cache/deb" && chmod 777 "$cache/deb" && (cd "$cache/deb" && apt-get download "$package") >&2 || return 1
	# Only the kernel and the drivers that a guest of ours can use: 20 MB instead of 400.
	dpkg --fsys-tarfile "$cache"/deb/linux-image-*.deb | tar -x -C "$cache" --wildcards \
		'./boot/vmlinuz-*' '*/kernel/drivers/virtio/*.ko' '*/virtio_blk.ko' '*/virtio_net.ko' '*/net_failover.ko' \
		'*/failover.ko' '*/virtio-rng.ko' '*/virtio_console.ko' '*/libata.ko' '*/ata_piix.ko' '*/ata_generic.ko' \
		'*/scsi_mod.ko' '*/scsi_common.ko' '*/sd_mod.ko' '*/sr_mod.ko' '*/cdrom.ko' '*/isofs.ko' '*/t10-pi.ko' \
		'*/crc-t10dif.ko' '*/crct10dif_*.ko' '*/crc64.ko' '*/crc64-rocksoft.ko' '*/psmouse.ko' 2>/dev/null
	rm -rf "$cache/deb"
}
fetch || { echo "no Debian kernel: the package linux-image-$flavour$arch cannot be fetched (apt-get update?)" >&2; exit 1; }
found "$cache"
echo "no Debian kernel: linux-image-$flavour has no boot/vmlinuz-*-$flavour" >&2
exit 1
