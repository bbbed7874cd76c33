#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# suite.sh - the differential fuzzer as a suite of `make check`.  Usage: suite.sh BUILD [--long]
# Rule: a fixed seed and a fixed number of instructions, so that the result does not depend on the machine's speed.
set -u
build=${1:-build/release}
insns=2000000
[ "${build##*/}" = release ] || insns=300000
[ "${2-}" = --long ] && insns=$((insns * 50))
cd "$(dirname "$0")/../.." || exit 2
exec "$build/tests/native/native" --insns $insns --seed 1
