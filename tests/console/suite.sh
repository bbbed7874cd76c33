#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# suite.sh - the guest's console, driven from outside.  Usage: suite.sh BUILD
# Rule: the guests are those of the command line's tests; nothing is left behind.
set -u
cd "$(dirname "$0")/../.." || exit 2
build=${1:-build/release}
case $build in /*) ;; *) build=$PWD/$build ;; esac
command -v python3 >/dev/null || { echo "skipped: python3 is not installed"; echo "0 passed, 0 failed, 1 skipped"; exit 0; }
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
fixtures=$PWD/tests/cli/fixtures.sh
(cd "$work" && . "$fixtures") || exit 2
python3 tests/console/terminal.py "$build/vitrine" "$work"
