#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# suite.sh - single instructions of ring 0 on Linux KVM and on the interpreter.  Usage: suite.sh BUILD [--long]
# Rule: the seed is fixed, so that the same cases run everywhere; others are for `BUILD/tests/kvm/kvm-diff --seed=N`.
set -u
cd "$(dirname "$0")/../.." || exit 2
count=4000
[ "${2-}" = --long ] && count=250000
exec "$1/tests/kvm/kvm-diff" --seed=1 --count="$count"
