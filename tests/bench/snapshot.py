#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""snapshot.py - how long snapshots take, beside QEMU's savevm and loadvm, with the same guest on the same file system.

Usage: snapshot.py [VITRINE [FOLDER]]    ROUNDS=8   FLAVOUR=cloud-amd64 (of Debian's kernel)
The guest is Linux at its shell's prompt in 256 MiB. Ours: a whole snapshot, then one of what has changed after each of ROUNDS
commands, and back to them; QEMU (tcg, its image a qcow2 file): savevm and loadvm at the prompt, after the same command.
Times are elapsed milliseconds, medians, the disk's sync included. Rule: a restore counts only if the guest is the one that was
saved: ours by its state hash (tests/snapshot/speed.c), QEMU's by what its shell remembers."""
import os
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time

root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
vitrine = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else os.path.join(root, "build/release/vitrine"))
rounds = int(os.environ.get("ROUNDS", "8"))
flavour = os.environ.get("FLAVOUR", "cloud-amd64")
BOOT = "2000000000"  # instructions: the prompt is there, and the guest idle
COMMAND = "ls -l / /bin | wc -c"
PATIENCE = 300
PROMPT = rb"# (\x1b\[6n)?$"  # busybox asks the terminal where its cursor is


def sh(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=root).stdout.strip()


class Qemu:
    """A guest with its console and its monitor on sockets."""

    def __init__(self, work, linux):
        image = os.path.join(work, "state.qcow2")
        sh("qemu-img", "create", "-q", "-f", "qcow2", image, "1G")
        self.paths = [os.path.join(work, name) for name in ("console", "monitor")]
        self.process = subprocess.Popen(
            ["qemu-system-x86_64", "-accel", "tcg", "-m", "256", "-display", "none", "-no-reboot", "-net", "none",
             "-drive", f"if=none,id=state,format=qcow2,file={image}",
             "-serial", f"unix:{self.paths[0]},server=on,wait=off", "-monitor", f"unix:{self.paths[1]},server=on,wait=off"]
            + linux, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        self.console, self.monitor = (self.connect(path) for path in self.paths)
        self.expect(self.monitor, rb"\(qemu\) $")

    @staticmethod
    def connect(path):
        for _ in range(200):
            s = socket.socket(socket.AF_UNIX)
            s.settimeout(PATIENCE)
            try:
                s.connect(path)
                return s
            except OSError:
                s.close()
                time.sleep(0.05)
        raise OSError(f"{path}: QEMU did not make it")

    @staticmethod
    def expect(s, pattern):
        text = b""
        while not re.search(pattern, text):
            more = s.recv(65536)
            if not more:
                raise OSError(f"QEMU closed a socket after {text[-200:]!r}")
            text += more
        return text

    def type(self, line):
        self.console.sendall(line.encode() + b"\n")
        return self.expect(self.console, PROMPT)

    def timed(self, command):
        start = time.monotonic()
        self.monitor.sendall(command.encode() + b"\n")
        text = self.expect(self.monitor, rb"\(qemu\) $")
        if re.search(rb"[Ee]rror", text):
            raise OSError(f"QEMU: {command}: {text!r}")
        return (time.monotonic() - start) * 1e3


def measure_qemu(work, linux):
    qemu = Qemu(work, linux)
    try:
        qemu.expect(qemu.console, PROMPT)
        qemu.type("mark=before")
        saves, loads = [], []
        for i in range(rounds):
            qemu.type(COMMAND)
            saves.append(qemu.timed(f"savevm s{i}"))
        for i in range(rounds):
            qemu.type("mark=after")
            loads.append(qemu.timed(f"loadvm s{i}"))
            if b"before" not in qemu.type("echo $mark").split(b"\n", 1)[1]:
                raise OSError("QEMU: loadvm did not bring the shell back")
    finally:
        qemu.process.kill()
        qemu.process.wait()
    return statistics.median(saves), statistics.median(loads)


def measure_ours(work, linux):
    speed = os.path.join(os.path.dirname(vitrine), "tests/snapshot/speed")
    if not os.path.exists(speed):
        sh("make", "-s", f"B={os.path.dirname(vitrine)}", speed)
    text = sh(speed, os.path.join(work, "tree"), BOOT, str(rounds), "--mem", "256M", "--kernel", linux[1], "--initrd", linux[3],
              "--append", linux[5])
    return {name: float(value) for name, value in (line.split() for line in text.splitlines())}


def main():
    folder = os.path.join(root, sh("tests/linux/kernels.sh", flavour), "boot")
    kernel = next(os.path.join(folder, f) for f in sorted(os.listdir(folder)) if f.startswith("vmlinuz"))
    with tempfile.TemporaryDirectory(dir=sys.argv[2] if len(sys.argv) > 2 else None) as work:
        initrd = os.path.join(work, "initrd")
        sh("tests/linux/initramfs.sh", os.path.dirname(folder), initrd)
        linux = ["-kernel", kernel, "-initrd", initrd, "-append", "console=ttyS0 drivers=none"]
        ours = measure_ours(work, linux)
        print(f"a whole snapshot                {ours['save-whole-ms']:8.1f} ms   {ours['whole-kib'] / 1024:.1f} MiB")
        print(f"what has changed since, saved   {ours['save-changes-ms']:8.1f} ms   {ours['changes-kib'] / 1024:.1f} MiB, "
              f"{ours['changed-percent']:.2f} % of the guest's memory")
        print(f"back, and forth, in the machine {ours['restore-back-ms']:8.1f} ms {ours['restore-forth-ms']:8.1f} ms")
        print(f"into a machine just made        {ours['restore-fresh-ms']:8.1f} ms")
        if subprocess.run(["which", "qemu-system-x86_64"], stdout=subprocess.DEVNULL).returncode:
            print("QEMU is not installed: nothing to compare with")
            return 0
        saved, loaded = measure_qemu(work, linux)
        print(f"QEMU: savevm {saved:.1f} ms = {saved / ours['save-changes-ms']:.1f} x ours, "
              f"loadvm {loaded:.1f} ms = {loaded / ours['restore-forth-ms']:.1f} x ours")
    return 0


if __name__ == "__main__":
    sys.exit(main())
