#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# From start to end: exit statuses, streams, signals, and that nothing of a run outlives it.

load helper

up() { manifest; }

@test "exit status: the command's own, signals, not found, not executable" {
	for who in root user; do
		be $who
		for n in 0 1 2 42 125 126 127 255; do
			try go sh -c "exit $n"
			fails_with $n
		done
		for s in 9 15 6 11 1; do
			try go sh -c "kill -$s \$\$"
			fails_with $((128 + s))
		done
		try go no-such-command
		fails_with 127
		try go ./absent
		fails_with 127
		echo x >"$WS/plain"
		try go "$WS/plain"
		fails_with 126
		try go "$WS"
		fails_with 126
	done
}
@test "exit status: a set-up that fails, an unbound clause, a bad option are 125" {
	manifest "exec: {deny: [/usr/bin/curl]}"
	try go true
	fails_with 125
	try enc run --no-such-option -- true
	fails_with 125
	try enc run -m "$T/absent.yaml" -- true
	fails_with 125
}
@test "exit status: the result tells own codes from ours" {
	try enc run -m "$M" --json -- sh -c 'exit 124'
	fails_with 124
	is "$(jq -r '.state, .exit' <<<"$output" | paste -sd' ')" "finished 124"
	try enc run -m "$M" --json -- sh -c 'kill -9 $$'
	fails_with 137
	is "$(jq -r '.state, .signal' <<<"$output" | paste -sd' ')" "finished 9"
}

check_survivors() {
	be "$1"
	try go sh -c '$ENC_ATTACK daemonize; nohup sleep 1000 >/dev/null 2>&1 & setsid sleep 1000 & (trap "" TERM HUP INT; sleep 1000 &) ;
		setsid sh -c "setsid sleep 1000 & sleep 1000" & exit 7'
	fails_with 7
	until_true 3 none_left
}
@test "no process outlives the command: daemons, double forks, setsid, nohup, deaf ones (root)" { check_survivors root; }
@test "no process outlives the command: daemons, double forks, setsid, nohup, deaf ones (user)" { check_survivors user; }

start_background() {	# COMMAND...: starts a run, waits until its first line is there; $JOB
	rm -f "$T/out"
	background "$T/out" go "$@"
	until_true 10 test -s "$T/out"
	[ "$(cat /proc/$JOB/comm)" = enclosure ]
}
check_sigkill() {
	be "$1"
	start_background sh -c '$ENC_ATTACK daemonize & trap "" TERM HUP INT; echo up; while :; do sleep 1; done'
	kill -KILL $JOB
	wait $JOB || true
	until_true 5 no_processes
	# Nobody was left to remove its group: an empty one may stay, one that still holds a process may not.
	for group in $(leftover_cgroups); do rmdir "$group"; done
	# The next run finds the record in order and works.
	try go echo again
	is "$output" again
}
no_processes() { [ -z "$(leftover_processes)" ]; }
@test "SIGKILL of the supervisor takes the run with it (root)" { check_sigkill root; }
@test "SIGKILL of the supervisor takes the run with it (user)" { check_sigkill user; }

check_cancel() {
	be "$1"
	start_background sh -c 'trap "echo asked; exit 3" INT; echo up; while :; do sleep 0.1; done'
	kill -INT $JOB
	wait $JOB && s=0 || s=$?
	is $s 130
	contains "$(cat "$T/out")" asked
	start_background sh -c 'trap "" INT TERM; echo up; while :; do sleep 0.1; done'
	kill -INT $JOB
	sleep 0.3
	kill -INT $JOB
	wait $JOB && s=0 || s=$?
	is $s 130
	try enc result last --json
	is "$(jq -r .state <<<"$output")" cancelled
}
@test "SIGINT asks the command to end, a second ends it; 130 (root)" { check_cancel root; }
@test "SIGINT asks the command to end, a second ends it; 130 (user)" { check_cancel user; }

@test "SIGINT at any moment of the set-up leaves nothing behind" {
	for who in root user; do
		be $who
		for i in 1 2 3 4 5 6 7 8 9 10 11 12; do
			# Every other one in a new state directory: then the machine is probed first.
			STATE=$T/state$((i % 2 * i))
			background "$T/out" go sleep 30
			# It may still be setpriv or env: a signal then simply ends that.
			sleep 0.00$((i * 7 % 10))
			kill -INT $JOB
			wait $JOB && s=0 || s=$?
			[ $s = 130 ]
		done
	done
	no_leaks
}

@test "twenty runs at once, each with its own result" {
	be user
	for i in $(seq 20); do
		enc run -m "$M" --name "many-$i" -- sh -c "echo out-$i; exit $i" >"$T/many-$i" 3>&- &
		pids[i]=$!
	done
	for i in $(seq 20); do
		wait "${pids[i]}" && s=0 || s=$?
		is $s "$i"
		is "$(cat "$T/many-$i")" "out-$i"
		is "$(enc result "many-$i" --json | jq '.exit')" "$i"
	done
	is "$(record | jq -s 'map(.seq) | [range(.[0]; .[0] + length)] == .')" true
	is "$(record | jq -s 'map(select(.type == "run.finished") | .run) | unique | length')" 20
}

@test "streams: 100 MB, bytes as they are, stdin, stderr apart" {
	be user
	is "$(go sh -c 'head -c 100M /dev/zero' | sha256sum)" "$(head -c 100M /dev/zero | sha256sum)"
	head -c 1M /dev/urandom >"$T/random"
	is "$(go cat <"$T/random" | sha256sum)" "$(sha256sum <"$T/random")"
	try go sh -c 'echo to-out; echo to-err >&2'
	is "$output" to-out
	is "$stderr" to-err
	is "$(enc logs last --stdout)" to-out
	is "$(enc logs last --stderr)" to-err
	is "$(printf 'a\nb' | go sh -c 'read l; echo "[$l]"; cat')" $'[a]\nb'
}
@test "streams: a reader that leaves, a full and a closed stdout" {
	run bash -c "$(declare -f as enc go); WHO=root UP_HOME=/root STATE=$STATE BIN=$BIN M=$M; go sh -c 'yes' | head -1; echo \${PIPESTATUS[0]}"
	is "$(head -1 <<<"$output")" y
	[ "$(tail -1 <<<"$output")" -ge 128 ] || [ "$(tail -1 <<<"$output")" = 1 ]
	run bash -c "$(declare -f as enc go); WHO=root UP_HOME=/root STATE=$STATE BIN=$BIN M=$M; go echo x >/dev/full; echo \$?"
	is "$(tail -1 <<<"$output")" 125
	contains "$output" E0702 "No space left"
	run bash -c "$(declare -f as enc go); WHO=root UP_HOME=/root STATE=$STATE BIN=$BIN M=$M; go echo x >&-; echo \$?"
	is "$(tail -1 <<<"$output")" 125
	run bash -c "$(declare -f as enc go); WHO=root UP_HOME=/root STATE=$STATE BIN=$BIN M=$M; go sh -c 'read x; echo \"[\$x]\"' <&-"
	is "$(tail -1 <<<"$output")" "[]"
}
@test "a background process that keeps stdout open doesn't keep the run" {
	start=$SECONDS
	try go sh -c 'sleep 1000 & echo done'
	is "$output" done
	[ $((SECONDS - start)) -lt 5 ]
}
@test "a run inside a run refuses or holds, and the inner one gains nothing" {
	for who in root user; do
		be $who
		cp "$M" "$WS/inner.yaml"
		be $who
		try go env ENCLOSURE_STATE=/tmp/inner "$BIN/enclosure" run -m "$WS/inner.yaml" -- cat "$T/outside/secret"
		fails_with 125
		lacks "$output" secret
	done
}
@test "zombies and orphans are reaped by pid 1, threads and vfork work" {
	try go sh -c 'for i in 1 2 3 4 5; do (sleep 0.01 &); done; sleep 0.3; ls -d /proc/[0-9]* | wc -l; cat /proc/1/comm'
	[ "$(head -1 <<<"$output")" -le 5 ]
}
@test "many short runs leave nothing" {
	be user
	for i in $(seq 30); do go true; done
	no_leaks
}
@test "no file of a run stays in the host's temporary directories" {
	be user
	touch "$T/marker"
	go sh -c 'echo x >/tmp/x; echo x >/var/tmp/x; echo x >/dev/shm/x; mkfifo /tmp/f; echo x >$HOME/x'
	try go no-such-command
	is "$(find /tmp /var/tmp /dev/shm /run "$UP_HOME" -xdev -newer "$T/marker" -user $USER_NAME -not -path "$T*" 2>/dev/null)" ""
}
