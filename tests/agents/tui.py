#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""tui.py ENCLOSURE AGENTS_DIR: the agents' full-screen interfaces in the terminal that a run gives them

The test is the caller's terminal: it answers what a terminal is asked, and writes down what it was asked. Nothing but the
cursor's position may be asked, and the screen must be the agent's. Prints a line a check, as run.mjs does.
"""
import fcntl, os, pty, re, select, shutil, signal, struct, subprocess, sys, tempfile, termios, time

ENCLOSURE, AGENTS = sys.argv[1:3]
USER = "enclosure-test"
QUESTIONS = [rb"\x1b\[\??6n", rb"\x1b\[[>=]?0?c", rb"\x1b\[\?u", rb"\x1b\](?:4;\d+|1[0-9]);\?", rb"\x1bP", rb"\x1b\]52;", rb"\x1b_", rb"\x1b\[>0?q",
             rb"\x1b\[5n", rb"\x1b\[\??\d+\$p", rb"\x1b\[(?:14|16|18|19|20|21)t", b"\x05"]


def at_terminal(argv, env, cwd, want, seconds):
    """Runs argv until `want` was drawn, then presses Ctrl-C until it ends. What was drawn, what was asked, exit status."""
    pid, fd = pty.fork()
    if pid == 0:
        os.chdir(cwd)
        os.execvpe(argv[0], argv, env)
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    out, end, pressed, seen_at = b"", time.time() + seconds, 0.0, 0.0
    while time.time() < end:
        if select.select([fd], [], [], 0.1)[0]:
            try:
                data = os.read(fd, 65536)
            except OSError:
                break
            if not data:
                break
            out += data
            if b"\x1b[6n" in data:
                os.write(fd, b"\x1b[1;1R")
        text = re.sub(rb"\x1b\[[0-9;:<=>?]*[ -/]*[@-~]", b" ", out)
        if not seen_at and re.search(want, text):
            seen_at = time.time()
        if seen_at and time.time() - seen_at > 1 and time.time() - pressed > 0.4:
            pressed = time.time()
            try:
                os.write(fd, b"\x03")
            except OSError:
                break
    else:
        os.kill(pid, signal.SIGKILL)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    os.close(fd)
    return out, seen_at > 0, status


def check(ok, name, why=""):
    print(f"ok {name}" if ok else f"not ok {name}: {why}", flush=True)


def one(agent, profile, want, who):
    base = tempfile.mkdtemp(prefix="enclosure-tui.", dir="/srv")
    work, state = base + "/work", base + "/state"
    os.mkdir(work)
    os.mkdir(state, 0o700)
    home = base + "/home"
    os.mkdir(home)
    os.chmod(base, 0o755)
    node = os.path.dirname(os.path.realpath(shutil.which("node")))
    env = {"PATH": f"/usr/local/bin:/usr/bin:/bin:{node}", "HOME": home, "TERM": "xterm-256color", "ENCLOSURE_STATE": state, "LANG": "C.UTF-8"}
    manifest = work + "/enclosure.yaml"
    with open(manifest, "w") as f:
        f.write(f"enclosure: 1\nextends: [{profile}]\nfilesystem: {{read: [{INSTALL}]}}\n")
    argv = [PROGRAM, "run", "-m", manifest, "--", f"{INSTALL}/node_modules/.bin/{agent}"]
    if who == "user":
        subprocess.run(["chown", "-R", f"{USER}:", base], check=True)
        argv = ["setpriv", "--reuid", USER, "--regid", USER, "--init-groups"] + argv
    name = f"tui {agent} ({who})"
    try:
        out, seen, status = at_terminal(argv, env, work, want, 60)
        check(seen, f"{name}: draws its screen", f"not seen: {out[-400:]!r}")
        asked = [q.pattern if hasattr(q, "pattern") else q for q in QUESTIONS if re.search(q, out)]
        check(all(q == QUESTIONS[0] for q in asked), f"{name}: nothing that a terminal answers but where the cursor is", repr(asked))
        result = subprocess.run([PROGRAM, "result", "last", "--json"], env=env, capture_output=True, text=True,
                                preexec_fn=None if who == "root" else lambda: drop())
        check('"state": "finished"' in result.stdout, f"{name}: ends by Ctrl-C as an agent does", result.stdout[:200] + result.stderr[:200])
        check(b"\x1b[?1049h" not in out or out.rstrip().rfind(b"\x1b[?1049l") > out.rfind(b"\x1b[?1049h"), f"{name}: the screen is given back", "")
    finally:
        shutil.rmtree(base, ignore_errors=True)


def drop():
    import pwd
    p = pwd.getpwnam(USER)
    os.setgroups([])
    os.setgid(p.pw_gid)
    os.setuid(p.pw_uid)


# The program and the agents where the ordinary user can read them: hard links where the file system allows.
BASE = tempfile.mkdtemp(prefix="enclosure-tui-bin.", dir="/srv")
os.chmod(BASE, 0o755)
PROGRAM, INSTALL = BASE + "/enclosure", BASE + "/agents"
shutil.copy(ENCLOSURE, PROGRAM)
os.mkdir(INSTALL)
if subprocess.run(["cp", "-al", AGENTS + "/node_modules", INSTALL], stderr=subprocess.DEVNULL).returncode != 0:
    subprocess.run(["cp", "-a", AGENTS + "/node_modules", INSTALL], check=True)
for who in ("root", "user"):
    # Without its service Claude Code says so on its first screen; Codex asks to sign in.
    one("claude", "claude-code", rb"Welcome\s+to\s+Claude", who)
    one("codex", "codex", rb"(?i)welcome\s+to\s+codex|sign\s+in\s+with", who)
shutil.rmtree(BASE, ignore_errors=True)
