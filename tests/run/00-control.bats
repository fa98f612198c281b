#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Each forbidden act works outside: otherwise its failure inside would prove nothing. What this kernel refuses to everybody is
# marked so in tests/attacks; inside, an event of the filter is then the proof.

load helper

# reboot fails late and harmlessly even if it gets through; vhangup and kexec_load would not.
control() {	# root|user
	local name group expect call needs bad=0

	be "$1"
	for g in calls sockets kernel; do
		while read -r name group expect call needs; do
			[ "$needs" = nobody ] && continue
			[ "$needs" = root ] && [ "$1" = user ] && continue
			run as env ATTACK_DIR="$WS" unshare_if_root "$BIN/attack" "$name"
			[ "$status" = 0 ] && continue
			# A file that this kernel doesn't have at all.
			[ "$group" = kernel ] && [[ $output == *ENOENT* ]] && continue
			echo "$name: $status $output"
			bad=1
		done < <("$BIN/attack" list $g)
	done
	return $bad
}

file_up() {
	printf '#!/bin/sh\n[ $(id -u) != 0 ] || exec unshare --mount --uts --ipc --pid --fork --mount-proc "$@"\nexec "$@"\n' \
		>"$BIN/unshare_if_root"
	chmod 755 "$BIN/unshare_if_root"
}
as() {
	if [ "$WHO" = user ]; then
		env -i PATH="$BIN:$PATH" setpriv --reuid "$UP_ID" --regid "$(id -g "$UP_ID")" --init-groups "$@"
	else
		env -i PATH="$BIN:$PATH" "$@"
	fi
}

@test "outside, root can do what runs must not" {
	control root
}
@test "outside, an ordinary user can do what runs must not" {
	control user
}
@test "outside, files can be reached by every name of theirs" {
	echo x >"$WS/f"
	be user
	for act in read write append truncate reopen utimes chmod setxattr proc-names; do
		run as "$BIN/attack" $act "$WS/f"
		fails_with 0
	done
	run as "$BIN/attack" link "$WS/f" "$WS/g"
	fails_with 0
	run as "$BIN/attack" rename "$WS/g" "$WS/h"
	fails_with 0
	run as "$BIN/attack" unlink "$WS/h"
	fails_with 0
}
@test "outside, a descriptor and other processes are seen" {
	run bash -c "exec 5</etc/passwd; '$BIN/attack' descriptors"
	fails_with 0
	run "$BIN/attack" host-processes
	fails_with 0
	run "$BIN/attack" capabilities
	fails_with 0
	run "$BIN/attack" gain-privileges
	fails_with 0
}
