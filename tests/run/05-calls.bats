#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Every refused system call: denied inside with the errno that the table says, seen by an event where the plan says visible.
# That each works outside is shown by 00-control.

load helper

# One run tries them all; afterwards output and events are compared with the table of tests/attacks.
table() {	# WHO [USER] [mask...]
	local name group expect call needs bad=0 want n

	be "$1"
	manifest ${2:+"user: $2"}
	shift 2
	rm -f "$T/events"
	try enc run -m "$M" --events "$T/events" "$@" -- /bin/sh -c "$PROBE for a in \$(\$ENC_ATTACK list calls | cut -d' ' -f1) \
		\$(\$ENC_ATTACK list sockets | cut -d' ' -f1); do probe \$a \$a; done"
	while read -r name group expect call needs; do
		grep -qxF "$name=1" <<<"$output" || { echo "$name: $(grep -F "$name=" <<<"$output") wanted $expect"; bad=1; }
	done < <("$BIN/attack" list calls; "$BIN/attack" list sockets)
	return $bad
}
every_call_seen() {
	local name group expect call needs bad=0

	jq -s -r 'map(select(.verdict == "deny" and .clause == "system-calls" and .mechanism == "seccomp") | .what) | unique[]' \
		"$T/events" >"$T/seen"
	while read -r name group expect call needs; do
		[ "$call" = - ] && continue
		# As `what` may tell more than the name.
		grep -qw -- "$call" "$T/seen" || { echo "$name: no event names $call"; bad=1; }
	done < <("$BIN/attack" list calls; "$BIN/attack" list sockets)
	return $bad
}

@test "refused calls (root, borrowed id)" {
	table root ""
	every_call_seen
}
@test "refused calls (user: root)" {
	table root root
	every_call_seen
}
@test "refused calls (user)" {
	table user ""
	every_call_seen
}
@test "refused calls are refused without a listener too, and the plan says invisible" {
	table user "" --mask seccomp-notify
	is "$(events '.verdict == "deny"')" 0
	is "$(enc plan -m "$M" --mask seccomp-notify --json | jq '.clauses[] | select(.id == "system-calls") | .visible')" false
	is "$(enc plan -m "$M" --json | jq '.clauses[] | select(.id == "system-calls") | .visible')" true
}
@test "an event of a refused call has the fields of a decision" {
	manifest
	go_events "$BIN/attack" io_uring_setup || true
	is "$(jq -s -c '.[] | select(.verdict == "deny") | [.v, .type, .by, .clause, .mechanism, .guarantee, .errno, (.pid > 0), (.run | length), .comm]' "$T/events")" \
		'[1,"priv.io_uring","seccomp","system-calls","seccomp","prevent",1,true,26,"attack"]'
}
@test "a loop of refused calls does not flood the record, and the count is told" {
	manifest
	cat >"$WS/loop.py" <<'PY'
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
for _ in range(20000):
    libc.unshare(0x10000000)
print(ctypes.get_errno())
PY
	try enc run -m "$M" --json --events "$T/events" -- /usr/bin/python3 "$WS/loop.py"
	fails_with 0
	[ "$(wc -l <"$T/events")" -lt 50 ]
	is "$(jq '[.denials[] | select(.what | test("unshare")) | .count] | add' <<<"$output")" 20000
}
@test "without seccomp, or without namespaces, a run refuses" {
	manifest
	for m in seccomp user-namespace mount-namespace pid-namespace; do
		try enc run -m "$M" --mask $m -- touch "$WS/ran"
		fails_with 125
		[ ! -e "$WS/ran" ]
	done
}
@test "what programs need is not refused" {
	manifest
	cat >"$WS/ok.py" <<'PY'
import os, threading, subprocess, tempfile, mmap, socket, select, signal, multiprocessing
threading.Thread(target=lambda: None).start()
assert subprocess.run(["true"]).returncode == 0
assert subprocess.check_output(["sh", "-c", "echo hi | cat"]) == b"hi\n"
mmap.mmap(-1, 4096); select.epoll(); socket.socketpair(); tempfile.TemporaryFile(); os.memfd_create("x")
os.chmod("f", 0o755) if os.path.exists("f") else open("f", "w")
p = multiprocessing.get_context("fork").Process(target=lambda: None); p.start(); p.join(); assert p.exitcode == 0
os.openpty(); os.sched_getaffinity(0); os.getrandom(4); os.statvfs("."); os.mkfifo("fifo"); os.umask(0o22)
os.symlink("a", "b"); os.link("f", "g"); os.utime("f"); os.sync(); signal.pthread_sigmask(signal.SIG_BLOCK, [])
sem = multiprocessing.get_context("fork").Semaphore(); sem.acquire()
print("ok")
PY
	for who in root user; do
		be $who
		try go /usr/bin/python3 "$WS/ok.py"
		is "$output" ok
		rm -f "$WS"/{f,g,b,fifo}
	done
}
