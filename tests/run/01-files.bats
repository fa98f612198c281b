#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# filesystem.read, write, deny, protect: what is allowed works, what is not does not, as root and as an ordinary user.

load helper

# $T/ro a read grant, $WS a write grant, $WS/sub/deep for names below it.
up() {
	mkdir -p "$T/ro/dir" "$WS/sub/deep" "$WS/.git/hooks" "$WS/secret"
	echo ro >"$T/ro/file"
	echo key >"$WS/secret/key"
	echo pw >"$WS/sub/.env"
	echo '#!/bin/sh' >"$WS/.git/hooks/pre-commit"
	echo rc >"$WS/sub/rc"
	echo other >"$WS/other"
	ln -s secret "$WS/alias"
	ln -s sub/.env "$WS/env-alias"
}

check_read() {
	be "$1"
	manifest read="$T/ro"
	try script "
		probe read read $T/ro/file; probe list readdir $T/ro; probe write write $T/ro/file; probe append append $T/ro/file
		probe truncate truncate $T/ro/file; probe create create $T/ro/new; probe mkdir mkdir $T/ro/d; probe unlink unlink $T/ro/file
		probe rename rename $T/ro/file $T/ro/f2; probe away rename $T/ro/file $WS/f2; probe link link $T/ro/file $WS/f3
		probe chmod chmod $T/ro/file; probe utimes utimes $T/ro/file; probe xattr setxattr $T/ro/file; probe reopen reopen $T/ro/file
		probe rmdir rmdir $T/ro/dir; probe symlink symlink x $T/ro/s; probe exec access-x $T/ro/file
		probe outside read $T/outside/secret; probe outside-list readdir $T/outside; probe up read $T/ro/../outside/secret
		probe proc proc-names $T/outside/secret; probe outside-create create $T/new"
	has_lines read=0 list=0 write=1 append=1 truncate=1 create=1 mkdir=1 unlink=1 rename=1 away=1 link=1 chmod=1 utimes=1 \
		xattr=1 reopen=1 rmdir=1 symlink=1 exec=1 outside=1 outside-list=1 up=1 proc=1 outside-create=1
	is "$(cat "$T/ro/file")" ro
}
@test "read: can be read, never changed (root)" { check_read root; }
@test "read: can be read, never changed (user)" { check_read user; }

check_write() {
	be "$1"
	manifest
	try script "
		probe read read $WS/other; probe write write $WS/other; probe append append $WS/other; probe create create $WS/new
		probe mkdir mkdir $WS/newdir; probe rename rename $WS/new $WS/newdir/moved; probe link link $WS/other $WS/hard
		probe symlink symlink other $WS/soft; probe chmod chmod $WS/other; probe unlink unlink $WS/hard; probe reopen reopen $WS/other
		probe exchange exchange $WS/newdir $WS/sub; probe up create $WS/../sneaked; probe tmp create /tmp/enc-x; probe home create \$HOME/x
		probe root create /x; probe etc create /etc/x; probe usr create /usr/x; probe var create /var/x"
	has_lines read=0 write=0 append=0 create=0 mkdir=0 rename=0 link=0 symlink=0 chmod=0 unlink=0 reopen=0 exchange=0 up=1 \
		tmp=0 home=0 root=1 etc=1 usr=1 var=1
	[ -f "$WS/sub/moved" ]
	[ ! -e "$T/sneaked" ]
	[ ! -e /tmp/enc-x ]
	[ ! -e "$UP_HOME/x" ]
	# What the run made belongs to the one whose grant it is.
	is "$(stat -c %u "$WS/sub/moved")" "$UP_ID"
}
@test "write: everything can be done inside, nothing beside it (root)" { check_write root; }
@test "write: everything can be done inside, nothing beside it (user)" { check_write user; }

check_deny() {
	be "$1"
	manifest read="$T/ro" deny="$WS/secret, $WS/sub/.env, $T/ro/file"
	try script "
		probe dir readdir $WS/secret; probe in-dir read $WS/secret/key; probe in-dir-write write $WS/secret/key
		probe in-dir-create create $WS/secret/new; probe file read $WS/sub/.env; probe file-write write $WS/sub/.env
		probe in-read read $T/ro/file; probe beside read $WS/other; probe alias read $WS/alias/key; probe alias-file read $WS/env-alias
		probe dots read $WS/sub/../secret/key; probe rename rename $WS/sub/.env $WS/e2; probe unlink unlink $WS/sub/.env
		probe away rename $WS/sub $WS/sub2; probe dir-away rename $WS/secret $WS/s2; probe over rename $WS/other $WS/sub/.env
		probe swap exchange $WS/sub $WS/.git; probe link link $WS/sub/.env $WS/e3; probe proc proc-names $WS/secret/key
		probe rmdir rmdir $WS/secret; probe chmod chmod $WS/secret"
	has_lines dir=1 in-dir=1 in-dir-write=1 in-dir-create=1 file=1 file-write=1 in-read=1 beside=0 alias=1 alias-file=1 dots=1 \
		rename=1 unlink=1 away=1 dir-away=1 over=1 swap=1 link=1 proc=1 rmdir=1
	is "$(cat "$WS/sub/.env" "$WS/secret/key" "$T/ro/file")" $'pw\nkey\nro'
}
@test "deny: a directory and files, inside grants, by each name (root)" { check_deny root; }
@test "deny: a directory and files, inside grants, by each name (user)" { check_deny user; }

check_deny_twin() {
	be "$1"
	manifest read="$T/ro"
	try script "
		probe dir readdir $WS/secret; probe in-dir read $WS/secret/key; probe file write $WS/sub/.env; probe in-read read $T/ro/file
		probe alias read $WS/alias/key; probe dots read $WS/sub/../secret/key; probe away rename $WS/sub $WS/sub2"
	has_lines dir=0 in-dir=0 file=0 in-read=0 alias=0 dots=0 away=0
}
@test "deny: without the clause all of it is open (root)" { check_deny_twin root; }
@test "deny: without the clause all of it is open (user)" { check_deny_twin user; }

check_protect() {
	be "$1"
	manifest protect="$WS/.git/hooks, $WS/sub/rc"
	try script "
		probe read read $WS/sub/rc; probe read-hook read $WS/.git/hooks/pre-commit; probe write write $WS/sub/rc
		probe append append $WS/sub/rc; probe truncate truncate $WS/sub/rc; probe unlink unlink $WS/sub/rc
		probe over rename $WS/other $WS/sub/rc; probe away rename $WS/sub/rc $WS/rc2; probe chmod chmod $WS/sub/rc
		probe utimes utimes $WS/sub/rc; probe xattr setxattr $WS/sub/rc; probe link link $WS/sub/rc $WS/rc3; probe reopen reopen $WS/sub/rc
		probe parent rename $WS/sub $WS/sub2; probe swap exchange $WS/sub $WS/secret; probe hook write $WS/.git/hooks/pre-commit
		probe hook-new create $WS/.git/hooks/post-merge; probe hook-rm unlink $WS/.git/hooks/pre-commit; probe hooks-away rename $WS/.git/hooks $WS/h2
		probe hooks-rm rmdir $WS/.git/hooks; probe git-away rename $WS/.git $WS/git2; probe git-swap exchange $WS/.git $WS/secret
		probe chmod-dir chmod $WS/.git/hooks; probe beside create $WS/.git/config; probe beside2 create $WS/sub/new"
	has_lines read=0 read-hook=0 write=1 append=1 truncate=1 unlink=1 over=1 away=1 chmod=1 utimes=1 xattr=1 link=1 reopen=1 \
		parent=1 swap=1 hook=1 hook-new=1 hook-rm=1 hooks-away=1 hooks-rm=1 git-away=1 git-swap=1 chmod-dir=1 \
		beside=0 beside2=0
	is "$(cat "$WS/sub/rc" "$WS/.git/hooks/pre-commit")" $'rc\n#!/bin/sh'
}
@test "protect: readable, unchangeable, and so are the names that lead there (root)" { check_protect root; }
@test "protect: readable, unchangeable, and so are the names that lead there (user)" { check_protect user; }

check_protect_twin() {
	be "$1"
	manifest
	try script "
		probe write write $WS/sub/rc; probe over rename $WS/other $WS/sub/rc; probe hook create $WS/.git/hooks/post-merge
		probe git-away rename $WS/.git $WS/git2; probe chmod chmod $WS/sub/rc"
	has_lines write=0 over=0 hook=0 git-away=0 chmod=0
}
@test "protect: without the clause all of it is open (root)" { check_protect_twin root; }
@test "protect: without the clause all of it is open (user)" { check_protect_twin user; }

@test "a write grant of one file in a private home is written back, also when it is replaced by rename" {
	be_at_home
	as sh -c "echo one >\$HOME/.enc-one; echo two >\$HOME/.enc-two; chmod 640 \$HOME/.enc-two"
	manifest write="$UP_HOME/.enc-one, $UP_HOME/.enc-two"
	try go sh -c 'echo new >$HOME/.enc-two.tmp; mv $HOME/.enc-two.tmp $HOME/.enc-two; echo more >>$HOME/.enc-one; ls -A $HOME'
	fails_with 0
	lacks "$output" .bashrc
	is "$(cat "$UP_HOME/.enc-one")" $'one\nmore'
	is "$(cat "$UP_HOME/.enc-two")" new
	is "$(stat -c '%U %a' "$UP_HOME/.enc-two")" "$USER_NAME 640"
}

@test "the same when root grants an ordinary user's file" {
	be_at_home
	as sh -c 'echo one >$HOME/.enc-one'
	WHO=root UP_HOME=/root
	manifest write="$T/home/.enc-one" "user: $USER_NAME"
	try go sh -c "cd $T/home; echo new >x; mv x .enc-one"
	fails_with 0
	is "$(cat "$T/home/.enc-one")" new
	is "$(stat -c %U "$T/home/.enc-one")" $USER_NAME
}

@test "root's private files stay unreadable inside a read grant" {
	manifest read=/etc
	try script "probe shadow read /etc/shadow; probe passwd read /etc/passwd"
	has_lines shadow=1 passwd=0
}

@test "read: / shows the host and no more than that" {
	manifest read=/ 
	try script "probe etc read /etc/hostname; probe shadow read /etc/shadow; probe sys readdir /sys/kernel
		probe run-list readdir /run; probe create create /etc/x; probe tmp create /tmp/y; probe state readdir $STATE; probe host host-processes"
	has_lines etc=0 shadow=1 sys=1 create=1 tmp=0 state=1 host=1
}

@test "the state directory is reachable from no grant" {
	for who in root user; do
		be $who
		manifest only-write="$T"
		try script "probe list readdir $STATE; probe record create $STATE/log/x; probe dots readdir $WS/../state; probe away rename $STATE $T/s2"
		[ "$status" = 125 ] || has_lines list=1 record=1 dots=1 away=1
	done
}
