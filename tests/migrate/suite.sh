#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# suite.sh - migrations that meet with trouble.  Usage: suite.sh BUILD [--long]
# Rule: whatever happens to a migration, exactly one machine is left, and it is the right one.
set -u
build=${1:-build/release}
cd "$(dirname "$0")/../.." || exit 2
exec "$build/tests/migrate/matrix"
