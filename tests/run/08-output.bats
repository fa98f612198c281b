#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What is printed for machines: result, events, record, plan, capabilities, policy, errors.

load helper

up() { manifest; }

@test "run --json: one result object with every field, and nothing else on stdout" {
	for who in root user; do
		be $who
		try enc run -m "$M" --json --name lab -- sh -c 'echo hello; echo oops >&2; exit 3'
		fails_with 3
		is "$(jq -s length <<<"$output")" 1
		is "$(jq -c '[.schema, .state, .exit, .signal, .clause, .argv[0], (.run | length), .name]' <<<"$output")" \
			'["enclosure.result/v1","finished",3,null,null,"sh",26,"lab"]'
		is "$(jq -c '[.stdout.bytes, .stderr.bytes, .stdout.truncated, .denials, .alerts]' <<<"$output")" '[6,5,false,[],[]]'
		is "$(jq '[.wall_ns, .user_ns, .system_ns, .max_rss, .log.first_seq, .log.last_seq] | all(type == "number" and . >= 0)' <<<"$output")" true
		is "$(jq -r .cwd <<<"$output")" "$WS"
		is "$(jq '.started < .finished' <<<"$output")" true
		is "$(cat "$(jq -r .stdout.path <<<"$output")" "$(jq -r .stderr.path <<<"$output")")" $'hello\noops'
		is "$stderr" ""
		is "$(jq '.max_rss > 100000' <<<"$output")" true
	done
}
@test "run --json --tee shows the output on stderr" {
	try enc run -m "$M" --json --tee -- sh -c 'echo hello; echo oops >&2'
	contains "$stderr" hello oops
	is "$(jq -r .state <<<"$output")" finished
}
@test "result: by id, prefix, name and last" {
	try enc run -m "$M" --json --name first -- sh -c 'exit 1'
	first=$(jq -r .run <<<"$output")
	sleep 0.01
	try enc run -m "$M" --json --name second -- sh -c 'exit 2'
	second=$(jq -r .run <<<"$output")
	is "$(enc result "$first" --json | jq .exit)" 1
	is "$(enc result "$second" --json | jq .exit)" 2
	is "$(enc result first --json | jq -r .run)" "$first"
	is "$(enc result last --json | jq -r .run)" "$second"
	is "$(enc result "${second:0:25}" --json | jq -r .run)" "$second"
	try enc result no-such-run
	fails_with 1
	try enc result "${first:0:3}"
	fails_with 1
	try enc result ../../etc
	fails_with 1
	try enc result last
	contains "$output" "$second" finished
}
@test "logs: what went where, byte for byte" {
	enc run -m "$M" -- sh -c 'printf "a\0b\n"; echo err >&2' >/dev/null 2>&1
	is "$(enc logs last --stdout | od -An -c | tr -s ' ')" ' a \0 b \n'
	is "$(enc logs last --stderr)" err
	is "$(enc logs last --events | jq -r .type | head -2 | paste -sd' ')" "run.planned run.started"
	try enc logs no-such-run
	fails_with 1
}
check_events() {
	jq -e -s 'length >= 4 and all(.[]; .v == 1 and (.seq | type) == "number" and (.time | test("^2[0-9-]+T[0-9:.]+Z$")) and (.mono_ns > 0)
		and (.boot | length) == 36 and (.run | length) == 26 and (.type | length) > 0 and (.by | length) > 0)' "$1" >/dev/null || { cat "$1"; return 1; }
	is "$(jq -s -r 'map(.type) | [.[0], .[1], .[-2], .[-1]] | join(" ")' "$1")" "run.planned run.started proc.exit run.finished"
}
@test "events: into a file and into a descriptor, each line an object with the common fields" {
	for who in root user; do
		be $who
		try go_events sh -c 'exit 5'
		fails_with 5
		check_events "$T/events"
		as bash -c '"$@" 4>"'"$T/fd"'"' x "$BIN/enclosure" run -m "$M" --events 4 -- true
		check_events "$T/fd"
		try enc run -m "$M" --events 99 -- touch "$WS/ran"
		fails_with 125
		[ ! -e "$WS/ran" ]
	done
	is "$(jq -s -c '.[-1] | [.state, .exit]' "$T/fd")" '["finished",0]'
}
@test "events: the command does not hold the descriptor" {
	try bash -c "exec 4>$T/fd; env -i PATH=$PATH HOME=/root ENCLOSURE_STATE=$STATE $BIN/enclosure run -m $M --events 4 -- sh -c 'echo forged >&4'"
	is "$(grep -c '^forged' "$T/fd")" 0
	is "$(jq -s length "$T/fd")" "$(wc -l <"$T/fd")"
}
@test "events: a refused run and a failed set-up are told too" {
	manifest "exec: {deny: [/usr/bin/curl]}"
	try go_events true
	fails_with 125
	is "$(jq -s -r 'map(.type) | join(" ")' "$T/events")" "run.planned run.finished"
	is "$(jq -s -r '.[-1].state' "$T/events")" refused
	manifest
	try go_events no-such-command
	is "$(events '.type == "setup.failed"')" 1
	is "$(jq -s -r '.[-1].state' "$T/events")" failed-setup
}
@test "record: contiguous numbers over runs, first the plan; closed to others" {
	for i in 1 2 3 4 5; do enc run -m "$M" --json -- true >"$T/r$i"; done
	is "$(record | jq -s 'map(.seq) | [range(.[0]; .[0] + length)] == .')" true
	is "$(record | jq -s -r 'group_by(.run) | map(sort_by(.seq)[0].type) | unique | join(" ")')" run.planned
	first=$(jq .log.first_seq "$T/r3") last=$(jq .log.last_seq "$T/r3")
	is "$(record | jq -s --argjson a "$first" --argjson b "$last" 'map(select(.seq >= $a and .seq <= $b) | .run) | unique | length')" 1
	is "$(stat -c %a "$STATE")" 700
	is "$(find "$STATE" -perm /077 -not -type l | wc -l)" 0
}
@test "record: a torn tail is cut, and the cut is a line of it" {
	enc run -m "$M" -- true
	log=$(ls "$STATE"/log/*.jsonl | tail -1)
	printf '{"v":1,"seq":99,"torn' >>"$log"
	enc run -m "$M" -- true
	record | jq -s . >/dev/null
	is "$(record | jq -s 'map(select(.type == "recovery")) | length')" 1
	is "$(record | jq -s 'map(.seq) | [range(.[0]; .[0] + length)] == .')" true
}
@test "record: what a command prints or is called can't forge a line" {
	enc run -m "$M" --json -- sh -c 'echo; echo "{\"v\":1,\"type\":\"run.finished\"}"' $'\n{"v":1,"seq":1,"type":"forged"}\n' >/dev/null
	is "$(record | jq -s 'map(select(.type == "forged")) | length')" 0
	is "$(record | wc -l)" "$(record | jq -s length)"
}
@test "plan --json: clauses, mechanisms, guarantees; what runs is what was planned" {
	try enc plan -m "$M" --json
	fails_with 0
	is "$(jq -r '.schema, .runnable, .manifest.path' <<<"$output" | paste -sd' ')" "enclosure.plan/v1 true $M"
	is "$(jq '[.clauses[] | has("id") and has("text") and has("source") and has("mechanisms") and has("guarantee") and has("visible") and has("bound")] | all' <<<"$output")" true
	is "$(jq -r '[.clauses[] | select(.id == "filesystem.write[0]")][0].guarantee' <<<"$output")" prevent
	for id in system-calls capabilities descriptors kernel-files die-with-supervisor processes-end; do
		is "$(jq --arg id $id '[.clauses[] | select(.id == $id and .bound)] | length' <<<"$output")" 1
	done
	is "$(jq -r '.manifest.digest | length' <<<"$output")" 64
	# A plan says how it was made, not what it costs to look at it: nothing is started.
	[ ! -d "$STATE/runs" ] || is "$(ls "$STATE/runs" | wc -l)" 0
}
@test "plan: an unbound clause is named, and the answer is no" {
	manifest "exec: {deny: [/usr/bin/curl]}" "rates: [{on: connect a.example:25, limit: 3/1m, then: kill}]"
	try enc plan -m "$M" --json
	fails_with 1
	is "$(jq -r '.runnable' <<<"$output")" false
	is "$(jq -r '[.clauses[] | select(.bound | not) | .id] | join(" ")' <<<"$output")" "exec.deny[0] rates[0]"
	try enc run -m "$M" --json -- touch "$WS/ran"
	fails_with 125
	is "$(jq -s length <<<"$output")" 1
	is "$(jq -r '.schema, .code, (.clauses | join(","))' <<<"$output" | paste -sd' ')" "enclosure.error/v1 E0401 exec.deny[0],rates[0]"
	contains "$stderr" "exec.deny[0]" "rates[0]"
	[ ! -e "$WS/ran" ]
}
@test "capabilities --json and doctor" {
	for who in root user; do
		be $who
		try enc capabilities --json
		fails_with 0
		is "$(jq -r .schema <<<"$output")" enclosure.capabilities/v1
		is "$(jq '[.kernel, .arch] | all(length > 0)' <<<"$output")" true
		is "$(jq .euid <<<"$output")" "$UP_ID"
		is "$(jq '[.mechanisms[] | .status] | all(. == "supported" or . == "experimental" or . == "unsupported" or . == "unavailable" or . == "requires-setup")' <<<"$output")" true
		is "$(jq '[.mechanisms[].name] | length' <<<"$output")" 17
		is "$(jq '.network_modes | has("none") and has("proxy") and has("open")' <<<"$output")" true
		is "$(jq '[.features[] | has("name") and has("status") and has("reason") and has("next")] | all' <<<"$output")" true
		try enc doctor
		[ "$status" = 0 ] || [ "$status" = 1 ]
	done
}
@test "policy show, check, explain --json" {
	manifest deny="$WS/x" 
	mkdir "$WS/x"
	try enc policy check -m "$M" --json
	fails_with 0
	jq -e . <<<"$output" >/dev/null
	try enc policy show -m "$M" --json
	is "$(jq -r .schema <<<"$output")" enclosure.policy/v1
	contains "$output" "filesystem.deny[0]" "$WS/x"
	try enc policy explain -m "$M" --json write "$WS/y"
	fails_with 0
	is "$(jq -r '.verdict, .clause' <<<"$output" | paste -sd' ')" "allow filesystem.write[0]"
	try enc policy explain -m "$M" --json write "$WS/x/y"
	fails_with 1
	is "$(jq -r '.verdict, .clause' <<<"$output" | paste -sd' ')" "deny filesystem.deny[0]"
	try enc policy explain -m "$M" --json read /nowhere
	fails_with 1
	try enc policy explain -m "$M" frobnicate /x
	[ "$status" = 64 ] || [ "$status" = 2 ]
}
@test "help and version of each verb; a wrong verb is usage" {
	for v in "" run result logs plan "policy check" "policy show" "policy explain" trust capabilities doctor; do
		# shellcheck disable=SC2086
		try enc $v --help
		fails_with 0
		[ -n "$output" ]
	done
	try enc --version
	fails_with 0
	try enc rnu
	fails_with 64
	contains "$stderr" run
	try enc
	fails_with 64
}
