#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Trust by digest, and the machine's ceiling.

load helper

up() {
	manifest
	cp "$M" "$WS/enclosure.yaml"
}
untrusted() {
	try enc run -- touch "$WS/ran"
	fails_with 125
	contains "$stderr" enclosure.yaml "enclosure trust"
	[ ! -e "$WS/ran" ]
}
trusted() {
	try enc run -- echo ran
	fails_with 0
	is "$output" ran
}

check_trust() {
	be "$1"
	untrusted
	try enc trust
	fails_with 0
	trusted
	echo "# one more line" >>"$WS/enclosure.yaml"
	untrusted
	# Back to what was trusted: the digest counts, not the time.
	cp "$M" "$WS/enclosure.yaml"
	be "$1"
	trusted
	# -m names it: nothing is asked.
	echo "# another" >>"$WS/enclosure.yaml"
	try enc run -m "$WS/enclosure.yaml" -- echo named
	is "$output" named
}
@test "a found manifest is obeyed after it was trusted, until it changes (root)" { check_trust root; }
@test "a found manifest is obeyed after it was trusted, until it changes (user)" { check_trust user; }

@test "what a manifest extends is part of its trust" {
	printf 'enclosure: 1\nextends: [./base.yaml]\n' >"$WS/enclosure.yaml"
	cp "$M" "$WS/base.yaml"
	be user
	enc trust
	trusted
	echo "network: {mode: open}" >>"$WS/base.yaml"
	untrusted
}
@test "trust is kept by user and by place" {
	be user
	enc trust
	trusted
	mkdir "$T/other"
	cp "$WS/enclosure.yaml" "$T/other/"
	be user
	cd "$T/other"
	try enc run -- true
	fails_with 125
	cd "$WS"
	STATE=$T/state2
	untrusted
}
@test "plan, policy show and check read an untrusted manifest; run does not" {
	be user
	for v in plan "policy show" "policy check"; do
		# shellcheck disable=SC2086
		try enc $v
		fails_with 0
	done
	untrusted
}
@test "a manifest is found in a parent of the same work tree and not above it" {
	be user
	mkdir -p "$WS/deep/er"
	cd "$WS/deep/er"
	try enc plan --json
	is "$(jq -r .manifest.path <<<"$output")" built-in:coding-agent
	mkdir "$WS/.git"
	try enc plan --json
	is "$(jq -r .manifest.path <<<"$output")" "$WS/enclosure.yaml"
	mkdir "$WS/deep/.git"
	try enc plan --json
	is "$(jq -r .manifest.path <<<"$output")" built-in:coding-agent
	cd "$WS"
}

# The ceiling is a file of the machine: a private mount namespace gives the test one of its own.
with_ceiling() {	# CEILING-TEXT COMMAND...: runs it where /etc/enclosure/ceiling.yaml is that
	printf "$1" >"$T/ceiling.yaml"
	chmod 644 "$T/ceiling.yaml"
	chown root "$T/ceiling.yaml"
	shift
	mkdir -p /etc/enclosure
	unshare --mount --propagation private bash -c '
		mkdir -p "$1/etc-enclosure" && chmod 755 "$1/etc-enclosure" && chown root "$1/etc-enclosure" &&
		cp "$1/ceiling.yaml" "$1/etc-enclosure/" && mount --bind "$1/etc-enclosure" /etc/enclosure && shift && "$@"' x "$T" "$@"
}
file_up() { HAD_ETC=$([ -d /etc/enclosure ] && echo yes || true); export HAD_ETC; }
file_down() { [ -n "$HAD_ETC" ] || rmdir /etc/enclosure 2>/dev/null || true; }
enc_words() {	# the words that start enclosure as the user at hand
	echo env -i PATH="$PATH" HOME="$UP_HOME" ENCLOSURE_STATE="$STATE"
	[ "$WHO" = root ] || echo setpriv --reuid "$UP_ID" --regid "$(id -g "$UP_ID")" --init-groups
	echo "$BIN/enclosure"
}
check_ceiling() {
	be "$1"
	# shellcheck disable=SC2207
	local e=($(enc_words))
	local base="enclosure: 1\nfilesystem:\n  read: [/usr, /bin, /sbin, /lib, /lib64, $BIN]\n  write: [$WS]\n"

	# Within it.
	try with_ceiling "${base}network: {mode: open}\n" "${e[@]}" run -m "$M" -- echo within
	is "$output" within
	# Network above it, a path above it, a limit above it, no limit where it has one.
	manifest "network: {mode: open}"
	try with_ceiling "${base}network: {mode: none}\n" "${e[@]}" run -m "$M" -- touch "$WS/ran"
	fails_with 125
	contains "$stderr" network ceiling
	manifest write="$T/outside"
	try with_ceiling "$base" "${e[@]}" run -m "$M" -- touch "$WS/ran"
	fails_with 125
	contains "$stderr" "$T/outside" ceiling
	manifest "limits: {memory: 2G}"
	try with_ceiling "${base}limits: {memory: 1G}\n" "${e[@]}" run -m "$M" --json -- touch "$WS/ran"
	[ "$status" = 125 ] || { rm -f "$WS/ran"; is "$(enc result last --json | jq -r .plan_digest | wc -c)" 65; }
	manifest
	try with_ceiling "${base}filesystem: {}\n" "${e[@]}" run -m "$M" -- touch "$WS/ran"
	fails_with 125
	[ ! -e "$WS/ran" ]
}
@test "ceiling: none may exceed it (root)" { check_ceiling root; }
@test "ceiling: none may exceed it (user)" { check_ceiling user; }
@test "ceiling: its denials hold, and one that can't be read refuses" {
	be user
	# shellcheck disable=SC2207
	local e=($(enc_words))
	local base="enclosure: 1\nfilesystem:\n  read: [/usr, /bin, /sbin, /lib, /lib64, $BIN]\n  write: [$WS]\n"

	echo x >"$WS/hidden"
	try with_ceiling "$base  deny: [$WS/hidden]\n" "${e[@]}" run -m "$M" -- cat "$WS/hidden"
	[ "$status" != 0 ]
	lacks "$output" x
	try with_ceiling "enclosure: 1\nfilesystem: {raed: [/]}\n" "${e[@]}" run -m "$M" -- touch "$WS/ran"
	fails_with 125
	contains "$stderr" ceiling.yaml
	[ ! -e "$WS/ran" ]
}
