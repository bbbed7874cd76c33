#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""debugger.py - what the debugger costs: a guest that it watches, a step, a key, a probe, a step back.

Usage: debugger.py [VITRINE [PART...]]   ROUNDS=5 (pairs of runs; medians count)   SAMPLES=1 (x as many steps and keys)
FLAVOUR=cloud-amd64 (of Debian's kernel; amd64 spends its first 4 * 10^9 instructions unpacking itself)
Parts: idle step key probe back.  What is compared runs in turns, this way round and the other, and is measured in
processor time, so that other work on this computer counts little; what a person waits for is measured in real time too,
so there it counts.
Rule: a figure counts only if the guest did what it should: every answer is read, and one that is not the expected one
ends the part."""
import math
import os
import pty
import random
import re
import select
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import time
from fcntl import ioctl

here = os.path.dirname(os.path.abspath(__file__))
root = os.path.dirname(os.path.dirname(here))
vitrine = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else os.path.join(root, "build/release/vitrine"))
rounds = int(os.environ.get("ROUNDS", "5"))
samples = float(os.environ.get("SAMPLES", "1"))
flavour = os.environ.get("FLAVOUR", "cloud-amd64")
BUDGET, MID_BOOT, DEPTH = 1_500_000_000, 400_000_000, 1_000_000_000
LONG_WAY = 1_000_000  # instructions: how long the guest itself takes for so many cannot be told well enough
PATIENCE = 300  # seconds for one answer


class Wrong(Exception):
    """The program did not answer as expected."""


def sh(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=root).stdout.strip()


# ---- guests ----


def bench_guest(work, name, count):
    image = os.path.join(work, f"{name}-{count}.img")
    if not os.path.exists(image):
        sh("nasm", "-f", "bin", "-I", "tests/bench/guests/", "-I", "asm-examples/", f"-DROUNDS={count}", "-o", image,
           f"tests/bench/guests/{name}.asm")
    return [image, "--serial", "none"]


def linux_guest(work):
    folder = os.path.join(root, sh("tests/linux/kernels.sh", flavour))
    boot, initrd = os.path.join(folder, "boot"), os.path.join(work, "initrd")
    if not os.path.exists(initrd):
        sh("tests/linux/initramfs.sh", folder, initrd)
    kernel = next(os.path.join(boot, f) for f in sorted(os.listdir(boot)) if f.startswith("vmlinuz"))
    return ["--mem", "256M", "--kernel", kernel, "--initrd", initrd, "--append", "console=ttyS0 drivers=none",
            "--serial", "none"]


# ---- whole runs ----


def cpu_seconds(command, expected):
    """User and system time of a run whose output must show what is expected."""
    with tempfile.TemporaryFile() as out:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
        usage = os.wait4(process.pid, 0)[2]
        out.seek(0)
        text = out.read().decode(errors="replace")
    if not re.search(expected, text):
        raise Wrong(f"{' '.join(command)} said {text[-300:]!r}, expected {expected!r}")
    return usage.ru_utime + usage.ru_stime


def in_turns(commands, expected):
    """A list of times for each command."""
    times = [[] for _ in commands]
    for turn in range(rounds):
        for i in sorted(range(len(commands)), reverse=turn % 2 == 1):
            times[i].append(cpu_seconds(commands[i], expected))
    return times


# ---- one session at the prompt ----


class Prompt:
    """`vitrine debug --line`; after each line a mark is printed, up to which its answer goes."""

    def __init__(self, guest):
        self.process = subprocess.Popen([vitrine, "debug", "--line"] + guest, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT)
        self.marks, self.rest = 0, b""
        self.ask("where")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()

    def cpu_ns(self):
        with open(f"/proc/{self.process.pid}/schedstat", encoding="ascii") as f:
            return int(f.read().split()[0])

    def ask(self, line):
        self.marks += 1
        mark = b"\n#%d.\n" % self.marks
        os.write(self.process.stdin.fileno(), f'{line}\nprint "#{self.marks}.";\n'.encode())
        end = time.monotonic() + PATIENCE
        while mark not in self.rest:
            if not select.select([self.process.stdout], [], [], max(0, end - time.monotonic()))[0]:
                raise Wrong(f"no answer to {line!r} in {PATIENCE} s")
            more = os.read(self.process.stdout.fileno(), 65536)
            if not more:
                raise Wrong(f"the session ended at {line!r}: {self.rest[-300:]!r}")
            self.rest += more
        answer, self.rest = self.rest.split(mark, 1)
        answer = answer.decode(errors="replace")
        if "error:" in answer:
            raise Wrong(f"{line!r}: {answer[-300:]}")
        return answer

    def timed(self, line):
        """Real and processor time of one line, in ms."""
        cpu, start = self.cpu_ns(), time.monotonic()
        self.ask(line)
        return (time.monotonic() - start) * 1e3, (self.cpu_ns() - cpu) / 1e6

    def icount(self):
        return int(re.search(r"instruction (\d+)", self.ask("where")).group(1))


# ---- the screen ----


class Screen:
    """`vitrine debug` in a pseudo-terminal of 80x24; views are known by a title that only they have."""

    TITLE = {b"2": b"history", b"3": b"page tables"}

    def __init__(self, guest):
        pid, self.fd = pty.fork()
        if pid == 0:
            os.execvpe(vitrine, [vitrine, "debug"] + guest, {**os.environ, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8"})
        ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        self.pid, self.sent = pid, 0
        self.until(b"q", b"registers", start=False)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.close(self.fd)  # it has lost its terminal
        os.waitpid(self.pid, 0)

    def until(self, key, title, start=True):
        """Seconds from the key to the output that has the title."""
        seen, begin = b"", time.monotonic()
        if start:
            os.write(self.fd, key)
        while title not in seen:
            left = begin + 20 - time.monotonic()  # a running guest always has something to show
            if left < 0 or not select.select([self.fd], [], [], left)[0]:
                raise Wrong(f"key {key!r}: {title!r} does not appear in {seen[-300:]!r}")
            seen = seen[-1000:] + os.read(self.fd, 65536)
        return time.monotonic() - begin

    def drain(self, seconds):
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if select.select([self.fd], [], [], left)[0]:
                os.read(self.fd, 65536)

    def keys(self, count):
        """Milliseconds from each of so many keys, at random moments, to the view that it asks for."""
        times = []
        for _ in range(count):
            self.drain(random.uniform(0.02, 0.08))
            key = (b"2", b"3")[self.sent % 2]  # never the view that is shown already
            self.sent += 1
            times.append(self.until(key, self.TITLE[key]) * 1e3)
        return times


# ---- the table ----


def row(what, value, wanted=None, unit="", note=""):
    verdict = "" if wanted is None else "   ok" if value <= wanted else " OVER"
    limit = "" if wanted is None else f"<= {wanted:g}"
    print(f"{what:46s} {value:9.2f} {unit:3s} {limit:8s}{verdict:5s}  {note}", flush=True)


def percentile(values, p):
    values = sorted(values)
    return values[max(0, math.ceil(len(values) * p / 100) - 1)]


def spread(times):
    return f"{len(times)} samples, p50 {percentile(times, 50):.2f}, worst {max(times):.2f}"


# ---- the parts ----


def idle(work):
    """The same guest to the same instruction, with and without a debugger that does nothing."""
    cut = ["--budget", str(BUDGET)]
    for name, guest in ("registers only", bench_guest(work, "alu", 1 << 30)), ("Linux boots", linux_guest(work)):
        alone, watched = in_turns([[vitrine, "run"] + cut + guest, [vitrine, "debug", "--line", "-e", "c"] + cut + guest],
                                  f"after {BUDGET} instructions|--budget {BUDGET}")
        ratios = [w / a for a, w in zip(alone, watched)]
        row(f"idle debugger, {name}", (statistics.median(ratios) - 1) * 100, 2, "%",
            f"of {statistics.median(alone):.2f} s; pairs {min(ratios) * 100 - 100:+.1f} to {max(ratios) * 100 - 100:+.1f} %; "
            f"of the best runs {min(watched) / min(alone) * 100 - 100:+.1f} %")


def step(work):
    """Steps to the next exit in the midst of a boot; the guest's own time is what it takes for so many instructions."""
    with Prompt(linux_guest(work)) as p:
        p.ask(f"goto {MID_BOOT}")
        ms_per_insn = p.timed("s 50000000")[1] / 50e6
        wall, own, before, left_out = [], [], p.icount(), 0
        while len(wall) < 1000 * samples:
            real, cpu = p.timed("S")
            way, before = p.icount() - before, p.icount()
            if way > LONG_WAY:
                left_out += 1
                continue
            wall.append(real - way * ms_per_insn)
            own.append(cpu - way * ms_per_insn)
        row("step 1exit beyond guest time, p99", percentile(wall, 99), 5, "ms",
            spread(wall) + f"; without {left_out} of more than 10^6 instructions")
        row("  the same in processor time, p99", percentile(own, 99), None, "ms", spread(own))


def key(work):
    """A key that asks for another view, to the output that shows it."""
    with Screen(linux_guest(work)) as s:
        s.drain(0.3)
        times = s.keys(int(300 * samples))
        row("key to screen, paused, p99", percentile(times, 99), 30, "ms", spread(times))
        s.until(b"c", b"RUNN")
        times = s.keys(int(300 * samples))
        row("key to screen, Linux boots, p99", percentile(times, 99), 100, "ms", spread(times))


def probe(work):
    """A guest that exits two million times; what a probe adds to each."""
    exits = 2_000_000
    guest = bench_guest(work, "cpuid", exits)
    probes = [("of another event", "on exception { @n = count(); }", None),
              ("filtered by its place", "on exit(CPUID) where rip == 12345 { @n = count(); }", 0.3),
              ("filtered by a register", "on exit(CPUID) where $rcx == 12345 { @n = count(); }", 0.3),
              ("count()", "on exit(CPUID) { @n = count(); }", 1)]
    command = [vitrine, "debug", "--line"]
    times = in_turns([command + ["-e", "c"] + guest] + [command + ["-e", text, "-e", "c"] + guest for _, text, _ in probes],
                     "powered off, with status 33")
    for (name, _, wanted), mine in zip(probes, times[1:]):
        added = [(t - none) / exits * 1e6 for none, t in zip(times[0], mine)]
        row(f"probe, {name}, per event", statistics.median(added), wanted, "us",
            f"{min(added):.3f} to {max(added):.3f} in {len(added)} pairs")
    with Prompt(guest) as p:
        p.ask(probes[-1][1])
        p.ask("c")
        if f"@n: {exits}" not in p.ask("print @n;"):
            raise Wrong(f"the probe did not count {exits} exits")


def back(work):
    """One instruction back at random places of a long past, whose exits are shown with their costs as well."""
    with Prompt(linux_guest(work)) as p:
        p.ask(f"goto {DEPTH}")
        histogram = p.ask("stats").split("\ncounters")[0]
        if not re.search(r"^IO +\d+ .*\|.*\|", histogram, re.M):
            raise Wrong(f"no costs of exits in {histogram[-300:]!r}")
        steps, own, ways = [], [], []
        for _ in range(int(200 * samples)):
            place = random.randrange(1, DEPTH)
            ways.append(p.timed(f"goto {place}")[0])
            real, cpu = p.timed("u")
            steps.append(real)
            own.append(cpu)
            if p.icount() != place - 1:
                raise Wrong(f"u at {place} led to {p.icount()}")
        row("back 1insn in 10^9 instructions, p99", percentile(steps, 99), 100, "ms", spread(steps))
        row("  the same in processor time, p99", percentile(own, 99), None, "ms", spread(own))
        row("  goto any instruction of them, p99", percentile(ways, 99), None, "ms", spread(ways))
    print("\nwhat the exits of these 10^9 instructions cost:")
    print(re.sub(r"^trap> .*\n", "", histogram, flags=re.M).strip())


PARTS = {"idle": idle, "step": step, "key": key, "probe": probe, "back": back}


def main():
    chosen = sys.argv[2:] or list(PARTS)
    failed = False
    random.seed(1)
    with tempfile.TemporaryDirectory() as work:
        for name in chosen:
            if name not in PARTS:
                sys.exit(f"there is no part {name}; there are {' '.join(PARTS)}")
            try:
                PARTS[name](work)
            except (Wrong, OSError, subprocess.CalledProcessError) as e:
                print(f"WRONG {name}: {e}")
                failed = True
    print("load of this computer, over 1, 5 and 15 minutes: %.1f %.1f %.1f, %d processors" % (*os.getloadavg(), os.cpu_count()))
    sys.exit(failed)


main()
