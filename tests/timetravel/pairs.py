#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""pairs.py - an interactive session at a Linux shell, recorded and replayed, again and again, typed otherwise each time.

Usage: pairs.py --vitrine PROGRAM --snapshot FILE --count N [--replay-with "COMMAND"]... [--seed N] -- machine options
Rule: what is typed, in what pieces and when, is chosen anew for each pair; a replay gets nothing but the file.  That the
states agree each 10^6 instructions, and memory at the end, is what `vitrine replay` itself compares: it ends with the
status of the recorded run then, and here the consoles are compared as well.
"""
import argparse
import os
import random
import subprocess
import sys
import tempfile
import time

COMMANDS = ["echo sum-$((6*7))", "ls -l /", "cat /proc/interrupts", "uname -a", "selftest", "dmesg | tail -n 3", "free", "ps",
            "for i in 1 2 3; do echo $i; done", "date", "cat /proc/cpuinfo | head -n 5", "od -x /dev/urandom | head -n 2",
            "sleep 0.01", "wc -c /proc/kallsyms", "true | false; echo $?", "mount", "echo abc\x08\x08d", "\x03", "yes | head -n 50"]


def type_at(pipe, chance):
    """Some lines, in pieces of any size, with pauses of the host's time."""
    text = "".join(chance.choice(COMMANDS) + "\n" for _ in range(chance.randint(1, 5))).encode()
    while text:
        n = chance.randint(1, 12)
        try:
            os.write(pipe, text[:n])
        except BrokenPipeError:
            break
        text = text[n:]
        if chance.random() < 0.4:
            time.sleep(chance.random() * 0.02)


def run(command, typed=None, chance=None):
    """Status, standard output, the last line of standard error."""
    process = subprocess.Popen(command, stdin=subprocess.PIPE if typed else subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE)
    if typed:
        type_at(process.stdin.fileno(), chance)
    out, err = process.communicate()
    lines = err.decode(errors="replace").strip().splitlines()
    return process.returncode, out, lines[-1] if lines else ""


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--vitrine", required=True)
    parser.add_argument("--snapshot", required=True)
    parser.add_argument("--count", type=int, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--replay-with", action="append", default=[])
    parser.add_argument("options", nargs="*")
    args = parser.parse_args()
    players = [args.vitrine.split()] + [p.split() for p in args.replay_with]
    passed = failed = 0
    different, insns, size = set(), 0, 0
    with tempfile.TemporaryDirectory() as work:
        for n in range(args.count):
            chance = random.Random(args.seed * 1000003 + n)
            tape = os.path.join(work, "tape")
            budget = chance.randint(3_000_000, 16_000_000)
            options = args.options + ["--state-hash", "--debugcon", "none", "--budget", str(budget)]
            if os.path.exists(tape):
                os.unlink(tape)
            first = run(args.vitrine.split() + ["run", "--record", tape] + options + [args.snapshot], True, chance)
            different.add(first[1])
            insns += budget
            size += os.path.getsize(tape) if os.path.exists(tape) else 0
            for player in players:
                again = run(player + ["replay", tape] + options + [args.snapshot])
                good = first[0] == again[0] == 5 and first[1] == again[1] and b"state-hash" in first[1]
                passed, failed = passed + good, failed + (not good)
                if not good:
                    print(f"FAILED: pair {n} by {player[-1]}: status {first[0]}, then {again[0]}: {again[2][:300]}")
            if n % 50 == 49:
                print(f"{n + 1} sessions: {passed} replays agree, {failed} do not", file=sys.stderr, flush=True)
    if len(different) < args.count * 9 // 10:
        failed += 1
        print(f"FAILED: only {len(different)} of {args.count} sessions were different ones")
    print(f"{args.count} recordings of {insns // max(args.count, 1):,} instructions, {size // max(args.count, 1):,} bytes each "
          f"on average; {len(different)} different; {len(players)} players", file=sys.stderr)
    print(f"{passed} passed, {failed} failed")
    return failed != 0


sys.exit(main())
