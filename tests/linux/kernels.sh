#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# kernels.sh - Debian's kernels for use as guests.  Usage: kernels.sh [amd64|cloud-amd64|686-pae|busybox-i386]
# Prints the folder that holds boot/vmlinuz-* and lib/modules of that kernel (or bin/busybox), fetching the package if
# it must.
# With TEST_NO_LINUX=REASON there are none, for that reason.
# Rule: nothing is installed on this machine: the package is unpacked under .cache/, which git ignores.
set -u
cd "$(dirname "$0")/../.." || exit 2
[ -z "${TEST_NO_LINUX-}" ] || { echo "$TEST_NO_LINUX" >&2; exit 1; }
flavour=${1:-amd64}
cache=.cache/linux/$flavour

found() {
	[ -n "$(ls "$1"/boot/vmlinuz-*-"$flavour" "$1/bin/busybox" 2>/dev/null)" ] && echo "$1" && exit 0
}
found "$cache"
fail() {
	rm -rf "$cache"
	echo "no $flavour from Debian: $1" >&2
	exit 1
}
command -v apt-get >/dev/null || fail "this system has no apt-get to fetch it"

# Packages for another architecture: apt can list and download them without this system being changed.
lists=.cache/linux/lists
apt() { # COMMAND... : with i386 known, in folders of our own
	"$1" -o APT::Architectures::=amd64 -o APT::Architectures::=i386 -o Dir::State::lists="$PWD/$lists" \
		-o Dir::Cache="$PWD/$lists/cache" -o APT::Sandbox::User=root "${@:2}"
}
package_of() { # the package that a meta-package stands for now
	"$@" 2>/dev/null | sed -n 's/^ *Depends: *\(linux-image-[0-9][^ ]*\)$/\1/p' | head -n 1
}
unpack() { # only the kernel and the drivers that a guest of ours can use: 20 MB instead of 400
	dpkg --fsys-tarfile "$cache"/deb/*.deb | tar -x -C "$cache" --wildcards \
		'./boot/vmlinuz-*' './bin/busybox' '*/kernel/drivers/virtio/*.ko' '*/virtio_blk.ko' '*/virtio_net.ko' \
		'*/net_failover.ko' '*/failover.ko' '*/virtio-rng.ko' '*/virtio_console.ko' '*/libata.ko' '*/ata_piix.ko' \
		'*/ata_generic.ko' '*/scsi_mod.ko' '*/scsi_common.ko' '*/sd_mod.ko' '*/sr_mod.ko' '*/cdrom.ko' \
		'*/isofs.ko' '*/t10-pi.ko' '*/crc-t10dif.ko' '*/crct10dif_*.ko' '*/crc64.ko' '*/crc64-rocksoft.ko' \
		'*/psmouse.ko' 2>/dev/null
}
mkdir -p "$cache/deb"
chmod 777 "$cache/deb"
case $flavour in
686-pae | busybox-i386)
	mkdir -p "$lists/partial" "$lists/cache/archives/partial"
	[ -n "$(ls "$lists"/*_Packages* 2>/dev/null)" ] || apt apt-get update >/dev/null 2>&1
	package=busybox-static:i386
	[ "$flavour" = 686-pae ] && package=$(package_of apt apt-cache depends linux-image-686-pae:i386)
	[ -n "$package" ] || fail "apt knows no such package"
	(cd "$cache/deb" && lists=../../lists && apt apt-get download "$package") >&2 || fail "$package cannot be downloaded"
	;;
*)
	package=$(package_of apt-cache depends "linux-image-$flavour")
	[ -n "$package" ] || fail "apt knows no linux-image-$flavour (apt-get update?)"
	(cd "$cache/deb" && apt-get download "$package") >&2 || fail "$package cannot be downloaded"
	;;
esac
unpack
rm -rf "$cache/deb"
found "$cache"
fail "the package $package is not as expected"
