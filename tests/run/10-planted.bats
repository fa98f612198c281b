#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What an earlier run, or somebody who races us, puts into a workspace: the next run refuses or does not follow.

load helper

HOME_SECRET() {
	mkdir -p "$T/home/.ssh"
	echo key >"$T/home/.ssh/id"
}

plant_and_run() {	# who, then what the first run does; the second has PATHS of it granted
	be "$1"
	manifest
	try go sh -c "$2"
	fails_with 0
}
check_link_grant() {
	HOME_SECRET
	be "$1"
	manifest
	go sh -c "mkdir -p sub; ln -s $T/home/.ssh out; ln -s $T/home/.ssh sub/out; ln -s / root; ln -s out chain"
	for target in out sub/out chain root/etc root$T/home/.ssh out/id; do
		for kind in read write; do
			manifest $kind="$WS/$target"
			try script "probe a read $WS/$target/id; probe b read $T/home/.ssh/id; probe c readdir $WS/$target; probe d append $WS/out/id"
			if [ "$status" = 125 ]; then
				contains "$stderr" E0
			else
				has_lines a=1 b=1 c=1 d=1
			fi
		done
	done
	is "$(cat "$T/home/.ssh/id")" key
}
@test "a grant whose path an earlier run made a link is not followed (root)" { check_link_grant root; }
@test "a grant whose path an earlier run made a link is not followed (user)" { check_link_grant user; }

@test "a planted link is seen whatever way its folder is named" {
	HOME_SECRET
	mkdir "$T/a-long-name-of-a-folder"
	ln -s a-long-name-of-a-folder "$T/s"
	be user
	manifest write="$T/a-long-name-of-a-folder"
	go ln -s "$T/home/.ssh" "$T/a-long-name-of-a-folder/l"
	for kind in read write; do
		manifest $kind="$T/s/l" write="$T/a-long-name-of-a-folder"
		try script "probe a read $T/home/.ssh/id; probe b read $T/s/l/id; probe c append $T/home/.ssh/id"
		[ "$status" = 125 ] || has_lines a=1 b=1 c=1
	done
}

check_link_inside() {
	HOME_SECRET
	be "$1"
	manifest
	go sh -c "ln -s $T/home/.ssh out; ln -s /etc/passwd pw; ln -s $T/outside/new dangling"
	try script "probe a read $WS/out/id; probe b append $WS/pw; probe c write $WS/out/id; probe d create $WS/out/x; probe e create $WS/dangling"
	has_lines a=1 b=1 c=1 d=1
	go sh -c "echo x >dangling" || true
	[ ! -e "$T/outside/new" ]
	[ ! -e "$T/home/.ssh/x" ]
}
@test "a link inside the workspace leads nowhere (root)" { check_link_inside root; }
@test "a link inside the workspace leads nowhere (user)" { check_link_inside user; }

check_protect_link() {
	HOME_SECRET
	mkdir -p "$WS/.git/hooks"
	be "$1"
	manifest
	go sh -c "rm -rf .git/hooks; ln -s $T/home/.ssh .git/hooks; ln -s $T/home/.ssh/id .mcp.json"
	manifest protect="$WS/.git/hooks, $WS/.mcp.json"
	try script "probe r read $T/home/.ssh/id; probe via read $WS/.git/hooks/id; probe w write $WS/.mcp.json; probe rm unlink $WS/.mcp.json; probe n create $WS/.git/hooks/pre-commit"
	[ "$status" = 125 ] || has_lines r=1 via=1 w=1 n=1
	[ ! -e "$T/home/.ssh/pre-commit" ]
	is "$(cat "$T/home/.ssh/id")" key
}
@test "protect and deny of a name that has become a link (root)" { check_protect_link root; }
@test "protect and deny of a name that has become a link (user)" { check_protect_link user; }

check_own_manifest() {
	be "$1"
	manifest
	sed "s|^filesystem:|filesystem:|" "$M" >"$WS/enclosure.yaml"
	be "$1"
	enc trust >/dev/null 2>&1 || enc trust "$WS/enclosure.yaml" >/dev/null
	try enc run -- sh -c "$PROBE probe r read enclosure.yaml; probe w write enclosure.yaml; probe t truncate enclosure.yaml; probe u unlink enclosure.yaml
		echo x >other; probe over rename other enclosure.yaml; probe away rename enclosure.yaml e2; probe c chmod enclosure.yaml; probe l link enclosure.yaml e3"
	has_lines r=0 w=1 t=1 u=1 over=1 away=1 c=1 l=1
}
@test "the manifest of a run can't be changed by it (root)" { check_own_manifest root; }
@test "the manifest of a run can't be changed by it (user)" { check_own_manifest user; }

@test "a manifest that was planted or changed by a run is not obeyed" {
	be user
	manifest
	go sh -c 'printf "enclosure: 1\nfilesystem: {read: [/], write: [\$HOME]}\n" >enclosure.yaml'
	try enc run -- touch "$WS/ran"
	fails_with 125
	contains "$stderr" "enclosure trust"
	[ ! -e "$WS/ran" ]
	go sh -c "rm enclosure.yaml; ln -s $M enclosure.yaml"
	try enc run -- touch "$WS/ran"
	fails_with 125
	[ ! -e "$WS/ran" ]
}

check_race() {
	HOME_SECRET
	mkdir -p "$WS/a/in" "$WS/real/in"
	echo inside >"$WS/a/in/id"
	echo inside >"$WS/real/in/id"
	mkdir "$T/home/in"
	echo outside-secret >"$T/home/in/id"
	be "$1"
	# The race is a process of the host, which may do what a run that still goes on could have done.
	/usr/bin/python3 - "$WS" "$T/home" >/dev/null 2>&1 3>&- <<'PY' &
import os, sys
ws, out = sys.argv[1:]
while True:
    try:
        os.rename(ws + "/a", ws + "/b"); os.symlink(out, ws + "/a"); os.unlink(ws + "/a"); os.rename(ws + "/b", ws + "/a")
    except OSError:
        pass
PY
	racer=$!
	manifest read="$WS/a/in" deny="$WS/real/in"
	seen=0 ran=0
	for i in $(seq 100); do
		try go sh -c "cat $WS/a/in/id $T/home/in/id $WS/real/in/id 2>/dev/null; echo ran"
		[[ $output != *outside-secret* ]] || seen=1
		[[ $output != *ran* ]] || ran=$((ran + 1))
		[ "$status" = 0 ] || [ "$status" = 125 ] || seen=2
	done
	kill $racer
	wait $racer 2>/dev/null || true
	echo "ran $ran of 100"
	is $seen 0
}
@test "a directory that is swapped with a link while runs start never shows what lies behind (root)" { check_race root; }
@test "a directory that is swapped with a link while runs start never shows what lies behind (user)" { check_race user; }

check_git_file() {	# a work tree's .git is a file; whoever replaces it chooses git's configuration
	be "$1"
	echo "gitdir: $T/repo/.git/worktrees/w" >"$WS/.git"
	[ "$1" = root ] || chown "$USER_NAME" "$WS/.git"
	try enc run -m coding-agent -- sh -c 'rm -f .git; mv .git x; echo "gitdir: evil" >.git; true'
	fails_with 0
	is "$(cat "$WS/.git")" "gitdir: $T/repo/.git/worktrees/w"
	[ ! -e "$WS/x" ]
}
@test "the .git file of a work tree is held by what is protected below it (root)" { check_git_file root; }
@test "the .git file of a work tree is held by what is protected below it (user)" { check_git_file user; }

@test "protected paths that were absent and are there at the end are told" {
	be user
	mkdir "$WS/.git"
	chown "$USER_NAME" "$WS/.git"
	try enc run -m coding-agent -- sh -c 'echo ../evil >.git/commondir'
	fails_with 0
	contains "$(cat "$STATE"/runs/*/result.json)" "made during the run, look before you use it: $WS/.git/commondir"
	try enc run -m coding-agent -- true
	fails_with 0
	try enc run -m coding-agent -- sh -c 'echo . >.git/commondir'
	fails_with 2
}

check_hard_link() {	# a mount holds one name of a file: with another one in the grant it would hold nothing
	be "$1"
	as sh -c "echo orig >$WS/held; ln $WS/held $WS/other-name"
	for kind in protect deny; do
		manifest $kind="$WS/held"
		try go sh -c 'echo evil >other-name; cat other-name'
		fails_with 125
		contains "$stderr" "has other names (hard links)"
		is "$(cat "$WS/held")" orig
	done
	rm "$WS/other-name"
	try go sh -c 'echo evil >held'
	[ "$status" != 125 ]
	is "$(cat "$WS/held")" orig
}
@test "a protected or denied file with a second name is refused, not half held (root)" { check_hard_link root; }
@test "a protected or denied file with a second name is refused, not half held (user)" { check_hard_link user; }
