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
		probe out-w create $T/outside/new; probe etc-w create /etc/enc-x"
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
	# A pipe that is slow.
	try enc import srt - < <(head -c 10 "$T/srt.json"; sleep 0.3; tail -c +11 "$T/srt.json")
	contains "$output" 'enclosure: 1'
	mkfifo "$T/fifo"
	be_at_home
	(sleep 0.1; cat "$T/srt.json") >"$T/fifo" 3>&- &
	try as sh -c 'exec 9<"$1"; exec "$2" import srt /dev/fd/9' sh "$T/fifo" "$BIN/enclosure"
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
	ln -s nowhere "$WS/link.yaml"
	try enc import srt "$T/srt.json" -o "$WS/link.yaml"
	fails_with 2
	[ ! -e "$WS/nowhere" ]
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

# bwrap: the same probes under the real program and under the manifest made of its command line. What the manifest allows,
# bubblewrap allows; what it refuses beside, the table says, and a finding too.

# places: what the table's command lines name. The home is none of them, since a run's own is private and can be written.
places() {
	mkdir -p "$T/a/sub/deep" "$T/a/keep" "$T/b" "$T/people/proj" "$T/people/.ssh" "$T/home"
	for d in a a/sub a/sub/deep a/keep b people people/proj people/.ssh; do echo "$d" >"$T/$d/file"; done
	echo x >"$T/a/secret"
	be user
	UP_HOME=$T/home
	cd "$T/b" || return 1
}
PROBES='
	for p in a a/sub a/sub/deep a/keep b people people/proj people/.ssh; do
		probe "r:$p" read $T/$p/file; probe "w:$p" write $T/$p/file; probe "c:$p" create $T/$p/new
	done
	probe r:secret read $T/a/secret; probe w:secret write $T/a/secret; probe r:passwd read /etc/passwd; probe w:passwd write /etc/passwd
	probe r:hosts read /etc/hosts; probe r:usr read /usr/bin/env; probe c:usr create /usr/enc-import-x; probe net connect-tcp $PORT'

# A listener on the host's loopback, to tell whether a command has the host's network.
listen() {
	python3 -c 'import socket, time
s = socket.socket(); s.bind(("127.0.0.1", 0)); s.listen(64)
print(s.getsockname()[1], flush=True); time.sleep(600)' >"$T/port" 3>&- &
	LISTENER=$!
	until_true 5 test -s "$T/port"
	PORT=$(<"$T/port")
}
down() {
	[ -z "${LISTENER:-}" ] || kill "$LISTENER" 2>/dev/null || true
}
fresh() {
	find "$T/a" "$T/b" "$T/people" -name new -delete
}

# same STRICTER FINDINGS OPTION...: each word of STRICTER is a probe that the manifest refuses and bubblewrap does not,
# FINDINGS what stderr must say (separated by |).
same() {
	local stricter=" $1 " findings=$2 line probe outside inside failed=0 part
	local env=("T=$T" "PORT=$PORT" "ENC_ATTACK=$BIN/attack" "ATTACK_DIR=$T/b" "ENC_TEST=$T")

	shift 2
	fresh
	EXTRA_ENV=("${env[@]}")
	outside=$(as bwrap "$@" --ro-bind "$BIN" "$BIN" /bin/sh -c "$PROBE $PROBES" 2>"$T/bwrap.err") ||
		{ echo "bwrap $*: status $?"; cat "$T/bwrap.err"; return 1; }
	contains "$outside" "r:usr=0" || return 1 # the control, and the probe itself needs /dev/null
	[[ " $* " == *" --unshare-"* && " $* " != *" --share-net "* ]] || contains "$outside" "net=0" || return 1
	try enc import bwrap -- bwrap "$@" --ro-bind "$BIN" "$BIN" /bin/sh
	printf '%s\n' "$output" >"$T/b/imported.yaml"
	while IFS= read -rd '|' part; do
		[ -z "$part" ] || contains "$stderr" "$part" || failed=1
	done <<<"$findings|"
	fresh
	inside=$(enc run -m "$T/b/imported.yaml" -- /bin/sh -c "$PROBE $PROBES" 2>"$T/run.err") ||
		{ echo "import of $*: status $?"; cat "$T/run.err" "$T/b/imported.yaml"; return 1; }
	while IFS= read -r line; do
		probe=${line%=*}
		case $line:$(grep -F "$probe=" <<<"$inside") in
		*=0:*=0 | *=1:*=1 | *=[123]:*=[123])
			[[ $stricter != *" $probe "* ]] || { echo "$*: $probe is not stricter"; failed=1; } ;;
		*=0:*) [[ $stricter == *" $probe "* ]] || { echo "$*: $probe is refused, unlike in bwrap"; failed=1; } ;;
		*) echo "$*: $probe is MORE PERMISSIVE: bwrap $line, manifest $(grep -F "$probe=" <<<"$inside")"; failed=1 ;;
		esac
	done <<<"$outside"
	[ "$(wc -l <<<"$outside")" -ge 30 ] || failed=1
	[ $failed = 0 ] || { cat "$T/b/imported.yaml"; return 1; }
}

@test "bwrap: read-only, writable, one in the other" {
	places
	listen
	local base=(--unshare-all --ro-bind /usr /usr --ro-bind /bin /bin --ro-bind /lib /lib --ro-bind-try /lib64 /lib64 --proc /proc --dev /dev --bind "$T/b" "$T/b")

	same '' '' "${base[@]}"
	same '' '' "${base[@]}" --ro-bind /etc /etc --ro-bind "$T/a" "$T/a"
	same '' '' "${base[@]}" --bind "$T/a" "$T/a" --ro-bind "$T/a/keep" "$T/a/keep" --ro-bind "$T/a/secret" "$T/a/secret"
	same '' '' "${base[@]}" --ro-bind "$T/a" "$T/a" --bind "$T/a/sub" "$T/a/sub"
	same '' '' "${base[@]}" --bind "$T/a/sub" "$T/a/sub" --ro-bind "$T/a" "$T/a"
	same '' '' "${base[@]}" --bind "$T/a" "$T/a" --remount-ro "$T/a"
	same 'w:a/sub/deep c:a/sub/deep' 'a protect has no exceptions' "${base[@]}" --bind "$T/a" "$T/a" --ro-bind "$T/a/sub" "$T/a/sub" \
		--bind "$T/a/sub/deep" "$T/a/sub/deep"
}

@test "bwrap: what is hidden, and what is shown in it" {
	places
	listen
	local base=(--unshare-all --ro-bind / / --proc /proc --dev /dev --tmpfs /tmp --bind "$T/b" "$T/b")

	same '' '' "${base[@]}"
	same 'c:a/sub' 'tightened[E0905]: --tmpfs' "${base[@]}" --tmpfs "$T/a/sub"
	same '' '' "${base[@]}" --ro-bind /dev/null "$T/a/secret" --ro-bind /dev/null /etc/passwd
	same 'r:passwd' 'dropped[E0904]: --ro-bind' "${base[@]}" --ro-bind /etc/hosts /etc/passwd
	same 'r:a r:a/sub r:a/sub/deep r:a/keep r:secret c:people' 'tightened[E0905]: --tmpfs|a deny has no exceptions' "${base[@]}" --tmpfs "$T/people" --bind "$T/people/proj" "$T/people/proj"
	same 'c:a/sub r:a/sub/deep' 'tightened[E0905]: --tmpfs|a deny has no exceptions' --unshare-all --ro-bind /usr /usr --ro-bind /bin /bin \
		--ro-bind /lib /lib --ro-bind-try /lib64 /lib64 --dev /dev --bind "$T/b" "$T/b" --ro-bind "$T/a" "$T/a" --tmpfs "$T/a/sub" \
		--ro-bind "$T/a/sub/deep" "$T/a/sub/deep"
	same 'c:people w:people r:people' 'dropped[E0904]: --bind' "${base[@]}" --bind "$T/a" "$T/people"
}

@test "bwrap: links, other names, the network" {
	places
	listen
	same '' '' --unshare-all --ro-bind /usr /usr --symlink usr/bin /bin --symlink usr/lib /lib --symlink usr/lib64 /lib64 --proc /proc \
		--dev /dev --bind "$T/b" "$T/b"
	same '' '' --ro-bind / / --dev /dev --bind "$T/b" "$T/b"
	same '' '' --unshare-net --ro-bind / / --dev /dev --bind "$T/b" "$T/b"
	same '' '' --unshare-all --share-net --ro-bind / / --dev /dev --bind "$T/b" "$T/b"
	same 'w:a c:a w:a/sub c:a/sub w:a/sub/deep c:a/sub/deep w:a/keep c:a/keep w:people c:people w:people/proj c:people/proj w:people/.ssh c:people/.ssh w:secret w:b c:b' \
		"'/' can't be written" --unshare-all --bind / / --dev /dev
}

@test "bwrap: the environment" {
	places
	EXTRA_ENV=(FOO=foo BAR=bar MY_TOKEN=t3)
	local words=(/bin/sh -c 'echo "$FOO|$BAR|$MY_TOKEN|$NEW"') i
	local -a cases=('' '--setenv NEW n' '--unsetenv FOO' '--clearenv --setenv NEW n' '--setenv FOO other --unsetenv BAR' '--unsetenv MY_TOKEN')
	local -a bw=('foo|bar|t3|' 'foo|bar|t3|n' '|bar|t3|' '|||n' 'other||t3|' 'foo|bar||')
	# A secret is never passed by a pattern; where a name is held back, only the usual names are passed.
	local -a en=('foo|bar||' 'foo|bar||n' '|||' '|||n' 'other|||' 'foo|bar||')

	for i in "${!cases[@]}"; do
		is "$(as bwrap --ro-bind / / ${cases[i]} "${words[@]}")" "${bw[i]}"
		try enc import bwrap -- --ro-bind / / --bind "$T/b" "$T/b" ${cases[i]} -- x
		printf '%s\n' "$output" >"$T/b/imported.yaml"
		is "$(enc run -m "$T/b/imported.yaml" -- "${words[@]}")" "${en[i]}"
	done
}

@test "bwrap: lists of arguments in files, and what is refused" {
	be user
	printf '%s\0' --ro-bind / / --unshare-net >"$T/list"
	be user
	try enc import bwrap --file "$T/list"
	fails_with 0
	contains "$output" 'mode: none'
	try enc import bwrap --file "$T/list" -- bwrap --setenv A b --args 3 --tmpfs /srv/x cmd
	fails_with 1
	contains "$output" 'A: b' '- /srv/x' 'mode: none'
	try enc import bwrap -- bwrap --args 3 --ro-bind / / cmd
	fails_with 1
	is "$output" ''
	contains "$stderr" 'weaker[E0907]: --args' '--file LIST' '^~~'
	try enc import bwrap --file "$T/list" -- bwrap cmd
	fails_with 64
	try enc import bwrap --file "$T/none" -- bwrap --args 3 cmd
	fails_with 2
	try enc import bwrap
	fails_with 64
	try enc import bwrap -- bwrap --bnd / / x
	fails_with 2
	contains "$stderr" "E0902" "did you mean '--bind'?" 'bwrap:1:7'
	try enc import bwrap --json -- bwrap --seccomp 5 x
	fails_with 1
	is "$(jq -r '.manifest, .findings[-1].class, .findings[-1].where.column' <<<"$output")" $'null\nweaker\n7'
}

check_codex_run() {
	be "$1"
	mkdir -p "$WS/.git" "$WS/keep" "$WS/secret" "$T/roots/a/.codex" "$T/outside2"
	for f in "$WS/.git/config" "$WS/keep/f" "$WS/secret/f" "$T/roots/a/f" "$T/outside2/f"; do echo x >"$f"; done
	cat >"$T/config.toml" <<-END
		model = "some"
		default_permissions = "p"
		[permissions.p]
		extends = ":workspace"
		[permissions.p.filesystem]
		"$T/roots/a" = "write"
		"$T/outside2" = "deny"
		[permissions.p.filesystem.":workspace_roots"]
		keep = "read"
		secret = "deny"
		[permissions.p.network]
		enabled = false
		[mcp_servers.x]
		command = "y"
	END
	be "$1"
	try enc import codex "$T/config.toml" -o "$WS/enclosure.yaml"
	fails_with 1
	contains "$stderr" 'approximate[E0906]: Codex keeps .git'
	M=$WS/enclosure.yaml
	with_probes
	try script "
		probe etc read /etc/passwd; probe outside read $T/outside/secret; probe denied read $T/outside2/f
		probe secret read $WS/secret/f; probe keep read $WS/keep/f; probe keep-w write $WS/keep/f; probe git write $WS/.git/config
		probe new create $WS/new; probe root create $T/roots/a/new; probe root-codex create $T/roots/a/.codex/x
		probe out-w create $T/outside/new; probe tmp create /tmp/enc-import-x"
	has_lines etc=0 outside=0 denied=1 secret=1 keep=0 keep-w=1 git=1 new=0 root=0 root-codex=1 out-w=1 tmp=0
	[ -f "$WS/new" ] && [ -f "$T/roots/a/new" ] && [ ! -e /tmp/enc-import-x ]
}
@test "codex: the manifest runs, and holds what the profile held (root)" { check_codex_run root; }
@test "codex: the manifest runs, and holds what the profile held (user)" { check_codex_run user; }

@test "codex: the usual file, another profile, and what is refused" {
	be_at_home
	mkdir -p "$UP_HOME/.codex"
	printf 'sandbox_mode = "workspace-write"\n[permissions.ro.filesystem]\n":root" = "read"\n' >"$UP_HOME/.codex/config.toml"
	be_at_home
	try enc import codex
	fails_with 1
	contains "$output" '- $WORKSPACE' 'mode: none'
	try enc import codex --profile ro
	lacks "$output" 'write:'
	try enc import codex --profile none
	fails_with 2
	printf 'sandbox_mode = workspace-write\n' >"$T/bad.toml"
	try enc import codex "$T/bad.toml" --json
	fails_with 2
	is "$(jq -r '.code, .where.line, .where.column' <<<"$output")" $'E0902\n1\n16'
	contains "$stderr" 'quotes'
	try enc import srt --profile x
	fails_with 64
}
