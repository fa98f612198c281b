#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Slow: not among the quick tests (make test).
# A run at a terminal: its own terminal inside, keys and sizes that reach it, ways to leave it, and a caller's terminal
# that nothing inside can type into. pty-drive.py sits at the terminal.
load helper

up() {
	EXTRA_ENV=(TERM=xterm PS1="outer> " M="$M" E="$BIN/enclosure" T="$T")
	cp "$BATS_TEST_DIRNAME/pty-drive.py" "$T/"
}
down() {
	local f

	for f in "$STATE"/runs/*; do
		[ -d "$f" ] && enc stop "${f##*/}" >/dev/null 2>&1
	done
	return 0
}
terminal_manifest() {
	manifest "$@" "env: {set: {ENC_TEST: \"$T\", ENC_ATTACK: $BIN/attack, TERM: xterm}}"
}
drive() {
	as /usr/bin/python3 "$T/pty-drive.py" "$@"
}
# An outer shell with job control.
drive_shell() {
	drive "$@" bash --norc --noprofile --noediting -i
}
both() {
	local who

	for who in root user; do
		be $who
		"$@" || { echo "as $who"; return 1; }
		down
	done
}

sizes() {
	drive "$E" run -m "$M" -- sh -c 'stty size; tty; trap "stty size" WINCH; echo ready; while :; do sleep 0.1; done' <<-'X'
		expect 24 80\r\n/dev/\S+\r\nready
		resize 31 99
		expect 31 99
		send \x03
		exit 130
	X
}
@test "terminal: it has a size inside, and a new one reaches it" {
	E=$BIN/enclosure
	terminal_manifest
	both sizes
}

interrupts() {
	drive_shell <<-'X'
		expect outer> 
		modes outer
		send $E run -m $M -- sh -c 'trap "echo interrupted; n=1" INT; echo ready; until [ "$n" ]; do sleep 0.1; done; echo went on; exit 7'\n
		expect ready\r\n
		send \x03
		expect interrupted\r\nwent on\r\n
		expect outer> 
		same outer
		send echo status=$?\n
		expect status=7\r\n
		send exit 0\n
		exit 0
	X
}
@test "terminal: Ctrl-C is for the job inside alone" {
	terminal_manifest
	both interrupts
}

stops() {
	drive_shell <<-'X'
		expect outer> 
		modes outer
		send $E run -m $M -- sh -c 'echo up; exec cat'\n
		expect up\r\n
		send hello\n
		expect hello\r\nhello\r\n
		send \x1a
		expect Stopped.*outer> 
		foreground leader
		same outer
		send echo in the outer $((6 * 7))\n
		expect outer 42\r\n
		send fg\n
		do sleep 0.5
		send again\n
		expect again\r\nagain\r\n
		send \x04
		expect outer> 
		same outer
		send exit 0\n
		exit 0
	X
}
@test "terminal: Ctrl-Z stops the run and gives the outer shell back, fg goes on" {
	terminal_manifest
	both stops
}

jobs_inside() {
	drive_shell <<-'X'
		expect outer> 
		modes outer
		send $E run -m $M -- bash --norc --noprofile -i\n
		expect \$ |# 
		send PS1='inner> '\n
		expect inner> 
		never no job control
		send sleep 100\n
		do sleep 0.5
		send \x1a
		expect Stopped.*inner> 
		send jobs; bg; kill %1; wait; echo inner $((6 * 7))\n
		expect inner 42\r\n
		send sleep 100\n
		do sleep 0.5
		send \x03
		expect inner> 
		send exit 3\n
		expect outer> 
		same outer
		send exit 0\n
		exit 0
	X
}
@test "terminal: a shell inside has job control" {
	terminal_manifest
	both jobs_inside
}

leaves() {
	drive_shell <<-'X'
		expect outer> 
		modes outer
		send $E run --name left -m $M -- sh -c 'echo up; exec cat'\n
		expect up\r\n
		send \x1d\x1d
		do sleep 1.2
		send \x1d\n
		expect \^\]\r\n
		send \x1d\x1d\x1d
		expect the run goes on.*outer> 
		same outer
		send $E ps\n
		expect left.*outer> 
		send $E attach left\n
		do sleep 0.5
		send typed\n
		expect typed\r\ntyped\r\n
		send \x04
		expect has ended.*outer> 
		same outer
		send exit 0\n
		exit 0
	X
}
@test "terminal: three times Ctrl-] leaves the run, attach finds it" {
	terminal_manifest
	both leaves
}

trapped() {	# what the run does to the terminal, and how the terminal then says Ctrl-]
	EXTRA_ENV+=(SETUP="$1")
	drive --answer sh -c '$E run --name trapped -m $M -- sh -c "printf \"$SETUP\"; echo ready; exec cat >/dev/null"; echo over' <<-X
		expect ready\r
		send $2
		expect the run goes on.*over
		exit 0
	X
}
@test "terminal: a run can't keep the user from leaving it" {
	local key

	terminal_manifest
	for key in '\x1d' '\x1b[93;5u' '\x1b[93;5:1u\x1b[93;5:3u' '\x1b[27;5;93~' '\x1d\x1b[5;7R' '\x1d\x1b[<35;1;1M' '\x1d\x1b[I'; do
		trapped '\\033[>31u\\033[>4;2m\\033[?1003;1006;1004h' "$key$key$key"
		down
	done
}

detached() {
	enc run --detach --tty --name night -m "$M" -- cat >/dev/null
	drive_shell <<-'X'
		expect outer> 
		send $E attach night\n
		do sleep 0.5
		send typed\n
		expect typed\r\ntyped\r\n
		send \x04
		expect has ended: \w+.*outer> 
		send exit 0\n
		exit 0
	X
}
@test "terminal: run --detach --tty can be attached to" {
	terminal_manifest
	both detached
}

closed() {
	drive "$BIN/enclosure" run --name closed -m "$M" -- sh -c 'echo up; exec cat' <<-'X'
		expect up\r\n
		send one\n
		expect one\r\none\r\n
		hangup
		exit 0
	X
	is "$(enc ps --json | jq -r '.runs[] | select(.name == "closed") | .state')" started
	drive "$BIN/enclosure" attach closed <<-'X'
		do sleep 0.5
		send two\n
		expect two\r\ntwo\r\n
		send \x04
		expect has ended
		exit 0
	X
}
@test "terminal: closing it leaves the run, which can be attached to" {
	terminal_manifest
	both closed
}

killed_window() {
	drive_shell <<-'X'
		expect outer> 
		send $E run --name orphan -m $M -- sh -c 'echo up; exec cat'\n
		expect up\r\n
		send one\n
		expect one\r\none\r\n
		do kill -KILL $(pgrep -P $LEADER -x enclosure)
		expect Killed
		send stty sane; $E ps\n
		expect orphan
		send $E attach orphan\n
		do sleep 0.5
		send two\n
		expect two\r\ntwo\r\n
		send \x04
		expect has ended
		send exit 0\n
		exit 0
	X
}
@test "terminal: the run outlives a window that was killed" {
	terminal_manifest
	both killed_window
}

restored() {	# HOW STATUS OPTIONS...
	local how=$1 status=$2

	shift 2
	EXTRA_ENV+=(OPTIONS="$*")
	drive_shell <<-X
		expect outer> 
		modes outer
		send \$E run --name it -m \$M \$OPTIONS -- sh -c 'printf "\\\\033[?1049h\\\\033[?1000h\\\\033[?25l"; echo ready; exec sleep 100'\n
		expect ready\r
		$how
		expect \x1b\[\?25h\x1b\[\?1000l\x1b\[\?1049l.*outer> 
		same outer
		send echo status=\$?\n
		expect status=$status\r
		send exit 0\n
		exit 0
	X
}
@test "terminal: it is as it was after a run that was ended from outside" {
	terminal_manifest
	restored 'do $E stop it' 130
	restored '# it ends by itself' 124 -t 2s
	restored 'do kill -TERM $(pgrep -P $LEADER -x enclosure)' 130
	restored 'send \x03' 130
}

@test "terminal: it is as it was after a supervisor that was killed" {
	terminal_manifest
	restored 'do kill -KILL $($E ps --json | jq .runs[0].supervisor)' 137
}

# Every sequence that some terminal answers, many times and in every disguise.
questions() {
	python3 - >"$T/questions" <<-'X'
		import sys
		asks = [b'\x05', b'\x1b[c', b'\x1b[0c', b'\x1b[>c', b'\x1b[=c', b'\x1bZ', b'\x1b[5n', b'\x1b[?6n', b'\x1b[?15n', b'\x1b[x',
		        b'\x1b[?1$p', b'\x1b[4$p', b'\x1b[>q', b'\x1b[?u', b'\x1b[?4m', b'\x1b[21t', b'\x1b[18t', b'\x1b[14t', b'\x1b[1;1;1;1;1;1*y',
		        b"\x1b[1'|", b'\x1b[?1;1;0S', b'\x1b[1$w', b'\x1b[?2048h', b'\x1bP$qm\x1b\\', b'\x1bP+q544e\x1b\\',
		        b'\x1b_Gi=31,s=1,v=1,a=q;AAAA\x1b\\', b'\x1b]10;?\x07', b'\x1b]11;?\x1b\\', b'\x1b]4;1;?\x07', b'\x1b]52;c;?\x07',
		        b'\x1b]50;?\x07', b'\x1b]1337;ReportCellSize\x07', b'\x1b]60;?\x07']
		tricks = [b'\x1b[6\x18\x1b[5n', b'\x1b[\x0a>c', b'\x1b\x0a[c', b'\x1b[\x1b[>q', b'\x1b]0;t\x1b[x', b'\x1bPx\x1b[?6n', b'\x1b[0\x005n']
		sys.stdout.buffer.write(b''.join(asks * 5 + tricks * 5))
	X
}
asks_nothing() {
	questions
	EXTRA_ENV+=(Q="$T/questions")
	drive --answer sh -c '$E run -m $M -- sh -c "cat $Q; printf \"\\033[6n\"; echo over"; stty raw -echo min 0 time 10
		left=$(cat | od -An -c | tr -d "\n"); stty sane; echo "left:$left:"' <<-'X'
		expect over
		expect left::
		answers 1
		exit 0
	X
}
@test "terminal: whatever a run prints, the terminal answers one question alone, and no answer is left" {
	terminal_manifest "read=$T"
	both asks_nothing
}
late() {	# --answer|--slow
	drive "$1" sh -c '$E run -m $M -- printf "\\033[?1000;1004hover"; stty raw -echo min 0 time 10
		left=$(cat | od -An -c | tr -d "\n"); stty sane; echo "left:$left:"' <<-'X'
		expect over.*\x1b\[\?1000l\x1b\[\?1004l
		expect left::
		answers 2
		exit 0
	X
}
@test "terminal: what a mode of the run makes it report is not left" {
	terminal_manifest
	both late --answer
	late --slow
}
@test "terminal: and without a boundary it answers all of them" {
	questions
	EXTRA_ENV+=(Q="$T/questions")
	drive --answer sh -c 'stty raw -echo; cat $Q; stty min 0 time 10; left=$(cat | wc -c); stty sane
		[ $left -gt 500 ] && echo typed in' <<-'X'
		expect typed in
		exit 0
	X
}
@test "terminal: without a terminal of the run's own the filter is there too" {
	terminal_manifest "read=$T"
	questions
	EXTRA_ENV+=(Q="$T/questions")
	drive --answer sh -c '$E run --no-tty -m $M -- sh -c "cat $Q; cat $Q >&2; printf \"\\033[6n\\033[?25l\"; echo over"; echo end' <<-'X'
		expect over.*\x1b\[\?25h.*end
		answers 0
		exit 0
	X
	cmp "$STATE"/runs/*/stderr "$T/questions"
}

@test "terminal: who looks in at a run without a terminal has the filter too" {
	terminal_manifest "read=$T"
	questions
	EXTRA_ENV+=(Q="$T/questions")
	enc run --detach --name asker -m "$M" -- sh -c "while :; do cat $T/questions; printf '\033[?25lround'; sleep 0.2; done" >/dev/null
	drive --answer sh -c '$E attach --no-input asker; echo end' <<-'X'
		expect round.*round
		do $E stop asker
		expect \x1b\[\?25h.*end
		answers 0
		exit 0
	X
}

@test "terminal: nothing inside can type into it with TIOCSTI" {
	cat >"$T/type.py" <<-'X'
		import fcntl, os, sys, termios
		for fd in (0, 1, 2, os.open('/dev/tty', os.O_RDWR)):
		    try:
		        fcntl.ioctl(fd, termios.TIOCSTI, b'X')
		        print('typed')
		    except OSError as e:
		        print('refused', e.errno)
	X
	terminal_manifest "read=$T"
	EXTRA_ENV+=(TYPE="$T/type.py")
	drive sh -c '$E run -m $M -- /usr/bin/python3 $TYPE; echo end' <<-'X'
		expect (refused \d+\r\n){4}.*end
		never typed
		exit 0
	X
}

full_screen() {
	seq 500 >"$WS/numbers"
	drive_shell <<-'X'
		expect outer> 
		modes outer
		send $E run -m $M -- less numbers\n
		expect \x1b\[\?1049h.*23
		send G
		expect 500.*\(END\)
		send q
		expect \x1b\[\?1049l.*outer> 
		same outer
		send exit 0\n
		exit 0
	X
}
@test "terminal: a full-screen program draws and leaves" {
	terminal_manifest
	both full_screen
}
