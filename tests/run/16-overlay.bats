#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Slow: not among the quick tests (make test).
# workspace: overlay: the workspace stays as it was; what the run changed is shown, taken over or thrown away.

load helper

# The workspace is the manifest's folder.
overlay_manifest() {
	M=$WS/m.yaml
	manifest
	sed -i 's/^filesystem:/filesystem:\n  workspace: overlay/' "$M"
}
up() { overlay_manifest; }
# both: the workspace has some files; $COPY is a plain copy of it, on which the same script runs outside.
both() {
	overlay_manifest
	mkdir -p "$WS/src/deep" "$WS/old" "$WS/full/sub"
	echo one >"$WS/a"; printf 'l1\nl2\nl3\nl4\nl5\nl6\nl7\nl8\nl9\nl10\nl11\nl12\n' >"$WS/src/text"
	echo keep >"$WS/src/deep/keep"; echo x >"$WS/old/gone"; echo y >"$WS/full/sub/y"; echo z >"$WS/full/z"
	printf 'no newline' >"$WS/nonl"; printf 'a\0b' >"$WS/bin"; ln -s a "$WS/link"; echo h >"$WS/h1"; ln "$WS/h1" "$WS/h2"
	echo '#!/bin/sh' >"$WS/tool"; chmod 755 "$WS/tool"; : >"$WS/empty"
	chown -R --no-dereference "$UP_ID:$(id -g "$UP_ID")" "$WS"
	COPY=$T/copy
	cp -a "$WS" "$COPY"
}
# Everything of a tree that is to be the same: type, mode, owner, size, target, link count, content, user attributes.
tree() {
	(cd "$1" && find . -mindepth 1 -printf '%P\t%y\t%m\t%U\t%l\n' | grep -v '^\.git' | sort
		find . -type f -print0 | sort -z | xargs -0 sha256sum
		find . -type f -links +1 -printf '%i %P\n' | sort | awk '{ i = $1; $1 = ""; g[i] = g[i] $0 } END { for (i in g) print "linked:" g[i] }' | sort
		find . -print0 | sort -z | xargs -0 getfattr -h -d -m '^user\.' --absolute-names 2>/dev/null || true)
}
same_trees() {
	diff <(tree "$1") <(tree "$2")
}
outside() {	# SCRIPT: on the copy, as the same user
	(cd "$COPY" && as sh -c "$1")
}
inside() {	# SCRIPT
	(cd "$WS" && enc run -m "$M" -- sh -c "$1")
}

# One script a line; the odd ones are the ones that overlays get wrong.
SCRIPTS=(
	'echo new >n; echo more >>a; : >src/text; truncate -s 5 bin'
	'rm a nonl; rm -r old; rmdir full/sub 2>/dev/null; rm -r full; mkdir full; echo again >full/again'
	'mv src moved; mv a src; mkdir old/in; mv old older 2>/dev/null || { cp -a old older; rm -r old; }'
	'mv src/text src/text2; ln src/text2 src/text3; ln a hard; rm h1; echo more >>h2'
	'ln -sfn src link; ln -s /nowhere dangling; rm bin; mkdir bin; echo f >bin/file; rm -r full; echo f >full'
	'chmod 600 a; chmod 700 src; chmod 755 nonl; chmod 644 tool; mkfifo pipe; mkdir -m 750 closed; touch -d @1000000000 a'
	'truncate -s 1M sparse; printf x | dd of=sparse bs=1 seek=700000 conv=notrunc 2>/dev/null; seq 100000 | gzip -n >random; cp random random2; rm random'
	'echo 1 >"a b"; echo 2 >"quo\"te"; echo 3 >"back\\slash"; printf 4 >"$(printf "new\nline")"; printf 5 >"$(printf "tab\there")"; printf 6 >"$(printf "b\377d")"; echo 7 >-dash; echo 8 >ü'
	'rm -r src; mkdir -p src/deep; echo other >src/deep/keep; echo more >src/deep/more'
	'mkdir -p x/y/z; echo 1 >x/y/z/f; rm -r x; mkdir x; echo 2 >x/f; rm tool; ln -s a tool; rm link; echo file >link'
	'sed -i s/l6/changed/ src/text; sed -i 1d src/text; echo end >>src/text; printf "\nmore" >>nonl'
)
check_same() {
	be "$1"
	local script before i=0

	for script in "${SCRIPTS[@]}"; do
		rm -rf "$WS"; mkdir "$WS"; rm -rf "$T/copy" "$T/was"
		both
		cp -a "$WS" "$T/was"
		before=$(tree "$WS")
		(umask 022; outside "$script")
		(umask 022; inside "$script") || { echo "inside failed: $script"; return 1; }
		[ "$before" = "$(tree "$WS")" ] || { echo "the workspace was changed by: $script"; return 1; }
		# The diff, applied by git to a copy of what was, gives the files' contents (git keeps no empty folder, FIFO, attribute or link count).
		(cd "$WS" && enc diff last) >"$T/diff" || return 1
		if ! grep -q "^Binary" "$T/diff" && [ -s "$T/diff" ]; then
			(cd "$T/was" && git -c core.fileMode=true apply --whitespace=nowarn "$T/diff") || { echo "git refuses the diff of: $script"; cat -A "$T/diff"; return 1; }
			diff <(cd "$T/was" && find . \( -type f -o -type l \) -printf '%P %y %l\n' | sort; cd "$T/was" && find . -type f -print0 | sort -z | xargs -0 sha256sum) \
				<(cd "$COPY" && find . \( -type f -o -type l \) -printf '%P %y %l\n' | sort; cd "$COPY" && find . -type f -print0 | sort -z | xargs -0 sha256sum) ||
				{ echo "git apply of the diff is not: $script"; return 1; }
		fi
		try enc apply --with-code last
		[ "$status" = 0 ] || { echo "apply of: $script"; echo "$output"; echo "$stderr"; return 1; }
		same_trees "$COPY" "$WS" || { echo "after apply of: $script"; return 1; }
		[ -z "$(cd "$WS" && enc diff --stat last | grep -v '^0 changes')" ] || { echo "still different: $script"; enc diff --stat last; return 1; }
		enc discard last
		i=$((i + 1))
	done
	[ $i = ${#SCRIPTS[@]} ]
}
@test "file operations: as on a plain copy, by diff and by apply (root)" { check_same root; }
@test "file operations: as on a plain copy, by diff and by apply (user)" { check_same user; }

@test "diff: one file as git shows it, paths, --stat, --json" {
	both
	inside "${SCRIPTS[10]}; chmod 700 tool; rm empty; echo '{}' >package.json; ln -s ../../etc out"
	enc diff last src >"$T/ours"
	cat "$STATE"/runs/*/overlay/upper/src/text >"$T/new-text"
	(cd "$T" && git diff --no-index --no-color copy/src/text new-text | tail -n +5 | sed 's/ @@.*/ @@/') >"$T/git" || true
	is "$(tail -n +4 "$T/ours")" "$(cat "$T/git")"
	try enc diff --stat last
	contains "$output" "M  src/text  +2  -2" "runs code later: package scripts" "a link that leads out" "D  empty" "mode 0755 to 0700"
	is "$(enc diff --json last | jq -r '.changes[] | select(.path == "tool") | [.kind, .old.mode, .new.mode] | join(" ")')" "M 493 448"
	is "$(enc diff --json last src/text | jq '.changes | length')" 1
	try enc diff last /etc
	fails_with 64
	try enc diff last ../x
	fails_with 64
	M=$T/direct.yaml
	manifest
	go true
	try enc diff last
	fails_with 1
	contains "$stderr" E0804
}
@test "apply: files that run code later are left without a terminal, and taken when asked for" {
	both
	mkdir -p "$WS/.git/hooks"
	chown -R "$UP_ID" "$WS"
	inside 'echo evil >.git/hooks/pre-commit; mkdir -p .github/workflows .vscode sub/.husky; echo ci >.github/workflows/x.yml; echo t >.vscode/tasks.json
		echo h >sub/.husky/pre-push; echo e >.envrc; echo ok >fine'
	try enc apply last
	fails_with 1
	contains "$output" "left     A  .git/hooks/pre-commit  runs code later" "left     A  .envrc" "left     A  sub/.husky/pre-push" "applied  A  fine"
	[ -f "$WS/fine" ] && [ ! -e "$WS/.envrc" ] && [ ! -e "$WS/.git/hooks/pre-commit" ] && [ ! -e "$WS/.github/workflows/x.yml" ]
	try enc apply --with-code last .envrc
	fails_with 0
	[ -f "$WS/.envrc" ] && [ ! -e "$WS/.vscode/tasks.json" ]
	is "$(enc apply --json last | jq -r '.changes[] | select(.path == ".vscode/tasks.json") | .fate')" runs-code-later
}
@test "apply: asks at a terminal, and takes what is answered with y" {
	both
	inside 'echo 1 >.envrc; echo 2 >.npmrc'
	run expect -c "set timeout 10; spawn -noecho env ENCLOSURE_STATE=$STATE $BIN/enclosure apply last; expect {*.envrc*y/N*} {send y\\r}; expect {*.npmrc*y/N*} {send n\\r}; expect eof"
	[ -f "$WS/.envrc" ] && [ ! -e "$WS/.npmrc" ]
}
@test "apply: what was changed in the workspace meanwhile is left, unless told" {
	both
	inside 'echo run >a; rm nonl; echo run >both; echo fine >n; echo r >>src/text; rm -r old'
	sleep 0.1
	echo owner >"$WS/a"; echo owner >>"$WS/nonl"; echo owner >"$WS/both"; rm "$WS/src/text"; echo new >"$WS/old/new"
	try enc apply last
	fails_with 1
	contains "$output" "left     M  a  changed" "left     D  nonl  changed" "left     M  both  changed" "left     A  src/text  changed" "applied  A  n" "left     D  old"
	is "$(cat "$WS/a" "$WS/both" "$WS/old/new")" $'owner\nowner\nnew'
	[ -e "$WS/nonl" ]
	try enc apply --force last a both nonl
	fails_with 0
	is "$(cat "$WS/a" "$WS/both")" $'run\nrun'
	[ ! -e "$WS/nonl" ]
}
@test "apply: no link leads out, planted by the run or by anybody after it" {
	both
	mkdir "$T/outside-dir"
	echo mine >"$T/outside-dir/f"
	inside 'echo evil >src/f; echo evil >src/deep/keep; rm a; ln -s /etc/passwd a'
	# The way to the file becomes a link.
	mv "$WS/src" "$WS/src.was"
	ln -s "$T/outside-dir" "$WS/src"
	try enc apply last
	fails_with 2
	contains "$output" "left     D  src" "left     D  a  runs code later" "leads through a link"
	try enc apply --with-code --force last
	is "$(cat "$T/outside-dir/f")" mine
	[ ! -e "$T/outside-dir/deep" ]
	# A link in the place of a file is replaced and never followed.
	is "$(readlink "$WS/a")" /etc/passwd
	inside 'rm a; echo text >a'
	try enc apply --with-code --force last a
	fails_with 0
	is "$(cat "$WS/a")" text
	[ "$(wc -l </etc/passwd)" -gt 3 ]
}
check_hostile() {
	be "$1"
	both
	echo secret >"$WS/secret"; echo hook >"$WS/src/hook"
	chown -R --no-dereference "$UP_ID:$(id -g "$UP_ID")" "$WS"
	sed -i 's/^filesystem:/filesystem:\n  deny: [secret]\n  protect: [src\/hook]/' "$M"
	inside 'cat secret; rm -f secret; mv secret s2; ln secret s3; echo x >>src/hook; rm -f src/hook; mv src src2; mv src/hook src/h2; chmod 4755 tool; chmod 2755 tool
		mknod dev c 1 3; mknod wh c 0 0; setfattr -n user.overlay.opaque -v y src; setfattr -n trusted.overlay.opaque -v y src
		setfattr -n user.overlay.redirect -v / full; setfattr -n user.overlay.metacopy -v x a; ls -R / 2>/dev/null | grep -c "overlay/upper\|/work/work"; true' >"$T/out" 2>&1 || true
	lacks "$(cat "$T/out")" secret-content
	[ "$(cat "$WS/secret")" = secret ]
	try enc diff --json last
	fails_with 0
	is "$(jq -r '[.changes[].path] | map(select(test("secret|hook|^s2|^s3|h2|src2|dev|wh"))) | join(" ")' <<<"$output")" ""
	try enc apply --with-code last
	[ "$status" -lt 2 ]
	is "$(cat "$WS/secret" "$WS/src/hook")" $'secret\nhook'
	is "$(stat -c %a "$WS/tool")" 755
}
@test "deny and protect hold in an overlay; nothing inside forges the layer (root)" { check_hostile root; }
@test "deny and protect hold in an overlay; nothing inside forges the layer (user)" { check_hostile user; }

@test "a set-id file that the owner has is no way to one that the run made" {
	be user
	both
	chmod 4755 "$WS/tool"
	inside 'echo changed >>tool; cp -p tool tool2'
	enc apply --with-code last
	is "$(stat -c %a "$WS/tool" "$WS/tool2" | paste -sd' ')" "755 755"
}
@test "a run that goes on can be looked at, and neither applied nor discarded" {
	both
	(cd "$WS" && enc run -m "$M" -d --name live -- sh -c 'echo 1 >n; sleep 1000')
	until_true 5 sh -c "[ -e $STATE/runs/*/overlay/upper/n ]"
	contains "$(enc diff --stat live)" "A  n"
	try enc apply live
	fails_with 1
	contains "$stderr" "still goes on"
	try enc discard live
	fails_with 1
	enc stop --kill live
	enc apply live
	is "$(cat "$WS/n")" 1
	enc discard live
	try enc diff live
	fails_with 1
	contains "$stderr" discarded
	[ -z "$(ls -d "$STATE"/runs/*/overlay 2>/dev/null)" ]
	is "$(enc result live --json | jq -r .state)" cancelled
}
@test "the plan says what it does, and refuses where it can't" {
	try enc plan -m "$M"
	contains "$output" "enclosure diff"
	lacks "$output" "changed in place"
	sed "s#write: .*#write: [$WS, $T/outside]#" "$M" >"$WS/two.yaml"
	contains "$(enc plan -m "$WS/two.yaml" | tr -s " \n" " ")" "changed in place"
	try enc run -m "$M" --mask overlay -- true
	fails_with 125
	contains "$stderr" filesystem.workspace
	sed -i "s#write: .*#write: [$T]#" "$M"
	try enc run -m "$M" -- true
	fails_with 125
	contains "$stderr" "not a writable folder of its own"
}
@test "discard removes whatever the run left: closed folders, deep ones, many" {
	for who in root user; do
		be $who
		inside 'mkdir -p a/b/c; echo x >a/b/c/f; chmod 000 a/b/c a/b; d=.; for i in $(seq 150); do d=$d/d; done; mkdir -p $d; mkdir many; cd many; for i in $(seq 500); do : >f$i; done'
		enc discard last
		[ -z "$(ls -d "$STATE"/runs/*/overlay 2>/dev/null)" ]
	done
}

# ---- what a run can leave behind to hide the rest, and what lies in the way ----

down() {
	for m in "${MOUNTED[@]}"; do umount -l "$m" || return 1; done
	MOUNTED=()
}
@test "what is mounted in the workspace is neither shown, nor changed by apply" {
	mkdir "$WS/sub" "$WS/other"
	echo under >"$WS/other/f"
	for m in sub other; do mount -t tmpfs none "$WS/$m"; MOUNTED+=("$WS/$m"); done
	echo mine >"$WS/sub/f"
	echo mine >"$WS/other/f"
	contains "$(enc plan -m "$M" --full 2>/dev/null || enc plan -m "$M")" "not seen"
	inside 'rm -r sub; echo run >other/f; echo new >other/new; chmod 700 other; echo ok >ok'
	try enc diff last
	fails_with 0
	lacks "$output" "a/sub/f" mine
	try enc apply last
	fails_with 2
	contains "$output" "applied  A  ok" "FAILED   D  sub"
	is "$(cat "$WS/sub/f" "$WS/other/f")" $'mine\nmine'
	[ ! -e "$WS/other/new" ]
	is "$(stat -c %a "$WS/other")" 1777
	down
}
@test "a mount in the workspace of an ordinary user is refused by the plan" {
	be user
	mkdir -p "$WS/sub"
	mount -t tmpfs none "$WS/sub"
	MOUNTED+=("$WS/sub")
	try enc run -m "$M" -- true
	fails_with 125
	contains "$stderr" E0401 filesystem.workspace "$WS/sub is mounted in the workspace"
	down
}
@test "a workspace of another user, started by root with user: is written all the same, and applied as that user's" {
	be root
	echo "user: $USER_NAME" >>"$M"
	mkdir "$WS/theirs"
	chmod 755 "$WS" "$WS/theirs"
	inside 'echo ok >ok; rm -f m.yaml; mkdir d; touch theirs/no 2>/dev/null; true'
	enc apply last
	is "$(stat -c %U "$WS/ok" "$WS/d" "$WS/theirs" | paste -sd' ')" "$USER_NAME $USER_NAME root"
	[ -e "$M" ] && [ ! -e "$WS/theirs/no" ]
}
@test "sockets are told and left; a file's group and hard links stay what they are" {
	both
	chgrp $USER_NAME "$WS/a"
	chmod 640 "$WS/a"
	inside 'perl -MSocket -e "socket(S, AF_UNIX, SOCK_STREAM, 0); bind(S, sockaddr_un(q(s)))"; echo more >>a; echo more >>h1'
	try enc apply last
	fails_with 1
	contains "$output" "left     A  s"
	is "$(stat -c '%G %a' "$WS/a")" "$USER_NAME 640"
	[ ! -e "$WS/s" ]
	is "$(enc apply --json last | jq -r '.changes[] | select(.path == "s") | .fate')" not-applicable
}
@test "an access list stays with its file, and one that the run makes gives nobody more" {
	both
	chmod 600 "$WS/a"
	# USER_OBJ rw, one user rw, GROUP_OBJ none, MASK rw, OTHER none: the mode is 660 and the group has nothing.
	acl=0x0200000001000600ffffffff02000600$(printf %08x "$(id -u $USER_NAME)" | sed 's/\(..\)\(..\)\(..\)\(..\)/\4\3\2\1/')04000000ffffffff10000600ffffffff20000000ffffffff
	setfattr -n system.posix_acl_access -v "$acl" "$WS/a"
	is "$(stat -c %a "$WS/a")" 660
	own=0x0200000001000600ffffffff04000000ffffffff10000600ffffffff20000000ffffffff
	inside "rm a; echo other >a; chmod 660 a; echo n >n; setfattr -n system.posix_acl_access -v $own n; stat -c %a n" >"$T/out"
	is "$(cat "$T/out")" 660
	enc apply last
	is "$(cat "$WS/a")" other
	contains "$(getfattr -e hex -n system.posix_acl_access --absolute-names "$WS/a")" "$acl"
	is "$(stat -c %a "$WS/n")" 600
	[ -z "$(getfattr -n system.posix_acl_access "$WS/n" 2>/dev/null)" ]
}
@test "links that bring a whole folder of code, and repositories without a folder of their own, are asked for" {
	inside 'mkdir -p x bare/objects bare/refs; echo "{}" >x/settings.json; ln -s x .claude; ln -s x .vscode; ln -s ../x sub 2>/dev/null; ln -s x/settings.json plain; echo "ref: refs/heads/m" >bare/HEAD'
	try enc apply last
	fails_with 1
	contains "$output" "left     A  .claude" "left     A  .vscode" "left     A  bare/HEAD" "left     A  sub" "applied  A  plain" "applied  A  x/settings.json"
}
@test "a clock that was set back: nothing is believed to be unchanged" {
	both
	inside 'echo run >a; echo new >n'
	is "$(enc apply -n --json last | jq -r '[.changes[].fate] | join(" ")')" "wanted wanted"
	f=$(ls -d "$STATE"/runs/*/run.json | tail -1)
	jq '.overlay.clock_ns += 3600000000000' "$f" >"$T/run.json"
	cat "$T/run.json" >"$f"
	try enc apply last
	fails_with 1
	contains "$output" "left     M  a  changed" "applied  A  n"
	is "$(cat "$WS/a")" one
}
@test "diff of names with spaces is git's, letter by letter" {
	mkdir -p "$WS/d d"
	echo one >"$WS/d d/f f"
	cp -a "$WS" "$T/copy"
	inside 'echo two >>"d d/f f"; echo new >"d d/n n"'
	cp -a "$WS" "$T/new"; echo two >>"$T/new/d d/f f"; echo new >"$T/new/d d/n n"
	(cd "$T" && git diff --no-index --no-color copy new | grep -v ^index | sed 's#\([ab]\)/\(copy\|new\)/#\1/#g') >"$T/git" || true
	diff "$T/git" <(enc diff last)
}
@test "a file that became a link is replaced in one step, and stays when it was changed meanwhile" {
	both
	inside 'rm a; ln -s src a; rm link; echo file >link; rm nonl; ln -s bin nonl'
	sleep 0.1
	echo owner >>"$WS/nonl"
	# Whoever looks at `a` sees the file or the link, never nothing.
	: >"$T/go"
	(while [ -e "$T/go" ]; do [ -e "$WS/a" ] || [ -L "$WS/a" ] || echo gone; done >"$T/seen") 3>&- &
	try enc apply --with-code last
	rm "$T/go"
	wait
	fails_with 1
	contains "$output" "applied  D  a" "applied  A  a" "left     D  nonl" "left     A  nonl"
	is "$(readlink "$WS/a") $(cat "$WS/link")" "src file"
	contains "$(cat "$WS/nonl")" owner
	[ ! -s "$T/seen" ]
	enc apply --force last nonl
	is "$(readlink "$WS/nonl")" bin
	[ -z "$(find "$WS" -name '.enclosure-*')" ]
}
@test "diff at a terminal: coloured, and nothing of the run's acts on it" {
	inside 'printf "\033]0;title\007 \033[2J\233 evil\n" >"$(printf "n\033[31m")"'
	run env script -qec "env TERM=xterm ENCLOSURE_STATE=$STATE $BIN/enclosure diff last" /dev/null
	contains "$output" $'\033[32m+' '\x1b]0;title\x07' '"b/n\033[31m"'
	lacks "$output" $'\033]' $'\033[2J' $'\233'
	enc diff last | grep -q $'\033]0;title'	# as it is, for programs
}
@test "attributes of overlays that an earlier run planted in the workspace show and hide nothing" {
	local d=$T/direct.yaml

	both
	mkdir "$WS/dir"
	echo secret >"$WS/secret"
	echo f >"$WS/dir/f"
	M=$d manifest
	# Control: with the workspace in its hands a run can plant them.
	enc run -m "$d" -- sh -c 'setfattr -n user.overlay.redirect -v /secret dir; setfattr -n user.overlay.opaque -v y src; setfattr -n user.overlay.opaque -v x full
		setfattr -n user.overlay.metacopy -v "" a; setfattr -n user.overlay.redirect -v /secret a; setfattr -n user.overlay.whiteout -v y empty'
	contains "$(getfattr -m user.overlay -d "$WS/dir" "$WS/a")" redirect metacopy
	sed -i 's/^filesystem:/filesystem:\n  deny: [secret]/' "$M"
	inside 'cat a dir/f dir/* secret 2>&1; echo new >dir/n; echo n >full/n; echo s >>src/text' >"$T/out" || true
	lacks "$(cat "$T/out")" $'secret\n'
	enc diff --json last | jq -r '.changes[] | .kind + .path' >"$T/list"
	is "$(paste -sd' ' "$T/list")" "Adir/n Afull/n Msrc/text"
	enc apply last
	is "$(cat "$WS/secret" "$WS/dir/f" "$WS/src/deep/keep" "$WS/full/z" "$WS/a")" $'secret\nf\nkeep\nz\none'
}
@test "very large texts are named, and a run that never started has nothing to show" {
	inside 'yes "" | head -n 600000 >lines; yes "" | head -n 400000 >fewer; head -c 9000000 /dev/zero | tr "\0" x >long'
	is "$(enc diff last | grep -c '^Binary files /dev/null and b/\(lines\|long\) differ$')" 2
	contains "$(enc diff --stat last fewer)" "+400000"
	try enc run -m "$M" --mask landlock --mask overlay -- true
	fails_with 125
	try enc diff last
	fails_with 1
	M=$WS/bad.yaml
	sed 's/^filesystem:/filesystem:\n  protect: [absent]/' "$WS/m.yaml" >"$M"
	try enc run -m "$M" -- true
	fails_with 125
	try enc diff last
	fails_with 1
	contains "$stderr" "never started"
}
