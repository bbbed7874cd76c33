#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
# terminal.py - a program in a pseudo-terminal of a given size, and what a person would see on it.
# Rule: it knows only the control sequences of ECMA-48 that it names; any other is an error, not ignored.
import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time


class Terminal:
    def __init__(self, argv, rows=24, columns=80, env=None):
        self.rows, self.columns = rows, columns
        self.screens = {}
        self.alternate = False
        self.clear()
        self.row = self.column = 0
        self.colours = "0"
        self.cursor = True
        self.raw = b""
        self.rest = b""
        pid, fd = pty.fork()
        if pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
            time.sleep(0.2)
            os.execvpe(argv[0], argv, {**os.environ, **(env or {})})
        self.pid, self.fd = pid, fd
        self.modes = termios.tcgetattr(fd)

    def clear(self):
        self.cell = [[(" ", "0")] * self.columns for _ in range(self.rows)]

    def resize(self, rows, columns):
        self.rows, self.columns = rows, columns
        self.clear()
        self.screens[False] = self.cell
        self.clear()
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def put(self, ch):
        if ch == "\r":
            self.column = 0
        elif ch == "\n":
            if self.row == self.rows - 1:
                self.cell = self.cell[1:] + [[(" ", "0")] * self.columns]
            else:
                self.row += 1
        else:
            assert ch >= " ", "control character %r" % ch
            if self.column == self.columns:
                self.put("\r")
                self.put("\n")
            self.cell[self.row][self.column] = (ch, self.colours)
            self.column += 1

    def sequence(self, args, final):
        if final == "H":
            self.row, self.column = (int(n) - 1 for n in args.split(";"))
            assert 0 <= self.row < self.rows and 0 <= self.column < self.columns, args
        elif final == "m":
            self.colours = args
        elif final == "J" and args == "2":
            self.clear()
        elif final in "hl" and args == "?25":
            self.cursor = final == "h"
        elif final in "hl" and args == "?1049":
            self.screens[self.alternate] = self.cell
            self.alternate = final == "h"
            self.cell = self.screens.get(self.alternate, self.cell)
            if self.alternate:
                self.clear()
        else:
            raise AssertionError("unknown sequence %s%s" % (args, final))

    def feed(self, data):
        self.raw += data
        data = self.rest + data
        self.rest = b""
        while data:
            if data[0] == 0x1b:
                m = re.match(rb"\x1b\[([0-9;?]*)([@-~])", data)
                if not m:
                    assert len(data) < 40, "no sequence: %r" % data[:20]
                    self.rest = data
                    return
                self.sequence(m.group(1).decode(), m.group(2).decode())
                data = data[m.end():]
                continue
            n = 1 if data[0] < 0x80 else 2 if data[0] < 0xe0 else 3
            if len(data) < n:
                self.rest = data
                return
            self.put(data[:n].decode("utf-8"))
            data = data[n:]

    def read(self, seconds):
        """What comes within so many seconds; False at the end."""
        end = time.time() + seconds
        while time.time() < end:
            if select.select([self.fd], [], [], max(0, end - time.time()))[0]:
                try:
                    data = os.read(self.fd, 65536)
                except OSError:
                    data = b""
                if not data:
                    return False
                self.feed(data)
        return True

    def wait(self, test, seconds=20):
        """Until test(self) holds; says whether it does."""
        end = time.time() + seconds
        while not test(self) and time.time() < end:
            if not self.read(0.05):
                break
        return test(self)

    def text(self, row):
        return "".join(ch for ch, _ in self.cell[row]).rstrip()

    def screen(self):
        return "\n".join(self.text(r) for r in range(self.rows))

    def send(self, data):
        os.write(self.fd, data)

    def end(self, sig=None, seconds=20):
        """The exit status, once the output has ended; with sig, after that signal."""
        if sig:
            os.kill(self.pid, sig)
        end = time.time() + seconds
        while time.time() < end and self.read(0.1):
            pass
        while time.time() < end:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                return os.waitstatus_to_exitcode(status)
            time.sleep(0.05)
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        return None
