# SPDX-License-Identifier: MIT
# helper.bash - what every file of whole runs begins with
#
#   ENCLOSURE=/path/build/enclosure ENCLOSURE_BUILD=/path/build bats tests/run
#
# As root. Each test has a fresh directory $T (workspace $WS, state $STATE, $T/outside that nothing grants), and says
# `be root` or `be user`; the ordinary user is enclosure-test. After each test nothing of it may be left: no process that
# has $T in its environment (every run's has: ENC_TEST), no mount, no cgroup of its runs.

bats_require_minimum_version 1.5.0

if [ "$(id -u)" != 0 ]; then
	echo "tests/run needs root: it also tests as an ordinary user, which it makes" >&2
	exit 1
fi
: "${ENCLOSURE_BUILD:=$BATS_TEST_DIRNAME/../../build}"
: "${ENCLOSURE:=$ENCLOSURE_BUILD/enclosure}"
USER_NAME=enclosure-test

# The build may lie where the ordinary user can't read.
setup_file() {
	id -u $USER_NAME >/dev/null 2>&1 || useradd -m $USER_NAME
	BIN=$(mktemp -d /srv/enclosure-bin.XXXXXX)
	chmod 755 "$BIN"
	cp "$ENCLOSURE" "$ENCLOSURE_BUILD/tests/attacks/attack" "$BIN/"
	chmod 755 "$BIN"/*
	export BIN
	if declare -F file_up >/dev/null; then file_up; fi
}
teardown_file() {
	if declare -F file_down >/dev/null; then file_down; fi
	rm -rf "$BIN"
}

setup() {
	T=$(mktemp -d /srv/enclosure-test.XXXXXX)
	WS=$T/ws STATE=$T/state M=$T/m.yaml
	chmod 755 "$T"
	mkdir "$WS" "$T/outside" "$T/host"
	echo secret >"$T/outside/secret"
	cd "$WS" || return 1
	be root
	if declare -F up >/dev/null; then up; fi
}
teardown() {
	local failed=0

	cd /
	if declare -F down >/dev/null; then down; fi
	no_leaks || failed=1
	rm -rf --one-file-system "$T"
	return $failed
}

# Who starts enclosure from here on; the test's files become theirs.
be() {
	case $1 in
	root) UP_ID=0 UP_HOME=/root ;;
	user) UP_ID=$(id -u $USER_NAME) UP_HOME=$(getent passwd $USER_NAME | cut -d: -f6) ;;
	esac
	WHO=$1
	# A mount below would have its own files changed, a kernel's even.
	if grep -qF -- "$T" /proc/self/mountinfo; then
		echo "mounts below $T: be first, mount then"
		return 1
	fi
	chown -R --no-dereference "$UP_ID:$(id -g "$UP_ID")" "$T"
}
# The ordinary user with a home of the test's own.
be_at_home() {
	mkdir -p "$T/home"
	be user
	UP_HOME=$T/home
}
# A command outside, as that user, with a clean environment; EXTRA_ENV adds to it. With X=exec it replaces the shell, so
# that $! is its pid. Background jobs of a shell ignore SIGINT: nobody that we start should.
as() {
	local lead=($X env --default-signal=INT,QUIT -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME="$UP_HOME" TERM=dumb
		ENCLOSURE_STATE="$STATE" "${EXTRA_ENV[@]}")

	if [ "$WHO" = user ]; then
		"${lead[@]}" setpriv --reuid "$UP_ID" --regid "$(id -g "$UP_ID")" --init-groups "$@"
	else
		"${lead[@]}" "$@"
	fi
}
enc() {
	as "$BIN/enclosure" "$@"
}
# Runs a command under $M.
go() {
	enc run -m "$M" -- "$@"
}
# The same, with the events in $T/events.
go_events() {
	rm -f "$T/events"
	enc run -m "$M" --events "$T/events" -- "$@"
}
# A script whose lines `probe LABEL ACT ARG...` print LABEL=STATUS of `attack ACT ARG...`; see tests/attacks.
PROBE='probe() { l=$1; shift; '"\$ENC_ATTACK"' "$@" >/dev/null 2>&1; echo "$l=$?"; };'
script() {
	go /bin/sh -c "$PROBE $1"
}

# manifest [read=A,B] [write=A] [deny=A] [protect=A] [LINE]...: $M with what a shell needs, the workspace, and these.
manifest() {
	local read="/usr, /bin, /sbin, /lib, /lib64, $BIN" write=$WS deny= protect= rest= a

	for a; do
		case $a in
		read=*) read+=", ${a#*=}" ;;
		write=*) write+=", ${a#*=}" ;;
		only-write=*) write=${a#*=} ;;
		deny=*) deny=${a#*=} ;;
		protect=*) protect=${a#*=} ;;
		*) rest+=$a$'\n' ;;
		esac
	done
	{
		echo "enclosure: 1"
		echo "filesystem:"
		echo "  read: [$read]"
		echo "  write: [$write]"
		[ -z "$deny" ] || echo "  deny: [$deny]"
		[ -z "$protect" ] || echo "  protect: [$protect]"
		case $rest in *env:*) ;; *) echo "env: {set: {ENC_TEST: \"$T\", ENC_ATTACK: $BIN/attack, ATTACK_DIR: $WS}}" ;; esac
		printf %s "$rest"
	} >"$M"
}

# As bats' `run`, which warns of 127: $output, $stderr, $status.
try() {
	output=$("$@" 2>"$BATS_TEST_TMPDIR/stderr") && status=0 || status=$?
	stderr=$(<"$BATS_TEST_TMPDIR/stderr")
}
# Each argument must be a line of $output; all that are not are shown.
has_lines() {
	local want missing=0

	for want; do
		grep -qxF -- "$want" <<<"$output" || { echo "missing line: $want"; missing=1; }
	done
	[ $missing = 0 ] || { echo "--- status $status, output:"; echo "$output"; echo "--- stderr:"; echo "$stderr"; return 1; }
}
fails_with() {	# STATUS
	[ "$status" -eq "$1" ] || { echo "status $status, wanted $1"; echo "$output"; echo "${stderr:-}"; return 1; }
}
is() {	# GOT WANT
	[ "$1" = "$2" ] || { echo "got  '$1'"; echo "want '$2'"; return 1; }
}
contains() {	# TEXT PART...
	local text=$1 part

	shift
	for part; do
		[[ $text == *"$part"* ]] || { echo "'$part' is not in:"; echo "$text"; return 1; }
	done
}
lacks() {	# TEXT PART...
	local text=$1 part

	shift
	for part; do
		[[ $text != *"$part"* ]] || { echo "'$part' is in:"; echo "$text"; return 1; }
	done
}
# Number of events in $T/events (or the record) for which a jq expression holds.
events() {
	jq -s "map(select($1)) | length" "$T/events"
}
record() {
	cat "$STATE"/log/*.jsonl
}
# until_true SECONDS CMD...: polls.
until_true() {
	local end=$((SECONDS + $1))

	shift
	until "$@"; do
		[ $SECONDS -lt $end ] || return 1
		sleep 0.05
	done
}

# background OUT CMD...: starts one and waits until it is the program that it shall be; $JOB
background() {
	local out=$1

	shift
	(X=exec && "$@") >"$out" 2>"$out.err" 3>&- &
	JOB=$!
	while [ "$(cat /proc/$JOB/comm 2>/dev/null)" = bash ]; do :; done
}

leftover_processes() {
	local f

	for f in $(grep -lsF -- "$T" /proc/[0-9]*/environ 2>/dev/null); do
		f=${f#/proc/}
		f=${f%/environ}
		[ "$f" = $$ ] || echo "process $f: $(tr '\0' ' ' <"/proc/$f/cmdline" 2>/dev/null | cut -c1-100)"
	done
}
leftover_cgroups() {
	local id

	for id in "$STATE"/runs/*; do
		[ -d "$id" ] && find /sys/fs/cgroup -type d -name "*${id##*/}*" 2>/dev/null
	done
}
none_left() {
	[ -z "$(leftover_processes)$(leftover_cgroups)" ]
}
no_leaks() {
	local mounts

	if ! until_true 5 none_left; then
		echo "left behind:"
		leftover_processes
		leftover_cgroups
		return 1
	fi
	mounts=$(grep -F "$T" /proc/self/mountinfo) || return 0
	echo "mounts left behind: $mounts"
	return 1
}
