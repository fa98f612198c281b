# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# manager.bash - an ordinary user under systemd, without a group of its own (a part of inside, which has the helpers)
#
# The user's shell stands in a session's scope, as after a login: a group of root's. Its manager is real (with-systemd).

uid=$(id -u enclosure-test)
tree=/sys/fs/cgroup/systemd
slice=$tree/user.slice/user-$uid.slice
managers=$slice/user@$uid.service
session=$slice/session-1.scope
pid1=0

# in_group GROUP COMMAND...: as the user, in that group, in systemd's namespaces; $bus is in its environment
bus=XDG_RUNTIME_DIR=/run/user/$uid
in_group() (
	echo $BASHPID >"$1/cgroup.procs" || exit
	shift
	exec nsenter -t $pid1 -m -p -C setpriv --reuid enclosure-test --regid enclosure-test --init-groups \
		env -i -C "$PWD" HOME=/home/enclosure-test PATH="$PATH" ENCLOSURE_STATE=/home/enclosure-test/state "$bus" "$@"
)
in_session() { in_group $session "$@"; }
session_enc() { in_session $W/bin/enclosure "$@"; }
in_manager_enc() { in_group $managers/app.slice/terminal.scope $W/bin/enclosure "$@"; }
scopes() { find $managers -name 'enclosure-*.scope'; }
note_of() { "$1" plan -m $W/m.yaml --json | jq -r --arg id "$2" '.clauses[] | select(.id == $id) | .note'; }
# await WHAT COMMAND...: for ten seconds
await() {
	local i what=$1

	shift
	for i in {1..100}; do "$@" && return; sleep 0.1; done
	fail "$what"
}
no_scopes() { [ -z "$(scopes)" ]; }
# started SECONDS: a run of `sleep SECONDS` in the session; $supervisor is its supervisor
started() {
	session_enc run -m $W/m.yaml --json -- /bin/sleep "$1" >$W/out 2>&1 &
	job=$!
	await "the run did not come up: $(cat $W/out)" pgrep -fx "/bin/sleep $1" >/dev/null || return
	# Init has the same name and is younger.
	supervisor=$(pgrep -o -f "^$W/bin/enclosure run .*/bin/sleep $1\$") || fail 'there is no supervisor'
}

# Neither a manager nor a folder: the plan promises less, and doctor says what mends it.
manager_missing() {
	local out

	manifest 'limits: {memory: 48M}'
	[ "$(plan_of user_enc limits.memory | cut -d' ' -f2)" = contain ] || fail "planned: $(plan_of user_enc limits.memory)" || return
	out=$(user_enc doctor)
	grep -q 'mend: have root delegate a cgroup v2 folder' <<<"$out" || fail "without systemd: $out" || return
	mkdir -p /run/systemd/system
	out=$(user_enc doctor)
	rmdir /run/systemd/system
	grep -q "mend: sudo loginctl enable-linger $uid" <<<"$out" || fail "with systemd: $out"
}
manager_gives_a_scope() {
	local job supervisor

	setsid "$here/with-systemd" enclosure-test </dev/null >$W/systemd 2>&1 &
	await "no manager: $(cat $W/systemd)" test -S /run/user/$uid/systemd/private || return
	pid1=$(grep -l '^NSpid:.*[[:space:]]1$' $(sed 's|.*|/proc/&/status|' $tree/init.scope/cgroup.procs) | cut -d/ -f3)
	mkdir -p $session
	in_session test ! -w $session/cgroup.procs || fail 'control: the user can write to the group of its session' || return
	manifest 'limits: {memory: 48M, pids: 20}'
	case $(session_enc capabilities --json | jq -r '.mechanisms[] | select(.name == "cgroup-v2") | "\(.status) \(.detail)"') in
	'supported memory, pids, '*"by systemd's user manager") ;;
	*) fail "$(session_enc capabilities | grep cgroup-v2)" || return ;;
	esac
	for c in memory pids; do
		[ "$(plan_of session_enc limits.$c)" = 'cgroup-v2 prevent' ] || fail "planned: $(plan_of session_enc limits.$c)" || return
		case $(note_of session_enc limits.$c) in *"systemd's user manager"*) ;; *) fail "note: $(note_of session_enc limits.$c)" || return ;; esac
	done
	session_enc doctor | grep -q 'ok *limits *memory by cgroup-v2, processes by cgroup-v2 (scopes of systemd.s user manager)' || fail "$(session_enc doctor)" || return
	session_enc plan -m $W/m.yaml --mask cgroup-v2 --json | jq -e '.clauses[] | select(.id == "limits.memory") | .guarantee == "contain"' >/dev/null || fail 'masked, but planned' || return
	no_scopes || fail "the probe has left $(scopes)" || return
	# Nobody is asked for a run without a limit.
	manifest
	[ "$(session_enc run -m $W/m.yaml -- /bin/cat /proc/self/cgroup)" = "0::/" ] || fail 'a run without limits' || return
	started 4717 || return
	no_scopes || why='a run without limits has a scope'
	kill -TERM $supervisor
	wait $job
	[ -z "$why" ]
}
# The run is in the scope and in its limited group, the supervisor in neither.
scope_holds_the_run() {
	local scope group job supervisor

	manifest 'limits: {memory: 48M, pids: 20}'
	started 4713 || return
	scope=$(scopes) group=$(echo $(scopes)/0*)
	[ -z "$(cat $scope/cgroup.procs)" ] || why='the scope itself has processes'
	[ "$(cat $group/memory.max $group/pids.max | paste -sd' ')" = '50331648 21' ] || why="limits: $(cat $group/memory.max $group/pids.max)"
	[ "$(cat $scope/memory.max $scope/pids.max | paste -sd' ')" = 'max max' ] || why='the scope has limits of its own'
	grep -qx "$(pgrep -fx '/bin/sleep 4713')" $group/cgroup.procs || why='the command is elsewhere'
	[ "$(wc -l <$scope/holder/cgroup.procs)" = 1 ] || why="the holder's group: $(cat $scope/holder/cgroup.procs)"
	grep -qx "$supervisor" $session/cgroup.procs || why='the supervisor is not where its user has started it'
	kill -TERM $supervisor
	wait $job
	[ -z "$why" ] && await "left: $(scopes)" no_scopes
}
scope_limits_memory() {
	manifest 'limits: {memory: 2G}'
	session_enc run -m $W/m.yaml -- /bin/bash -c "$eat" >/dev/null || fail 'control: 80 M do not fit into 2 G' || return
	manifest 'limits: {memory: 48M}'
	eats session_enc || return
	await "left: $(scopes)" no_scopes
}
scope_limits_pids() {
	local out

	manifest 'limits: {pids: 200}'
	[ "$(session_enc run -m $W/m.yaml -- /usr/bin/perl -e "$many" 2>/dev/null)" = 60 ] || fail 'control: 60 processes do not fit into 200' || return
	manifest 'limits: {pids: 20}'
	out=$(session_enc run -m $W/m.yaml --events /home/enclosure-test/events -- /usr/bin/perl -e "$many" 2>/dev/null)
	[ "$out" != 60 ] || fail '60 processes ran' || return
	jq -se 'any(.[]; .type == "limit.hit" and .clause == "limits.pids")' /home/enclosure-test/events >/dev/null || fail 'no event of it' || return
	await "left: $(scopes)" no_scopes
}
scope_goes_with_a_killed_supervisor() {
	local job supervisor

	manifest 'limits: {pids: 20}'
	started 4714 || return
	[ -n "$(scopes)" ] || fail 'control: there is no scope' || return
	kill -KILL $supervisor
	wait $job
	await "left: $(scopes)" no_scopes || return
	[ "$(processes '^/bin/sleep 4714')" = 0 ] || fail 'it sleeps on' || return
	[ -z "$(in_session systemctl --user list-units --all --plain --no-legend 'enclosure-*')" ] || fail 'the manager still knows the scope'
}
# By its user, with systemd's own means.
scope_can_be_stopped() {
	local job supervisor

	manifest 'limits: {pids: 20}'
	started 4715 || return
	in_session systemctl --user stop "$(basename "$(scopes)")" || fail 'systemctl stop' || return
	wait $job
	[ "$(processes '^/bin/sleep 4715')" = 0 ] || fail 'it sleeps on' || return
	[ "$(jq -r '"\(.state) \(.signal)"' $W/out)" = 'finished 15' ] || fail "$(cat $W/out)" || return
	await "left: $(scopes)" no_scopes
}
scope_of_a_detached_run() {
	local out

	manifest 'limits: {memory: 48M}'
	session_enc run -m $W/m.yaml --detach --name left-alone -- /bin/sleep 4718 >$W/out 2>&1 || fail "status $?: $(cat $W/out)" || return
	await 'the run did not come up' pgrep -fx '/bin/sleep 4718' >/dev/null || return
	[ "$(cat $(scopes)/0*/memory.max)" = 50331648 ] || fail "scopes: $(scopes)" || return
	out=$(session_enc stop left-alone 2>&1) || fail "stop: status $?: $out" || return
	[ "$(processes '^/bin/sleep 4718')" = 0 ] || fail 'it sleeps on' || return
	await "left: $(scopes)" no_scopes
}
# A terminal's own scope is in the manager's tree, which the user may write to: but the folders are the manager's.
scope_beside_the_terminal() {
	local g=$managers/app.slice/terminal.scope

	mkdir -p $g
	chown enclosure-test: $g $g/cgroup.procs
	manifest 'limits: {memory: 48M}'
	[ "$(plan_of in_manager_enc limits.memory)" = 'cgroup-v2 prevent' ] || fail "planned: $(plan_of in_manager_enc limits.memory)" || return
	case $(note_of in_manager_enc limits.memory) in *"systemd's user manager"*) ;; *) fail "note: $(note_of in_manager_enc limits.memory)" || return ;; esac
	eats in_manager_enc
}
# The bus alone, as where the manager's own socket can't be reached.
scope_by_the_bus() {
	local bus=DBUS_SESSION_BUS_ADDRESS=unix:path=/run/user/$uid/bus

	mv /run/user/$uid/systemd/private /run/user/$uid/systemd/moved
	await 'the bus has no manager' in_session busctl --user status org.freedesktop.systemd1 >/dev/null 2>&1 &&
		{ manifest 'limits: {memory: 48M}'; [ "$(plan_of session_enc limits.memory)" = 'cgroup-v2 prevent' ] || fail "planned: $(plan_of session_enc limits.memory)"; } &&
		eats session_enc
	set -- $?
	mv /run/user/$uid/systemd/moved /run/user/$uid/systemd/private
	return $1
}
# Numbers of processes would mean others there.
manager_of_another_namespace() {
	local says='.mechanisms[] | select(.name == "cgroup-v2") | "\(.status) \(.detail) \(.reason)"' out
	local elsewhere=(env ENCLOSURE_STATE=/home/enclosure-test/elsewhere unshare --user --map-current-user --mount)

	out=$(in_session "${elsewhere[@]}" $W/bin/enclosure capabilities --json | jq -r "$says")
	case $out in supported*"by systemd's user manager"*) ;; *) fail "control: $out" || return ;; esac
	rm -rf /home/enclosure-test/elsewhere
	out=$(in_session "${elsewhere[@]}" --pid --fork --mount-proc $W/bin/enclosure capabilities --json | jq -r "$says")
	case $out in *'the manager is in another pid namespace'*) ;; *) fail "$out" || return ;; esac
	no_scopes || fail "left: $(scopes)"
}
# A run that could ask the manager for a unit of its own would be out of its box.
manager_out_of_reach() {
	local ask='import os, socket, sys
for path in sys.argv[1:]:
	try: socket.socket(socket.AF_UNIX).connect(path); print("reached", path)
	except OSError as e: print(e.errno)'
	local sockets="/run/user/$uid/systemd/private /run/user/$uid/bus /run/dbus/system_bus_socket" out

	manifest 'network: {mode: open}'
	# shellcheck disable=SC2086  # a list
	[ "$(in_session python3 -c "$ask" $sockets | grep -c reached)" = 3 ] || fail "control: $(in_session python3 -c "$ask" $sockets)" || return
	# shellcheck disable=SC2086  # a list
	out=$(session_enc run -m $W/m.yaml -- /usr/bin/python3 -c "$ask" $sockets)
	[ "$out" = $'2\n2\n2' ] || fail "inside: $out"
}
# What was promised can't be had: the run must not start.
no_scope_no_run() {
	local manager out status=0

	manifest 'limits: {memory: 48M}'
	session_enc run -m $W/m.yaml -- /bin/touch $W/ws/control || fail 'control: it does not run with the manager' || return
	manager=$(head -1 $managers/init.scope/cgroup.procs)
	kill -STOP $manager
	out=$(session_enc run -m $W/m.yaml -- /bin/touch $W/ws/ran 2>&1) || status=$?
	kill -CONT $manager
	[ $status = 125 ] || fail "status $status: $out" || return
	case $out in *"systemd's user manager"*) ;; *) fail "told: $out" || return ;; esac
	[ ! -e $W/ws/ran ] || fail 'the command ran' || return
	# Nor when it is told that there is a scope, and the kernel says otherwise. A link: what was found for it holds.
	mkdir -p $W/lying
	ln -f $W/bin/enclosure $W/lying/enclosure
	printf '#!/bin/sh\nexit 0\n' >$W/lying/enclosure-worker
	chmod -R a+rX,u+x,a+x $W/lying
	status=0
	out=$(in_session $W/lying/enclosure run -m $W/m.yaml -- /bin/touch $W/ws/ran 2>&1) || status=$?
	case "$status $out" in '125 '*"is not in enclosure-"*) ;; *) fail "lied to: status $status: $out" || return ;; esac
	[ ! -e $W/ws/ran ] || fail 'lied to, the command ran' || return
	await "left: $(scopes)" no_scopes
}
manager_leaves() {
	kill -KILL $pid1
	await 'processes of systemd are left' bash -c "! grep -q . $tree/cgroup.events || grep -qx 'populated 0' $tree/cgroup.events" || return
	find $tree -depth -type d -exec rmdir {} +
	umount /run/user/$uid 2>/dev/null
	rm -rf /run/systemd/system /run/user/$uid
	[ ! -e $tree ] || fail "left: $(find $tree -type d)"
}
