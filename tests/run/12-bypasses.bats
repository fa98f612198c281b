#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Ways out of other sandboxes that have been published, tried here. The rows that are single system calls are in 05-calls.

load helper

each() {
	for who in root user; do
		be $who
		"$@"
	done
}

aside() {
	mkdir -p "$WS/.git/hooks"
	echo orig >"$WS/.git/hooks/pre-commit"
	be "$WHO"
	manifest protect="$WS/.git/hooks"
	try go sh -c 'mv .git g2 && mkdir -p .git/hooks && echo evil >.git/hooks/pre-commit; mv .git/hooks .git/h2 && mkdir .git/hooks && echo evil >.git/hooks/pre-commit
		cp -r .git copy && rm -rf .git && mv copy .git; rm -rf .git; true'
	is "$(cat "$WS/.git/hooks/pre-commit")" orig
	is "$(stat -c %F "$WS/.git/hooks")" directory
	rm -rf "$WS/copy"
}
@test "mv .git aside and build another one" { each aside; }

grandparents() {
	mkdir -p "$WS/a/b/c"
	echo secret >"$WS/a/b/c/f"
	be "$WHO"
	manifest deny="$WS/a/b/c/f"
	try script "probe a rename $WS/a $WS/x; probe b rename $WS/a/b $WS/x; probe c rename $WS/a/b/c $WS/x; probe d exchange $WS/a $WS/e
		probe r read $WS/a/b/c/f; probe beside create $WS/a/b/c/g"
	has_lines a=1 b=1 c=1 r=1 beside=0
	rm -rf "$WS/a" 
}
@test "rename a parent or grandparent of a denied file away" { each grandparents; }

nested() {
	mkdir -p "$WS/deny/allow/deny2" "$WS/deny/x"
	echo s1 >"$WS/deny/x/f"
	echo open >"$WS/deny/allow/f"
	echo s2 >"$WS/deny/allow/deny2/f"
	be "$WHO"
	# A grant below a denied directory, and a denial below that: what the manifest says most closely, or a refusal.
	manifest read="$WS/deny/allow" deny="$WS/deny, $WS/deny/allow/deny2"
	try script "probe x read $WS/deny/x/f; probe two read $WS/deny/allow/deny2/f; probe up read $WS/deny/allow/../x/f"
	[ "$status" = 125 ] || has_lines x=1 two=1 up=1
	# A read grant inside a write grant stays read only, and a write grant inside a read grant is writable.
	manifest only-write="$WS/deny/allow" read="$WS"
	try script "probe ro create $WS/new; probe rw create $WS/deny/allow/new; probe ro2 create $WS/deny/x/new"
	has_lines ro=1 rw=0 ro2=1
	rm -rf "$WS/deny"
}
@test "grants inside denials inside grants" { each nested; }

prefix() {
	mkdir -p "$T/grant" "$T/grantmore"
	echo s >"$T/grantmore/f"
	be "$WHO"
	manifest read="$T/grant"
	try script "probe a read $T/grantmore/f; probe b readdir $T; probe c readdir $T/.."
	has_lines a=1
	is "$(go ls "$T" | sort | paste -sd' ')" "grant ws"
	manifest deny="$T/grant" read="$T/grantmore"
	try script "probe a read $T/grantmore/f"
	has_lines a=0
}
@test "a name that begins like a granted or a denied one" { each prefix; }

proc_paths() {
	manifest
	be "$WHO"
	try script "probe a proc-names $T/outside/secret; probe b read /proc/1/root$T/outside/secret; probe c read /proc/self/root$T/outside/secret
		probe d readdir /proc/1/cwd; probe e read /proc/self/cwd/../outside/secret; probe m write /proc/self/mem/../../../etc/passwd
		probe f read /proc/1/map_files; probe g readdir /proc/1/fd; probe h read /dev/fd/3"
	has_lines a=1 b=1 c=1 e=1 g=1
}
@test "/proc/self/root, /proc/1/root, working directories and descriptors of others" { each proc_paths; }

loader() {
	cp /bin/true "$T/outside/tool"
	chmod 755 "$T/outside/tool"
	manifest
	be "$WHO"
	try go sh -c "/lib64/ld-linux-x86-64.so.2 $T/outside/tool && echo ran; $T/outside/tool && echo ran"
	lacks "$output" ran
}
@test "the loader as a way to run a file that is not granted" { each loader; }

setuid_binary() {
	chown root:root "$BIN/attack"
	cp "$BIN/attack" "$T/suid"
	chown root:root "$T/suid"
	chmod 6755 "$T/suid"
	try go "$T/suid" capabilities
	manifest read="$T/suid"
	try go sh -c "$T/suid capabilities; $T/suid become-root; id -u"
	lacks "$output" WORKED
}
@test "a set-id program gives nothing" { manifest; each setuid_binary; }

left_behind() {
	manifest
	be "$WHO"
	go sh -c 'cp /bin/sh ./sh; chmod 4755 ./sh; chmod u+s ./sh; install -m 6755 /bin/sh ./sh2; mknod b b 8 0; $ENC_ATTACK filecap ./sh; touch x' || true
	is "$(find "$WS" -perm /6000 | wc -l)" 0
	is "$(find "$WS" -type b -o -type c | wc -l)" 0
	is "$(/usr/bin/python3 -c 'import os, sys; print(sum("security.capability" in os.listxattr(f.path) for f in os.scandir(sys.argv[1])))' "$WS")" 0
	rm -rf "${WS:?}"/*
}
@test "no set-id file, capability or device node is left on the disk" { each left_behind; }

unix_socket_in_grant() {
	manifest
	be "$WHO"
	try go sh -c 'ls -A /run | wc -l; ls /run/docker.sock /run/dbus /run/systemd 2>/dev/null'
	is "$(head -1 <<<"$output")" 0
}
@test "no host socket below /run" { each unix_socket_in_grant; }

tmp_is_private() {
	echo host >/tmp/enclosure-host-file.$$
	mkdir -p "/dev/shm/enclosure-host.$$"
	manifest
	be "$WHO"
	try go sh -c "ls -A /tmp /var/tmp /dev/shm; echo x >/tmp/mine; cat /tmp/enclosure-host-file.$$"
	lacks "$output" host
	try go ls -A /tmp
	lacks "$output" mine
	rm -rf /tmp/enclosure-host-file.$$ /dev/shm/enclosure-host.$$
}
@test "/tmp, /var/tmp and /dev/shm are private and forgotten" { each tmp_is_private; }

terminal() {
	manifest
	be "$WHO"
	# A run on a terminal can't type into it: script gives it one, and what it typed would be run by the shell behind it.
	cat >"$T/typer.sh" <<'SH'
"$ENC_BIN" run -m "$ENC_M" -- "$ENC_BIN_DIR/attack" TIOCSTI
"$ENC_BIN" run -m "$ENC_M" -- /usr/bin/python3 -c '
import fcntl, termios
try:
    for c in "touch '"$T"'/typed\n":
        fcntl.ioctl(0, termios.TIOCSTI, c)
    print("TYPED")
except OSError as e:
    print("refused", e.errno)
'
SH
	EXTRA_ENV=(ENC_BIN="$BIN/enclosure" ENC_M="$M" ENC_BIN_DIR="$BIN")
	run as script -qec "sh $T/typer.sh" /dev/null
	contains "$output" refused
	lacks "$output" TYPED WORKED
	EXTRA_ENV=()
}
@test "a run at a terminal can't type into it" { each terminal; }

terminal_state() {
	manifest
	be "$WHO"
	cat >"$T/stty.sh" <<'SH'
"$ENC_BIN" run -m "$ENC_M" -- stty -echo raw
stty -a | tr ' ;' '\n\n' | grep -xE -- '-?(echo|icanon)' | sed 's/^/now:/'
SH
	EXTRA_ENV=(ENC_BIN="$BIN/enclosure" ENC_M="$M")
	run as script -qec "sh $T/stty.sh" /dev/null
	contains "$output" now:echo now:icanon
	lacks "$output" now:-
	EXTRA_ENV=()
}
@test "a run that leaves the terminal without echo does not leave it so to the owner" { each terminal_state; }

core_dump() {
	manifest
	be "$WHO"
	go sh -c 'ulimit -c unlimited; kill -SEGV $$' || true
	is "$(ls "$WS" | grep -c core)" 0
}
@test "a crash leaves no core in the workspace" { each core_dump; }

cwd_choice() {
	# CVE-2025-59532: the working directory that somebody chose must not become the writable root.
	manifest
	be "$WHO"
	mkdir -p "$T/outside/in"
	cd "$T/outside/in"
	try go sh -c "touch $T/outside/made ./made; pwd"
	cd "$WS"
	is "$(find "$T/outside" -name made | wc -l)" 0
}
@test "a working directory outside of the grants grants nothing" { each cwd_choice; }

many_links() {
	manifest
	be "$WHO"
	# Hard links from what can only be read into what can be written.
	try script "probe a link $BIN/attack $WS/attack; probe b link /usr/bin/env $WS/env"
	has_lines a=1 b=1
}
@test "hard links don't carry files from a read grant into a write grant" { each many_links; }
