#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
# modes.py - the picture of every video mode here and in QEMU, set and drawn by the same video BIOS.
# Usage: modes.py VITRINE WORK
# Rule: pictures are equal pixel for pixel.  Allowed for are only that one machine may show a pixel several times, and
# the ways to make eight bits of a colour from the five or six that a guest gives: they differ by 7 at most.
import os
import subprocess
import sys
import time

from png import read as read_png

vitrine, work = sys.argv[1:3]
BIOS = "/usr/share/seabios/bios-256k.bin"
TEXT = [0x03, 0x07]  # in those of 40 columns QEMU has characters 16 dots wide, a VGA 9
# Without 102h and 104h, 16 colours through VBE: there QEMU 7.2 shows nothing.
GRAPHICS = [0x04, 0x05, 0x06, 0x0d, 0x0e, 0x0f, 0x10, 0x11, 0x12, 0x13, 0x101, 0x103, 0x10d, 0x10e, 0x111, 0x112, 0x115,
            0x118]


def assemble(mode):
    disk = os.path.join(work, "disk")
    subprocess.run(["nasm", "-f", "bin", "-o", disk, "-DMODE=%d" % mode, *(["-DGRAPHICS"] if mode in GRAPHICS else []),
                    "tests/display/modes.asm"], check=True)
    os.truncate(disk, 1 << 20)
    return disk


def ours(disk):
    path = os.path.join(work, "ours.png")
    subprocess.run([vitrine, "run", "--quiet", "--bios", BIOS, "--disk", disk, "--serial", "none", "--debugcon", "none",
                    "--budget", "400M", "--screendump", path], check=False)
    return read_png(path)


def read_ppm(path):
    with open(path, "rb") as f:
        kind, width, height, most = f.readline(), *[int(n) for n in f.readline().split()], int(f.readline())
        data = f.read()
    assert kind == b"P6\n" and most == 255
    return width, height, lambda x, y: tuple(data[3 * (y * width + x):3 * (y * width + x) + 3])


def theirs(disk):
    path, serial = os.path.join(work, "theirs.ppm"), os.path.join(work, "serial")
    with open(serial, "wb"):
        pass
    q = subprocess.Popen(["qemu-system-x86_64", "-accel", "tcg", "-m", "64", "-display", "none", "-vga", "std", "-net",
                          "none", "-bios", BIOS, "-drive", "file=%s,format=raw,snapshot=on" % disk, "-serial",
                          "file:" + serial, "-monitor", "stdio"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                         stderr=subprocess.DEVNULL)
    end = time.time() + 40
    while os.path.getsize(serial) == 0 and time.time() < end:
        time.sleep(0.1)
    q.communicate(("screendump %s\nquit\n" % path).encode(), timeout=30)
    return read_ppm(path)


def same(a, b):
    """Where they differ first, or None."""
    (w, h, pixel), (w2, h2, pixel2) = a, b
    big, high = max(w, w2), max(h, h2)
    if big % w or big % w2 or high % h or high % h2:
        return "%d x %d here, %d x %d there" % (w, h, w2, h2)
    colours = set()
    for y in range(high):
        for x in range(big):
            one, other = pixel(x * w // big, y * h // high), pixel2(x * w2 // big, y * h2 // high)
            colours.add(one)
            if max(abs(a - b) for a, b in zip(one, other)) > 7:
                return "%d x %d here, %d x %d there; pixel %d, %d is %s here, %s there" % (
                    w, h, w2, h2, x, y, one, other)
    return None if len(colours) > 1 else "both show only one colour"


passed = failed = 0
for mode in TEXT + GRAPHICS:
    disk = assemble(mode)
    differ = same(ours(disk), theirs(disk))
    passed, failed = passed + (not differ), failed + bool(differ)
    if differ:
        print("FAILED: mode %02Xh: %s" % (mode, differ))
print("%d passed, %d failed" % (passed, failed))
sys.exit(failed != 0)
