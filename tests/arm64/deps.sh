#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# deps.sh - install what tests/arm64/check.sh needs: a cross compiler, QEMU's user mode, libraries for ARM64.
# Rule: every command is shown before it runs.
set -eu
packages='gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user libc6:arm64 libjansson-dev:arm64 libzstd-dev:arm64
	libsodium-dev:arm64 libpng-dev:arm64 libncurses-dev:arm64 libreadline-dev:arm64 libvterm-dev:arm64 check:arm64
	zlib1g-dev:arm64'

command -v dpkg >/dev/null && command -v apt-get >/dev/null ||
	{ echo "deps-arm64: knows Debian's and Ubuntu's packages only; check-arm64 says what it misses" >&2; exit 2; }
sudo=
[ "$(id -u)" = 0 ] || sudo='sudo '
export DEBIAN_FRONTEND=noninteractive
run() {
	echo "+ $*"
	"$@"
}
# shellcheck disable=SC2086 # the list of packages is words
{
	dpkg --print-foreign-architectures | grep -qx arm64 || run ${sudo}dpkg --add-architecture arm64
	run ${sudo}apt-get update
	run ${sudo}apt-get install -y --no-install-recommends $packages
}
