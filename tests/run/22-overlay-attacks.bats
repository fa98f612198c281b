#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Slow: not among the quick tests (make test).
# workspace: overlay, attacked: by who works inside, by what lies in the layer afterwards, by who writes in the workspace
# while it is applied.

load helper

up() {
	M=$WS/m.yaml
	manifest
	sed -i 's/^filesystem:/filesystem:\n  workspace: overlay/' "$M"
}
own() { chown -R --no-dereference "$UP_ID:$(id -g "$UP_ID")" "$WS"; }
inside() {	# SCRIPT
	(cd "$WS" && enc run -m "$M" -- sh -c "$1")
}
layer() { echo "$STATE"/runs/*/overlay; }

@test "what the run closed to its owner is named, and hides nothing else (user)" {
	be user
	echo x >"$WS/f"; echo old >"$WS/closed"; echo z >"$WS/gone"; own; chmod 000 "$WS/closed" "$WS/gone"
	inside 'echo 1 >n; chmod 000 n; mkdir z; echo y >z/y; chmod 000 z; chmod 000 f; echo fine >ok; chmod 644 closed; rm -f gone; chmod 000 .'
	try enc diff last
	fails_with 0
	contains "$output" "+fine" "# file added: n (not shown: Permission denied)" "# folder added: z (not shown: its mode closes it)" "(mode 0000, was 0644)" "# file deleted: gone (not shown"
	try enc diff --json last
	is "$(jq -r '.changes[] | select(.path == "z") | .trouble' <<<"$output")" "its mode closes it"
	try enc apply last
	fails_with 2
	contains "$output" "applied  A  ok" "FAILED   A  z  z: its mode closes it" "applied  D  gone"
	[ "$(cat "$WS/ok")" = fine ] && [ ! -e "$WS/z" ] && [ ! -e "$WS/gone" ]
	is "$(find "$WS" -name '.enclosure*')" ""
	enc discard last
}
@test "folders that are closed to writing are applied, and stay closed (user)" {
	be user
	mkdir -p "$WS/ro"; echo x >"$WS/ro/f"; own; chmod 555 "$WS/ro"
	inside 'mkdir -p a/b; echo 1 >a/b/f; chmod 555 a/b a; chmod 755 ro; echo 2 >ro/g; rm ro/f; chmod 555 ro'
	try enc apply last
	fails_with 0
	is "$(cd "$WS" && find a ro -printf '%P %m\n' | sort | paste -sd,)" " 555, 555,b 555,b/f 644,g 644"
	is "$(enc diff --stat last | tail -1)" "0 changes, 0 lines added, 0 deleted"
	chmod -R u+w "$WS"
}
@test "paths too deep to be named are named as far as they go; discard removes them" {
	for who in root user; do
		be $who
		inside 'echo fine >ok; python3 -c "
import os
for i in range(3000): os.mkdir(\"d\"); os.chdir(\"d\")
os.chdir(\"/\"); os.chdir(\"'"$WS"'\")
for i in range(30): os.mkdir(\"e\" * 255); os.chdir(\"e\" * 255)
open(\"f\", \"w\").write(\"x\")"'
		try enc diff --stat last
		fails_with 0
		contains "$output" "A  ok  +1" "it lies too deep"
		try enc apply last ok
		fails_with 0
		(ulimit -n 256; enc discard last)
		is "$(ls -d "$STATE"/runs/*/overlay 2>/dev/null)" ""
		rm "$WS/ok"
	done
}
# The run sees the folder under a mount; what is mounted is none of its business.
@test "a file system mounted in the workspace is neither listed nor changed" {
	mkdir "$WS/mnt" "$WS/keep" "$WS/tree" "$WS/tree/in" "$T/fs"
	echo precious >"$T/fs/precious"; echo x >"$WS/tree/x"
	own
	for d in mnt keep tree/in; do mount --bind "$T/fs" "$WS/$d"; done
	inside 'rmdir mnt; echo evil >keep/precious; echo new >keep/new; rm -r tree; echo file >tree; echo fine >ok' || true
	try enc diff --stat last
	lacks "$output" mnt/ keep/ tree/in/
	contains "$output" "D  mnt" "another file system is mounted there"
	try enc apply --with-code --force last
	[ "$status" = 2 ]
	[ -d "$WS/tree" ]
	for d in mnt keep tree/in; do umount "$WS/$d"; done
	is "$(cd "$T/fs" && grep -r .)" "precious:precious"
	is "$(cat "$WS/ok")" fine
}
@test "a link in the place of a folder that runs code, other cases and repositories in disguise are asked for" {
	be user
	inside 'mkdir p; echo evil >p/pre-commit; ln -s p .husky; ln -s p .vscode; ln -s p .github; ln -s p .config; mkdir -p .GIT/hooks; echo 1 >.GIT/hooks/x
		mkdir -p bare/objects bare/refs x.git; echo "ref: refs/heads/x" >bare/HEAD; echo c >x.git/config; echo x >PACKAGE.json
		mkdir -p a/b/c; ln -s ../../.. a/b/c/up; ln -s a/b/c/up/../out zz; echo fine >ok; ln -s ok fine'
	try enc apply last
	fails_with 1
	contains "$output" "applied  A  ok" "applied  A  fine" "applied  A  p/pre-commit" "left     A  .husky  runs" "left     A  .vscode  runs" "left     A  .github  runs" \
		"left     A  .config  runs" "left     A  .GIT/hooks/x  runs" "left     A  bare/HEAD  runs" "left     A  x.git/config  runs" "left     A  PACKAGE.json  runs" "left     A  zz  runs"
	[ ! -L "$WS/.husky" ] && [ ! -L "$WS/zz" ] && [ ! -e "$WS/bare/HEAD" ]
}
@test "diff tells modes that git has no form for, and a terminal sees no hidden direction" {
	echo a >"$WS/a"; own
	inside 'echo b >a; chmod 666 a; echo n >n; chmod 777 n; mkdir w; chmod 777 w; printf "a\342\200\256b\033[2Kc\rd\n" >bidi; printf "# file added: none\ndiff --git a/x b/x\n" >fake'
	try enc diff last
	contains "$output" "# file changed: a (mode 0666, was 0644)" "# file added: n (mode 0777: anybody may write)" "# folder added: w (mode 0777: anybody may write)" "+# file added: none"
	is "$(grep -c '^diff --git' <<<"$output")" 4
	command script -q -c "env ENCLOSURE_STATE=$STATE $BIN/enclosure diff last" "$T/typescript" >/dev/null
	contains "$(cat "$T/typescript")" 'a\xe2\x80\xaeb\x1b[2Kc\x0dd'
}
@test "an apply of a part takes the rest later: renamed files, one name of a type that changed" {
	be user
	mkdir "$WS/s"; echo a >"$WS/s/a"; echo b >"$WS/s/b"; echo t >"$WS/t"; own
	inside 'mv s/a s/a2; mv s/b s/b2; rm t; mkdir t; echo 1 >t/x; echo 2 >t/y'
	sleep 0.05
	try enc apply last s/b2 t/x
	fails_with 0
	is "$(cat "$WS/s/b2" "$WS/t/x")" $'b\n1'
	try enc apply last
	fails_with 0
	is "$(cd "$WS" && find s t -type f | sort | paste -sd' ')" "s/a2 s/b2 t/x t/y"
}
@test "apply keeps access lists and inherited groups" {
	mkdir "$WS/shared"
	echo a >"$WS/a"; chgrp daemon "$WS/shared"; chmod 2775 "$WS/shared"
	# user::rw-, user:65534:rw-, group::---, mask::rw-, other::---
	setfattr -n system.posix_acl_access -v 0x0200000001000600ffffffff02000600feff000004000000ffffffff10000600ffffffff20000000ffffffff "$WS/a"
	is "$(stat -c %a "$WS/a")" 660
	getfattr -e hex -n system.posix_acl_access --absolute-names "$WS/a" >"$T/acl"
	inside 'echo more >>a'
	try enc apply last
	fails_with 0
	is "$(cat "$WS/a")" $'a\nmore'
	is "$(getfattr -e hex -n system.posix_acl_access --absolute-names "$WS/a")" "$(cat "$T/acl")"
	be user
	mkdir "$WS/g"; own; chmod 2775 "$WS/g"
	inside 'mkdir g/sub; echo 1 >g/sub/f'
	try enc apply last
	fails_with 0
	is "$(stat -c %a "$WS/g/sub")" 2755
}
@test "an apply that is killed leaves one file at most, which the next one takes away" {
	be user
	inside 'for i in 1 2 3 4 5 6; do head -c 30000000 /dev/urandom >f$i; done'
	for i in 1 2 3 4 5; do
		background "$T/out" as "$BIN/enclosure" apply last
		until_true 10 sh -c "ls -A $WS | grep -q '^\.enclosure-apply' || ! kill -0 $JOB 2>/dev/null"
		kill -KILL $JOB 2>/dev/null || true
		wait $JOB || true
		[ "$(find "$WS" -name '.enclosure*' | wc -l)" -le 1 ]
	done
	try enc apply last
	fails_with 0
	is "$(find "$WS" -name '.enclosure*')" ""
	for i in 1 2 3 4 5 6; do cmp "$WS/f$i" "$(layer)/upper/f$i"; done
}
@test "one apply at a time" {
	inside 'echo 1 >n'
	exec 9<"$(layer)"
	flock -x 9
	try enc apply last
	fails_with 1
	contains "$stderr" "being applied or discarded"
	try enc discard last
	fails_with 1
	exec 9<&-
	enc apply last
}
@test "apply on a full disk fails for that file, and leaves nothing half-written" {
	mkdir "$T/small"
	mount -t tmpfs -o size=1m none "$T/small"
	M=$T/m.yaml
	mkdir "$T/small/ws"
	manifest "only-write=$T/small/ws"
	sed -i 's/^filesystem:/filesystem:\n  workspace: overlay/; s/^enclosure: 1/&/' "$M"
	WS=$T/small/ws
	cp "$M" "$WS/m.yaml"; M=$WS/m.yaml
	echo old >"$WS/a"
	inside 'echo small >n; head -c 3000000 /dev/urandom >big; head -c 3000000 /dev/urandom >a'
	try enc apply last
	local got=$status out=$output in_a left
	in_a=$(cat "$WS/a"); left=$(ls -A "$WS" | paste -sd' ')
	umount "$T/small"
	is "$got" 2
	contains "$out" "FAILED   A  big" "No space left" "applied  A  n"
	is "$in_a" old
	is "$left" "a m.yaml n"
}
# Somebody who may write in the workspace swaps a folder for a link to a place outside, all the time.
@test "folders swapped for links while it is applied lead nowhere (2,000 rounds)" {
	mkdir -p "$WS/d" "$T/host/target"; echo mine >"$T/host/target/f"
	own
	inside 'mkdir -p d/e; echo evil >d/e/f; echo evil >d/f; for i in $(seq 40); do echo evil >d/f$i; done; rm -f d/gone; chmod 700 d'
	python3 - "$WS" "$T/host/target" <<'PY' &
import os, sys
ws, target = sys.argv[1:]
os.chdir(ws)
os.symlink(target, "link")
import ctypes
libc = ctypes.CDLL(None)
real = os.open("d", os.O_RDONLY)
n = 0
while not os.path.exists("stop"):
    libc.renameat2(-100, b"d", -100, b"link", 2)  # RENAME_EXCHANGE
    n += 1
    if n % 500 == 0:  # so that every round has what to write
        for name in os.listdir(real):
            if name[0] == "f": os.unlink(name, dir_fd=real)
PY
	local swap=$! i
	for i in $(seq 50); do
		enc apply --with-code last >>"$T/applied" 2>&1 || true
	done
	touch "$WS/stop"
	wait $swap
	is "$(cd "$T/host/target" && grep -r . | sort)" "f:mine"
	# Both happened, often.
	[ "$(grep -c '^applied' "$T/applied")" -gt 100 ]
	[ "$(grep -c '^FAILED' "$T/applied")" -gt 100 ]
}
check_reach() {
	be "$1"
	echo low >"$WS/low"; own
	# By every way that leads from a process or a descriptor to files; reading what is granted is the control.
	inside 'for r in /proc/*/root /proc/*/cwd /proc/*/fd/*; do ls "$r"'"$STATE"' "$r/../over" "$r/upper" 2>/dev/null && echo "reached $r"; done
		cat /proc/self/mountinfo | grep -c "'"$STATE"'"; cat low; true' >"$T/out" 2>&1
	lacks "$(cat "$T/out")" reached
	contains "$(cat "$T/out")" low
	script "cd $WS; mknod w c 0 0 && echo made; python3 - <<'PY'
import os, ctypes, mmap
libc = ctypes.CDLL(None, use_errno=True)
def t(name, f):
    try: f(); print(name, 'ok')
    except OSError as e: print(name, 'refused')
def whiteout():
    open('moved', 'w').close()
    if libc.renameat2(-100, b'moved', -100, b'moved2', 4): raise OSError(ctypes.get_errno(), '')
def handle():
    buf = ctypes.create_string_buffer(136); ctypes.memmove(buf, (128).to_bytes(4, 'little'), 4); mnt = ctypes.c_int()
    if libc.name_to_handle_at(-100, b'low', buf, ctypes.byref(mnt), 0): raise OSError(ctypes.get_errno(), '')
    fd = libc.open_by_handle_at(os.open('.', os.O_RDONLY), buf, os.O_RDWR)
    if fd < 0: raise OSError(ctypes.get_errno(), '')
def write_lower():
    ro = os.open('low', os.O_RDONLY)
    m = mmap.mmap(ro, 0, mmap.MAP_SHARED, mmap.PROT_READ)
    fd = os.open('/proc/self/fd/%d' % ro, os.O_WRONLY); os.write(fd, b'EVIL')
def tmpfile():
    fd = os.open('.', os.O_TMPFILE | os.O_RDWR, 0o600); os.write(fd, b'tmp'); os.link('/proc/self/fd/%d' % fd, 'linked', follow_symlinks=True)
t('whiteout', whiteout); t('handle', handle); t('write', write_lower); t('tmpfile', tmpfile)
for n in ('opaque', 'redirect', 'metacopy', 'origin', 'whiteout', 'overlay.opaque', 'overlay.whiteout'):
    for p in ('user.overlay.', 'trusted.overlay.'):
        try: os.setxattr('.', p + n, b'y'); os.setxattr('low', p + n, b'y')
        except OSError: pass
PY" >"$T/out" 2>&1
	lacks "$(cat "$T/out")" "whiteout ok" "handle ok" made
	contains "$(cat "$T/out")" "write ok"
	is "$(cat "$WS/low")" low
	try enc diff --json last
	is "$(jq -r '[.changes[] | select(.kind == "D") | .path] | join(" ")' <<<"$output")" ""
	try enc apply last
	[ "$status" -lt 2 ]
	is "$(getfattr -d -m - --absolute-names "$WS" "$WS/low" 2>/dev/null | grep -c overlay)" 0
}
@test "inside, no way leads to the layers, and nothing forges them (root)" { check_reach root; }
@test "inside, no way leads to the layers, and nothing forges them (user)" { check_reach user; }

@test "large files with holes are compared and copied by their data" {
	be user
	inside 'truncate -s 2T a; printf x >>a; truncate -s 1T b'
	try as timeout 60 "$BIN/enclosure" apply last
	fails_with 0
	is "$(stat -c %s "$WS/a" "$WS/b" | paste -sd' ')" "$((2 << 40 | 1)) $((1 << 40))"
	is "$(as timeout 60 "$BIN/enclosure" diff --stat last)" "0 changes, 0 lines added, 0 deleted"
	printf y | dd of="$WS/b" bs=1 seek=5000000000 conv=notrunc 2>/dev/null
	contains "$(as timeout 60 "$BIN/enclosure" diff --stat last)" "M  b"
}
