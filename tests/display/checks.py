#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
# checks.py - the guest's screen and keyboard in a terminal, and its picture as a file.  Usage: checks.py VITRINE WORK [--long]
# Rule: what is expected is written out here, cell by cell; nothing is compared with what the program did before.
import os
import re
import shutil
import signal
import subprocess
import sys
import termios
import time

from png import read as read_png
from terminal import Terminal

vitrine, work = sys.argv[1:3]
UTF8 = {"TERM": "xterm-256color", "LC_ALL": "C.UTF-8", "NO_COLOR": "", "COLORTERM": ""}
passed = failed = skipped = 0


def check(what, good, terminal=None):
    global passed, failed
    if good:
        passed += 1
        return
    failed += 1
    print("FAILED: " + what)
    if terminal:
        print("    | " + terminal.screen().replace("\n", "\n    | "))


def start(image, *options, rows=24, columns=80, **env):
    return Terminal([vitrine, "run", "--display", "terminal", *options, os.path.join(work, image)], rows, columns,
                    {**UTF8, **env})


def restored(t):
    return termios.tcgetattr(t.fd)[:4] == t.modes[:4] and t.cursor and not t.alternate and t.colours == "0"


def typed(t, data, codes):
    """Keys are sent; the scan codes they should give are the next on the screen."""
    before = t.text(t.rows - 1)
    t.send(data)
    want = (before + " " + codes).strip()
    check("%r gives %s" % (data, codes), t.wait(lambda t: t.text(t.rows - 1) == want), t)


def text_screen():
    t = start("keys", "--quiet")
    check("a small terminal shows the rows down to the cursor", t.wait(lambda t: "Pass 1" in t.text(0)), t)
    check("in raw mode", not termios.tcgetattr(t.fd)[3] & (termios.ICANON | termios.ECHO))
    check("code page 437 is translated", t.text(0) == "  Pass 1: café ░▒▓ π ☺ end", t)
    check("the cursor is where the guest's is", t.wait(lambda t: (t.row, t.column) == (23, 0) and t.cursor), t)
    check("white on green", t.cell[0][2] == ("P", "0;97;42"))
    blocks = [c for c in t.cell[2][:16]]
    order = [30, 34, 32, 36, 31, 35, 33, 37]
    check("the 16 colours", blocks == [("█", "0;%d;40" % c) for c in order + [c + 60 for c in order]])
    check("and the 8 backgrounds",
          [c for c in t.cell[3][:8]] == [(" ", "0;37;%d" % (c + 10)) for c in order])
    count = len(t.raw)
    t.read(0.5)
    check("nothing is sent while nothing changes (%d bytes)" % (len(t.raw) - count), len(t.raw) == count)
    typed(t, b"a", "1E 9E")
    check("a key changes only a few cells (%d bytes)" % (len(t.raw) - count), len(t.raw) - count < 150)
    typed(t, b"A", "2A 1E 9E AA")
    typed(t, b"\x1b[A", "E0 48 E0 C8")
    typed(t, b"\x1bOP", "3B BB")
    typed(t, b"\x1b[15;5~", "1D 3F BF 9D")
    t.send(b"\x1b")
    check("Esc alone", t.wait(lambda t: t.text(23).endswith("9D 01 81")), t)
    typed(t, b"\x03", "1D 2E AE 9D")
    typed(t, b"\x1bx", "38 2D AD B8")
    t.resize(30, 100)
    check("a larger terminal shows all", t.wait(lambda t: "Pass 1" in t.text(1) and t.text(0) == "╔" + "═" * 78 + "╗"), t)
    check("below the screen nothing", t.text(25) == "")
    t.send(b"\x1d")
    status = t.end()
    check("the key that leaves gives status 0 (got %s)" % status, status == 0)
    check("the last screen stays", any("Pass 1: café" in t.text(r) for r in range(t.rows)), t)
    check("and the terminal is as it was", restored(t), t)


def more_keys():
    t = start("keys", "--quiet")
    t.wait(lambda t: "Pass 1" in t.text(0))
    typed(t, b"\r\t\x7f", "1C 9C 0F 8F 0E 8E")
    typed(t, b"\x1b[24~\x1b[[C\x1b[Z", "58 D8 3D BD 2A 0F 8F AA")
    typed(t, "\u00e9".encode(), "")
    t.end(signal.SIGTERM)


def ways_out():
    for sig in signal.SIGTERM, signal.SIGSEGV, signal.SIGABRT:
        t = start("keys", "--quiet")
        t.wait(lambda t: "Pass 1" in t.text(0))
        status = t.end(sig)
        check("%s restores the terminal (status %s)" % (sig.name, status), restored(t) and status, t)
    t = start("keys", "--quiet", "--budget", "2M")
    status = t.end()
    check("so does the end of the budget (status %s)" % status, restored(t) and status == 5, t)


def other_terminals():
    t = start("keys", "--quiet", LC_ALL="C")
    check("without UTF-8 there is ASCII", t.wait(lambda t: t.text(0) == "  Pass 1: cafe :%# p @ end"), t)
    check("and nothing else", max(t.raw) < 0x80)
    t.end(signal.SIGTERM)
    t = start("keys", "--quiet", NO_COLOR="1")
    check("NO_COLOR: reversed", t.wait(lambda t: t.cell[0][2] == ("P", "0;7")), t)
    check("or plain", {c for row in t.cell for _, c in row} == {"0", "0;7"})
    t.end(signal.SIGTERM)
    t = start("keys", "--quiet", TERM="dumb")
    check("a dumb terminal gets lines", t.wait(lambda t: "Pass 1: cafe" in t.screen()), t)
    check("without any control sequence", b"\x1b" not in t.raw)
    t.send(b"\x1d")
    check("and can be left", t.end() == 0)
    t = start("keys", "--quiet", rows=10, columns=40)
    check("a tiny one follows the cursor", t.wait(lambda t: (t.row, t.column) == (9, 0)), t)
    t.end(signal.SIGTERM)


def graphics():
    t = start("pixels", "--quiet")
    check("pixels are half blocks", t.wait(lambda t: t.cell[0][0] == ("▀", "0;38;5;196;48;5;196")), t)
    wide = sum(1 for ch, _ in t.cell[0] if ch == "▀")
    check("in the right proportions (%d columns)" % wide, 74 <= wide <= 78)
    check("the right half is green", t.cell[0][wide // 2 + 1][1] == "0;38;5;46;48;5;46")
    t.end(signal.SIGTERM)
    t = start("pixels", "--quiet", COLORTERM="truecolor")
    check("in 24 bits too", t.wait(lambda t: t.cell[0][0] == ("▀", "0;38;2;255;0;0;48;2;255;0;0")), t)
    t.end(signal.SIGTERM)
    t = start("pixels", "--quiet", TERM="linux")
    check("else a line says so", t.wait(lambda t: t.text(0).startswith("[graphics, 320 x 200 pixels;")), t)
    t.end(signal.SIGTERM)


def screendumps():
    path = os.path.join(work, "dump.png")
    t = start("keys", "--quiet", "--screendump", path)
    t.wait(lambda t: "Pass 1" in t.text(0))
    os.kill(t.pid, signal.SIGUSR1)
    end = time.time() + 20
    while not os.path.exists(path) and time.time() < end:
        t.read(0.1)
    t.read(0.3)
    width, height, pixel = read_png(path)
    check("a text screen is 720 x 400", (width, height) == (720, 400))
    check("with the ninth dot of a double line", pixel(17, 6) == pixel(16, 6) == (255, 255, 85), t)
    check("on blue", pixel(17, 1) == (0, 0, 170))
    check("block 12 is bright red", pixel(12 * 9 + 4, 3 * 16 + 8) == (255, 85, 85))
    check("the cursor is two lines", [pixel(3, 24 * 16 + y) for y in (12, 13, 14, 15)] ==
          [(0, 0, 0), (170, 170, 170), (170, 170, 170), (0, 0, 0)])
    check("SIGUSR1 does not end the run", t.end(signal.SIGTERM) == 128 + signal.SIGTERM)
    width, height, pixel = read_png(path)
    check("another is written at the end", (width, height) == (720, 400))
    os.system("%s run --quiet --budget 10M --serial none --screendump %s %s/pixels" % (vitrine, path, work))
    width, height, pixel = read_png(path)
    check("a VBE mode has its own size", (width, height) == (320, 200))
    check("and its pixels", [pixel(0, 0), pixel(159, 198), pixel(160, 0), pixel(319, 199)] ==
          [(255, 0, 0), (255, 0, 0), (0, 255, 0), (255, 255, 255)])
    check("its file is small", os.path.getsize(path) < 1000)


MEMTEST = "/boot/memtest86+x64.bin"


def memtest():
    """A processor of 50 MHz: what memtest86+ waits for is then soon over."""
    global skipped
    if not os.path.exists(MEMTEST):
        print("skipped: %s (package memtest86+) is not installed" % MEMTEST)
        skipped += 1
        return
    t = Terminal([vitrine, "run", "--display", "terminal", "--kernel", MEMTEST, "--mem", "6M", "--insn-ps", "20000"],
                 25, 80, UTF8)
    check("memtest86+ starts", t.wait(lambda t: t.text(0).startswith("      Memtest86+ v")), t)
    check("and begins", t.wait(lambda t: "Status: Testing" in t.text(7), 300), t)
    t.send(b"\x1bOP")
    check("F1 opens its menu", t.wait(lambda t: "Settings:" in t.screen(), 60), t)
    t.send(b"\x1b[21~")
    check("F10 closes it", t.wait(lambda t: "Settings:" not in t.screen(), 60), t)
    check("one full pass without errors",
          t.wait(lambda t: re.search(r"Pass: +1 +Errors: 0", t.text(8)), 1500), t)
    t.send(b"\x1d")
    check("it can be left", t.end() == 0)


def grub():
    """Firmware, a boot loader's menu, the arrow keys, and a program that it starts."""
    global skipped
    if not all(map(shutil.which, ["grub-mkrescue", "xorriso", "mformat"])) or not os.path.exists(MEMTEST):
        print("skipped: GRUB on a CD needs grub-pc-bin, grub-common, xorriso, mtools and memtest86+")
        skipped += 1
        return
    folder = os.path.join(work, "cd/boot/grub")
    os.makedirs(folder)
    shutil.copy(MEMTEST, folder)
    with open(os.path.join(folder, "grub.cfg"), "w") as f:
        f.write("set timeout=-1\nmenuentry One { sleep 1 }\nmenuentry Two { linux16 /boot/grub/memtest86+x64.bin }\n")
    cd = os.path.join(work, "cd.iso")
    subprocess.run(["grub-mkrescue", "-o", cd, os.path.join(work, "cd")], check=True, stderr=subprocess.DEVNULL)
    t = Terminal([vitrine, "run", "--bios", "/usr/share/seabios/bios-256k.bin", "--cdrom", cd, "--insn-ps", "5000",
                  "--display", "terminal"], 25, 80, UTF8)
    check("SeaBIOS starts GRUB, which shows its menu", t.wait(lambda t: "*One" in t.screen(), 300), t)
    t.send(b"\x1b[B")
    check("the arrow keys move in it", t.wait(lambda t: "*Two" in t.screen(), 60), t)
    t.send(b"\r")
    check("and an entry starts", t.wait(lambda t: t.text(0).startswith("      Memtest86+ v"), 300), t)
    t.send(b"\x1d")
    check("GRUB's guest can be left", t.end() == 0)


parts = [text_screen, more_keys, ways_out, other_terminals, graphics, screendumps]
if sys.argv[3:] == ["--long"]:
    parts += [grub, memtest]
else:
    print("skipped: a pass of memtest86+ is part of --long")
    skipped += 1
for part in parts:
    try:
        part()
    except Exception as e:
        check("%s: %s: %s" % (part.__name__, type(e).__name__, e), False)
print("%d passed, %d failed, %d skipped" % (passed, failed, skipped))
sys.exit(failed != 0)
