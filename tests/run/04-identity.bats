#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Who a run is, what it holds, what it inherits: user, env, capabilities, descriptors, the kernel's own files.

load helper

# The ids of the command as the host sees them: it writes a file into a place that anybody may write.
host_ids() {
	local f=$T/ids/$RANDOM

	mkdir -p "$T/ids"
	chmod 1777 "$T/ids"
	rm -f "$T/ids"/*
	go sh -c "sleep 3 & exec sleep 3" 3>&- &
	until_true 5 find_sleeper
	ps -o uid=,gid= -p "$SLEEPER" | tr -s ' ' | sed 's/^ //'
	kill $!
	wait $! 2>/dev/null || true
}
find_sleeper() {
	local f

	for f in $(grep -lsF -- "ENC_TEST=$T" /proc/[0-9]*/environ); do
		f=${f#/proc/}
		SLEEPER=${f%/environ}
		[ "$(tr '\0' ' ' <"/proc/$SLEEPER/cmdline")" = "sleep 3 " ] && return 0
	done
	return 1
}

@test "started by root without user: an unused id of the host, never 0" {
	manifest
	try go id -u
	[ "$output" != 0 ]
	run host_ids
	read -r uid gid <<<"$output"
	[ "$uid" -gt 0 ] && [ "$gid" -gt 0 ]
	! getent passwd "$uid"
}
@test "user: root is uid 0 inside and an unused id outside" {
	manifest "user: root"
	try go sh -c 'id -u; id -g; id -un; cat /proc/self/uid_map | wc -l; touch made'
	is "$(head -3 <<<"$output" | paste -sd' ')" "0 0 root"
	is "$(stat -c %u "$WS/made")" 0
	run host_ids
	read -r uid gid <<<"$output"
	[ "$uid" -gt 0 ] && [ "$gid" -gt 0 ]
	! getent passwd "$uid"
}
@test "user: a named user's ids, groups and home" {
	manifest read=/etc/passwd "user: $USER_NAME"
	be user
	WHO=root UP_ID=0 UP_HOME=/root
	try go sh -c 'id -u; id -g; id -un; echo $HOME $USER $LOGNAME; touch made; id -G'
	is "$(head -4 <<<"$output" | paste -sd' ')" \
		"$(id -u $USER_NAME) $(id -g $USER_NAME) $USER_NAME $(getent passwd $USER_NAME | cut -d: -f6) $USER_NAME $USER_NAME"
	is "$(stat -c %U "$WS/made")" $USER_NAME
	lacks " $(tail -1 <<<"$output") " " 0 "
}
@test "user: SUDO_UID is the user when root has none named" {
	manifest
	EXTRA_ENV=(SUDO_UID="$(id -u $USER_NAME)" SUDO_GID="$(id -g $USER_NAME)" SUDO_USER=$USER_NAME)
	try go id -u
	is "$output" "$(id -u $USER_NAME)"
}
@test "user: SUDO_UID of 0 or nonsense doesn't make root" {
	manifest
	for v in 0 -1 4294967295 4294967296 x 00; do
		EXTRA_ENV=(SUDO_UID=$v SUDO_GID=$v)
		try go id -u
		[ "$status" = 125 ] || { [ "$output" -gt 0 ] && [ "$output" -lt 4294967295 ]; }
	done
}
@test "user: an ordinary user is itself, and can't name another" {
	be user
	manifest read=/etc/passwd
	try go sh -c 'id -u; id -un'
	is "$output" "$UP_ID"$'\n'"$USER_NAME"
	manifest "user: root"
	try go id -u
	fails_with 125
	manifest "user: daemon"
	try go id -u
	fails_with 125
}

check_env() {
	be "$1"
	EXTRA_ENV=(LANG=C.UTF-8 LC_ALL=C API_TOKEN=hush MY_SECRET=hush AWS_SECRET_ACCESS_KEY=hush LD_PRELOAD=/nonexistent.so
		LD_LIBRARY_PATH=/x BASH_ENV=/x ENV=/x IFS=x MY_PLAIN=plain MY_TOKEN=hush GITHUB_TOKEN=named PYTHONPATH=/x)
	manifest "env: {pass: [LANG, \"MY_*\", GITHUB_TOKEN, UNSET_ONE], set: {ENC_TEST: \"$T\", CI: \"1\", SPACES: \"a b=c\"}}"
	try go env
	has_lines LANG=C.UTF-8 MY_PLAIN=plain GITHUB_TOKEN=named CI=1 "SPACES=a b=c"
	is "$(sed 's/=.*//' <<<"$output" | grep -v '^_$\|^PWD$\|^SHLVL$' | sort | paste -sd' ')" \
		"CI ENC_TEST GITHUB_TOKEN HOME LANG LOGNAME MY_PLAIN PATH SPACES USER"
	lacks "$output" hush LD_ BASH_ENV ENCLOSURE_STATE
}
@test "env: what is listed and no more; secrets by name alone (root)" { check_env root; }
@test "env: what is listed and no more; secrets by name alone (user)" { check_env user; }
@test "env: without the key almost nothing" {
	manifest "name: no-env"
	sed -i '/^env:/d' "$M"
	EXTRA_ENV=(API_TOKEN=hush FOO=bar)
	try go env
	is "$(sed 's/=.*//' <<<"$output" | grep -v '^_$\|^PWD$\|^SHLVL$' | sort | paste -sd' ')" "HOME LOGNAME PATH USER"
}

check_held() {
	be "$1"
	manifest ${2:+"user: $2"}
	try script "for a in capabilities gain-privileges drop-groups init-memory init-root init-descriptors init-environment \
		init-ptrace init-vm-read init-kill host-processes descriptors stream-escape uid_map setgroups set-mm filecap; do
		probe \$a \$a $WS/made; done; probe host-init signal $$"
	has_lines capabilities=1 gain-privileges=1 drop-groups=1 init-memory=1 init-root=1 init-descriptors=1 init-environment=1 \
		init-ptrace=1 init-vm-read=1 init-kill=1 host-processes=1 descriptors=1 stream-escape=1 uid_map=1 setgroups=1 set-mm=1 host-init=1
}
@test "no capability, no privilege to gain, no way to pid 1 or to the host's processes (root, borrowed id)" { check_held root; }
@test "no capability, no privilege to gain, no way to pid 1 or to the host's processes (user: root)" { check_held root root; }
@test "no capability, no privilege to gain, no way to pid 1 or to the host's processes (user: other)" { check_held root $USER_NAME; }
@test "no capability, no privilege to gain, no way to pid 1 or to the host's processes (user)" { check_held user; }

check_kernel() {
	be "$1"
	manifest ${2:+"user: $2"} ${3:+read=$3}
	try script "for a in \$(\$ENC_ATTACK list kernel | cut -d' ' -f1); do probe \$a \$a; done"
	has_lines core_pattern=1 release_agent=1 cgroup.procs=1 kmsg=1 sysrq-trigger=1 uevent_helper=1 any-sysctl=1 any-sys=1 any-device=1 disks=1
	is "$(grep -v '=1$' <<<"$output")" ""
}
@test "kernel files can't be written (root, borrowed id)" { check_kernel root; }
@test "kernel files can't be written (user: root)" { check_kernel root root; }
@test "kernel files can't be written (user: root, whole tree granted to read)" { check_kernel root root /; }
@test "kernel files can't be written (user)" { check_kernel user; }
@test "kernel files can't be written (user, whole tree granted to read)" { check_kernel user "" /; }

@test "descriptors: none but 0, 1, 2 is inherited" {
	manifest
	exec 7<"$T/outside/secret" 8<"$T/outside" 9<>"$T/outside/secret"
	try go sh -c 'ls /proc/self/fd | wc -l; ls -l /proc/$$/fd | grep -c outside; cat <&7'
	exec 7<&- 8<&- 9<&-
	is "$(head -2 <<<"$output" | paste -sd' ')" "4 0"
	lacks "$output" secret
}
@test "descriptors: a standard input that is a directory of the host is no way out" {
	manifest
	for mask in "" "--mask landlock"; do
		# shellcheck disable=SC2086
		try enc run -m "$M" $mask -- sh -c 'cat /proc/self/fd/0/secret; cd /proc/self/fd/0/.. && ls; ls /proc/self/fd/0/' <"$T/outside"
		lacks "$output" secret ws
	done
}
@test "descriptors: a standard input that is a file of the host stays read-only" {
	be user
	manifest
	chmod 666 "$T/outside/secret"
	for mask in "" "--mask landlock"; do
		# shellcheck disable=SC2086
		try enc run -m "$M" $mask -- sh -c 'echo changed >/proc/self/fd/0; echo changed >>/dev/stdin; echo ran' <"$T/outside/secret"
		[ "$output" = ran ] || { fails_with 125 && contains "$stderr" "standard input"; }
		is "$(cat "$T/outside/secret")" secret
	done
}
@test "an interpreter, a script and a shell without an exec bit run as they would outside" {
	manifest
	printf '#!/bin/sh\necho "script $1"\n' >"$WS/s.sh"
	chmod 755 "$WS/s.sh"
	try go ./s.sh x
	is "$output" "script x"
}
@test "hostname, ipc and time of the host are not shared" {
	manifest
	try go sh -c 'readlink /proc/self/ns/{ipc,uts,pid,mnt,net,user,cgroup}; cat /proc/1/comm'
	try go sh -c 'for n in ipc uts pid mnt net user; do readlink /proc/self/ns/$n; done'
	for n in ipc uts pid mnt net user; do lacks "$output" "$(readlink /proc/self/ns/$n)"; done
}
