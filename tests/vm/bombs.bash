# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# bombs.bash - limits and bombs where cgroup v2 has all controllers (a part of inside, which has the helpers)
#
# The same acts as in tests/run/23-bombs, which has the controls: each ends by its clause. A machine in software is slow;
# that it takes two seconds is shown there.

# bomb WHO CLAUSE KIND LIMIT LINE: ends by CLAUSE
bomb() {
	local got

	manifest "$as_user" "$5"
	[ "$1" = enc ] || manifest "$5"
	cp "$attack" $W/ws/attack && chown enclosure-test: $W/ws/attack
	got=$("$1" run -m $W/m.yaml --json -- /usr/bin/env ATTACK_DIR=$W/ws $W/ws/attack bomb "$3" "$4" $(($4 * 4)) 2>/dev/null |
		jq -r '"\(.state) \(.clause) \([.limits[].clause] | join(","))"')
	(cd $W/ws && rm -rf disk.* empty.* closed stamp attack)
	[ "$got" = "killed $2 $2" ] || fail "$3 as ${1%enc}: $got"
}
memory_bombs() {	# WHO KIND...
	local kind who=$1

	shift
	for kind; do
		bomb "$who" limits.memory "$kind" 24 'limits: {memory: 24M, time: 60s}' || return
	done
}
other_bombs() {
	local kind

	bomb "$1" limits.pids fork 32 'limits: {pids: 32, time: 60s}' || return
	bomb "$1" limits.files files 64 'limits: {files: 64, time: 60s}' || return
	bomb "$1" limits.output output 8 'limits: {output: 8M, time: 60s}' || return
	for kind in disk mapped closed; do
		bomb "$1" limits.disk $kind 8 'limits: {disk: 8M, time: 60s}' || return
	done
}
memory_bombs_in_v2() { memory_bombs enc anonymous shared memfd sysv tmpfs pipes sockets; }
memory_bombs_of_user() { memory_bombs user_enc memfd sysv pipes sockets; } # watched, by what this kernel tells
other_bombs_in_v2() { other_bombs enc; }
other_bombs_of_user() { other_bombs user_enc; }
cpu_limit() {
	local used

	manifest "$as_user" 'limits: {cpu: 30%, time: 4s}'
	[ "$(plan_of enc limits.cpu)" = 'cgroup-v2 prevent' ] || fail "planned: $(plan_of enc limits.cpu)" || return
	enc run -m $W/m.yaml --json -- /bin/sh -c 'while :; do :; done' >$W/out 2>/dev/null
	[ "$(jq -r '"\(.clause) \([.limits[].clause] | join(","))"' $W/out)" = 'limits.time limits.cpu,limits.time' ] ||
		fail "$(jq -c '[.clause, .limits]' $W/out)" || return
	used=$(jq '(.user_ns + .system_ns) / 1000000 | floor' $W/out)
	[ "$used" -lt 2400 ] || fail "it used $used ms of processor time in four seconds"
}
# A v2-frozen task takes its SIGKILL.
frozen() {
	local group

	manifest "$as_user" 'limits: {time: 4s}'
	enc run -m $W/m.yaml -- /bin/sleep 1000 2>/dev/null &
	for i in {1..30}; do
		group=$(find /sys/fs/cgroup -path '*/enclosure/*' -type d | head -1)
		[ -n "$group" ] && pgrep -fx '/bin/sleep 1000' >/dev/null && break
		sleep 0.1
	done
	[ -n "$group" ] || fail 'no group was found' || return
	echo 1 >"$group/cgroup.freeze"
	wait $! && status=0 || status=$?
	[ $status = 124 ] || fail "status $status" || return
	! pgrep -fx '/bin/sleep 1000' >/dev/null || fail 'it goes on'
}
