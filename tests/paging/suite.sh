#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# suite.sh - paging modes against each other.  Usage: suite.sh BUILD [--long]
# Rule: a guest must not be able to tell in which mode it runs; each check compares all it can see.
set -u
build=${1:-build/release} long=${2-}
cd "$(dirname "$0")/../.." || exit 2
exec "$build/tests/paging/modes" --count "$([ -n "$long" ] && echo 1000000 || echo 20000)"
