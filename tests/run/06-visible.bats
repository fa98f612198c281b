#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The plan's `visible` column is true: a row is provoked, and an event names its clause exactly when the plan says visible.

load helper

visible() {	# CLAUSE
	enc plan -m "$M" --json | jq -r --arg id "$1" '.clauses[] | select(.id == $id) | .visible'
}
# CLAUSE, then the command that provokes it. The plan's word must be true or false, and hold.
row() {
	local clause=$1 said n

	shift
	said=$(visible "$clause")
	try go_events "$@"
	n=$(jq -s --arg id "$clause" 'map(select(.clause == $id and .type != "run.planned" and .type != "run.finished")) | length' "$T/events")
	case $said in
	true) [ "$n" -ge 1 ] ;;
	false) [ "$n" = 0 ] ;;
	*) false ;;
	esac || { echo "$WHO: $clause: visible $said, $n events"; echo "$output"; return 1; }
}
each() {
	for who in root user; do
		be $who
		"$@"
	done
}
full() {
	mkdir -p "$WS/sub" "$T/ro"
	echo x >"$WS/sub/secret"
	echo x >"$WS/sub/rc"
	echo x >"$T/ro/file"
	be "$WHO"
	manifest read="$T/ro" deny="$WS/sub/secret" protect="$WS/sub/rc" "network: {mode: none}" \
		"limits: {time: 1s, memory: 48M, pids: 24, files: 64}"
}

files_rows() {
	full
	row "filesystem.read[0]" "$BIN/attack" write /usr/bin/env
	row "filesystem.write[0]" "$BIN/attack" write /etc/passwd
	row "filesystem.deny[0]" "$BIN/attack" read "$WS/sub/secret"
	row "filesystem.protect[0]" "$BIN/attack" write "$WS/sub/rc"
}
@test "visible: filesystem.*" { each files_rows; }
network_row() {
	full
	row network.mode "$BIN/attack" connect-tcp 1
}
@test "visible: network.mode" { each network_row; }
time_row() {
	full
	row limits.time sleep 100
}
@test "visible: limits.time" { each time_row; }
memory_row() {
	full
	row limits.memory "$BIN/attack" allocate 256
}
@test "visible: limits.memory" { each memory_row; }
pids_row() {
	full
	row limits.pids "$BIN/attack" forks 100
}
@test "visible: limits.pids" { each pids_row; }
files_row() {
	full
	row limits.files "$BIN/attack" files 200 800
}
@test "visible: limits.files" { each files_row; }
builtin_rows() {
	full
	row system-calls "$BIN/attack" bpf
	row capabilities "$BIN/attack" capabilities
	row descriptors "$BIN/attack" descriptors
	row kernel-files "$BIN/attack" core_pattern
}
@test "visible: what every run has" { each builtin_rows; }
env_rows() {
	full
	manifest "env: {pass: [LANG], set: {ENC_TEST: \"$T\"}}"
	row "env.pass[0]" env
	row env.set.ENC_TEST env
}
@test "visible: env" { each env_rows; }
@test "visible: every clause of a plan has the word, and every bound one a mechanism or nothing to do" {
	full
	try enc plan -m "$M" --json
	is "$(jq '[.clauses[] | select((.visible | type) != "boolean" or (.bound | type) != "boolean" or (.id | length) == 0)] | length' <<<"$output")" 0
	is "$(jq .runnable <<<"$output")" true
}
@test "visible: masked mechanisms change the word with them" {
	full
	try enc plan -m "$M" --json --mask cgroup-v1 --mask cgroup-v2
	said=$(jq '.clauses[] | select(.id == "limits.pids") | .visible' <<<"$output")
	try enc run -m "$M" --mask cgroup-v1 --mask cgroup-v2 --events "$T/events" -- "$BIN/attack" forks 100
	[ "$said" = true ] && want=1 || want=0
	is "$(events '.type == "limit.hit" and .clause == "limits.pids"')" $want
}
