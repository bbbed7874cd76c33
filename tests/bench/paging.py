#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""paging.py - what the paging modes cost: pure-CPU workloads, page-fault storms, context switches; time and exits.

Usage: paging.py [VITRINE [NAME...]]   RUNS=3 (turns; the least time of each mode counts)
Times are processor times of the whole program, in turns of all modes, so that other work on this computer counts little.
Rule: a time counts only if every mode printed the same result and executed the same instructions.  Status 1 if EPT costs
more than 1.15 times no second stage on the pure-CPU workloads (geometric mean)."""
import math
import os
import re
import subprocess
import sys
import tempfile

here = os.path.dirname(os.path.abspath(__file__))
root = os.path.dirname(os.path.dirname(here))
vitrine = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else os.path.join(root, "build/release/vitrine"))
only = sys.argv[2:]
runs = int(os.environ.get("RUNS", "3"))
LIMIT = 1.15

# name, kind, rounds
WORKLOADS = [("alu", "cpu", 3000000), ("copy", "cpu", 8000), ("call", "cpu", 1000), ("indirect", "cpu", 20000000),
             ("divide", "cpu", 10000), ("real", "cpu", 2000), ("tlb", "walk", 2000), ("fault", "paging", 500000),
             ("remap", "paging", 10000), ("switch", "paging", 100000), ("int80", "paging", 500000)]
MODES = [("none", ["--paging", "none"]), ("ept", ["--paging", "ept"]), ("shadow", ["--paging", "shadow"]),
         ("unsync", ["--paging", "shadow", "--shadow-unsync"])]


class Wrong(Exception):
    """A guest did not do what it should."""


def build(work, name, rounds):
    image = os.path.join(work, name + ".img")
    subprocess.run(["nasm", "-f", "bin", "-I", "tests/bench/guests/", "-I", "asm-examples/", f"-DROUNDS={rounds}", "-o", image,
                    f"tests/bench/guests/{name}.asm"], check=True, cwd=root)
    return image


def run(image, options, work, *more):
    """Processor seconds, instructions, what it printed, and the statistics if asked for."""
    out = os.path.join(work, "out")
    with open(os.path.join(work, "log"), "w+b") as log:
        process = subprocess.Popen([vitrine, "run", "--serial", "file:" + out, *options, *more, image], stdin=subprocess.DEVNULL,
                                   stdout=log, stderr=log)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        log.seek(0)
        text = log.read().decode(errors="replace")
    found = re.search(r"after (\d+) instructions", text)
    if process.returncode != 33 or not found:
        raise Wrong(f"{' '.join(options)} {image}: status {process.returncode}: {text[-300:]}")
    with open(out, encoding="ascii", errors="replace") as f:
        return usage.ru_utime + usage.ru_stime, int(found[1]), f.read().strip(), text


def exits_of(text):
    """From --stats: {kind: count}."""
    return {m[1]: int(m[2]) for m in re.finditer(r"^\d+ (\S.*?)\s+(\d+)\s+[\d.]+%", text, re.M)}


def measure(work, name, rounds):
    image = build(work, name, rounds)
    best, same = {}, set()
    for _ in range(runs):
        for mode, options in MODES:
            seconds, insns, result, _ = run(image, options, work)
            best[mode] = min(seconds, best.get(mode, seconds))
            same.add((insns, result))
    if len(same) != 1:
        raise Wrong(f"{name}: the modes differ: {sorted(same)}")
    return best, {mode: exits_of(run(image, options, work, "--stats")[3]) for mode, options in MODES}


def main():
    ratios = []
    print(f"{'workload':<10} {'none s':>8}" + "".join(f" {mode + ' s':>9} {'ratio':>6}" for mode, _ in MODES[1:]))
    kinds = []
    with tempfile.TemporaryDirectory() as work:
        for name, kind, rounds in WORKLOADS:
            if only and name not in only:
                continue
            best, exits = measure(work, name, rounds)
            print(f"{name:<10} {best['none']:8.2f}" + "".join(f" {best[m]:9.2f} {best[m] / best['none']:6.2f}" for m, _ in MODES[1:]),
                  flush=True)
            kinds.append((name, exits))
            if kind == "cpu":
                ratios.append(best["ept"] / best["none"])
    print("\nexits by kind")
    for name, exits in kinds:
        for mode, _ in MODES:
            told = ", ".join(f"{k} {n}" for k, n in sorted(exits[mode].items(), key=lambda e: -e[1])[:6])
            print(f"{name:<10} {mode:<7} {told}")
    if not ratios:
        return 0
    mean = math.exp(sum(map(math.log, ratios)) / len(ratios))
    print(f"\nept against none, pure-CPU workloads: {mean:.3f} (geometric mean of {len(ratios)}; at most {LIMIT})")
    return mean > LIMIT


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Wrong as wrong:
        sys.exit(f"paging.py: {wrong}")
