#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
# terminal.py - the guest's console at a terminal, a pipe, a pseudo-terminal and a socket.  Usage: terminal.py VITRINE FOLDER
# Rule: after every way out of the program the terminal's modes are exactly those of before.
import fcntl, os, pty, re, select, signal, socket, subprocess, sys, termios, time

vitrine, folder = sys.argv[1], sys.argv[2]
passed = failed = skipped = 0
PATIENCE = 20 * int(os.environ.get('TEST_PATIENCE', 1))


def check(name, ok, detail=''):
    global passed, failed
    if ok:
        passed += 1
    else:
        failed += 1
        print(f'FAILED {name}: {detail!r}')


class Session:
    """The program in the foreground of a terminal of its own, started by a process that could stop and continue it."""

    def __init__(self, *args):
        self.master, self.slave = pty.openpty()
        self.before = termios.tcgetattr(self.slave)
        self.output = b''
        report, told = os.pipe()
        if os.fork() == 0:
            os.setsid()
            fcntl.ioctl(self.slave, termios.TIOCSCTTY, 0)
            signal.signal(signal.SIGTTOU, signal.SIG_IGN)
            child = os.fork()
            if child == 0:
                os.setpgid(0, 0)
                os.tcsetpgrp(self.slave, os.getpid())
                signal.signal(signal.SIGTTOU, signal.SIG_DFL)
                for fd in range(3):
                    os.dup2(self.slave, fd)
                os.closerange(3, 64)
                os.execv(vitrine, [vitrine, 'run', *args])
            os.write(told, b'pid %d\n' % child)
            os.close(self.master)
            os.close(self.slave)
            signal.signal(signal.SIGHUP, signal.SIG_IGN)
            while True:
                status = os.waitpid(child, os.WUNTRACED)[1]
                if os.WIFSTOPPED(status):
                    os.write(told, b'stopped\n')
                else:
                    os.write(told, b'ended %d\n' % os.waitstatus_to_exitcode(status))
                    os._exit(0)
        os.close(told)
        self.report = os.fdopen(report, 'rb', 0)
        self.pid = int(self.report.readline().split()[1])

    def until(self, pattern):
        end = time.time() + PATIENCE
        while not re.search(pattern, self.output):
            if not select.select([self.master], [], [], max(0, end - time.time()))[0]:
                return False
            self.output += os.read(self.master, 4096)
        return True

    def type(self, text):
        os.write(self.master, text)

    def kill(self, sig):
        os.kill(self.pid, sig)

    def told(self):
        """What its parent saw: 'stopped' or 'ended STATUS'."""
        end = time.time() + PATIENCE
        while time.time() < end:
            if select.select([self.report], [], [], 0)[0]:
                return self.report.readline().decode().strip()
            if select.select([self.master], [], [], 0.05)[0]:  # it must not wait for us to read
                self.output += os.read(self.master, 4096)
        os.kill(self.pid, signal.SIGKILL)
        return 'nothing'

    def modes(self):
        return termios.tcgetattr(self.slave)

    def restored(self):
        return self.modes() == self.before

    def raw(self):
        return not self.modes()[3] & (termios.ICANON | termios.ECHO | termios.ISIG)


def image(name):
    return os.path.join(folder, name)


def way_out(name, guest, act, status):
    s = Session(image(guest))
    check(f'{name}: the user is told how to leave', s.until(rb'Ctrl-\] leaves'), s.output)
    act(s)
    got = s.told()
    # A sanitizer has a handler of its own, which reports and exits.
    check(f'{name}: status', got == f'ended {status}' or b'AddressSanitizer' in s.output, (got, s.output))
    check(f'{name}: the terminal is as it was', s.restored(), s.modes())
    return s


for guest in 'irq.img', 'poll.img':
    s = Session(image(guest))
    s.until(rb'leaves')
    check(f'{guest}: the terminal is raw', s.raw(), s.modes())
    s.type(b'ab\x03\x1a')
    check(f'{guest}: keys reach the guest one by one, Ctrl-C and Ctrl-Z too', s.until(rb'ab\x03\x1a'), s.output)
    s.type(b'q')
    check(f'{guest}: it powers off', s.told() == 'ended 0', s.output)
    check(f'{guest}: the terminal is as it was', s.restored(), s.modes())

way_out('the key that leaves', 'irq.img', lambda s: s.type(b'\x1d'), 0)
s = way_out('the key that leaves, from a guest that does not listen', 'spin.img', lambda s: s.type(b'\x1d'), 0)
check('and the summary says who stopped it', b'stopped by the user' in s.output, s.output)
way_out('a guest that ends', 'hello.img', lambda s: None, 0)
way_out('a guest that dies', 'bad.img', lambda s: None, 4)
for sig in signal.SIGTERM, signal.SIGHUP, signal.SIGINT:
    way_out(sig.name, 'spin.img', lambda s: s.kill(sig), 128 + sig)
deadly = [signal.SIGSEGV, signal.SIGQUIT, signal.SIGILL]
if os.environ.get('TEST_EMULATOR'):
    deadly.remove(signal.SIGSEGV)
    skipped += 1
    print('skipped: the terminal after SIGSEGV: the emulator takes the signal for an error of its own')
for sig in deadly:
    way_out(sig.name, 'spin.img', lambda s: s.kill(sig), -sig)
way_out('SIGABRT', 'spin.img', lambda s: s.kill(signal.SIGABRT), 6)

s = Session(image('irq.img'))
s.until(rb'leaves')
for _ in range(2):
    s.kill(signal.SIGTSTP)
    check('it stops', s.told() == 'stopped', s.output)
    check('while it is stopped the terminal is as it was', s.restored(), s.modes())
    s.kill(signal.SIGCONT)
    time.sleep(0.3)
    check('and raw again when it goes on', s.raw(), s.modes())
s.type(b'xy')
check('keys reach the guest again', s.until(rb'xy'), s.output)
s.type(b'\x1d')
check('it ends', s.told() == 'ended 0', s.output)
check('the terminal is as it was', s.restored(), s.modes())

# What is left of a terminal that is gone: nothing to restore, and an end.
s = Session(image('irq.img'))
s.until(rb'leaves')
os.close(s.slave)
os.close(s.master)
line = s.report.readline() if select.select([s.report], [], [], PATIENCE)[0] else b'nothing'
if line == b'nothing':
    s.kill(signal.SIGKILL)
check('a terminal that goes away ends the run', line.strip() in (b'ended 129', b'ended 0'), line)


def run(args, **kw):
    return subprocess.run([vitrine, 'run', '--quiet', *args], capture_output=True, timeout=3 * PATIENCE, **kw)


for guest in 'irq.img', 'poll.img':
    text = b'much more than the sixteen bytes of a FIFO, and ' * 20 + b'q'
    r = run([image(guest)], input=text)
    check(f'{guest}: a pipe feeds the guest', r.stdout.strip() == text and r.returncode == 0, r)
    with open(image('typed'), 'wb') as f:
        f.write(text)
    one, two = (run(['--state-hash', image(guest)], stdin=open(image('typed'))).stdout for _ in range(2))
    check(f'{guest}: the same file, the same state', one == two and b'state-hash' in one, (one, two))
r = run([image('irq.img')], stdin=subprocess.DEVNULL)
check('no input: a guest that waits for it is halted for ever', r.returncode == 0, r)
r = run([image('irq.img')], input=b'abc')
check('the end of the input is harmless', r.stdout == b'abc' and r.returncode == 0, r)
r = run(['--trace', 'input', '--serial', 'none', image('irq.img')], input=b'q')
check('--serial none takes no input', b'input' not in r.stdout, r)
r = run(['--json', '-', '--trace', 'input', image('irq.img')], input=b'q')
check('what comes in is an event', b'"event":"input"' in r.stdout.replace(b' ', b''), r)

# A prompt without a line feed is seen by somebody at the other end of two pipes.
p = subprocess.Popen([vitrine, 'run', '--quiet', image('irq.img')], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
for c in b'a', b'b':
    p.stdin.write(c)
    check('a byte comes back at once', select.select([p.stdout], [], [], PATIENCE)[0] and p.stdout.read(1) == c)
p.stdin.write(b'q')
check('and the guest ends', p.wait(PATIENCE) == 0)

p = subprocess.Popen([vitrine, 'run', '--quiet', '--serial', 'pty', image('irq.img')], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
line = p.stderr.readline().decode()
name = re.search(r'COM1 is at (/dev/\S+)', line)
check('--serial pty says where it is', name, line)
if name:
    fd = os.open(name[1], os.O_RDWR | os.O_NOCTTY)
    os.write(fd, b'h')
    check('and the guest is there', select.select([fd], [], [], PATIENCE)[0] and os.read(fd, 1) == b'h')
    os.write(fd, b'q')
    check('and powers off', p.wait(PATIENCE) == 0)
    os.close(fd)

path = image('console.socket')
p = subprocess.Popen([vitrine, 'run', '--quiet', '--serial', 'unix:' + path, image('irq.img')], stdin=subprocess.DEVNULL)
end = time.time() + PATIENCE
while not os.path.exists(path) and time.time() < end:
    time.sleep(0.05)
for text in b'first', b'second, q':
    c = socket.socket(socket.AF_UNIX)
    c.settimeout(PATIENCE)
    c.connect(path)
    c.sendall(text)
    got = b''
    while len(got) < len(text):
        piece = c.recv(100)
        if not piece:
            break
        got += piece
    check('--serial unix: what is sent comes back', got == text, got)
    c.close()
check('and the guest powers off', p.wait(PATIENCE) == 0)
check('and the socket is gone', not os.path.exists(path))

print(f'{passed} passed, {failed} failed, {skipped} skipped')
sys.exit(failed != 0)
