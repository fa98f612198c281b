#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# A run that works against its supervisor: floods, stalls, and what it puts where the supervisor reads.

load helper

each() {
	for who in root user; do
		be $who
		"$@"
	done
}

slow_reader() {
	manifest "limits: {time: 1s}"
	be "$WHO"
	# The limit holds although nobody reads what the run prints.
	start=$SECONDS
	(
		go sh -c 'yes; sleep 100' 3>&- && echo 0 >"$T/status" || echo $? >"$T/status"
	) | (sleep 2; head -c 10 >/dev/null; sleep 1)
	is "$(cat "$T/status")" 124
	[ $((SECONDS - start)) -lt 10 ]
	rm -f "$T/status"
}
@test "a reader that stands still does not stop the clock" { each slow_reader; }

flood() {
	manifest
	cat >"$WS/flood.py" <<'PY'
import ctypes, os
libc = ctypes.CDLL(None)
for _ in range(700):
    if os.fork() == 0:
        libc.unshare(0x10000000)
        os._exit(0)
while True:
    try:
        os.wait()
    except ChildProcessError:
        break
libc.syscall(321, 0, 0, 0)
PY
	be "$WHO"
	try enc run -m "$M" --json --events "$T/events" -- /usr/bin/python3 "$WS/flood.py"
	fails_with 0
	is "$(jq '[.denials[] | select(.what | test("unshare")) | .count] | add' <<<"$output")" 700
	# What comes after the flood is told by its own name.
	is "$(jq '[.denials[] | select(.what | test("bpf")) | .count] | add' <<<"$output")" 1
	is "$(events '.verdict == "deny" and (.what | test("bpf"))')" 1
	rm -f "$T/events"
}
@test "a flood of refused calls hides no other" { each flood; }

fork_bomb() {
	manifest "limits: {pids: 40, time: 3s}"
	be "$WHO"
	# The command itself forks no more: a shell that can't would end the run by itself.
	try go sh -c 'b() { b | b & }; b; exec sleep 60'
	# By the limit of processes, or, when its own failures put it out before, with the time of the command.
	case $status in 124 | 137) ;; *) fails_with 137 ;; esac
	contains "limits.pids limits.time" "$(enc result last --json | jq -r .clause)"
	until_true 5 none_left
}
@test "a fork bomb ends with its run" { each fork_bomb; }

output_limit() {
	manifest
	be "$WHO"
	try enc run -m "$M" --json -- sh -c 'printf "\033]52;c;aGk=\a\001\377"; echo "{\"x\":1}" >&2'
	is "$(jq -s length <<<"$output")" 1
	is "$(enc logs last --stdout | od -An -tx1 | tr -d ' \n')" 1b5d35323b633b61476b3d0701ff
}
@test "terminal sequences in the output don't reach the report or the result" { each output_limit; }

# A single granted file in a private directory: what the run puts in its place is read by the supervisor.
synced() {	# COMMAND that runs in the home
	be_at_home
	rm -f "$UP_HOME/.enc-one"
	as sh -c 'echo orig >$HOME/.enc-one; chmod 600 $HOME/.enc-one'
	manifest write="$UP_HOME/.enc-one"
	chown $USER_NAME "$M"
	try enc run -m "$M" -- sh -c "cd \$HOME && $1"
}
@test "a synced file that the run makes a link, a pipe, a directory or a giant is not written back" {
	for act in 'rm .enc-one; ln -s /etc/passwd .enc-one' "rm .enc-one; ln -s $T/outside/secret .enc-one" 'rm .enc-one; mkfifo .enc-one' \
		'rm .enc-one; mkdir .enc-one' 'rm .enc-one; ln -s /proc/self/environ .enc-one; sleep 1.2' \
		'head -c 70M /dev/zero >.enc-one' 'rm .enc-one'; do
		synced "$act"
		is "$(cat "$UP_HOME/.enc-one")" orig
		is "$(stat -c '%F %a' "$UP_HOME/.enc-one")" "regular file 600"
	done
}
@test "a synced file that the host changed meanwhile stays, and the run's version is kept" {
	be_at_home
	as sh -c 'echo orig >$HOME/.enc-one'
	manifest write="$UP_HOME/.enc-one"
	chown $USER_NAME "$M"
	background "$T/out" go sh -c 'echo up; sleep 1; echo theirs >$HOME/.enc-one; sleep 0.3'
	until_true 5 test -s "$T/out"
	as sh -c 'echo host >$HOME/.enc-one'
	wait $JOB
	is "$(cat "$UP_HOME/.enc-one")" host
	is "$(cat "$STATE"/runs/*/files/*)" theirs
	contains "$(enc result last --json | jq -r .note)" .enc-one
}
@test "versions of a synced file that are put aside are bounded, and the last one is there" {
	be_at_home
	as sh -c 'echo orig >$HOME/.enc-one'
	manifest write="$UP_HOME/.enc-one"
	chown $USER_NAME "$M"
	background "$T/out" go sh -c 'echo up; for i in 1 2 3 4 5 6 7 8 9 10; do sleep 1.05; echo "theirs $i" >$HOME/.enc-one; done'
	until_true 5 test -s "$T/out"
	as sh -c 'echo host >$HOME/.enc-one'
	wait $JOB
	[ "$(ls "$STATE"/runs/*/files | wc -l)" -le 8 ]
	is "$(cat "$STATE"/runs/*/files/8-*)" "theirs 10"
}
@test "a synced file is written back while the run goes on, and when it is killed" {
	be_at_home
	as sh -c 'echo orig >$HOME/.enc-one'
	manifest write="$UP_HOME/.enc-one" "limits: {time: 4s}"
	chown $USER_NAME "$M"
	background "$T/out" go sh -c 'echo new >$HOME/.enc-one; sleep 100'
	until_true 4 grep -q new "$UP_HOME/.enc-one"
	wait $JOB && s=0 || s=$?
	is $s 124
	is "$(cat "$UP_HOME/.enc-one")" new
	is "$(ls -A "$UP_HOME" | grep -c enc-one)" 1
}

stop_signals() {
	manifest "limits: {time: 2s}"
	be "$WHO"
	# Stopped processes, a stopped command, a thief of the process group.
	try go sh -c 'sleep 1000 & kill -STOP $!; kill -STOP $$'
	fails_with 124
	until_true 5 none_left
	try go sh -c 'kill -9 -1; exit 3'
	[ "$status" = 3 ] || [ "$status" = 137 ]
}
@test "stopped processes and kill -1 don't hold up the end" { each stop_signals; }

nested_filter() {
	manifest
	cat >"$WS/filter.py" <<'PY'
# A filter of the run's own that allows everything, and a listener of its own: neither may weaken ours.
import ctypes, struct
libc = ctypes.CDLL(None, use_errno=True)
allow = struct.pack("HBBI", 6, 0, 0, 0x7fff0000)
buf = ctypes.create_string_buffer(allow)
class Prog(ctypes.Structure):
    _fields_ = [("len", ctypes.c_ushort), ("filter", ctypes.c_void_p)]
p = Prog(1, ctypes.addressof(buf))
print("filter", libc.syscall(317, 1, 0, ctypes.byref(p)))
r = libc.unshare(0x10000000)
print("unshare", r, ctypes.get_errno())
PY
	be "$WHO"
	try go /usr/bin/python3 "$WS/filter.py"
	contains "$output" "unshare -1 1"
}
@test "a filter of the run's own can't weaken ours" { each nested_filter; }
