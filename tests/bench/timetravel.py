#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""timetravel.py - what going back costs: a step back anywhere in 10^9 instructions of Linux, a search through 10^8, recording.

Usage: timetravel.py [BUILD]     DEPTH=1000000000 JUMPS=400 ROUNDS=3 (pairs of runs for the cost of --record)
FLAVOUR=cloud-amd64 (of Debian's kernel)
Rule: figures are processor time of the program alone; what differs from the state that was there before is an error, and
ends it with status 1."""
import os
import resource
import statistics
import subprocess
import sys
import tempfile

root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
build = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else os.path.join(root, "build/release"))
depth, jumps = os.environ.get("DEPTH", "1000000000"), os.environ.get("JUMPS", "400")
rounds = int(os.environ.get("ROUNDS", "3"))
flavour = os.environ.get("FLAVOUR", "cloud-amd64")
LIMITS = {"back-1-p99-ms": 100, "search-nothing-ms": 10000, "keep-ms": 50, "restore-ms": 100}


def sh(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=root).stdout.strip()


def linux(work):
    folder = os.path.join(root, sh("tests/linux/kernels.sh", flavour))
    boot, initrd = os.path.join(folder, "boot"), os.path.join(work, "initrd")
    kernel = next(os.path.join(boot, name) for name in os.listdir(boot) if name.startswith("vmlinuz-"))
    subprocess.run(["tests/linux/initramfs.sh", folder, initrd], check=True, cwd=root)
    return ["--mem", "256M", "--kernel", kernel, "--initrd", initrd, "--append", "console=ttyS0"]


def seconds(command):
    """Processor time of a child."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != 5:  # the budget is used up
        sys.exit(f"timetravel.py: {' '.join(command)} ended with {done.returncode}: {done.stderr[-300:]}")
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def recording(options, work):
    plain, recorded, size = [], [], 0
    command = [os.path.join(build, "vitrine"), "run", "--quiet", "--debugcon", "none", "--budget", depth] + options
    for n in range(rounds):
        tape = os.path.join(work, f"tape{n}")
        for record in (n % 2 == 0, n % 2 == 1):
            (recorded if record else plain).append(seconds(command + (["--record", tape] if record else [])))
        size = os.path.getsize(tape)
    best = min(recorded) / min(plain) - 1
    print(f"record: {min(plain):.2f} s without, {min(recorded):.2f} s with (best of {rounds}): {best:+.1%}, median "
          f"{statistics.median(recorded) / statistics.median(plain) - 1:+.1%}; limit +3 %; {size:,} bytes")


def main():
    wrong = False
    with tempfile.TemporaryDirectory() as work:
        options = linux(work)
        done = subprocess.run([os.path.join(build, "tests/timetravel/travel"), depth, jumps, "256"] + options,
                              stdout=subprocess.PIPE, text=True)
        for line in done.stdout.splitlines():
            name, value = line.split()[:2]
            limit = LIMITS.get(name)
            over = limit is not None and float(value) > limit
            print(line + (f"   limit {limit}{': EXCEEDED' if over else ''}" if limit else ""))
        wrong |= done.returncode != 0
        recording(options, work)
    return wrong


sys.exit(main())
