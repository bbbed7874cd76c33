# SPDX-License-Identifier: GPL-3.0-or-later
# suite.py - run the book's sessions, look for what it names; see suite.sh.
#
# A block ```session holds commands, `$ COMMAND`, each followed by what it prints.  Where the command is a prompt, what
# stands behind `trap> ` is typed.  A line `...` stands for any lines, one that begins with ~ is a regular expression.
# A block ```figure is a picture in ASCII, at most 78 columns wide; ```code quotes lines of the file that is named behind
# the word, which must stand there; ```table holds figures, with the command that made them in its first line.
import os
import re
import shutil
import subprocess
import sys
import tempfile

work, chapters = sys.argv[1], sys.argv[2:]
program = os.environ["VITRINE"]
environment = dict(os.environ, LC_ALL="C", TERM="dumb", PATH=os.path.dirname(program) + ":" + os.environ["PATH"])
KNOWN = {"session", "figure", "code", "table"}
passed = failed = 0


def check(place, problem):
    global passed, failed
    if problem is None:
        passed += 1
    else:
        failed += 1
        print(f"FAILED {place}: {problem}")


def matches(wanted, got):
    return re.fullmatch(wanted[1:], got) is not None if wanted.startswith("~") else wanted == got


def difference(wanted, got):
    i = j = 0
    while i < len(wanted):
        if wanted[i] == "...":
            if i + 1 == len(wanted):
                return None
            while j < len(got) and not matches(wanted[i + 1], got[j]):
                j += 1
            i += 1
        elif j == len(got) or not matches(wanted[i], got[j]):
            return f"line {i + 1} of the output: expected '{wanted[i]}', got '{got[j] if j < len(got) else 'the end'}'"
        else:
            i, j = i + 1, j + 1
    return None if j == len(got) else f"after the end: '{got[j]}'"


def run(folder, command, wanted):
    typed = "".join(line[6:] + "\n" for line in wanted if line.startswith("trap> "))
    done = subprocess.run(["bash", "-c", command], cwd=folder, env=environment, input=typed.encode(),
                          timeout=120 * int(os.environ.get("TEST_PATIENCE", 1)),
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    lines = [line.rstrip() for line in done.stdout.decode(errors="replace").split("\n")]
    return lines[:-1] if lines and not lines[-1] else lines


def session(place, lines):
    """The block as it ought to be; its commands share a folder."""
    if not lines or not lines[0].startswith("$ "):
        check(place, "a session begins with `$ COMMAND`")
        return lines
    out, at = [], 0
    with tempfile.TemporaryDirectory() as folder:
        for name in os.listdir(work):
            shutil.copy(os.path.join(work, name), folder)
        while at < len(lines):
            end = at + 1
            while end < len(lines) and not lines[end].startswith("$ "):
                end += 1
            wanted = lines[at + 1:end]
            got = run(folder, lines[at][2:], wanted)
            problem = difference(wanted, got)
            check(f"{place}: {lines[at]}", problem)
            update = problem and os.environ.get("UPDATE")
            out += [lines[at]] + (got if update else wanted)
            at = end
    return out


def quoted(place, words, lines):
    text = open(words).read() if os.path.isfile(words) else None
    if text is None:
        check(place, f"no file {words}")
    else:
        block = "\n".join(lines)
        check(place, None if block in text else f"{words} has other lines")


def block(place, kind, words, lines):
    if kind == "session":
        return session(place, lines)
    if kind == "figure":
        check(place, next((f"'{line}' is too wide" for line in lines if len(line) > 78), None))
    elif kind == "code":
        quoted(place, words, lines)
    else:
        check(place, None if words else "no command behind `table`: how were these figures made?")
    return lines


def names(place, line):
    """Files and functions that are named in the text."""
    for word in re.findall(r"`([^`]+)`", line):
        if re.fullmatch(r"[\w.*-]+(/[\w.*-]+)+\.\w+", word) and "*" not in word:
            check(place, None if os.path.exists(word) else f"there is no file {word}")
        elif re.fullmatch(r"[a-z]\w+\(\)", word):
            found = subprocess.run(["grep", "-rqE", "--include=*.[ch]", r"\b" + word[:-2] + r"\(", "core", "cpu-interp", "debugger"])
            check(place, None if found.returncode == 0 else f"there is no function {word}")


def chapter(path):
    out, lines, at, sessions = [], open(path).read().split("\n"), 0, 0
    while at < len(lines):
        fence = re.match(r"```(\w*) ?(.*)", lines[at])
        if not fence:
            names(f"{path}:{at + 1}", lines[at])
            out.append(lines[at])
            at += 1
            continue
        end = at + 1
        while end < len(lines) and lines[end] != "```":
            end += 1
        if fence[1] not in KNOWN or end == len(lines):
            check(f"{path}:{at + 1}", f"unknown or open fence ```{fence[1]}")
            return
        sessions += fence[1] == "session"
        out += [lines[at]] + block(f"{path}:{at + 1}", fence[1], fence[2], lines[at + 1:end]) + ["```"]
        at = end + 1
    check(path, None if sessions else "a chapter without a session")
    if os.environ.get("UPDATE") and out != lines:
        with open(path, "w") as f:
            f.write("\n".join(out))


for chapter_path in chapters:
    chapter(chapter_path)
check("the book", None if len(chapters) >= 2 else "there are no chapters")
print(f"{passed} passed, {failed} failed")
sys.exit(failed != 0)
