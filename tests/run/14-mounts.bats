#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What the host has mounted below a grant, names with every kind of byte, and users in every spelling.

load helper

down() {
	for m in "${MOUNTED[@]}"; do umount -l "$m" || return 1; done
	MOUNTED=()
}
mounted() {	# TYPE PATH
	mkdir -p "$2"
	mount -t "$1" none "$2"
	MOUNTED+=("$2")
}

check_below() {
	mkdir -p "$T/ro"
	be "$1"
	mounted tmpfs "$T/ro/below"
	mounted tmpfs "$WS/below"
	mounted tmpfs "$WS/private"
	echo x >"$T/ro/below/file"
	echo hidden >"$WS/private/file"
	chmod 777 "$T/ro/below" "$WS/below"
	manifest read="$T/ro" deny="$WS/private"
	try script "probe r read $T/ro/below/file; probe w create $T/ro/below/new; probe w2 write $T/ro/below/file; probe rw create $WS/below/new
		probe hidden read $WS/private/file; probe away rename $WS/private $WS/p2; probe suid suid-openat; probe dev device-char"
	has_lines r=0 w=1 w2=1 rw=0 hidden=1 away=1 suid=1 dev=1
	down
}
@test "mounts below a grant are as closed as the grant (root)" { check_below root; }
@test "mounts below a grant are as closed as the grant (user)" { check_below user; }

check_pseudo() {
	mkdir -p "$T/ro"
	be "$1"
	mounted proc "$T/ro/proc"
	mounted sysfs "$WS/sys"
	manifest read="$T/ro"
	try script "probe p read $T/ro/proc/version; probe one readdir $T/ro/proc/1; probe s readdir $WS/sys/kernel; probe u write $WS/sys/kernel/profiling"
	has_lines p=1 one=1 s=1 u=1
	down
}
@test "a process table or control tree below a grant is not shown (root)" { check_pseudo root; }
@test "a process table or control tree below a grant is not shown (user)" { check_pseudo user; }

check_names() {
	local odd

	for odd in "with space" $'new\nline' 'quo"te' "apo'strophe" '$HOME' '~' '-rf' 'back\slash' $'tab\t' 'ünïcode' '%s%n' 'a{b,c}' '#hash' ': colon' '..dots' '[x]' 'a*b'; do
		mkdir -p "$T/odd/$odd"
		echo x >"$T/odd/$odd/f"
		be "$1"
		printf 'enclosure: 1\nfilesystem:\n  read: [/usr, /bin, /lib, /lib64, %s]\n  write: [%s]\nenv: {set: {ENC_TEST: %s}}\n' \
			"$BIN" "$(jq -Rs 'rtrimstr("\u0000")' < <(printf '%s\0' "$T/odd/$odd"))" "$T" >"$M"
		cd "$T/odd/$odd"
		try go sh -c 'echo y >>f; cat f'
		# What looks like a pattern or a variable is one, and refuses in this version.
		if [ "$status" = 125 ]; then
			[[ $odd == *[\[*?]* || $odd == \$* ]] || { echo "refused: $odd: $stderr"; return 1; }
		else
			is "$output" $'x\ny'
			jq -e . <(enc result last --json) >/dev/null
		fi
		cd "$WS"
	done
}
@test "names with spaces, newlines, quotes and signs (root)" { check_names root; }
@test "names with spaces, newlines, quotes and signs (user)" { check_names user; }

@test "user: every spelling of root is uid 0 of a namespace, never of the host" {
	for u in root 0 '"0"' '"00"' '"+0"' '" 0"' 0x0 4294967295 4294967296 -1; do
		manifest "user: $u"
		try go sh -c 'id -u; cut -c1-30 /proc/self/uid_map | tr -s " "'
		[ "$status" = 125 ] && continue
		[[ $(sed -n 2p <<<"$output") =~ ^\ [0-9]+\ [1-9][0-9]* ]] || { echo "$u: $output"; return 1; }
	done
}
@test "user: a number without an entry" {
	manifest "user: 45678"
	chown 45678:45678 "$WS"
	try go sh -c 'id -u; touch made'
	is "$output" 45678
	is "$(stat -c %u "$WS/made")" 45678
}
@test "an idmapped workspace: files keep their owner on the disk, others' stay others'" {
	echo mine >"$WS/mine"
	echo theirs >"$WS/theirs"
	manifest
	chown $USER_NAME:$USER_NAME "$WS/theirs"
	chmod 600 "$WS/theirs" "$WS/mine"
	try script "probe mine read $WS/mine; probe theirs read $WS/theirs; probe own chown $WS/theirs; probe mk create $WS/new"
	has_lines mine=0 theirs=1 own=1 mk=0
	is "$(stat -c %u "$WS/new" "$WS/mine" "$WS/theirs" | paste -sd' ')" "0 0 $(id -u $USER_NAME)"
}
@test "a workspace of another user, started by root, is worked in as that user's files" {
	manifest
	chown -R $USER_NAME:$USER_NAME "$WS"
	go touch "$WS/made"
	is "$(stat -c %U:%G "$WS/made")" $USER_NAME:$USER_NAME
}
