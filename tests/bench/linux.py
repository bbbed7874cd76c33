#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""linux.py - how long Debian's kernel takes from power-on to the shell prompt, here, in Bochs and in QEMU (TCG).

Usage: linux.py [VITRINE]   FLAVOUR=amd64 (or cloud-amd64), OTHERS="bochs qemu"
All machines boot the same disk (BIOS, GRUB, kernel, busybox).  Times are processor times of the whole process up to
the prompt on the serial console, so that other work on this computer does not count.
Rule: a machine that does not reach the prompt has no time."""
import os
import shutil
import subprocess
import sys
import tempfile
import time

PROMPT = b"/ # "
LIMIT = 1800  # seconds

here = os.path.dirname(os.path.abspath(__file__))
root = os.path.dirname(os.path.dirname(here))
vitrine = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else os.path.join(root, "build/release/vitrine"))
flavour = os.environ.get("FLAVOUR", "amd64")
linux = os.path.join(root, "tests/linux")
BIOS = "/usr/share/seabios/bios.bin"


def sh(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=root).stdout.strip()


def build(work):
    """The disk, and its kernel and initial RAM disk for a direct start."""
    folder = os.path.join(root, sh(os.path.join(linux, "kernels.sh"), flavour))
    boot = os.path.join(folder, "boot")
    kernel = os.path.join(boot, os.listdir(boot)[0])
    initrd, disk = os.path.join(work, "initrd"), os.path.join(work, "disk")
    sh(os.path.join(linux, "initramfs.sh"), folder, initrd)
    sh(os.path.join(linux, "grub-disk.sh"), disk, kernel, initrd, "console=ttyS0 drivers=none")
    return kernel, initrd, disk


def bochs(work, disk, out):
    config = os.path.join(work, "bochsrc")
    cylinders = os.path.getsize(disk) // (16 * 63 * 512) + 1
    os.truncate(disk, cylinders * 16 * 63 * 512)
    with open(config, "w", encoding="ascii") as f:
        f.write(
            f"""display_library: term
config_interface: textconfig
cpu: model=corei7_sandy_bridge_2600k, count=1, ips=50000000
clock: sync=none
memory: guest=256, host=256
romimage: file=/usr/share/bochs/BIOS-bochs-latest
vgaromimage: file=/usr/share/bochs/VGABIOS-lgpl-latest
ata0-master: type=disk, path="{disk}", mode=flat, cylinders={cylinders}, heads=16, spt=63
boot: disk
com1: enabled=1, mode=file, dev="{out}"
log: {work}/bochs.log
panic: action=fatal
error: action=ignore
info: action=ignore
speaker: enabled=0
"""
        )
    with open(os.path.join(work, "go"), "w", encoding="ascii") as f:
        f.write("continue\n")  # Debian's Bochs is built with its debugger
    return ["script", "-qec", f"exec bochs -q -f {config} -rc {work}/go", "/dev/null"]


def machines(work, kernel, initrd, disk, out):
    yield "vitrine, BIOS and GRUB", [vitrine, "run", "--mem", "256M", "--bios", BIOS, "--disk", disk, "--serial", f"file:{out}",
                                     "--debugcon", "none", "--quiet"]
    yield "vitrine, --kernel", [vitrine, "run", "--mem", "256M", "--kernel", kernel, "--initrd", initrd, "--append",
                                "console=ttyS0 drivers=none", "--serial", f"file:{out}", "--quiet"]
    others = os.environ.get("OTHERS", "bochs qemu").split()
    if "qemu" in others and shutil.which("qemu-system-x86_64"):
        yield "QEMU TCG, BIOS and GRUB", ["qemu-system-x86_64", "-accel", "tcg", "-cpu", "max", "-m", "256", "-display", "none", "-net",
                                          "none", "-serial", f"file:{out}", "-drive", f"format=raw,file={disk},snapshot=on"]
    if "bochs" in others and shutil.which("bochs") and os.path.exists("/usr/share/bochs/BIOS-bochs-latest"):
        yield "Bochs, BIOS and GRUB", bochs(work, disk, out)


def cpu_time(pids):
    """Seconds of user and system time of these processes and of their children."""
    total = 0
    for pid in pids:
        try:
            with open(f"/proc/{pid}/stat", encoding="ascii") as f:
                fields = f.read().rsplit(")", 1)[1].split()
            total += sum(int(x) for x in fields[11:15])
            with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as f:
                total += cpu_time(f.read().split()) * os.sysconf("SC_CLK_TCK")
        except OSError:
            pass
    return total / os.sysconf("SC_CLK_TCK")


def measure(command, out):
    if os.path.exists(out):
        os.remove(out)
    environment = dict(os.environ, TERM="xterm")
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                               env=environment, start_new_session=True)
    start, seconds = time.monotonic(), None
    while process.poll() is None and time.monotonic() - start < LIMIT:
        time.sleep(0.05)
        try:
            with open(out, "rb") as f:
                if PROMPT in f.read():
                    seconds = cpu_time([process.pid])
                    break
        except OSError:
            pass
    if process.poll() is None:
        os.killpg(process.pid, 15)
    process.wait()
    return seconds


with tempfile.TemporaryDirectory() as work:
    kernel, initrd, disk = build(work)
    print(f"{os.path.basename(kernel)} to the shell prompt, 256 MiB, one processor; seconds of processor time")
    first = None
    for name, command in machines(work, kernel, initrd, disk, os.path.join(work, "out")):
        seconds = measure(command, os.path.join(work, "out"))
        if seconds is None:
            print(f"{name:26s} did not reach the prompt", flush=True)
            continue
        first = first or seconds
        print(f"{name:26s} {seconds:8.1f}  {seconds / first:6.2f} x vitrine", flush=True)
