#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# import: what another sandbox was told becomes a manifest that holds, and what has no equal is named.

load helper

NO_NET='"network": {"allowedDomains": [], "deniedDomains": []}'

# srt WRITE [DENY-READ] [DENY-WRITE]: $T/srt.json with lists of JSON texts
srt() {
	printf '{%s,\n "filesystem": {"denyRead": [%s], "allowWrite": [%s], "denyWrite": [%s]}}\n' "$NO_NET" "$2" "$1" "$3" >"$T/srt.json"
	chmod 644 "$T/srt.json"
}
# What an imported manifest passes of the environment is all that is not secret: the probes find their places by it.
with_probes() {
	EXTRA_ENV=(ENC_TEST="$T" ENC_ATTACK="$BIN/attack" ATTACK_DIR="$WS")
}

check_srt_run() {
	be "$1"
	mkdir -p "$WS/.git/hooks" "$WS/secret" "$T/outside2"
	echo key >"$WS/secret/key"
	echo '[core]' >"$WS/.git/config"
	echo pw >"$T/outside2/pw"
	echo keep >"$WS/keep"
	be "$1"
	srt '"."' "\"secret\", \"$T/outside2\"" '"keep"'
	try enc import srt "$T/srt.json"
	fails_with 1
	M=$WS/m.yaml
	printf '%s\n' "$output" >"$M"
	contains "$stderr" 'approximate[E0906]: srt refuses every UNIX socket' "srt.json:2:"
	try enc policy check "$M"
	fails_with 0
	with_probes
	try script "
		probe etc read /etc/passwd; probe outside read $T/outside/secret; probe denied read $T/outside2/pw
		probe secret read $WS/secret/key; probe keep read $WS/keep; probe keep-w write $WS/keep; probe keep-rm unlink $WS/keep
		probe hook create $WS/.git/hooks/pre-commit; probe config write $WS/.git/config; probe new create $WS/new
		probe out-w create $T/outside/new; probe etc-w create /etc/enc-x; probe net connect 1.1.1.1 80"
	has_lines etc=0 outside=0 denied=1 secret=1 keep=0 keep-w=1 keep-rm=1 hook=1 config=1 new=0 out-w=1 etc-w=1
	[ -f "$WS/new" ]
}
@test "srt: the manifest runs, and holds what the settings held (root)" { check_srt_run root; }
@test "srt: the manifest runs, and holds what the settings held (user)" { check_srt_run user; }

@test "srt: homes denied, the workspace allowed in them: the system and the workspace remain" {
	be_at_home
	mkdir -p "$UP_HOME/proj" "$UP_HOME/.ssh"
	echo k >"$UP_HOME/.ssh/id"
	be_at_home
	printf '{%s, "filesystem": {"denyRead": ["~"], "allowRead": [".", "%s"], "allowWrite": ["."], "denyWrite": []}}' "$NO_NET" "$BIN" >"$T/srt.json"
	cd "$UP_HOME/proj"
	try enc import srt "$T/srt.json" -o enclosure.yaml
	fails_with 1
	is "$output" ''
	M=$UP_HOME/proj/enclosure.yaml
	with_probes
	try script "probe key read $UP_HOME/.ssh/id; probe list readdir $UP_HOME/.ssh; probe usr read /usr/bin/env; probe new create $UP_HOME/proj/new"
	has_lines key=1 list=1 usr=0 new=0
	[ -f "$UP_HOME/proj/new" ]
}

@test "srt: the usual file, standard input, and what is not there" {
	be_at_home
	srt '"."'
	cp "$T/srt.json" "$UP_HOME/.srt-settings.json"
	be_at_home
	try enc import srt
	fails_with 1
	contains "$output" 'enclosure: 1' '.srt-settings.json:2 filesystem.allowWrite[0]'
	try enc import srt - <"$T/srt.json"
	contains "$output" 'enclosure: 1'
	try enc import srt "$T/none.json"
	fails_with 2
	contains "$stderr" 'E0901' "$T/none.json" 'next:'
	try enc import srt "$T"
	fails_with 2
	try enc import srt a b
	fails_with 64
	try enc import
	fails_with 64
	try enc import sr x
	fails_with 64
	contains "$stderr" 'import srt'
}

@test "a manifest that is written above the working directory grants no more than this" {
	be user
	srt '"."'
	be user
	try enc import srt "$T/srt.json" -o "$T/above.yaml"
	fails_with 1
	M=$T/above.yaml
	lacks "$(<"$M")" '$WORKSPACE'
	with_probes
	try script "probe new create $WS/new; probe up create $T/new"
	has_lines new=0 up=1
}

@test "-o writes a file once, --force again; --json has the manifest and the findings" {
	be user
	srt '"."'
	be user
	try enc import srt "$T/srt.json" -o "$WS/out.yaml"
	fails_with 1
	is "$output" ''
	[ -s "$WS/out.yaml" ]
	echo mine >"$WS/out.yaml"
	try enc import srt "$T/srt.json" -o "$WS/out.yaml"
	fails_with 2
	contains "$stderr" 'E0702' 'force'
	is "$(cat "$WS/out.yaml")" mine
	try enc import srt "$T/srt.json" -o "$WS/out.yaml" --force
	fails_with 1
	contains "$(cat "$WS/out.yaml")" 'enclosure: 1'
	is "$(ls "$WS")" out.yaml
	try enc import srt "$T/srt.json" --json
	fails_with 1
	is "$(jq -r '.schema, .from, .counts.weaker, (.findings | map(select(.class == "approximate")) | length > 0)' <<<"$output")" \
		$'enclosure.import/v1\nsrt\n0\ntrue'
	jq -r .manifest <<<"$output" >"$M"
	try enc policy check "$M"
	fails_with 0
	try enc import srt "$T/srt.json" -o "$WS/no/where/out.yaml"
	fails_with 2
}

@test "a restriction without an equal: no manifest without --partial" {
	be user
	printf '{"network": {"allowedDomains": ["x.org:443"], "deniedDomains": [], "deniedResolvedAddresses": ["10.0.0.0/8"]},
	"filesystem": {"denyRead": [], "allowWrite": [], "denyWrite": []}}' >"$T/srt.json"
	be user
	try enc import srt "$T/srt.json"
	fails_with 1
	is "$output" ''
	contains "$stderr" 'weaker[E0907]' 'srt.json:1:' '--partial'
	try enc import srt "$T/srt.json" -o "$WS/out.yaml"
	fails_with 1
	[ ! -e "$WS/out.yaml" ]
	try enc import srt "$T/srt.json" --json
	fails_with 1
	is "$(jq -r '.manifest, .counts.weaker' <<<"$output")" $'null\n1'
	try enc import srt "$T/srt.json" --partial
	fails_with 1
	contains "$output" '# weaker: network.deniedResolvedAddresses' 'mode: proxy' '"x.org:443"'
	printf '%s\n' "$output" >"$M"
	try enc policy check "$M"
	fails_with 0
}

@test "every part has an equal: exit status 0" {
	be user
	printf '{"network": {"allowedDomains": [], "deniedDomains": [], "allowAllUnixSockets": true},
	"filesystem": {"denyRead": ["~/.ssh"], "allowWrite": [], "denyWrite": []}}' >"$T/srt.json"
	be user
	try enc import srt "$T/srt.json"
	fails_with 0
	contains "$output" 'mode: none' '~/.ssh'
}

@test "hostile text: one error with its place, and nothing else" {
	be user
	printf '{"network": {"allowedDomains": [], "deniedDomains": []}, "filesystem": {"denyRead": ["\xff"]}}' >"$T/srt.json"
	try enc import srt "$T/srt.json"
	fails_with 2
	contains "$stderr" 'E0106' 'srt.json:1:'
	head -c 2000000 /dev/zero | tr '\0' '[' >"$T/srt.json"
	try enc import srt "$T/srt.json"
	fails_with 2
	printf '[%.0s' {1..3000} >"$T/srt.json"
	try enc import srt "$T/srt.json" --json
	fails_with 2
	is "$(jq -r .code <<<"$output")" E0105
	printf '{"network": {"allowedDomains": [1], "deniedDomains": []}, "filesystem": {"denyRead": [], "allowWrite": [], "denyWrite": []}}' >"$T/srt.json"
	try enc import srt "$T/srt.json"
	fails_with 2
	is "$output" ''
	contains "$stderr" 'srt.json:1:33: error[E0902]: network.allowedDomains[0] wants a text, not 1' 'quotes'
}
