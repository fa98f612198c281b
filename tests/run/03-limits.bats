#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Slow: not among the quick tests (make test).
# Each limit: below it nothing is felt, at it the run is held, slowed or ended, and the result says which.

load helper

check_time() {
	be "$1"
	manifest "limits: {time: 500ms}"
	try enc run -m "$M" --json -- sh -c 'trap "" TERM INT HUP; setsid sleep 1000 & while :; do sleep 1; done'
	fails_with 124
	is "$(jq -r '.state, .clause, .exit' <<<"$output" | paste -sd' ')" "timed-out limits.time null"
	[ "$(jq '.wall_ns' <<<"$output")" -ge 500000000 ]
}
@test "time: ends the run, which may be deaf to signals (root)" { check_time root; }
@test "time: ends the run, which may be deaf to signals (user)" { check_time user; }

@test "time: --timeout and the manifest, the shorter holds; a fast command is not touched" {
	manifest "limits: {time: 10m}"
	try enc run -m "$M" --timeout 300ms -- sleep 100
	fails_with 124
	manifest "limits: {time: 300ms}"
	try enc run -m "$M" --timeout 10m -- sleep 100
	fails_with 124
	try enc run -m "$M" --timeout 10m -- true
	fails_with 0
}

check_memory() {
	be "$1"
	manifest "limits: {memory: 48M}"
	try enc run -m "$M" --json --events "$T/events" -- "$BIN/attack" allocate 256
	fails_with 137
	is "$(jq -r '.state, .clause' <<<"$output" | paste -sd' ')" "killed limits.memory"
	is "$(events '.type == "limit.hit" and .clause == "limits.memory"')" 1
	try enc run -m "$M" -- "$BIN/attack" allocate 16
	fails_with 0
}
@test "memory: a run above it is killed, one below is not (root)" { check_memory root; }
@test "memory: a run above it is killed, one below is not (user)" { check_memory user; }

@test "memory: many small processes count together" {
	for who in root user; do
		be $who
		manifest "limits: {memory: 64M}"
		try go sh -c "for i in 1 2 3 4 5 6 7 8; do \$ENC_ATTACK allocate 20 5000 & done; wait"
		fails_with 137
	done
}
@test "memory: files in the private directories count too, or are bounded" {
	manifest "limits: {memory: 64M}"
	try go sh -c 'head -c 400M /dev/zero >/tmp/big; s=$?; sleep 1; exit $s'
	[ "$status" != 0 ]
}

check_pids() {
	be "$1"
	manifest "limits: {pids: 24}"
	try go_events "$BIN/attack" forks 100
	has_lines "forks: EAGAIN"
	try go "$BIN/attack" forks 8
	has_lines "forks: WORKED"
}
@test "pids: forks fail beyond it, not below (root)" { check_pids root; }
@test "pids: forks fail beyond it, not below (user)" { check_pids user; }

@test "pids: one run's processes don't count for another's" {
	be user
	manifest "limits: {pids: 24}"
	go "$BIN/attack" forks 12 >"$T/a" 3>&- &
	go "$BIN/attack" forks 12 >"$T/b" 3>&- &
	wait
	contains "$(cat "$T/a" "$T/b")" "forks: WORKED"
	lacks "$(cat "$T/a" "$T/b")" EAGAIN
}

check_files() {
	be "$1"
	manifest "limits: {files: 64}"
	try go_events "$BIN/attack" files 200 800
	has_lines "files: EMFILE"
	is "$(events '.type == "limit.hit" and .clause == "limits.files"')" 1
	try go "$BIN/attack" files 20 1
	has_lines "files: WORKED"
	# The limit can't be raised from inside.
	try go sh -c 'ulimit -n 4096 2>/dev/null && echo raised; ulimit -Hn'
	has_lines 64
	lacks "$output" raised
}
@test "files: descriptors end there, and the limit can't be raised (root)" { check_files root; }
@test "files: descriptors end there, and the limit can't be raised (user)" { check_files user; }

@test "masked: limits hold by the next best mechanism, or the run refuses" {
	manifest "limits: {memory: 48M, pids: 24}"
	try enc run -m "$M" --mask cgroup-v1 --mask cgroup-v2 -- "$BIN/attack" allocate 512
	fails_with 137
	try enc run -m "$M" --mask cgroup-v1 --mask cgroup-v2 -- "$BIN/attack" forks 100
	has_lines "forks: EAGAIN"
}

check_cpu() {
	be "$1"
	manifest "limits: {cpu: 50%, time: 1500ms}"
	# Slowed by the group, where there is one.
	if [ "$1" = root ]; then
		try enc run -m "$M" --json --events "$T/events" -- sh -c 'while :; do :; done'
		fails_with 124
		is "$(jq -c '[.clause, .limits[0].clause, .limits[0].limit, (.limits[0].value >= 50)]' <<<"$output")" \
			'["limits.time","limits.cpu",50,true]'
		[ "$(jq '.user_ns + .system_ns' <<<"$output")" -lt 1200000000 ]
		is "$(events '.type == "limit.hit" and .clause == "limits.cpu"')" 1
		try enc run -m "$M" --json -- sleep 0.5
		is "$(jq -c '[.state, .limits]' <<<"$output")" '["finished",[]]'
	fi
	# Watched, and ended, where there is none.
	manifest "limits: {cpu: 50%, time: 60s}"
	try enc run -m "$M" --mask cgroup-v1 --mask cgroup-v2 --json --events "$T/events2" -- sh -c 'while :; do :; done'
	fails_with 137
	is "$(jq -r '.state, .clause' <<<"$output" | paste -sd' ')" "killed limits.cpu"
	try enc run -m "$M" --mask cgroup-v1 --mask cgroup-v2 -- sleep 6
	fails_with 0
}
@test "cpu: a run is slowed to it by its group, and ended above it without one (root)" { check_cpu root; }
@test "cpu: a run is slowed to it by its group, and ended above it without one (user)" { check_cpu user; }

check_idle() {
	be "$1"
	manifest "limits: {idle: 1s, time: 60s}"
	for mask in "" "--mask cgroup-v1 --mask cgroup-v2"; do
		# shellcheck disable=SC2086
		try enc run -m "$M" $mask --json --events "$T/events" -- sh -c 'trap "" TERM; setsid sleep 100 & wait'
		fails_with 124
		is "$(jq -r '.state, .clause' <<<"$output" | paste -sd' ')" "timed-out limits.idle"
		is "$(events '.type == "limit.hit" and .clause == "limits.idle"')" 1
		rm "$T/events"
		# Output keeps it, and so does work.
		# shellcheck disable=SC2086
		try enc run -m "$M" $mask -- sh -c 'for i in 1 2 3 4 5 6; do echo $i; sleep 0.4; done'
		fails_with 0
		# shellcheck disable=SC2086
		try enc run -m "$M" $mask -- timeout 2 sh -c 'while :; do :; done'
		fails_with 124
		lacks "$stderr" limits.idle
	done
}
@test "idle: a run that does nothing ends, deaf or not; output and work keep it (root)" { check_idle root; }
@test "idle: a run that does nothing ends, deaf or not; output and work keep it (user)" { check_idle user; }

check_output() {
	be "$1"
	manifest "limits: {output: 100K, time: 60s}"
	# Both streams together; what is beyond is neither passed on nor kept.
	try enc run -m "$M" --events "$T/events" -- sh -c 'head -c 60000 /dev/zero >&2; sleep 0.2; yes | head -c 60000; sleep 100'
	fails_with 137
	is $((${#output} + $(tr -dc '\0' <"$BATS_TEST_TMPDIR/stderr" | wc -c))) 102399 # and a newline that $() takes
	is "$(events '.type == "limit.hit" and .clause == "limits.output" and .limit == 102400 and .value > 102400')" 1
	id=$(jq -sr 'last.run' "$T/events")
	is "$(cat "$STATE/runs/$id/stdout" "$STATE/runs/$id/stderr" | wc -c)" 102400
	is "$(jq -c '[.state, .clause, .stdout.truncated]' "$STATE/runs/$id/result.json")" '["killed","limits.output",true]'
	# As much as the limit is not too much; one byte more is, also as the last thing that happens.
	try enc run -m "$M" -- head -c 102400 /dev/zero
	fails_with 0
	try enc run -m "$M" --json -- head -c 102401 /dev/zero
	fails_with 137
	is "$(jq -r '.clause' <<<"$output")" limits.output
}
@test "output: a run that writes more than it ends, and no byte more is kept (root)" { check_output root; }
@test "output: a run that writes more than it ends, and no byte more is kept (user)" { check_output user; }

@test "a limit that only holds a run stands in its result" {
	for who in root user; do
		be $who
		manifest "limits: {pids: 24, time: 60s}"
		for mask in "" "--mask cgroup-v1 --mask cgroup-v2"; do
			# shellcheck disable=SC2086
			try enc run -m "$M" $mask --json -- "$BIN/attack" forks 100
			is "$(jq -c '[.state, .clause, .limits[].clause, .limits[].limit]' <<<"$output")" \
				'["finished",null,"limits.pids",24]'
		done
	done
}

@test "looking at limits leaves no descriptor behind" {
	be user
	manifest "limits: {memory: 48M, pids: 24, disk: 10M, idle: 60s, time: 60s}"
	background "$T/out" enc run -m "$M" --mask cgroup-v1 --mask cgroup-v2 -- sleep 4
	sleep 1
	before=$(find "/proc/$JOB/fd" -mindepth 1 | wc -l)
	sleep 2
	after=$(find "/proc/$JOB/fd" -mindepth 1 | wc -l)
	# One reading may be going on.
	[ $((after - before)) -le 4 ]
	wait $JOB
}

# What a failed test left frozen could not even be killed.
down() {
	local group=${FREEZER:-/nowhere}/enclosure-test.$$

	[ ! -d "$group" ] || { echo THAWED >"$group/freezer.state"; until_true 5 rmdir "$group"; }
}
freeze() {	# GROUP PID...
	local g=$1 pid

	shift
	for pid; do echo "$pid" >"$g/cgroup.procs"; done
	echo FROZEN >"$g/freezer.state"
	until_true 5 grep -q FROZEN "$g/freezer.state"
}
check_frozen() {	# MASK INIT-TOO: a v1-frozen task is deaf to SIGKILL; its run ends all the same
	local group=$FREEZER/enclosure-test.$$ init command

	manifest "limits: {time: 2s}"
	rm -f "$T/events"
	# shellcheck disable=SC2086
	background "$T/out" enc run -m "$M" $1 --events "$T/events" -- sh -c 'sleep 1000 & echo ready; wait'
	until_true 5 test -s "$T/out"
	init=$(pgrep -P "$JOB")
	command=$(pgrep -P "$init")
	mkdir "$group"
	# shellcheck disable=SC2046
	freeze "$group" $([ "$2" = no ] || echo "$init") "$command" $(pgrep -P "$command")
	wait "$JOB" && s=0 || s=$?
	# Whose group it was keeps it as it was, without our processes.
	is "$(cat "$group/freezer.state" "$group/cgroup.procs")" FROZEN
	rmdir "$group"
	is $s 124
	is "$(events '.type == "run.finished" and .clause == "limits.time"')" 1
}
@test "frozen by cgroup v1 from outside: the run still ends at its limit" {
	local mask

	FREEZER=$(awk '$9 == "cgroup" && $NF ~ /freezer/ || / - cgroup [^ ]* [^ ]*freezer/ {print $5; exit}' /proc/self/mountinfo)
	[ -n "$FREEZER" ] || skip "no cgroup v1 freezer on this machine"
	be root
	for mask in "" "--mask cgroup-v2"; do
		check_frozen "$mask" no
		check_frozen "$mask" yes
	done
}
@test "a limit that is reached in the last moment is told" {
	be root
	manifest "limits: {pids: 24, time: 60s}"
	try enc run -m "$M" --json -- perl -e 'for (1 .. 60) { $p = fork; last unless defined $p; if (!$p) { sleep 60; exit } }'
	is "$(jq -c '[.state, .limits[].clause]' <<<"$output")" '["finished","limits.pids"]'
}

check_disk() {
	be "$1"
	manifest "limits: {disk: 4M, time: 60s}"
	head -c 3M /dev/zero >"$WS/before"
	head -c 3M /dev/zero >"$WS/log"
	chown "$UP_ID" "$WS"/*
	# What was there does not count, nor what is written over it, nor what was taken away again.
	try enc run -m "$M" --json -- sh -c 'for i in 1 2 3; do head -c 3M /dev/zero >new; sync new; sleep 0.6; rm new; done; cat before >log'
	fails_with 0
	is "$(jq -c '[.state, .limits]' <<<"$output")" '["finished",[]]'
	# A sparse file is as large as it is, and a hard link is no second file.
	try enc run -m "$M" --json -- sh -c 'truncate -s 900M sparse; head -c 1M /dev/zero >one; for i in 1 2 3 4 5 6; do ln one two.$i; done; sleep 1.5'
	fails_with 0
	is "$(jq -c .limits <<<"$output")" '[]'
	# Links out of the grant are not followed, and a file that only its own link names is not counted twice.
	head -c 20M /dev/zero >"$T/outside/big"
	try enc run -m "$M" --json -- sh -c "ln -s $T/outside out; ln -s / root; ln -s . self; sleep 1.5"
	fails_with 0
	is "$(jq -c .limits <<<"$output")" '[]'
	# More than it may in the last moment: it is over, and told.
	try enc run -m "$M" --json -- sh -c 'head -c 9M /dev/zero >last'
	is "$(jq -c '[.state, .status, .limits[].clause, (.limits[0].value > 9000000)]' <<<"$output")" '["finished",0,"limits.disk",true]'
	# Deeper than anybody looks.
	try enc run -m "$M" --json -- perl -e 'for (1 .. 700) { mkdir("d") and chdir("d") or die } sleep 60'
	fails_with 137
	is "$(jq -r .clause <<<"$output")" limits.disk
	contains "$(jq -r .reason <<<"$output")" "too deep"
}
@test "disk: what is added counts, once, wherever it is (root)" { check_disk root; }
@test "disk: what is added counts, once, wherever it is (user)" { check_disk user; }
