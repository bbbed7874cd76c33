#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# suite.sh - the control socket, as a client of QEMU's QMP and `vitrine ctl` see it.  Usage: suite.sh BUILD
# Rule: the client (client.py) knows the protocol from QEMU's specification alone; where QEMU is installed the same client
# asks it the same questions, and the answers must have the same shape.
set -u
cd "$(dirname "$0")/../.." || exit 2
exec python3 tests/control/client.py "${1:?usage: suite.sh BUILD}/vitrine"
