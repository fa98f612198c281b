#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# limits.time, memory, pids, files: below the limit nothing is felt, at the limit the run is held, and the result says which.

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
	try go_events "$BIN/attack" files 200 1500
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
