#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""pty-drive.py [--answer|--slow] CMD [ARG...] <STEPS - a command at a terminal, and somebody who sits there

Starts CMD as the leader of a session whose terminal (24 x 80) is ours, and takes the steps, a line each:

  expect REGEX     wait until it is shown, after what was expected before
  never REGEX      nothing like it was shown so far
  send TEXT        type it; escapes as in Python
  resize ROWS COLS
  modes NAME       remember the terminal's modes (stty -g)
  same NAME        ... are as they were
  foreground PID|leader   who has the terminal
  do COMMAND       in a shell, with $LEADER and $TTY; must succeed
  until COMMAND    ... at last
  hangup           the terminal goes away
  exit STATUS      CMD has ended with it (128 + N for signals)
  answers N        so many questions were answered

With --answer the terminal answers whatever xterm, kitty or the Linux console would; with --slow a while later. A step that fails shows everything.
"""
import errno
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time

PATIENCE = 20
ANSWERS = [
    (rb'\x05', b'answerback'),
    (rb'\x1b\[0*6n', b'\x1b[5;7R'),
    (rb'\x1b\[0*5n', b'\x1b[0n'),
    (rb'\x1b\[\?[0-9;]*n', b'\x1b[?5;7R'),
    (rb'\x1b\[0*c|\x1bZ', b'\x1b[?62;22c'),
    (rb'\x1b\[[>=]0*c', b'\x1b[>41;370;0c'),
    (rb'\x1b\[[01]?x', b'\x1b[2;1;1;120;120;1;0x'),
    (rb'\x1b\[\??[0-9;]*\$p', b'\x1b[?1;2$y'),
    (rb'\x1b\[>0*q', b'\x1bP>|XTerm(370)\x1b\\'),
    (rb'\x1b\[\?u', b'\x1b[?0u'),
    (rb'\x1b\[\?[0-9;]*m', b'\x1b[>4;2m'),
    (rb'\x1b\[(1[0-9]|2[01])(;[0-9;]*)?t', b'\x1b]ltitle\x1b\\'),
    (rb'\x1b\[[0-9;]*\*y', b'\x1bP1!~0000\x1b\\'),
    (rb"\x1b\[[0-9;]*'\|", b'\x1b[0&w'),
    (rb'\x1b\[\?[0-9;]*S', b'\x1b[?1;0;256S'),
    (rb'\x1b\[[12]?\$w', b'\x1bP1$u1;1;1\x1b\\'),
    (rb'\x1b\[\?(?:[0-9]+;)*1004h', b'\x1b[I'),
    (rb'\x1b\[\?2048h', b'\x1b[48;24;80;0;0t'),
    (rb'\x1bP[$+]q[^\x1b]*\x1b\\', b'\x1bP1$r0m\x1b\\'),
    (rb'\x1b_G[^\x1b]*\x1b\\', b'\x1b_Gi=31;OK\x1b\\'),
    (rb'\x1b\][0-9]+;[^\x07\x1b]*\?[^\x07\x1b]*(\x07|\x1b\\)', b'\x1b]10;rgb:0/0/0\x1b\\'),
]
ASKS = re.compile(b'|'.join(b'(?:' + a + b')' for a, _ in ANSWERS))


class Terminal:
    def __init__(self, command, answer, delay):
        self.answer, self.delay, self.asked = answer, delay, 0
        self.shown, self.at, self.read_to = b'', 0, 0
        self.leader, self.fd = pty.fork()
        if self.leader == 0:
            os.execvp(command[0], command)
        self.status = None
        self.slave = os.open(self.name(), os.O_RDWR | os.O_NOCTTY)
        self.resize(24, 80)
        self.kept = {}

    def name(self):
        number = struct.unpack('I', fcntl.ioctl(self.fd, 0x80045430, b'\0' * 4))[0]  # TIOCGPTN
        return '/dev/pts/%d' % number

    def resize(self, rows, cols):
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack('HHHH', rows, cols, 0, 0))

    def look(self, seconds):
        if self.fd < 0:
            time.sleep(seconds)
            return
        if select.select([self.fd], [], [], seconds)[0]:
            try:
                self.shown += os.read(self.fd, 65536)
            except OSError as e:
                if e.errno != errno.EIO:
                    raise
                time.sleep(seconds)
        for m in ASKS.finditer(self.shown, self.read_to):
            self.read_to = m.end()
            if self.answer:
                self.asked += 1
                text = next(a for q, a in ANSWERS if re.fullmatch(q, m.group()))
                time.sleep(self.delay)
                os.write(self.fd, text)

    def await_(self, what):
        end = time.monotonic() + PATIENCE
        while not what():
            if time.monotonic() > end:
                return False
            self.look(0.05)
        return True

    def ended(self):
        if self.status is None:
            pid, status = os.waitpid(self.leader, os.WNOHANG)
            if pid:
                self.status = os.waitstatus_to_exitcode(status)
                self.status = 128 - self.status if self.status < 0 else self.status
        return self.status is not None

    def found(self, regex):
        m = re.compile(regex, re.S).search(self.shown, self.at)
        if m:
            self.at = m.end()
        return m

    def modes(self):
        m = termios.tcgetattr(self.slave)
        m[3] &= ~getattr(termios, 'PENDIN', 0o40000)  # the kernel's own note
        return m

    def shell(self, command):
        env = dict(os.environ, LEADER=str(self.leader), TTY=self.name() if self.fd >= 0 else '')
        return subprocess.run(['/bin/bash', '-c', command], env=env).returncode == 0

    def hangup(self):
        os.close(self.slave)
        os.close(self.fd)
        self.fd = self.slave = -1
        return True

    def foreground(self, who):
        want = self.leader if who == 'leader' else int(who)
        return self.await_(lambda: os.tcgetpgrp(self.fd) == want)

    def step(self, verb, rest):
        text = rest.encode()
        if verb == 'expect':
            return self.await_(lambda: self.found(text))
        if verb == 'never':
            self.look(0.1)
            return not re.search(text, self.shown, re.S)
        if verb == 'send':
            return os.write(self.fd, rest.encode().decode('unicode_escape').encode('latin-1')) > 0
        if verb == 'resize':
            self.resize(*map(int, rest.split()))
            return True
        if verb == 'modes':
            self.kept[rest] = self.modes()
            return True
        if verb == 'same':
            return self.await_(lambda: self.modes() == self.kept[rest])
        if verb == 'foreground':
            return self.foreground(rest)
        if verb == 'do':
            return self.shell(rest)
        if verb == 'until':
            return self.await_(lambda: self.shell(rest))
        if verb == 'hangup':
            return self.hangup()
        if verb == 'exit':
            return self.await_(self.ended) and self.status == int(rest)
        if verb == 'answers':
            self.look(0.3)
            return self.asked == int(rest)
        raise SystemExit('no such step: ' + verb)

    def done(self):
        if self.status is None:
            os.kill(self.leader, signal.SIGKILL)
            os.waitpid(self.leader, 0)


def main():
    command = sys.argv[1:]
    answer = command[0] in ('--answer', '--slow')
    t = Terminal(command[answer:], answer, 0.6 if command[0] == '--slow' else 0)
    for line in sys.stdin.read().splitlines():
        verb, _, rest = line.strip().partition(' ')
        if verb and not verb.startswith('#') and not t.step(verb, rest.lstrip()):
            t.ended()
            print('failed: %s\nstatus %s, %d answers, expected up to %d; shown:\n%r' %
                  (line.strip(), t.status, t.asked, t.at, t.shown[-6000:]))
            t.done()
            sys.exit(1)
    t.done()


main()
