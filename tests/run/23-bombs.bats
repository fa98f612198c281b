#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Slow: not among the quick tests (make test).
# Bombs: what takes more and more ends within two seconds of passing its limit, as root and as an ordinary user, with the
# control groups that the machine has and with none; the machine stays usable meanwhile, the result is complete and names
# the clause. Under no limit the same act works: its size is bounded.

load helper

NONE="--mask cgroup-v1 --mask cgroup-v2"
MASKS=("" "$NONE")
SLACK=2 # seconds beside the two, for a loaded machine

# ended STAMP CLAUSE: the run whose result is $output ended in time, by that clause, and everything about it is there.
ended() {
	local id passed finished

	is "$(jq -r '.state, .status, .clause' <<<"$output" | paste -sd' ')" "killed 137 $1"
	is "$(jq -r --arg c "$1" '[.limits[] | select(.clause == $c) | .limit > 0 and .value > 0] | join(" ")' <<<"$output")" true
	id=$(jq -r .run <<<"$output")
	is "$(jq -c . "$STATE/runs/$id/result.json")" "$(jq -c . <<<"$output")"
	is "$(record | jq -s --arg r "$id" 'map(select(.run == $r and (.type == "limit.hit" or .type == "run.finished")).clause) | unique | join(" ")')" "\"$1\""
	passed=$(cat "$WS/stamp" 2>/dev/null || cat "$STATE/runs/$id/overlay/upper/stamp")
	finished=$(record | jq -sr --arg r "$id" 'map(select(.run == $r and .type == "run.finished")) | last.time')
	finished=$(date -d "$finished" +%s%N)
	[ $(((finished - passed) / 1000000)) -lt $(((2 + SLACK) * 1000)) ] ||
		{ echo "it ended $(((finished - passed) / 1000000)) ms after its limit"; return 1; }
}

fresh() {
	rm -rf "$WS"
	mkdir "$WS"
	chown "$UP_ID:$(id -g "$UP_ID")" "$WS"
	cd "$WS" || return 1
}

# bomb CLAUSE MANIFEST-LINE MASK KIND LIMIT: goes off while somebody else starts processes.
bomb() {
	local started=0

	fresh
	manifest "$2"
	[ -z "${OVERLAY:-}" ] || sed -i 's/^filesystem:/filesystem:\n  workspace: overlay/' "$M"
	# shellcheck disable=SC2086
	as "$BIN/enclosure" run -m "$M" $3 --json -- "$BIN/attack" bomb "$4" "$5" $(($5 * 4)) >"$T/result" 2>"$T/stderr" 3>&- &
	while kill -0 $! 2>/dev/null; do
		/bin/true || { echo "no process could be started outside"; return 1; }
		started=$((started + 1))
		sleep 0.02
	done
	wait $! && status=0 || status=$?
	output=$(<"$T/result")
	[ $started -gt 0 ]
	fails_with 137
	ended "$1" || { echo "bomb $4 ($WHO, ${3:-as it is})"; cat "$T/stderr"; echo "$output"; return 1; }
}

# MASKS: the machines that a kind makes a difference on.
each() {	# CLAUSE MANIFEST-LINE LIMIT KIND...
	local clause=$1 line=$2 limit=$3 kind mask

	shift 3
	for kind; do
		for mask in "${MASKS[@]}"; do
			bomb "$clause" "$line" "$mask" "$kind" "$limit"
		done
	done
}

MEMORY="limits: {memory: 24M, time: 60s}"
MEMORY_KINDS="anonymous shared memfd memfd-hidden sysv tmpfs pipes sockets"
DISK="limits: {disk: 8M, time: 60s}"
PIDS="limits: {pids: 32, time: 60s}"
FILES="limits: {files: 64, time: 60s}"
OUTPUT="limits: {output: 8M, time: 60s}"
DISK_KINDS="disk deleted deleted-hidden mapped closed empty"

@test "memory bomb, whatever the memory is called (root)" { be root; each limits.memory "$MEMORY" 24 $MEMORY_KINDS; }
@test "memory bomb, whatever the memory is called (user)" { be user; each limits.memory "$MEMORY" 24 $MEMORY_KINDS; }

@test "disk filler, wherever the file is hidden (root)" { be root; MASKS=(""); each limits.disk "$DISK" 8 $DISK_KINDS; }
@test "disk filler, wherever the file is hidden (user)" { be user; MASKS=(""); each limits.disk "$DISK" 8 $DISK_KINDS; }

check_overlay() {
	local kind

	be "$1"
	OVERLAY=1 M=$WS/m.yaml
	for kind in disk deleted mapped closed; do
		bomb limits.disk "$DISK" "" "$kind" 8
		is "$(ls "$WS")" m.yaml
	done
}
@test "disk filler in an overlay (root)" { check_overlay root; }
@test "disk filler in an overlay (user)" { check_overlay user; }

@test "fork bomb (root)" { be root; each limits.pids "$PIDS" 32 fork; }
@test "fork bomb (user)" { be user; each limits.pids "$PIDS" 32 fork; }

@test "descriptor bomb (root)" { be root; MASKS=(""); each limits.files "$FILES" 64 files; }
@test "descriptor bomb (user)" { be user; MASKS=(""); each limits.files "$FILES" 64 files; }

@test "output flood (root)" { be root; MASKS=(""); each limits.output "$OUTPUT" 8 output; }
@test "output flood (user)" { be user; MASKS=(""); each limits.output "$OUTPUT" 8 output; }

@test "all limits at once: the one that is passed is named" {
	be root
	each limits.memory "limits: {memory: 24M, pids: 32, files: 256, output: 8M, disk: 24M, cpu: 200%, idle: 30s, time: 60s}" 24 anonymous
	each limits.pids "limits: {memory: 500M, pids: 32, files: 256, output: 8M, disk: 24M, cpu: 400%, idle: 30s, time: 60s}" 32 fork
}

# What the kernel can take back is no bomb: the run is held to its memory, and gets on.
@test "page cache is given back, and the run goes on" {
	for who in root user; do
		be $who
		manifest "$MEMORY"
		for mask in "" "$NONE"; do
			# shellcheck disable=SC2086
			try enc run -m "$M" $mask --json -- "$BIN/attack" bomb cache 200 200
			fails_with 0
			is "$(jq -c '[.state, .limits]' <<<"$output")" '["finished",[]]'
			# Root's group counts it, and holds it.
			[ "$(jq .max_rss <<<"$output")" -le $((25 * 1048576)) ]
			rm -f "$WS/cache"
		done
	done
}

@test "control: under no limit, and under one that is large enough, the same acts work" {
	for who in root user; do
		be $who
		for kind in $MEMORY_KINDS $DISK_KINDS output fork files; do
			manifest
			try go "$BIN/attack" bomb "$kind" 6 6
			[[ $output == *"bomb: WORKED" ]]
			fresh
		done
		manifest "limits: {memory: 200M, pids: 100, files: 900, output: 100M, disk: 200M, cpu: 800%, idle: 60s, time: 60s}"
		for kind in $MEMORY_KINDS $DISK_KINDS output fork files; do
			# shellcheck disable=SC2086
			try enc run -m "$M" $NONE -- "$BIN/attack" bomb "$kind" 6 6
			[[ $output == *"bomb: WORKED" ]] || { echo "$who $kind: $output $stderr"; return 1; }
			fresh
		done
	done
}

@test "the bombs that every shell knows end, and a pool of as many processes as may be does not" {
	for who in root user; do
		be $who
		manifest "limits: {pids: 24, time: 60s}"
		for mask in "" "$NONE"; do
			# shellcheck disable=SC2086
			try enc run -m "$M" $mask --json -- bash -c 'f() { f | f & }; f; sleep 30'
			fails_with 137
			is "$(jq -r .clause <<<"$output")" limits.pids
			# shellcheck disable=SC2086
			try enc run -m "$M" $mask --json -- bash -c 'for i in $(seq 22); do sleep 1.3 & done; wait'
			fails_with 0
			is "$(jq -c .limits <<<"$output")" '[]'
		done
	done
}

@test "a crowd of processes under no limit of them does not keep the supervisor from its other limits" {
	be root
	manifest "limits: {memory: 4G, files: 1024, disk: 1G, idle: 60s, time: 3s}"
	# shellcheck disable=SC2086
	try enc run -m "$M" $NONE --json -- perl -e 'for (1 .. 2000) { $p = fork; last unless defined $p; if (!$p) { sleep 60; exit } } sleep 60'
	fails_with 124
	is "$(jq -r .clause <<<"$output")" limits.time
	[ "$(jq '.wall_ns / 1000000 | floor' <<<"$output")" -lt $(((3 + 2 + SLACK) * 1000)) ]
}
