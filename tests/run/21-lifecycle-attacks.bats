#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Slow: not among the quick tests (make test).
# Attacks on runs that are left alone: by the command inside, by who comes in crowds, and by bad luck. ENC_KILLS=N makes
# the random kills last N rounds.

load helper

up() { manifest; }

start() {
	local name=$1

	shift
	ID=$(enc run -m "$M" -d --name "$name" -- "$@" 3>&-)
	[ ${#ID} = 26 ]
}
start_tty() {
	ID=$(enc run -m "$M" -d --tty -- "$@" 3>&-)
	[ ${#ID} = 26 ]
}
supervisor_of() { enc ps --json | jq -r --arg r "$1" '.runs[] | select(.run == $r) | .supervisor'; }
state_of() { enc ps --all --json | jq -r --arg r "$1" '.runs[] | select(.run == $r) | .state'; }
has_state() { [ "$(state_of "$1")" = "$2" ]; }
result_of() { jq -r "$2" "$STATE/runs/$1/result.json"; }
ends_of() { record | jq -rs --arg r "$1" 'map(select(.run == $r and .type == "run.finished") | .state) | join(",")'; }
# Bytes that waited in a queue are still the process's when it has delivered them.
peak_of() { awk '/^VmHWM/ {print $2}' "/proc/$1/status"; }

# PROGRAM: Python with `pid` and `fd` of `sh -c COMMAND` on a terminal of its own, as the current user; get(TEXT) waits for it.
on_terminal() {
	local command=$1

	cat >"$T/terminal.py" <<-'PY'
		import os, pty, select, signal, sys, time
		pid, fd = pty.fork()
		if pid == 0:
		    os.execvp("sh", ["sh", "-c", sys.argv[1]])
		seen = b""
		def get(text, seconds=10):
		    global seen
		    end = time.monotonic() + seconds
		    while text.encode() not in seen:
		        left = end - time.monotonic()
		        if left <= 0 or not select.select([fd], [], [], left)[0]:
		            sys.exit(f"no {text!r} in {seen!r}")
		        try:
		            seen += os.read(fd, 4096)
		        except OSError:
		            sys.exit(f"ended: no {text!r} in {seen!r}")
		    seen = seen[seen.index(text.encode()) + len(text):]
		def put(text):
		    os.write(fd, text.encode())
		def status(seconds=10, options=0):
		    end = time.monotonic() + seconds
		    while time.monotonic() < end:
		        p, s = os.waitpid(pid, os.WNOHANG | options)
		        if p:
		            return s
		        if select.select([fd], [], [], 0.02)[0]:
		            try:
		                os.read(fd, 4096)
		            except OSError:
		                time.sleep(0.02)
		    sys.exit(f"still there: {seen!r}")
	PY
	cat >>"$T/terminal.py"
	chmod 644 "$T/terminal.py"
	as /usr/bin/python3 "$T/terminal.py" "$command" 3>&-
}

@test "a reader that is always a little behind costs no more than its queue" {
	be user
	start flood sh -c 'while :; do head -c 1M /dev/zero; done'
	sup=$(supervisor_of "$ID")
	# Reads all the time, but slower than the command writes: the queue is never empty.
	as "$BIN/enclosure" attach "$ID" 2>/dev/null 3>&- | /usr/bin/python3 -c '
import os, time
n = 0
while n < 24 << 20:
    n += len(os.read(0, 65536)); time.sleep(0.00005)' 3>&-
	peak=$(peak_of "$sup")
	enc stop --kill "$ID"
	[ "$peak" -lt 10000 ] || { echo "the supervisor took $peak KiB"; return 1; }
}

@test "ninety that wait do not keep a stop from being heard" {
	be user
	start popular sh -c 'trap "echo asked; exit 3" TERM; echo up; while :; do sleep 0.05; done'
	until_true 5 grep -q up "$STATE/runs/$ID/stdout"
	for i in $(seq 90); do enc wait --timeout 60s "$ID" >/dev/null 2>&1 3>&- & done
	sleep 1
	try enc stop --json "$ID"
	fails_with 0
	is "$(jq -r '[.state, .supervisor_killed] | join(",")' <<<"$output")" cancelled,false
	is "$(enc logs "$ID" --stdout)" $'up\nasked'
	wait
}
@test "who attaches when too many are attached is told, and not left waiting" {
	start popular sleep 1000
	for i in $(seq 60); do enc attach "$ID" >/dev/null 2>&1 3>&- & done
	sleep 1
	try timeout 5 env ENCLOSURE_STATE="$STATE" "$BIN/enclosure" attach "$ID"
	fails_with 2
	contains "$stderr" E0803
	try enc stop "$ID"
	fails_with 0
	is "$(result_of "$ID" .state)" cancelled
	wait
}
@test "ps and stop do not hang at a supervisor that is stopped, however often it was asked" {
	be user
	start stuck sleep 1000
	sup=$(supervisor_of "$ID")
	kill -STOP "$sup"
	for i in $(seq 12); do
		for k in $(seq 8); do enc ps >/dev/null 3>&- & done
		wait
	done
	try timeout 10 env ENCLOSURE_STATE="$STATE" setpriv --reuid "$UP_ID" --regid "$(id -g "$UP_ID")" --init-groups \
		"$BIN/enclosure" ps --quiet
	fails_with 0
	is "$output" "$ID"
	kill -CONT "$sup"
	until_true 5 has_state "$ID" started
	enc stop --kill "$ID"
}
@test "a thousand that come and go leave no descriptor behind" {
	be user
	start busy sh -c 'while :; do echo line; sleep 0.01; done'
	sup=$(supervisor_of "$ID")
	before=$(ls "/proc/$sup/fd" | wc -l)
	for i in $(seq "${ENC_ATTACHES:-100}"); do
		timeout -s KILL 0.02 setpriv --reuid "$UP_ID" --regid "$(id -g "$UP_ID")" --init-groups \
			env ENCLOSURE_STATE="$STATE" "$BIN/enclosure" attach "$ID" >/dev/null 2>&1 3>&- &
		[ $((i % 10)) != 0 ] || wait
	done
	wait
	until_true 5 sh -c "[ \$(ls /proc/$sup/fd | wc -l) -le $before ]"
	enc stop --kill "$ID"
}
@test "without descriptors left nobody new is heard, and the supervisor does not spin" {
	be user
	ID=$(as prlimit --nofile=40:40 "$BIN/enclosure" run -m "$M" -d -- sleep 1000 3>&-)
	sup=$(supervisor_of "$ID")
	for i in $(seq 50); do enc wait --timeout 30s "$ID" >/dev/null 2>&1 3>&- & done
	sleep 1
	a=$(awk '{print $14 + $15}' "/proc/$sup/stat")
	sleep 2
	b=$(awk '{print $14 + $15}' "/proc/$sup/stat")
	try enc stop --json "$ID"
	wait
	is "$(jq -r '[.state, .supervisor_killed] | join(",")' <<<"$output")" cancelled,false
	[ $((b - a)) -lt 100 ] || { echo "$((b - a)) ticks in two seconds"; return 1; }
}

# ---- bad luck ----

@test "a record that tells the end already: the result that is written after a kill says the same" {
	be user
	start done sh -c 'exit 7'
	enc wait done || true
	# As a supervisor leaves it that is killed between its last event and its result.
	rm "$STATE/runs/$ID/result.json"
	try enc wait --timeout 10s "$ID"
	fails_with 7
	is "$(result_of "$ID" '[.state, .exit] | join(",")')" finished,7
	is "$(ends_of "$ID")" finished
}
@test "a run whose run.json is damaged is told of, stopped and given an end" {
	be user
	start odd sleep 1000
	: >"$STATE/runs/$ID/run.json"
	is "$(enc ps --quiet)" "$ID"
	try enc stop "$ID"
	fails_with 0
	has_state "$ID" cancelled
	start odd2 sleep 1000
	sup=$(supervisor_of "$ID")
	head -c 100000 /dev/urandom >"$STATE/runs/$ID/run.json"
	kill -KILL "$sup"
	try enc wait --timeout 10s "$ID"
	fails_with 137
	until_true 5 none_left
}
@test "damaged, missing and strange files in a run's folder: one clear error each" {
	be user
	start dead true
	enc wait dead
	dir=$STATE/runs/$ID
	cp "$dir/result.json" "$T/kept"
	for what in empty garbage fifo link dir null; do
		rm -rf "$dir/result.json"
		case $what in
		empty) : >"$dir/result.json" ;;
		garbage) head -c 300000 /dev/urandom >"$dir/result.json" ;;
		fifo) mkfifo "$dir/result.json" ;;
		link) ln -s /etc/shadow "$dir/result.json" ;;
		dir) mkdir "$dir/result.json" ;;
		null) echo '{"schema": null}' >"$dir/result.json" ;;
		esac
		chown -h "$UP_ID" "$dir/result.json"
		for verb in "wait --timeout 2s" stop; do
			try timeout 10 env ENCLOSURE_STATE="$STATE" setpriv --reuid "$UP_ID" --regid "$(id -g "$UP_ID")" --init-groups "$BIN/enclosure" $verb "$ID"
			[ $what = null ] || fails_with 2
			[ "$status" -lt 124 ] || fails_with 2
			lacks "$output$stderr" "(null)"
			[ "$(grep -c E0801 <<<"$stderr")" -le 1 ]
		done
		try enc ps --all --json
		fails_with 0
		[ $what = null ] || is "$(jq -r '.runs[0].state' <<<"$output")" damaged
		try enc ps --all
		fails_with 0
		contains "$output" "${ID:0:10}"
	done
	rm -rf "$dir/result.json"
	cp "$T/kept" "$dir/result.json"
	chown "$UP_ID" "$dir/result.json"
	enc wait "$ID"
}
@test "a full disk: what can't be begun is refused once, and leaves no run that never was" {
	mkdir "$T/small"
	mount -t tmpfs -o size=256k,mode=755 tmpfs "$T/small"
	mkdir -m 700 "$T/small/state"
	STATE=$T/small/state
	enc run -m "$M" -- true
	cat /dev/zero >"$T/small/fill" 2>/dev/null || true
	try enc run -m "$M" -d -- sleep 1000
	fails_with 125
	is "$(grep -c 'error\[' <<<"$stderr")" 1
	contains "$stderr" "No space left"
	n=$(ls -A "$STATE/runs" | wc -l)
	rm "$T/small/fill"
	is "$(enc ps --all --quiet | wc -l)" 1
	is "$n" 1
	STATE=$T/state
	umount "$T/small"
}
@test "a disk that fills during the run: it ends, and is told of" {
	mkdir "$T/small"
	mount -t tmpfs -o size=512k,mode=755 tmpfs "$T/small"
	mkdir -m 700 "$T/small/state"
	STATE=$T/small/state
	start long sh -c 'while [ ! -e go ]; do sleep 0.05; done; exit 9'
	head -c 1M /dev/zero >"$T/small/fill" 2>/dev/null || true
	touch "$WS/go"
	until_true 10 none_left
	rm -f "$T/small/fill"
	try enc wait --timeout 10s "$ID"
	echo "$status: $(result_of "$ID" '[.state, .reason] | join(",")')"
	[ "$status" = 9 ] || [ "$status" = 137 ]
	STATE=$T/state
	umount "$T/small"
}
@test "Ctrl-C again and again: the result is still printed" {
	be user
	for i in 1 2 3 4 5; do
		background "$T/out" enc run -m "$M" --json -- sh -c 'trap "" INT; while :; do sleep 0.05; done'
		until_true 5 grep -q started <(ls "$STATE"/runs/*/ | tr ' ' '\n') || true
		sleep 0.2
		while kill -INT $JOB 2>/dev/null; do :; done
		wait $JOB && s=0 || s=$?
		is $s 130
		is "$(jq -r .state "$T/out")" cancelled
	done
}
@test "signals that the caller ignores stay ignored: nohup" {
	be user
	background "$T/out" as env --ignore-signal=HUP,INT "$BIN/enclosure" run -m "$M" -- sh -c 'echo up; while [ ! -e go ]; do sleep 0.05; done; echo down'
	until_true 5 grep -q up "$T/out"
	kill -HUP $JOB
	kill -INT $JOB
	sleep 0.3
	as touch "$WS/go"
	wait $JOB && s=0 || s=$?
	is $s 0
	is "$(cat "$T/out")" $'up\ndown'
}
@test "detach gives back every descriptor of the caller, and works without any" {
	be user
	exec 7>"$T/lock"
	flock 7
	start one sleep 1000
	exec 7>&-
	flock -n "$T/lock" true
	two=$(as sh -c '"$0" run -m "$1" -d -- sleep 1000 <&- 2>&- 3>&-' "$BIN/enclosure" "$M")
	is ${#two} 26
	as sh -c '"$0" run -m "$1" -d --name three -- sh -c "echo out; echo err >&2; sleep 1000" <&- >&- 2>&- 3>&-' "$BIN/enclosure" "$M" || true
	try enc stop --all --kill
	fails_with 0
	try enc run -m "$M" -d --events 8 -- sh -c 'exit 3' 8>"$T/events"
	fails_with 0
	enc wait "$output" || true
	is "$(events '.type == "run.finished"')" 1
}
@test "few descriptors, a small file limit: an error or a run, never half of one" {
	be user
	for n in 3 5 8 12 16 20 24 32; do
		rm -rf "$STATE"
		try as prlimit --nofile=$n:$n "$BIN/enclosure" run -m "$M" -d -- sleep 1000 3>&-
		[ "$status" = 0 ] || { [ "$status" -ge 125 ] && contains "$stderr" 'error[E0'; }
		enc stop --all --kill >/dev/null
		until_true 5 none_left
		lacks "$(enc ps --all)" lost
		# What lies with that caller is not taken for the machine.
		is "$(go echo well)" well
	done
	for n in 0 100 1000 5000; do
		try as prlimit --fsize=$n:$n "$BIN/enclosure" run -m "$M" -- sh -c 'seq 10000'
		[ "$status" = 0 ] || [ "$status" = 125 ] || [ "$status" = 137 ] || fails_with 0
		is "$(enc ps --quiet)" ""
	done
}

# ---- the terminal ----

@test "terminal: a command that closes it for a while is still seen" {
	be user
	start_tty sh -c 'echo one; exec <&- >&- 2>&-; sleep 0.5; echo two >/dev/tty; sleep 0.5; exec >/dev/tty; echo three; sleep 1000'
	until_true 5 grep -q three "$STATE/runs/$ID/stdout"
	is "$(tr -d '\r' <"$STATE/runs/$ID/stdout")" $'one\ntwo\nthree'
	enc stop --kill "$ID"
}
@test "terminal: Ctrl-Z in a script stops the script, and where nobody could go on, nothing" {
	be user
	# As ssh -t HOST enclosure run: no shell that could continue it.
	on_terminal "exec $BIN/enclosure run -m $M -- sh -c 'echo up; read x; echo got \$x; exit 5'" <<-'PY'
		get("up")
		put("\x1a")
		time.sleep(1)
		put("hello\r")
		get("got hello")
		assert os.waitstatus_to_exitcode(status()) == 5
	PY
	# A script of an interactive shell: its whole job is stopped.
	on_terminal "sleep 0.2; $BIN/enclosure run -m $M -- sh -c 'echo up; read x; echo got \$x; exit 5'; exit \$?" <<-'PY'
		pass
		get("up")
		put("\x1a")
		time.sleep(1)
		put("hello\r")
		get("got hello")
		assert os.waitstatus_to_exitcode(status()) == 5
	PY
}
@test "terminal: Ctrl-Z under a shell with jobs stops all of the job, and fg goes on" {
	be user
	on_terminal "set -m; sh -c '$BIN/enclosure run -m $M -- sh -c \"echo up; read x; echo got \\\$x; exit 5\"; exit \$?'; echo stopped \$?; fg; echo fg \$?" <<-'PY'
		get("up")
		put("\x1a")
		get("stopped 14")
		get("exit")
		time.sleep(0.5)
		put("hello\r")
		get("got hello")
		get("fg 5")
	PY
}
@test "terminal: a storm of stops leaves a window that one fg brings back" {
	be user
	cat >"$WS/storm.sh" <<-'SH'
		echo up
		me=$$
		(i=0; while [ $i -lt 200 ]; do kill -STOP $me; sleep 0.005; kill -CONT $me; i=$((i + 1)); done; kill -CONT $me; touch quiet) &
		wait
		kill -CONT $me
		while :; do echo here; sleep 0.1; done
	SH
	on_terminal "set -m; $BIN/enclosure run -m $M -- sh $WS/storm.sh; until [ -e $WS/quiet ]; do sleep 0.1; done; sleep 0.3; echo again; fg; echo fg \$?" <<-'PY'
		get("up")
		get("again", 30)
		get("here")
		get("here")
		get("here")
		put("\x1d\x1d\x1d")
		get("fg 0")
	PY
	enc stop --all --kill
}
@test "terminal: gigabytes that nobody reads, and sizes that no terminal has" {
	be user
	start_tty /usr/bin/python3 -c '
import fcntl, os, struct, sys, termios
for rows, cols in ((65535, 65535), (0, 0), (1, 1)):
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, cols, 65535, 65535))
a = termios.tcgetattr(0); a[1] = 0; termios.tcsetattr(0, 0, a)
for i in range(300): os.write(1, b"x" * 1048576)
print("written", flush=True)
import time; time.sleep(1000)' 
	until_true 60 enc_written "$ID"
	sup=$(supervisor_of "$ID")
	[ "$(peak_of "$sup")" -lt 40000 ]
	enc stop --kill "$ID"
	is "$(result_of "$ID" .stdout.truncated)" true
}
enc_written() { [ "$(stat -c %s "$STATE/runs/$1/stdout")" -ge 268435456 ]; }
@test "terminal: what the command may not do to it, and what reaches no other" {
	be user
	cat >"$WS/tty.py" <<-'PY'
		import errno, fcntl, os, struct, termios
		def attempt(name, request, arg=0):
		    try:
		        fcntl.ioctl(0, request, arg); print(name, "done")
		    except OSError as e:
		        print(name, errno.errorcode[e.errno])
		attempt("sti", 0x5412, b"x")
		attempt("cons", 0x541D)
		for n in range(0, 30):
		    attempt(f"setd-{n}", 0x5423, struct.pack("i", n))
		attempt("pkt", 0x5420, struct.pack("i", 1))
		attempt("vhangup", 0x5437)
		attempt("lcktrmios", 0x5457, bytes(60))
		attempt("ptpeer", 0x5441, 2)
		attempt("ptlck", 0x40045431, struct.pack("i", 1))
		attempt("notty", 0x5422)
		attempt("sctty", 0x540E, 1)
		print("pts", *sorted(os.listdir("/dev/pts")))
		for fd in os.listdir("/proc/self/fd"):
		    try:
		        print("fd", fd, os.readlink(f"/proc/self/fd/{fd}"))
		    except OSError:
		        pass
		try:
		    print("init", os.listdir("/proc/1/fd"))
		except OSError as e:
		    print("init", errno.errorcode[e.errno])
	PY
	start_tty /usr/bin/python3 "$WS/tty.py"
	enc wait "$ID" || true
	output=$(tr -d '\r' <"$STATE/runs/$ID/stdout")
	for n in $(seq 0 29); do has_lines "setd-$n EPERM"; done
	has_lines "sti EPERM" "cons EPERM" "vhangup EPERM" "lcktrmios EPERM" "ptpeer EIO" "ptlck ENOTTY" "pkt ENOTTY" \
		"sctty EPERM" "init EACCES" "pts 0 ptmx"
	lacks "$output" socket
}
@test "terminal: a command that can't be executed, and one that ends while its window is stopped" {
	be user
	on_terminal "exec $BIN/enclosure run -m $M -- no-such-command" <<-'PY'
		get("E0601")
		assert os.waitstatus_to_exitcode(status()) == 127
	PY
	on_terminal "set -m; $BIN/enclosure run -m $M -- sh -c 'echo up; (sleep 1; kill -CONT \$\$) & wait; exit 6'; sleep 3; fg; echo fg \$?" <<-'PY'
		get("up")
		put("\x1a")
		get("fg 6", 15)
	PY
}

# ---- random kills ----

# One round: a run, a victim, a moment. Everybody must tell the same of it.
kill_round() {
	local sig=$1 victim=$2 wait=$3 pid sup init run state

	# An ordinary user's pid is found by the program's name in the environment of the test.
	as "$BIN/enclosure" run -m "$M" -d --name "k$4" -- sh -c 'sleep 0.0$((RANDOM % 5)); sleep 0.2 & setsid sleep 0.3 & wait' >"$T/id" 2>"$T/err" 3>&- &
	pid=$!
	sleep "$wait"
	run=$(grep -lx "k$4" "$STATE"/runs/*/name 2>/dev/null | head -1)
	run=${run%/name}
	sup=$(jq -r '.supervisor // empty' "$run/run.json" 2>/dev/null) || sup=
	init=
	[ -z "$sup" ] || init=$(cat "/proc/$sup/task/$sup/children" 2>/dev/null | awk '{print $1}')
	case $victim in
	window) kill "-$sig" $pid 2>/dev/null || true ;;
	supervisor) [ -z "$sup" ] || kill "-$sig" "$sup" 2>/dev/null || true ;;
	init) [ -z "$init" ] || kill "-$sig" "$init" 2>/dev/null || true ;;
	command) [ -z "$init" ] || kill "-$sig" $(cat "/proc/$init/task/$init/children" 2>/dev/null) 2>/dev/null || true ;;
	esac
	if [ "$sig" = STOP ]; then
		sleep 0.02
		for pid2 in $pid $sup $init $(cat "/proc/$init/task/$init/children" 2>/dev/null); do kill -CONT "$pid2" 2>/dev/null || true; done
	fi
	wait $pid 2>/dev/null || true
	for run in "$STATE"/runs/*; do
		run=${run##*/}
		[ "$run" != "*" ] || continue
		enc wait --timeout 10s "$run" >/dev/null 2>"$T/err" && status=0 || status=$?
		state=$(result_of "$run" .state)
		is "$status" "$(result_of "$run" .status)"
		is "$(state_of "$run")" "$state"
		is "$(ends_of "$run")" "$state"
	done
	[ -z "$(ls -A "$STATE/runs" 2>/dev/null | grep '^\.' || true)" ] || { ls -A "$STATE/runs"; return 1; }
	rm -rf "$STATE/runs" "$STATE/log"
}
check_kills() {
	local sigs=(KILL STOP TERM HUP INT) victims=(window supervisor init command)

	be "$1"
	for i in $(seq "${ENC_KILLS:-12}"); do
		sig=${sigs[RANDOM % 5]} victim=${victims[RANDOM % 4]} pause=0.0$((RANDOM % 10))$((RANDOM % 10))
		kill_round $sig $victim $pause "$i" || { echo "round $i: $sig to $victim after $pause"; return 1; }
		until_true 5 none_left || { echo "left after round $i: $sig to $victim after $pause"; return 1; }
	done
}
@test "random kills: nothing is left, and everybody tells the same end (root)" { check_kills root; }
@test "random kills: nothing is left, and everybody tells the same end (user)" { check_kills user; }

@test "ps while folders come and go, a hundred asking at once" {
	be user
	start busy sleep 1000
	for i in $(seq 20); do mkdir -p "$STATE/runs/01AAAAAAAAAAAAAAAAAAAAAAA$i" 2>/dev/null || true; done
	(for i in $(seq 200); do d=$STATE/runs/01BBBBBBBBBBBBBBBBBBBBBB$(printf %02d $((i % 50))); as cp -r "$STATE/runs/$ID" "$d" 2>/dev/null || true; rm -rf "$d"; done) 3>&- &
	churn=$!
	for i in $(seq 60); do
		enc ps --all >"$T/ps$i" 2>"$T/pserr$i" 3>&- && : &
		[ $((i % 15)) != 0 ] || wait -n || true
	done
	kill $churn 2>/dev/null || true
	wait
	is "$(cat "$T"/pserr*)" ""
	try enc stop "$ID"
	fails_with 0
	is "$(result_of "$ID" .state)" cancelled
}
@test "a state directory whose path is long" {
	STATE=$T/$(printf 'x%.0s' $(seq 100))/$(printf 'y%.0s' $(seq 200))
	start far sleep 1000
	is "$(enc ps --quiet)" "$ID"
	try enc stop "$ID"
	is "$output" "$ID cancelled"
	STATE=$T/state
}
