#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# deps.sh - install what building and testing need, with the system's own package manager.
# Rule: every command is shown before it runs, and nothing is run when nothing is missing.
set -eu

# One row per need: what proves that it is there, then its package on Debian, Fedora, Arch and Homebrew (- = none).
# A proof is a command, pc:MODULE (pkg-config) or file:PATH.
needs='
gcc                      gcc               gcc             gcc            gcc
file:/usr/include/stdio.h libc6-dev        glibc-devel     glibc          -
make                     make              make            make           make
pkg-config               pkg-config        pkgconf         pkgconf        pkg-config
git                      git               git             git            git
flex                     flex              flex            flex           flex
bison                    bison             bison           bison          bison
nasm                     nasm              nasm            nasm           nasm
objdump                  binutils          binutils        binutils       binutils
python3                  python3           python3         python         python
gdb                      gdb               gdb             gdb            -
pc:ncursesw              libncurses-dev    ncurses-devel   ncurses        ncurses
pc:readline              libreadline-dev   readline-devel  readline       readline
pc:check                 check             check-devel     check          check
pc:jansson               libjansson-dev    jansson-devel   jansson        jansson
pc:libzstd               libzstd-dev       libzstd-devel   zstd           zstd
pc:libsodium             libsodium-dev     libsodium-devel libsodium      libsodium
pc:vterm                 libvterm-dev      libvterm-devel  libvterm       libvterm
pc:libpng                libpng-dev        libpng-devel    libpng         libpng
pc:libnbd                libnbd-dev        libnbd-devel    libnbd         -
pc:glib-2.0              libglib2.0-dev    glib2-devel     glib2          glib
pc:slirp                 libslirp-dev      libslirp-devel  libslirp       libslirp
qemu-nbd                 qemu-utils        qemu-img        qemu-img       qemu
pc:zlib                  zlib1g-dev        zlib-devel      zlib           zlib
iasl                     acpica-tools      acpica-tools    acpica         acpica
file:/usr/lib/grub/i386-pc/boot.img grub-pc-bin grub2-pc-modules grub -
grub-mkimage             grub-common       -               -              -
xorriso                  xorriso           xorriso         libisoburn     xorriso
mformat                  mtools            mtools          mtools         mtools
busybox                  busybox-static    busybox         busybox        -
cpio                     cpio              cpio            cpio           cpio
tmux                     tmux              tmux            tmux           tmux
file:/usr/share/seabios/bios.bin seabios   seabios-bin     seabios        -
'

# A kernel for the tests to boot: unpacked under .cache/, not installed.  Without it those tests are skipped.
guest_kernel() {
	[ "$column" = 2 ] || return 0
	echo "+ tests/linux/kernels.sh amd64"
	tests/linux/kernels.sh amd64 || true
}

# Which column of the table applies, and how packages are installed there.
refresh=
if command -v apt-get >/dev/null; then column=2; refresh='apt-get update'
	install='apt-get install -y --no-install-recommends'
elif command -v dnf >/dev/null; then column=3; install='dnf install -y'
elif command -v pacman >/dev/null; then column=4; install='pacman -S --needed --noconfirm'
elif command -v brew >/dev/null; then column=5; install='brew install'
else
	echo "deps: none of apt-get, dnf, pacman, brew is here; install the packages named in $0 by hand" >&2
	exit 2
fi

present() {
	case $1 in
	pc:*)   command -v pkg-config >/dev/null && pkg-config --exists "${1#pc:}" ;;
	file:*) [ -e "${1#file:}" ] || [ "$column" = 5 ] ;;
	*)      command -v "$1" >/dev/null ;;
	esac
}

missing=$(echo "$needs" | while read -r proof debian fedora arch brew; do
	[ -n "$proof" ] || continue
	set -- x "$debian" "$fedora" "$arch" "$brew"
	package=${!column}
	[ "$package" = - ] || present "$proof" || echo "$package"
done | sort -u | tr '\n' ' ')
if [ -z "${missing% }" ]; then
	echo "deps: everything is already here"
	guest_kernel
	exit 0
fi

# Homebrew refuses to run as root; the others need to.
sudo=
if [ "$column" != 5 ] && [ "$(id -u)" != 0 ]; then
	command -v sudo >/dev/null || { echo "deps: installing $missing needs root; run this as root" >&2; exit 2; }
	sudo='sudo '
fi
run() {
	echo "+ $*"
	"$@"
}
# shellcheck disable=SC2086 # the commands and the list of packages are words
{
	[ -z "$refresh" ] || run $sudo$refresh
	[ "$column" != 2 ] || export DEBIAN_FRONTEND=noninteractive
	run $sudo$install $missing
	guest_kernel
}
