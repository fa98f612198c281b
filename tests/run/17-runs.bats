#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Slow: not among the quick tests (make test).
# Runs that are left alone: ps, wait, stop, run --detach, attach; each state, and the races between the causes of an end.

load helper

up() { manifest; }

# start NAME COMMAND...: a detached run; $ID
start() {
	local name=$1

	shift
	ID=$(enc run -m "$M" -d --name "$name" -- "$@")
	[ ${#ID} = 26 ]
}
state_of() { enc ps --all --json | jq -r --arg r "$1" '.runs[] | select(.run == $r or .name == $r) | .state'; }
has_state() { [ "$(state_of "$1")" = "$2" ]; }
result_of() { enc result "$1" --json | jq -r "$2"; }

check_detach() {
	be "$1"
	start web sh -c 'echo up; echo err >&2; sleep 1000'
	has_state web started
	is "$(enc ps --quiet)" "$ID"
	is "$(enc ps --json | jq -r '.runs[] | [.name, .detached, .tty, .status] | @csv')" '"web",true,false,'
	until_true 5 grep -q up "$STATE/runs/$ID/stdout"
	is "$(enc logs web --stdout)" up
	is "$(enc logs web --stderr)" err
	try enc result web
	fails_with 1
	try enc stop web
	fails_with 0
	is "$output" "$ID cancelled"
	is "$(enc ps --quiet)" ""
	has_state "$ID" cancelled
	is "$(result_of web '[.state, .status, .reason] | join(",")')" "cancelled,130,by enclosure stop"
}
@test "detach: a run goes on by itself, is listed, and is stopped (root)" { check_detach root; }
@test "detach: a run goes on by itself, is listed, and is stopped (user)" { check_detach user; }

@test "detach: what can't start says so, and leaves no run behind that goes on" {
	try enc run -m "$M" -d -- no-such-command
	fails_with 127
	contains "$stderr" E0601
	try enc run -m "$M" -d --json -- no-such-command
	fails_with 127
	is "$(jq -r .code <<<"$output")" E0601
	manifest "exec: {deny: [/usr/bin/curl]}"
	try enc run -m "$M" -d -- true
	fails_with 125
	is "$(enc ps --quiet)" ""
}
@test "detach: the caller's pipes are given back, input is empty, --json names the run" {
	# The substitution ends although the run goes on: nobody holds its pipe.
	start one sh -c 'cat; echo input-ended; exec sleep 1000'
	until_true 5 grep -q input-ended "$STATE/runs/$ID/stdout"
	two=$(enc run -m "$M" -d --json --name two -- sleep 1000 2>&1)
	is "$(jq -r '.schema, .name' <<<"$two" | paste -sd' ')" "enclosure.started/v1 two"
	is "$(enc stop --all | sort)" "$(printf '%s cancelled\n' "$ID" "$(jq -r .run <<<"$two")" | sort)"
}
@test "wait: with the run's own status, early and late, and not for ever" {
	be user
	start short sh -c 'sleep 0.3; exit 42'
	try enc wait short
	fails_with 42
	try enc wait "$ID"
	fails_with 42
	start long sleep 1000
	try enc wait --timeout 300ms long
	fails_with 2
	contains "$stderr" E0803 "still goes on"
	enc wait --json long >"$T/waited" 3>&- &
	waiter=$!
	enc stop --kill long
	wait $waiter && s=0 || s=$?
	is $s 130
	is "$(jq -r .state "$T/waited")" cancelled
	try enc wait no-such-run
	fails_with 1
}

check_stop() {
	be "$1"
	start kind sh -c 'trap "echo asked; exit 3" TERM; echo up; while :; do sleep 0.05; done'
	until_true 5 grep -q up "$STATE/runs/$ID/stdout"
	try enc stop kind
	is "$(enc logs kind)" $'up\nasked'
	is "$(result_of kind '[.state, .exit, .status] | join(",")')" "cancelled,3,130"
	start deaf sh -c 'trap "" TERM INT HUP; setsid sh -c "trap \"\" TERM; sleep 1000" & while :; do sleep 0.05; done'
	try enc stop --grace 300ms deaf
	fails_with 0
	is "$(result_of deaf '[.state, .exit, .signal] | join(",")')" "cancelled,,"
	[ "$(result_of deaf .wall_ns)" -ge 300000000 ]
	try enc stop deaf
	fails_with 0
	contains "$output" "had ended: cancelled"
	until_true 3 none_left
}
@test "stop: asks, then ends every process; again is no error (root)" { check_stop root; }
@test "stop: asks, then ends every process; again is no error (user)" { check_stop user; }

@test "stop: a second one does not wait for the grace" {
	start deaf sh -c 'trap "" TERM; while :; do sleep 0.05; done'
	enc stop --grace 1h deaf >/dev/null 3>&- &
	first=$!
	until_true 5 has_state deaf stopping
	enc stop --grace 1h deaf
	wait $first
	is "$(result_of deaf .state)" cancelled
}
@test "stop: bad arguments" {
	try enc stop
	fails_with 64
	try enc stop --all x
	fails_with 64
	try enc stop --kill --grace 1s x
	fails_with 64
	try enc stop no-such-run
	fails_with 1
	try enc run -m "$M" --tty -- true
	fails_with 125
	contains "$stderr" "--detach --tty"
	try enc run -m "$M" --tty --no-tty -- true
	fails_with 125
}

# The first cause decides, and exactly one end state stands in result, event and list.
@test "race: stop during the set-up never runs the command, or cancels it" {
	for who in root user; do
		be $who
		for i in 1 2 3 4 5 6 7 8; do
			background "$T/out" enc run -m "$M" --name "r$who$i" -- sh -c 'echo ran; sleep 100'
			until_true 5 sh -c "ls $STATE/runs/*/name >/dev/null 2>&1 && grep -qx r$who$i $STATE/runs/*/name"
			try enc stop --grace 200ms "r$who$i"
			fails_with 0
			wait $JOB && s=0 || s=$?
			is $s 130
			is "$(result_of "r$who$i" .state)" cancelled
		done
	done
}
@test "race: the time limit during a stop; a stop during the time limit's end" {
	be user
	manifest "limits: {time: 700ms}"
	start slow sh -c 'trap "" TERM; while :; do sleep 0.05; done'
	enc stop --grace 30s slow
	is "$(result_of slow '[.state, .status] | join(",")')" cancelled,130
	start late sh -c 'trap "" TERM; while :; do sleep 0.05; done'
	try enc wait late
	fails_with 124
	try enc stop late
	fails_with 0
	is "$(result_of late '[.state, .clause] | join(",")')" timed-out,limits.time
	is "$(record | jq -s --arg r "$ID" 'map(select(.run == $r and .type == "run.finished")) | length')" 1
}
@test "race: the command ends just when it is stopped: one end, told the same everywhere" {
	be user
	for i in $(seq 12); do
		start "e$i" sh -c "sleep 0.0$((i % 4))"
		enc stop "e$i" >"$T/stopped"
		s=$(result_of "$ID" .state)
		contains "$(cat "$T/stopped")" "$s"
		is "$(record | jq -rs --arg r "$ID" 'map(select(.run == $r and .type == "run.finished") | .state) | join(",")')" "$s"
	done
}

supervisor_of() { enc ps --json | jq -r --arg r "$1" '.runs[] | select(.run == $r) | .supervisor'; }
check_lost() {
	be "$1"
	start lost sh -c 'echo before; trap "" TERM HUP; sleep 1000'
	until_true 5 grep -q before "$STATE/runs/$ID/stdout"
	kill -KILL "$(supervisor_of "$ID")"
	try enc wait --timeout 10s lost
	fails_with 137
	is "$(result_of lost '[.state, .clause, .stdout.bytes] | join(",")')" "killed,die-with-supervisor,7"
	is "$(record | jq -rs --arg r "$ID" 'map(select(.run == $r and .type == "run.finished") | .clause) | join(",")')" die-with-supervisor
	until_true 5 none_left
	is "$(enc ps --quiet)" ""
}
@test "a supervisor that is killed: the run dies, and is given its result by who asks first (root)" { check_lost root; }
@test "a supervisor that is killed: the run dies, and is given its result by who asks first (user)" { check_lost user; }

@test "a lost run that ten ask for at once gets one result" {
	be user
	start lost sleep 1000
	kill -KILL "$(supervisor_of "$ID")"
	for i in $(seq 10); do enc wait --timeout 10s lost 3>&- & pids[i]=$!; done
	for i in $(seq 10); do wait "${pids[i]}" && s=0 || s=$?; is $s 137; done
	is "$(record | jq -s --arg r "$ID" 'map(select(.run == $r and .type == "run.finished")) | length')" 1
}
@test "a supervisor that is stopped and does not answer is ended by stop" {
	be user
	start stuck sleep 1000
	kill -STOP "$(supervisor_of "$ID")"
	# Not a number of ours: the grace and ten seconds more.
	try enc stop --kill --json stuck
	fails_with 0
	is "$(jq -r '[.state, .supervisor_killed] | join(",")' <<<"$output")" killed,true
}
@test "nobody else can stop, watch or wait for a run" {
	start mine sleep 1000
	mine=$STATE/runs/$ID
	try setpriv --reuid "$(id -u $USER_NAME)" --regid "$(id -g $USER_NAME)" --clear-groups \
		env ENCLOSURE_STATE="$STATE" "$BIN/enclosure" stop "$ID"
	fails_with 2
	has_state mine started
	# The control outside: its owner can.
	[ -S "$mine/control" ]
	enc stop mine
	[ ! -e "$mine/control" ]
}
@test "the command reaches neither the run's folder nor its socket" {
	start self sh -c "ls $STATE; test -S $STATE/runs/*/control; echo \$?"
	enc wait self
	is "$(enc logs self --stdout)" 1
}

@test "attach: what a run prints comes to whoever is attached, and their leaving is nothing to it" {
	be user
	start chatty sh -c 'i=0; while :; do i=$((i + 1)); echo line $i; echo err $i >&2; sleep 0.05; done'
	background "$T/seen" enc attach "$ID"
	until_true 5 grep -q "line" "$T/seen"
	until_true 5 grep -q "err" "$T/seen.err"
	kill -INT $JOB
	wait $JOB && s=0 || s=$?
	is $s 0
	contains "$(cat "$T/seen.err")" "goes on"
	background "$T/seen2" enc attach "$ID"
	kill -KILL $JOB
	wait $JOB || true
	has_state chatty started
	background "$T/seen3" enc attach "$ID"
	until_true 5 grep -q "line" "$T/seen3"
	enc stop chatty
	wait $JOB && s=0 || s=$?
	is $s 130
	try enc attach chatty
	fails_with 1
}
@test "attach: one that does not read holds the run back, but not for ever" {
	be user
	start flood sh -c 'while :; do head -c 100K /dev/zero; sleep 0.02; done'
	background "$T/seen" enc attach "$ID"
	until_true 5 test -s "$T/seen"
	kill -STOP $JOB
	sleep 3.5
	a=$(stat -c %s "$STATE/runs/$ID/stdout")
	until_true 10 sh -c "[ \$(stat -c %s $STATE/runs/$ID/stdout) -gt $((a + 1000000)) ]"
	kill -CONT $JOB
	enc stop --kill flood
	wait $JOB || true
}
@test "two hundred waiters and askers: those beyond the limit are turned away, the run goes on" {
	be user
	start popular sleep 1000
	for i in $(seq 100); do enc wait --timeout 3s popular >/dev/null 2>&1 3>&- & done
	sleep 0.5
	has_state popular started
	enc stop popular
	wait
}

check_many() {
	be "$1"
	for i in $(seq 200); do
		enc run -m "$M" --name "many-$i" -- sh -c "echo out-$i; echo err-$i >&2; exit $((i % 100))" >"$T/many-$i" 2>"$T/err-$i" 3>&- &
		pids[i]=$!
	done
	for i in $(seq 200); do
		wait "${pids[i]}" && s=0 || s=$?
		is $s $((i % 100))
		is "$(cat "$T/many-$i") $(cat "$T/err-$i")" "out-$i err-$i"
	done
	enc ps --all --json >"$T/all"
	is "$(jq '[.runs[] | select(.state == "finished")] | length' "$T/all")" 200
	is "$(jq -r '[.runs[] | select("many-\(.status)" == .name or "many-\(.status + 100)" == .name)] | length' "$T/all")" 199
	is "$(record | jq -s 'map(.seq) | [range(.[0]; .[0] + length)] == .')" true
	is "$(record | jq -s 'map(select(.type == "run.finished") | .run) | unique | length')" 200
}
@test "two hundred runs at once, each with its own output and result (root)" { check_many root; }
@test "two hundred runs at once, each with its own output and result (user)" { check_many user; }
