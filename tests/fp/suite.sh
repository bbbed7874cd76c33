#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# suite.sh - floating point against the stored results of a processor, on any host.  Usage: suite.sh BUILD [--long]
# Rule: vectors.txt is only ever made by `vectors --record` on an x86-64 host, never by hand or by the interpreter.
set -u
build=${1:-build/release}
cd "$(dirname "$0")/../.." || exit 2
exec "$build/tests/fp/vectors" tests/fp/vectors.txt
