#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Every kind of bad input: one clear error with its place, value and remedy, the right exit status, nothing run and nothing left.

load helper

up() { manifest; }

# What every refusal has in common. The message is on stderr alone, carries a stable code, is short, and nothing has run.
refused() {	# STATUS PART...
	local want=$1

	shift
	# Each step by hand: errexit is off where the caller looks at our status.
	fails_with "$want" || return 1
	contains "$stderr" "$@" || return 1
	[[ $stderr =~ E0[0-9]{3} ]] || { echo "no code in: $stderr"; return 1; }
	is "$output" "" || return 1
	[ "$(grep -c 'E0[0-9][0-9][0-9]' <<<"$stderr")" = 1 ] || { echo "not one message: $stderr"; return 1; }
	lacks "$stderr" "Assertion" "Segmentation" "core dumped" "(null)" || return 1
	[ ! -e "$WS/ran" ] || { echo "the command has run"; return 1; }
}
bad() {	# STATUS OPTION...: `run` with these options, of a command that would leave a trace
	try enc run "$@" -- touch "$WS/ran"
}

# MANIFEST TEXT | PART of the message: file and line are always asked for.
manifests() {
	local line text part n=0 wrong=0

	while IFS='|' read -r text part; do
		[ -n "$text" ] || continue
		n=$((n + 1))
		printf -- "$text" >"$M"
		bad -m "$M"
		refused 125 "$M:" "$part" || { echo "--- row $n: $text"; wrong=1; }
		[[ $stderr =~ m.yaml:[0-9]+:[0-9]+ ]] || { echo "--- row $n: no line and column: $stderr"; wrong=1; }
	done <<'TABLE'
enclosure: 1\nfilesystem: {raed: [/usr]}\n|read
enclosure: 1\nfilesytem: {read: [/usr]}\n|filesystem
enclosure: 2\nfilesystem: {read: [/usr]}\n|1
filesystem: {read: [/usr]}\n|enclosure
enclosure: 1\nlimits: 3\n|limits
enclosure: 1\nlimits: {memory: lots}\n|lots
enclosure: 1\nlimits: {memory: -5M}\n|-5M
enclosure: 1\nlimits: {memory: 99999999999999999999G}\n|9999
enclosure: 1\nlimits: {time: 30}\n|30
enclosure: 1\nlimits: {time: 30 fortnights}\n|fortnights
enclosure: 1\nlimits: {pids: 0}\n|0
enclosure: 1\nlimits: {files: 3.5}\n|3.5
enclosure: 1\nnetwork: {mode: opne}\n|open
enclosure: 1\nnetwork: {mode: none, allow: [\"a.example:443\"]}\n|allow
enclosure: 1\nfilesystem: {read: [/usr]\n|m.yaml
enclosure: 1\n\tname: x\n|m.yaml
enclosure: 1\nname: a\nname: b\n|name
enclosure: 1\nfilesystem: {read: [/usr/../etc]}\n|..
enclosure: 1\nfilesystem: {read: [\"$NOWHERE/x\"]}\n|NOWHERE
enclosure: 1\nfilesystem: {read: [\"\"]}\n|''
enclosure: 1\nfilesystem: {write: [/]}\n|/
enclosure: 1\nfilesystem: {write: [/proc/sys]}\n|/proc
enclosure: 1\nfilesystem: {write: [/sys]}\n|/sys
enclosure: 1\nfilesystem: {write: [/dev/shm]}\n|/dev
enclosure: 1\nfilesystem: {read: [\"/usr/[a\"]}\n|[
enclosure: 1\nextends: [coding-agnet]\n|coding-agent
enclosure: 1\nextends: [./absent.yaml]\n|absent.yaml
enclosure: 1\nextends: [./m.yaml]\n|m.yaml
enclosure: 1\nname: &a x\nuser: *a\n|m.yaml
enclosure: 1\nname: !!python/object x\n|m.yaml
enclosure: 1\n---\nenclosure: 1\n|m.yaml
enclosure: 1\nname: "bad \\xff byte"\n|m.yaml
enclosure: 1\naccept: {limits.memory: maybe}\n|maybe
enclosure: 1\naccept: {no.such.clause: detect}\n|no.such.clause
enclosure: 1\nenv: {pass: [\"A=B\"]}\n|A=B
enclosure: 1\nenv: {set: {\"1X\": a}}\n|1X
enclosure: 1\nrates: [{on: frobnicate x, limit: 3/1m}]\n|frobnicate
- a\n- b\n|m.yaml
just text\n|m.yaml
TABLE
	[ $n -ge 30 ] && [ $wrong = 0 ]
}
@test "malformed manifests: one finding with file, line and column, the value, the remedy" {
	manifests
}
@test "several mistakes are all told at once" {
	printf 'enclosure: 1\nfilesystem: {raed: [/usr]}\nlimits: {memory: lots}\nnetwork: {mode: opne}\n' >"$M"
	bad -m "$M"
	fails_with 125
	is "$(grep -c 'E0[0-9][0-9][0-9]' <<<"$stderr")" 3
	contains "$stderr" "m.yaml:2:" "m.yaml:3:" "m.yaml:4:"
}
@test "an empty, a huge, a binary, an endless and a deep manifest" {
	: >"$M"
	bad -m "$M"
	refused 125 m.yaml
	head -c 3M /dev/zero | tr '\0' a >"$M"
	bad -m "$M"
	refused 125 m.yaml
	cp "$BIN/attack" "$M"
	bad -m "$M"
	fails_with 125
	bad -m /dev/zero
	refused 125 /dev/zero
	mkfifo "$T/fifo"
	bad -m "$T/fifo"
	refused 125 fifo
	bad -m "$T"
	refused 125 "$T"
	{ echo "enclosure: 1"; printf 'x: '; head -c 20000 /dev/zero | tr '\0' '['; } >"$M"
	bad -m "$M"
	fails_with 125
	{ printf 'enclosure: 1\nfilesystem: {read: ['; yes /usr, | head -60000 | tr -d '\n'; echo ']}'; } >"$M"
	bad -m "$M"
	fails_with 125
}
@test "paths that are absent, unreadable, or no grant can hold" {
	manifest read="$T/absent"
	bad -m "$M"
	refused 125 "$T/absent"
	manifest read="{path: $T/absent, optional: true}"
	try go true
	fails_with 0
	be user
	chown root "$T/outside"
	chmod 700 "$T/outside"
	manifest read="$T/outside/secret"
	bad -m "$M"
	refused 125 "$T/outside"
	manifest deny="$WS/absent"
	bad -m "$M"
	refused 125 "absent"
	manifest protect='"**/.env"'
	bad -m "$M"
	refused 125 "filesystem.protect[0]" hint
}
@test "a manifest that can't be read, or is not there" {
	be user
	chown root "$M"
	chmod 600 "$M"
	bad -m "$M"
	refused 125 "$M"
	bad -m "$T/absent.yaml"
	refused 125 "$T/absent.yaml"
	bad -m no-such-profile
	refused 125 no-such-profile
}
@test "a write grant of the home, of its parent, of the state directory" {
	be user
	manifest write="$STATE"
	bad -m "$M"
	refused 125 "$STATE"
	manifest write="$UP_HOME"
	try go true
	[ "$status" = 0 ] || [ "$status" = 125 ]
}
@test "masked: each mechanism; a run that needs it refuses and names the clause, or does without" {
	manifest "limits: {time: 10s, memory: 64M, pids: 64, files: 64}" deny="$T/outside"
	for m in $(enc capabilities --json | jq -r '.mechanisms[].name'); do
		rm -f "$WS/ran"
		bad -m "$M" --mask "$m"
		if [ "$status" = 125 ]; then
			contains "$stderr" E0401
			[ ! -e "$WS/ran" ]
			[ "$(enc plan -m "$M" --mask "$m" --json | jq .runnable)" = false ]
		else
			fails_with 0
			[ "$(enc plan -m "$M" --mask "$m" --json | jq .runnable)" = true ]
		fi
	done
	rm -f "$WS/ran"
	bad -m "$M" --mask no-such-mechanism
	refused 125 no-such-mechanism
}
@test "commands: empty, absent, a directory, not executable, not for this machine" {
	try enc run -m "$M"
	refused 125 COMMAND
	try enc run -m "$M" --
	refused 125 COMMAND
	try enc run -m "$M" -- ""
	refused 127 empty
	try go no-such-command
	refused 127 no-such-command
	try go "$T/outside/secret"
	refused 127 secret
	try go /
	refused 126 /
	printf '\177ELFnonsense' >"$WS/elf"
	chmod 755 "$WS/elf"
	try go ./elf
	refused 126 elf
	printf '#!/no/such/interpreter\n' >"$WS/script"
	chmod 755 "$WS/script"
	try go ./script
	[ "$status" = 126 ] || [ "$status" = 127 ]
}
@test "options: unknown, without their value, with a bad one" {
	bad --no-such
	refused 125 no-such
	bad -m
	[ "$status" = 125 ]
	bad -m "$M" --timeout soon
	refused 125 soon
	bad -m "$M" --timeout 0s
	[ "$status" = 125 ] || [ "$status" = 0 ]
	bad -m "$M" --name "a/b"
	refused 125 name
	bad -m "$M" --name $'two\nlines'
	refused 125 name
	bad -m "$M" --events "$T/no/such/dir/e"
	refused 125 "$T/no/such/dir/e"
	bad -m "$M" --events /dev/full
	[ "$status" = 125 ] || [ "$status" = 0 ]
	rm -f "$WS/ran"
	try enc plan --no-such
	refused 64 no-such
}
@test "state directory: not writable, not ours, open to others, a file, a link" {
	be user
	mkdir "$T/bad"
	chown root "$T/bad"
	STATE=$T/bad
	bad -m "$M"
	refused 125 "$T/bad"
	STATE=$T/bad/below
	bad -m "$M"
	refused 125 "$T/bad"
	echo x >"$T/file"
	STATE=$T/file
	bad -m "$M"
	refused 125 "$T/file"
	mkdir -m 777 "$T/open"
	chown $USER_NAME "$T/open"
	STATE=$T/open
	bad -m "$M"
	if [ "$status" = 0 ]; then is "$(stat -c %a "$T/open")" 700; else refused 125 "$T/open"; fi
	STATE=relative/dir
	bad -m "$M"
	[ "$status" = 125 ] || [ ! -e "$WS/relative" ]
	STATE=$T/state
}
@test "working directory: deleted, outside of the grants, not accessible" {
	mkdir "$T/gone"
	cd "$T/gone"
	rmdir "$T/gone"
	bad -m "$M"
	refused 125 directory
	cd "$T/outside"
	bad -m "$M"
	[ "$status" = 125 ] && contains "$stderr" "$T/outside" || fails_with 0
	cd "$WS"
}
@test "environment: HOME unset, empty, relative, a file; no environment at all" {
	be user
	for h in "" relative /etc/passwd /nonexistent $'/a\nb'; do
		UP_HOME=$h
		try go true
		[ "$status" = 0 ] || { fails_with 125 && contains "$stderr" E0; }
	done
	try env -i setpriv --reuid "$UP_ID" --regid "$(id -g "$UP_ID")" --init-groups env -i ENCLOSURE_STATE="$STATE" "$BIN/enclosure" run -m "$M" -- /bin/true
	fails_with 0
	try env -i setpriv --reuid "$UP_ID" --regid "$(id -g "$UP_ID")" --init-groups env -i "$BIN/enclosure" run -m "$M" -- /bin/true
	[ "$status" = 0 ] || fails_with 125
	rm -rf "/home/$USER_NAME/.local/state/enclosure"
}
@test "arguments: very many, very long, with every byte" {
	try go sh -c 'echo $#' x $(seq 20000)
	is "$output" 20000
	long=$(head -c 120000 /dev/zero | tr '\0' a)
	try go sh -c 'echo ${#1}' x "$long"
	is "$output" 120000
	try enc run -m "$M" --json -- sh -c 'printf %s "$1" | wc -c' x $'\x01\xff\n"\\'
	fails_with 0
	jq -e . <<<"$output" >/dev/null
}
@test "json: every error is one object on stdout as well" {
	printf 'enclosure: 1\nfilesystem: {raed: [/usr]}\n' >"$M"
	try enc run -m "$M" --json -- touch "$WS/ran"
	fails_with 125
	is "$(jq -s length <<<"$output")" 1
	is "$(jq -r '.schema, .where.line, (.code | test("^E0[0-9]{3}$"))' <<<"$output" | paste -sd' ')" "enclosure.error/v1 2 true"
	contains "$output" "$M"
	manifest
	for cmd in no-such-command / ""; do
		try enc run -m "$M" --json -- "$cmd"
		is "$(jq -r '.schema' <<<"$output")" enclosure.error/v1
		is "$(jq -r '(.message | length > 0)' <<<"$output")" true
	done
	try enc run --json --no-such -- true
	is "$(jq -r '.schema, .code' <<<"$output" | paste -sd' ')" "enclosure.error/v1 E0701"
	for v in plan "policy show" "policy check"; do
		printf 'enclosure: 1\nlimits: {memory: lots}\n' >"$M"
		# shellcheck disable=SC2086
		try enc $v -m "$M" --json
		[ "$status" != 0 ]
		is "$(jq -s length <<<"$output")" 1
	done
}
@test "control characters of a manifest do not reach the terminal raw" {
	printf 'enclosure: 1\nfilesystem: {"raed\\e[31m": [/usr]}\n' >"$M"
	bad -m "$M"
	lacks "$stderr" $'\e'
	try go $'\e]52;c;aGk=\a'
	lacks "$stderr" $'\e'
}
@test "a workspace that is the home, holds it, or belongs to the system" {
	for who in root user; do
		be $who
		for d in / /tmp /var/tmp /etc /usr /usr/lib /home /srv "$UP_HOME"; do
			cd "$d"
			try enc run -m coding-agent -- touch "$WS/ran"
			fails_with 125
			contains "$stderr" E0215 "$d" hint
			[ ! -e "$WS/ran" ]
		done
		cd "$WS"
		try enc run -m coding-agent -- touch ran2
		fails_with 0
		rm -f ran2
	done
}
