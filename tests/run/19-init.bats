#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# enclosure init: what it finds by name, what it writes, that it can be enforced here, and what hostile projects make of it.

load helper

up() {
	MANIFEST=$WS/enclosure.yaml
}
# Each argument is made: a path that ends with a slash a folder, else an empty file.
tree() {
	local path

	for path; do
		case $path in
		*/) mkdir -p "$WS/$path" ;;
		*) mkdir -p "$(dirname "$WS/$path")" && : >"$WS/$path" ;;
		esac
	done
}
init() {
	try enc init "$@"
	fails_with 0
}
# What the manifest means, as JSON; with a jq expression, that of it.
means() {
	enc policy show --json "$MANIFEST" | jq -r "$1"
}
# It is good, and a run under it would start.
is_sound() {
	enc policy check "$MANIFEST" >/dev/null && enc plan >/dev/null
}
# Clauses that a project of strangers must not be able to add.
no_more_than_asked() {
	is "$(means '.clauses[] | select(.id | startswith("filesystem.write")) | .value' | grep -vF "$UP_HOME" | sort -u)" "$WS"
	is "$(means '.clauses[] | select(.id == "network.mode") | .value')" none
}

# TREE | parts that must be in the manifest, with & between them
kinds='package.json package-lock.json|~/.npm/_cacache&npm_config_offline&~/.nvm&extends: [offline]&NODE_ENV
package.json pnpm-lock.yaml .pnpmfile.cjs|~/.local/share/pnpm&{path: .pnpmfile.cjs, optional: true}
package.json yarn.lock .yarnrc.yml .yarn/releases/yarn.cjs|~/.cache/yarn&YARN_ENABLE_NETWORK&{path: .yarn/releases,&{path: .yarnrc.yml,
pyproject.toml uv.lock|~/.pyenv&UV_OFFLINE&VIRTUAL_ENV&~/.local/share/uv
requirements.txt app.py|PIP_NO_INDEX&pip
pyproject.toml poetry.lock|~/.cache/pypoetry/virtualenvs
Cargo.toml Cargo.lock .cargo/config.toml|~/.rustup&~/.cargo/registry&CARGO_NET_OFFLINE&{path: .cargo/config.toml,
go.mod main.go|~/go/pkg/mod&GOPROXY: "off"
pom.xml .mvn/extensions.xml|~/.m2/repository&MAVEN_ARGS&JAVA_HOME&{path: .mvn,
build.gradle.kts gradlew gradle/wrapper/gradle-wrapper.jar|~/.gradle/wrapper&{path: gradle/wrapper,
Gemfile|~/.rbenv&~/.gem/ruby
composer.json|~/.cache/composer&COMPOSER_DISABLE_NETWORK
App.csproj|~/.nuget/packages
mix.exs|~/.hex/packages
CMakeLists.txt src/a.cc|C or C++&CMake
Makefile a.c|Make
meson.build|Meson
Dockerfile main.tf terraform.tfstate prod.tfvars|{path: terraform.tfstate,&{path: prod.tfvars,&Docker
packages/web/package.json services/api/go.mod|packages/web/package.json&services/api/go.mod
.circleci/config.yml Jenkinsfile lefthook.yml|{path: .circleci,&{path: Jenkinsfile,&{path: lefthook.yml,
nested/.git/hooks/ nested/.git/config module/.git|{path: nested/.git/hooks,&{path: nested/.git/config,&{path: module/.git,
.claude/|extends: [claude-code]&Claude Code reaches its model&mode: none
CLAUDE.md package.json|extends: [claude-code]
.codex/|extends: [codex]
AGENTS.md|extends: [codex]
.env .env.local .env.example sub/.env server.pem id_ed25519 .npmrc .pypirc .aws/|{path: .env,&{path: .env.local,&{path: sub/.env,&{path: server.pem,&{path: id_ed25519,&{path: .npmrc,&{path: .pypirc,&{path: .aws,
README|extends: [offline]&mode: none'

all_kinds() {	# WHO
	local files parts part wrong=0

	while IFS='|' read -r files parts; do
		rm -rf "$WS" && mkdir "$WS" && cd "$WS"
		tree $files
		be "$1"
		try enc init
		[ "$status" = 0 ] || { echo "--- $files: $stderr"; wrong=1; continue; }
		contains "$stderr$output" "wrote $MANIFEST" "every clause of it can be enforced here" "enclosure trust" || wrong=1
		while read -rd '&' part; do
			grep -qF -- "$part" "$MANIFEST" || { echo "--- $files: no '$part' in:"; cat "$MANIFEST"; wrong=1; }
		done <<<"$parts&"
		is_sound || { echo "--- $files: it is not sound"; wrong=1; }
		no_more_than_asked || { echo "--- $files"; wrong=1; }
		# Each line of a list says why it is there.
		! grep -E '^    - ' "$MANIFEST" | grep -v ' # ' || { echo "--- $files: a line without a reason"; wrong=1; }
	done <<<"$kinds"
	return $wrong
}
@test "projects of all kinds give a manifest that can be enforced: root" { all_kinds root; }
@test "projects of all kinds give a manifest that can be enforced: an ordinary user" { all_kinds user; }

@test "templates of secrets can be read, keys of tests are left to the owner and named" {
	tree .env .env.example .env.sample tests/fixtures/ca.pem tests/.env
	init
	lacks "$(<"$MANIFEST")" .env.example .env.sample
	grep -qE '^    # - tests/fixtures/ca.pem .*test' "$MANIFEST"
	contains "$(<"$MANIFEST")" "{path: tests/.env, optional: true}"
	is "$(means '[.clauses[] | select(.kind == "filesystem.deny" or (.id | startswith("filesystem.deny"))) | .value | select(startswith("'"$WS"'"))] | length')" 2
}

@test "an agent is found by its program, asked for by --agent, and left out by it" {
	mkdir "$T/bin"
	printf '#!/bin/sh\n' >"$T/bin/codex"
	chmod 755 "$T/bin/codex"
	tree package.json
	is "$(PATH=$T/bin:$PATH "$BIN/enclosure" init --stdout 2>/dev/null | grep ^extends)" "extends: [codex]"
	is "$(enc init --stdout --agent none 2>/dev/null | grep ^extends)" "extends: [offline]"
	is "$(enc init --stdout --agent claude-code 2>/dev/null | grep ^extends)" "extends: [claude-code]"
	tree .claude/
	is "$(PATH=$T/bin:$PATH "$BIN/enclosure" init --stdout 2>/dev/null | grep ^extends)" "extends: [claude-code]"
	# A program of the working directory is nobody's.
	rm -r "$WS/.claude"
	cp "$T/bin/codex" "$WS/codex"
	is "$(cd "$WS" && PATH=.:$PATH "$BIN/enclosure" init --stdout 2>/dev/null | grep ^extends)" "extends: [offline]"
}

@test "init, trust, run: secrets are gone, what runs later can't be changed, the project can" {
	for who in root user; do
		rm -rf "$WS" "$STATE" && mkdir "$WS" && cd "$WS"
		tree Makefile a.c .circleci/config.yml
		echo hush >.env
		echo hush >'odd "name".pem'
		be $who
		init
		enc trust
		try enc run -- sh -c 'cat .env "odd \"name\".pem"; echo x >>.circleci/config.yml; echo x >>enclosure.yaml; echo x >>a.c; echo $?'
		fails_with 0
		lacks "$output" hush
		has_lines 0
		is "$(<a.c)" x
		is "$(<.circleci/config.yml)" ""
		is "$(<.env)" hush
		# The control: without the manifest the same command reads it.
		contains "$(cat .env)" hush
	done
}

# --- builds without network ---------------------------------------------------------------------------------------------

@test "a project of C and make builds and tests" {
	printf 'test: a\n\t./a\na: a.c\n\t$(CC) -o a a.c\n' >Makefile
	printf '#include <stdio.h>\nint main(void) { puts("built"); }\n' >a.c
	for who in root user; do
		be $who
		init --force
		enc trust
		try enc run -- make test
		fails_with 0
		has_lines built
		rm -f a
	done
}

@test "a project of Python runs its tests" {
	tree pyproject.toml
	printf 'import unittest\nclass T(unittest.TestCase):\n    def test(self): print("tested")\n' >test_a.py
	be user
	init
	enc trust
	try enc run -- /usr/bin/python3 -m unittest test_a
	fails_with 0
	has_lines tested
}

@test "a project of npm installs from the cache, which it can't change, and runs its tests" {
	local sum

	be_at_home
	mkdir dep
	echo '{"name":"dep","version":"1.0.0","main":"i.js"}' >dep/package.json
	echo 'module.exports = "from the cache"' >dep/i.js
	(cd dep && npm pack >/dev/null 2>&1)
	sum=sha512-$(openssl dgst -sha512 -binary dep/dep-1.0.0.tgz | base64 -w0)
	HOME=$T/home npm cache add "$WS/dep/dep-1.0.0.tgz" >/dev/null 2>&1
	rm -r dep
	echo '{"name":"app","version":"1.0.0","dependencies":{"dep":"1.0.0"},"scripts":{"test":"node t.js"}}' >package.json
	echo 'console.log(require("dep"))' >t.js
	cat >package-lock.json <<END
{"name":"app","version":"1.0.0","lockfileVersion":3,"requires":true,"packages":{
"":{"name":"app","version":"1.0.0","dependencies":{"dep":"1.0.0"}},
"node_modules/dep":{"version":"1.0.0","resolved":"https://registry.npmjs.org/dep/-/dep-1.0.0.tgz","integrity":"$sum"}}}
END
	be_at_home
	init
	enc trust
	try enc run -- sh -c 'npm ci >/dev/null 2>&1 && npm test; touch ~/.npm/_cacache/planted; echo $?'
	fails_with 0
	has_lines "from the cache" 1
	[ ! -e "$T/home/.npm/_cacache/planted" ]
	# It is the grant that makes it work.
	rm -r node_modules
	try enc run -m offline -- sh -c 'npm_config_offline=true npm ci >/dev/null 2>&1'
	fails_with 1
}

# --- where it writes ----------------------------------------------------------------------------------------------------

@test "what is there stays: a manifest without --force, a link and a folder with it, too" {
	echo mine >"$MANIFEST"
	try enc init
	fails_with 1
	contains "$stderr" E0311 --force
	is "$(<"$MANIFEST")" mine
	init --force
	contains "$output" "replaced $MANIFEST"
	is_sound

	rm "$MANIFEST"
	ln -s "$T/outside/secret" "$MANIFEST"
	for option in '' --force; do
		try enc init $option
		fails_with 1
		contains "$stderr" E0311 "symbolic link"
	done
	is "$(<"$T/outside/secret")" secret
	rm "$MANIFEST"
	ln -s "$T/outside/new" "$MANIFEST"
	try enc init --force
	fails_with 1
	[ ! -e "$T/outside/new" ]
	rm "$MANIFEST"
	mkdir "$MANIFEST"
	try enc init --force
	fails_with 1
	contains "$stderr" E0311
	is "$(ls -A "$WS")" enclosure.yaml
}

@test "it goes to the top of the git work tree, but not to that of a stranger" {
	tree .git/ sub/deep/
	be user
	cd "$WS/sub/deep"
	init
	[ -f "$WS/enclosure.yaml" ] && [ ! -e "$WS/sub/deep/enclosure.yaml" ]
	rm "$WS/enclosure.yaml"
	# /tmp/.git of somebody else must not make all of /tmp a workspace.
	chown root: "$WS" "$WS/.git"
	chmod 777 "$WS"
	init
	[ ! -e "$WS/enclosure.yaml" ] && [ -f "$WS/sub/deep/enclosure.yaml" ]
}

@test "the home, the root directory and a system's folder are no projects; nothing is left there" {
	be_at_home
	cd "$T/home"
	try enc init
	fails_with 1
	contains "$stderr" E0215
	is "$(ls -A "$T/home")" ""
	be root
	cd /etc
	before=$(ls -A /etc)
	try enc init --agent none
	fails_with 1
	contains "$stderr" E0215
	is "$(ls -A /etc)" "$before"
}

@test "a folder that can't be written is said, and --stdout and -o work" {
	tree package.json
	be user
	chown root: "$WS"
	chmod 755 "$WS"
	try enc init
	fails_with 1
	contains "$stderr" E0702
	is "$(ls -A "$WS")" package.json
	try enc init --stdout
	fails_with 0
	contains "$output" "enclosure: 1" "extends: [offline]"
	contains "$stderr" JavaScript
	try enc init -o "$T/outside/x.yaml"
	fails_with 0
	grep -q '^enclosure: 1' "$T/outside/x.yaml"
	try enc init -o "$T/nowhere/x.yaml"
	fails_with 1
	contains "$stderr" E0302
	try enc init -o "$T/outside/"
	fails_with 64
}

@test "--json is one object, of errors too; bad usage is refused" {
	tree package.json .env
	try enc init --json
	fails_with 0
	is "$(jq -r '.schema, .manifest, .profile, .agent, .runnable, .complete, .replaced, .secrets[0].path, .secrets[0].state' <<<"$output" | tr '\n' ' ')" \
		"enclosure.init/v1 $MANIFEST offline null true true false .env denied "
	is "$(jq -r '.found[].name' <<<"$output")" JavaScript
	try enc init --json
	fails_with 1
	is "$(jq -r .code <<<"$output")" E0311
	for options in '--agent gemini' '--stdout --force' '--stdout --json' 'here' '--agnt none'; do
		try enc init $options
		fails_with 64
		contains "$stderr" E0701
	done
}

# --- hostile projects ---------------------------------------------------------------------------------------------------

@test "names can't add a line to the manifest" {
	local nel=$'\xc2\x85' ls=$'\xe2\x80\xa8' name

	for name in $'.env.\nnetwork: {mode: open}' $'.env.\rnetwork: {mode: open}' ".env.${nel}network: {mode: open}" ".env.${ls}network: {mode: open}" \
		$'evil.pem\n  write: [~]' 'a: b.pem' '"}, {path: "x.pem' "'.pem" '#.pem' '- x.pem' '~.pem' '$HOME.pem' '!tag.pem' '&a.pem' 'x[1].pem' '*.pem' '?.pem' \
		'back\slash.pem' $'\xff\xfe.pem' 'schlüssel.pem' ' .pem' 'null.pem' $'\e[2J.pem' $'go.mod\nnetwork: {mode: open}'; do
		: >"$WS/$name"
	done
	mkdir -p "$WS"/$'x\nnetwork: {mode: open}' && : >"$WS"/$'x\nnetwork: {mode: open}/package.json' && : >"$WS"/$'x\nnetwork: {mode: open}/.env'
	for who in root user; do
		be $who
		try enc init --force
		fails_with 0
		is_sound
		no_more_than_asked
		# Whatever can be named is denied, the others are named to the owner.
		for name in 'a: b.pem' '"}, {path: "x.pem' "'.pem" '#.pem' '- x.pem' '~.pem' '!tag.pem' '&a.pem' 'schlüssel.pem' ' .pem' 'null.pem'; do
			means '.clauses[] | select(.id | startswith("filesystem.deny")) | .value' | grep -qxF -- "$WS/$name" || { echo "'$name' is not denied"; return 1; }
		done
		contains "$output" 'LEFT: no manifest can name it' 'x[1].pem'
		# Nothing of a terminal's gets through.
		lacks "$output$(<"$MANIFEST")" $'\e' $'\r'
		is "$(enc init --force --json | jq .complete)" false
	done
}

@test "no link is followed, nothing is opened: links to folders, fifos, folders that can't be read" {
	mkdir "$T/outside/project"
	: >"$T/outside/project/.env"
	: >"$T/outside/project/go.mod"
	ln -s "$T/outside/project" "$WS/sub"
	ln -s . "$WS/loop"
	ln -s /etc/passwd "$WS/.env"
	ln -s real/.secret "$WS/in.pem"
	mkfifo "$WS/package.json" "$WS/server.key"
	mkdir -m 0 "$WS/closed"
	be user
	chmod 0 "$WS/closed"
	try timeout 20 env -i HOME="$UP_HOME" PATH="$PATH" ENCLOSURE_STATE="$STATE" setpriv --reuid "$UP_ID" --regid "$(id -g "$UP_ID")" --init-groups "$BIN/enclosure" init
	fails_with 0
	lacks "$(<"$MANIFEST")" go.mod sub/
	contains "$(<"$MANIFEST")" "{path: server.key," "{path: in.pem,"
	grep -qE '^    # - \.env .*leads out' "$MANIFEST"
	is "$(means '.clauses[] | .value' | grep -cx /etc/passwd || :)" 0
	is_sound
}

@test "a project of any size: what was not looked at is said, and what was found is enforced" {
	local i

	mkdir -p many deep/1/2/3/4/5/6/7/8/9/10
	for ((i = 0; i < 300; i++)); do : >"many/$i.env"; done
	: >deep/1/2/3/4/5/6/7/8/9/10/.env
	be user
	init
	contains "$output" "larger than what was looked at"
	contains "$(<"$MANIFEST")" "larger than what was looked at"
	is "$(grep -c '^    - {path: many/' "$MANIFEST")" 256
	enc trust
	try enc run -- sh -c 'cat many/0.env'
	fails_with 1
	is "$(enc init --force --json | jq .complete)" false
}
