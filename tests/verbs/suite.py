# SPDX-License-Identifier: GPL-3.0-or-later
# suite.py - run the transcripts, then ask what only the whole of them can answer; see suite.sh.
import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time

work, files = sys.argv[1], [os.path.abspath(f) for f in sys.argv[2:]]
program = os.environ["VITRINE"]
environment = {"PATH": os.environ["PATH"], "HOME": work, "LC_ALL": "C", "TERM": "xterm"}
for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS"):
    if name in os.environ:
        environment[name] = os.environ[name]
passed = failed = 0


def check(name, problem):
    """Count one test; problem: None, or what went wrong."""
    global passed, failed
    if problem is None:
        passed += 1
    else:
        failed += 1
        print(f"FAILED {name}: {problem}")


def debug(arguments, typed):
    command = arguments.replace("vitrine", program, 1)
    done = subprocess.run(command, shell=True, cwd=work, env=environment, input=typed.encode(),
                          timeout=120 * int(os.environ.get("TEST_PATIENCE", 1)),
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return done.stdout.decode(errors="replace"), done.returncode


# ---- transcripts ----

def difference(wanted, got):
    """None if they agree, else the first place where they do not."""
    i = j = 0
    while i < len(wanted):
        if wanted[i] == "...":
            if i + 1 == len(wanted):
                return None
            while j < len(got) and not matches(wanted[i + 1], got[j]):
                j += 1
            i += 1
        elif j == len(got) or not matches(wanted[i], got[j]):
            return f"line {i + 2}: expected '{wanted[i]}', got '{got[j] if j < len(got) else 'the end'}'"
        else:
            i, j = i + 1, j + 1
    return None if j == len(got) else f"after the end: '{got[j]}'"


def matches(wanted, got):
    return re.fullmatch(wanted[1:], got) is not None if wanted.startswith("~") else wanted == got


def masked(line):
    """A line with the host's time or memory in it, as a regular expression."""
    if line.startswith("trap> ") or not re.search(r"\d [nu]s\b|^\w+,\d+,\d+|^recorded: ", line):
        return line
    return "~" + re.sub(r"[^\w ].*", ".*", line, count=1)


typed_words = set()
for path in files:
    lines = open(path).read().split("\n")[:-1]
    command = lines[0].removeprefix("$ ")
    status = 0
    found = re.match(r"\[status (\d+)\] (.*)", command)
    if found:
        status, command = int(found.group(1)), found.group(2)
    typed = [line.removeprefix("trap> ").removeprefix("....> ") for line in lines
             if line.startswith(("trap> ", "....> "))]
    typed_words.update(re.split(r"[^\w]", line, maxsplit=1)[0] for line in typed)
    output, got = debug(command, "".join(line + "\n" for line in typed))
    if os.environ.get("UPDATE"):
        with open(path, "w") as f:
            f.write(lines[0] + "\n" + "".join(masked(line) + "\n" for line in output.split("\n")[:-1]))
    problem = difference(lines[1:], output.split("\n")[:-1])
    if problem is None and got != status:
        problem = f"status {got} instead of {status}"
    check(os.path.basename(path), problem)


# ---- every verb is tested, and its help is short ----

listing, _ = debug("vitrine debug --line 01-hello.img", "help\n")
verbs = {}
for line in listing.split("Statements of Trap")[0].split("\n"):
    found = re.match(r"  (\w+)(?:, (\w+))?\s+\S", line)
    if found:
        verbs[found.group(1)] = found.group(2)
check("the table of verbs", None if len(verbs) >= 50 else f"only {len(verbs)} of them are listed")
texts, _ = debug("vitrine debug --line 01-hello.img", "".join(f"help {name}\n" for name in verbs))
helps = dict(text.split("\n", 1) for text in texts.split("trap> help ")[1:])
for name, alias in verbs.items():
    check(f"verb {name}", None if name in typed_words or alias in typed_words else "no transcript types it")
    rows = helps.get(name, "").split("\n")[:-1]
    if not rows or "Example:" not in rows:
        check(f"help {name}", "no help, or no example")
    else:
        check(f"help {name}", None if len(rows) <= 24 and max(map(len, rows)) <= 100 else "longer than 24 lines of 100 columns")


# ---- with a terminal ----

class Terminal:
    """The program on a pseudo-terminal of 24 lines."""

    def __init__(self, arguments, **more):
        pid, self.fd = pty.fork()
        if pid == 0:
            os.chdir(work)
            os.execve("/bin/sh", ["sh", "-c", "exec " + arguments.replace("vitrine", program, 1)], {**environment, **more})
        self.pid, self.text = pid, ""
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))

    def read(self, until, seconds=20):
        """Up to this text; what came with it."""
        end, start = time.time() + seconds, self.text
        while until not in start:
            if not select.select([self.fd], [], [], max(0, end - time.time()))[0]:
                raise TimeoutError(f"waited for '{until}', got '{start[-300:]}'")
            try:
                more = os.read(self.fd, 4096).decode(errors="replace")
            except OSError:
                more = ""
            if not more:
                raise TimeoutError(f"it ended before '{until}': '{start[-300:]}'")
            start += more
        at = start.index(until) + len(until)
        self.text = start[at:]
        return start[:at]

    def type(self, text):
        os.write(self.fd, text.encode())

    def status(self):
        while True:
            try:
                if not os.read(self.fd, 4096):
                    break
            except OSError:
                break
        _, status = os.waitpid(self.pid, 0)
        return os.waitstatus_to_exitcode(status)


def with_terminal(name, test):
    try:
        check(name, test())
    except (TimeoutError, AssertionError) as e:
        check(name, str(e))


def completes():
    t = Terminal("vitrine debug --line 01-hello.img")
    t.read("trap> ")
    t.type("dev\t\t\t")
    t.read("devices")
    t.type("\x15regs $eflag\t\r")
    t.read("eflags")
    t.read("trap> ")
    t.type("device pi\t\t\t")
    t.read("piix3")
    t.type("\x15quit\r")
    return None if t.status() == 0 else "not left with status 0"


def control_keys():
    t = Terminal("vitrine debug --line spin.img")
    t.read("trap> ")
    t.type("this is no line\x03")
    t.read("trap> ")
    t.type("c\r")
    time.sleep(0.5)
    t.type("\x03")
    t.read("user")
    t.read("trap> ")
    t.type("regs rip\r")
    t.read("rip 7c")
    t.read("trap> ")
    t.type("\x04")
    return None if t.status() == 0 else "not left with status 0"


def keeps_history():
    t = Terminal("vitrine debug --line 01-hello.img", XDG_STATE_HOME=work + "/state")
    t.read("trap> ")
    t.type("sym 0x7c05\r")
    t.read("0x7c05")
    t.read("trap> ")
    t.type("q\r")
    t.status()
    t = Terminal("vitrine debug --line 01-hello.img", XDG_STATE_HOME=work + "/state")
    t.read("trap> ")
    t.type("\x1b[A\x1b[A\r")
    t.read("0x7c05")
    t.type("q\r")
    return None if t.status() == 0 else "not left with status 0"


def says_that_there_is_no_history():
    t = Terminal("vitrine debug --line 01-hello.img", XDG_STATE_HOME="/proc/nowhere")
    t.read("no history of lines is kept")
    t.read("trap> ")
    t.type("q\r")
    return None if t.status() == 0 else "not left with status 0"


def pages():
    t = Terminal("vitrine debug --line 01-hello.img", PAGER="tr a-z A-Z")
    t.read("trap> ")
    t.type("man\r")
    t.read("RUN UNTIL SOMETHING STOPS THE GUEST")
    t.read("trap> ")
    t.type("where\r")
    t.read("nothing has been executed yet")
    t.type("q\r")
    return None if t.status() == 0 else "not left with status 0"


def dumb():
    t = Terminal("vitrine debug --line 01-hello.img", TERM="dumb")
    t.read("trap> ")
    t.type("man\r")
    t.read("run until something stops the guest")
    t.read("trap> ")
    t.type("q\r")
    return None if t.status() == 0 else "not left with status 0"


def ends_by_signal():
    t = Terminal("vitrine debug --line spin.img")
    t.read("trap> ")
    t.type("c\r")
    time.sleep(0.3)
    os.kill(t.pid, 15)
    return None if t.status() == 128 + 15 else "another status than 143"


for test in (completes, control_keys, keeps_history, says_that_there_is_no_history, pages, dumb, ends_by_signal):
    with_terminal("terminal: " + test.__name__.replace("_", " "), test)

print(f"{passed} passed, {failed} failed")
sys.exit(failed != 0)
