#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""client.py - a QMP client and what it expects of a machine's control socket.  Usage: client.py VITRINE
Rule: every expectation is one check() with a name; a hostile client is always followed by a friendly one."""
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time

vitrine = os.path.abspath(sys.argv[1])
work = tempfile.mkdtemp()
path = os.path.join(work, "control")
counts = {"passed": 0, "failed": 0, "skipped": 0}
ENDLESS = 60  # seconds after which something hangs


def check(name, good, detail=""):
    counts["passed" if good else "failed"] += 1
    if not good:
        print(f"FAILED {name}", str(detail)[:600])


def build(source):
    image = os.path.join(work, os.path.basename(source) + ".img")
    subprocess.run(["nasm", "-f", "bin", "-I", "asm-examples/", "-o", image, source], check=True)
    return image


class Client:
    """One connection.  Lines are JSON; events come in between."""

    def __init__(self, where=path, negotiate=True):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(ENDLESS)
        self.socket.connect(where)
        self.file = self.socket.makefile("rb")
        self.events = []
        self.greeting = self.read()
        if negotiate:
            self.ok = self.ask("qmp_capabilities")

    def read(self):
        try:
            line = self.file.readline()
        except ConnectionResetError:  # the machine ended before it had read all
            return None
        return json.loads(line) if line else None

    def answer(self):
        while True:
            got = self.read()
            if got is None or "event" not in got:
                return got
            self.events.append(got)

    def send(self, data):
        try:
            self.socket.sendall(data if isinstance(data, bytes) else data.encode())
        except (BrokenPipeError, ConnectionResetError):
            pass  # reading will tell

    def ask(self, name, **arguments):
        command = {"execute": name}
        if arguments:
            command["arguments"] = {k.replace("_", "-"): v for k, v in arguments.items()}
        self.send(json.dumps(command) + "\n")
        return self.answer()

    def result(self, name, **arguments):
        return (self.ask(name, **arguments) or {}).get("return")

    def line(self, text):
        return self.result("human-monitor-command", command_line=text)

    def wait_event(self, name):
        for event in self.events:
            if event["event"] == name:
                self.events.remove(event)
                return event
        while True:
            got = self.read()
            if got is None or got.get("event") == name:
                return got
            if "event" in got:
                self.events.append(got)

    def close(self):
        self.file.close()
        self.socket.close()


def start(*options, program=vitrine, where=path):
    machine = subprocess.Popen([program, *options], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT)
    for _ in range(400):
        if os.path.exists(where):
            break
        time.sleep(0.025)
    return machine


def run(*options):
    return start("run", "--debugcon", "none", "--control", "unix:" + path, *options)


def end(machine):
    try:
        out, _ = machine.communicate(timeout=ENDLESS)
    except subprocess.TimeoutExpired:
        machine.kill()
        return None, "it hangs"
    return machine.returncode, out.decode(errors="replace")


def ctl(*words):
    done = subprocess.run([vitrine, "ctl", *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=ENDLESS,
                          check=False)
    return done.returncode, done.stdout.decode()


def shape(value):
    """What a client relies on: the types of the members."""
    if isinstance(value, dict):
        return {k: shape(v) for k, v in sorted(value.items())}
    return type(value).__name__


spin = build("tests/gdb/spin.asm")
hello = build("asm-examples/01-hello.asm")

# --- a session from greeting to quit
machine = run(spin)
c = Client(negotiate=False)
check("greeting", set(c.greeting) == {"QMP"} and c.greeting["QMP"]["capabilities"] == [], c.greeting)
check("nothing before the negotiation", c.ask("query-status")["error"]["class"] == "CommandNotFound")
check("negotiation", c.ask("qmp_capabilities") == {"return": {}})
check("negotiation, twice", "error" in c.ask("qmp_capabilities"))
status = c.result("query-status")
check("it runs", status["running"] is True and status["status"] == "running", status)
names = [row["name"] for row in c.result("query-commands")]
check("commands", {"stop", "cont", "quit", "query-status", "human-monitor-command"} <= set(names), names)
check("stop", c.ask("stop") == {"return": {}} and c.wait_event("STOP")["timestamp"]["seconds"] > 0)
one, two = c.result("query-status"), c.result("query-status")
check("it stands", one["status"] == "paused" and one["instructions"] == two["instructions"] > 0, one)
check("a line", "rax" in c.line("regs") and "instruction" in c.line("where"))
check("a wrong line", "unknown word 'nonsense'" in c.line("nonsense"))
before = c.result("query-status")["instructions"]
c.line("s 10")
check("a line that steps", c.result("query-status")["instructions"] == before + 10)
check("id", (c.send('{"execute": "query-name", "id": [1, "x"]}'), c.answer())[1] == {"return": {"name": "guest"}, "id": [1, "x"]})
check("cont", c.ask("cont") == {"return": {}} and c.wait_event("RESUME") is not None)
check("a line while it runs", "running" in c.line("s 10") or "pause" in c.line("s 10"))
check("a line that only looks", "rax" in c.line("regs"))
check("no such command", c.ask("fly")["error"]["class"] == "CommandNotFound")
check("a missing argument", "command-line" in c.ask("human-monitor-command")["error"]["desc"])
check("a wrong type", "error" in c.ask("human-monitor-command", command_line=7))
check("an argument too many", "'x'" in c.ask("stop", x=1)["error"]["desc"])
c.ask("system_reset")
check("reset", c.wait_event("RESET") is not None)
c.close()

# --- clients one after another, and hostile ones
hostile = {
    "no JSON": b"hello\n",
    "half of an object": b'{"execute": ',
    "no object": b'[1, 2]\n"text"\n12\n',
    "no UTF-8": b'{"execute": "\xff\xfe"}\n',
    "deep": b"[" * 100000 + b"\n",
    "deep objects": b'{"a":' * 5000 + b"1" + b"}" * 5000 + b"\n",
    "twice the same member": b'{"execute": "stop", "execute": "stop"}\n',
    "another member": b'{"execute": "query-name", "more": 1}\n',
    "brackets that close nothing": b"}]}]}]\n" * 50,
    "zero bytes": b"\0" * 5000 + b"\n",
}
for name, data in hostile.items():
    h = Client()
    h.send(data)
    if data.endswith(b"\n"):
        got = h.answer()
        check("hostile: " + name, got is not None and "error" in got, got)
    h.close()
    friend = Client()
    check("after: " + name, friend.result("query-name") == {"name": "guest"})
    friend.close()
h = Client()
sent = 0
try:
    for _ in range(256):  # 16 MiB without an end
        h.send(b'"' + b"x" * 65535)
        sent += 1
except OSError:
    pass
h.close()
with open(f"/proc/{machine.pid}/status", encoding="ascii") as f:
    resident = [int(line.split()[1]) for line in f if line.startswith("VmRSS")][0]
check("a line without end takes no memory", resident < 400 * 1024, f"{resident} KiB after {sent} pieces")
h = Client()
try:
    h.socket.settimeout(1)
    for _ in range(200000):  # and never reads an answer
        h.send(b'{"execute": "query-commands"}\n')
except OSError:
    pass
h.close()
friend = Client()
check("after a client that never reads", friend.result("query-name") == {"name": "guest"})

# --- vitrine ctl
friend.close()
check("ctl status", "running       true" in ctl(path, "status")[1], ctl(path, "status"))
check("ctl stop", ctl(path, "stop") == (0, ""))
check("ctl: a line", "rip" in ctl(path, "regs")[1])
check("ctl balloon, of a machine without one", "--virtio balloon" in "".join(map(str, ctl(path, "balloon", "48M"))))
check("ctl --json", json.loads(ctl("--json", path, "status")[1])["return"]["status"] == "paused")
check("ctl: a refusal", ctl(path, "screendump", "/nowhere/x.png")[0] == 2)
png = os.path.join(work, "screen.png")
check("ctl screendump", ctl("unix:" + path, "screendump", png)[0] == 0 and open(png, "rb").read(4) == b"\x89PNG")
check("ctl cont", ctl(path, "cont") == (0, ""))
check("ctl quit", ctl(path, "quit") == (0, ""))
status, out = end(machine)
check("quit ends the run", status == 0 and "stopped by the user" in out, (status, out))
check("the socket is gone", not os.path.exists(path))
check("ctl without a machine", ctl(path, "status")[0] == 2 and "--control" in ctl(path, "status")[1], ctl(path, "status"))

# --- the end of a guest is told; nobody has to be there
machine = run(hello)
status, out = end(machine)
check("a guest that ends by itself", status == 0 and "Hello from real mode!" in out, (status, out))
machine = start("run", "--debugcon", "none", "--gdb", "unix:" + os.path.join(work, "gdb"), "--control", "unix:" + path, hello)
c = Client()
check("gdb's machine stands", c.result("query-status")["status"] == "prelaunch", c.result("query-status"))
c.ask("cont")
check("shutdown is told", (c.wait_event("SHUTDOWN") or {}).get("data", {}).get("guest") is True)
check("and the connection ends", c.read() is None or c.read() is None)
check("its status", end(machine)[0] == 0)
machine = run(build("asm-examples/18-triple-fault.asm"))
check("a triple fault's status", end(machine)[0] == 4)

# --- the same state at the end, whether somebody looks or not
alone = subprocess.run([vitrine, "run", "--budget", "30M", "--state-hash", spin], stdout=subprocess.PIPE,
                       stderr=subprocess.DEVNULL, check=False).stdout
machine = run("--budget", "30M", "--state-hash", spin)
c = Client()
for _ in range(20):
    if c.ask("stop") is None:
        break
    c.line("regs")
    c.line("xp 0x7c00")
    c.ask("cont")
status, out = end(machine)
check("looking changes nothing", alone.decode().strip() in out and "state-hash" in out, (alone, out))

# --- the other side of the protocol: QEMU
if shutil.which("qemu-system-x86_64"):
    there = os.path.join(work, "qemu")
    other = start("-display", "none", "-machine", "accel=tcg", "-S", "-qmp", f"unix:{there},server=on,wait=off",
                  program="qemu-system-x86_64", where=there)
    machine = run(spin)
    q, c = Client(there), Client()
    check("greetings have one shape", shape(q.greeting["QMP"]["version"]) == shape(c.greeting["QMP"]["version"]))
    theirs, ours = shape(q.result("query-status")), shape(c.result("query-status"))
    check("query-status has what QEMU's has", all(ours.get(k) == v for k, v in theirs.items() if k != "singlestep"), (theirs, ours))
    for question in ('{"execute": "fly"}', '{"execute": 7}', "[]", '{"arguments": {}}', '{"execute": "stop", "arguments": {"x": 1}}',
                     '{"execute": "cont", "id": 5}', '{"execute": "stop"}', '{"execute": "query-commands", "id": "q"}'):
        q.send(question + "\n")
        c.send(question + "\n")
        a, b = q.answer(), c.answer()
        same = set(a) == set(b) and a.get("id") == b.get("id") and a.get("error", {}).get("class") == b.get("error", {}).get("class")
        check("as QEMU: " + question, same, (a, b))
    for x in (q, c):
        x.ask("quit")
    end(other)
    end(machine)
else:
    print("skipped: qemu-system-x86_64 is not installed")
    counts["skipped"] += 1

shutil.rmtree(work)
print("{passed} passed, {failed} failed, {skipped} skipped".format(**counts))
sys.exit(counts["failed"] > 0)
