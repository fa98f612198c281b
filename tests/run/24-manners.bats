#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Manual pages, completion and installation: all verbs and options are in them, and what other programs make of them is right.

load helper

up() {
	MADE=$ENCLOSURE_BUILD/tools
	SOURCE=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
}
# The verbs of --help, a line each; and the options of one, a line each, long and short.
verbs() {
	"$BIN/enclosure" --help | sed -n '/^Verbs:/,/^$/s/^  \([a-z]\+\( [a-z]\+\)\?\)  .*/\1/p'
}
options() {	# VERB, in one or two words
	"$BIN/enclosure" help $1 | sed -n '/^Options:/,/^$/p' | grep -oE '^ +(-[a-zA-Z], )?--[a-z-]+' | tr -s ' ,' '\n' | grep .
}

@test "the lists that these tests go by are not empty" {
	[ "$(verbs | wc -l)" -ge 10 ]
	contains "$(verbs)" run "policy check" trust
	contains "$(options run)" --manifest -m --mask --help
}

@test "help VERB, VERB --help and -h agree; help of a group is that of its verbs" {
	while read -r verb; do
		is "$("$BIN/enclosure" help $verb)" "$("$BIN/enclosure" $verb --help)"
		is "$("$BIN/enclosure" help $verb)" "$("$BIN/enclosure" $verb -h)"
		lacks "$("$BIN/enclosure" help $verb | awk 'length > 120')" " "
	done < <(verbs)
	try enc help policy
	fails_with 0
	contains "$output" "enclosure policy check - " "enclosure policy show - " "enclosure policy explain - "
	is "$output" "$("$BIN/enclosure" policy --help)"
	try enc help nothing
	fails_with 64
	contains "$stderr" E0701
	try enc help policy nothing
	fails_with 64
}

@test "the manual: a page for each verb, with every option, without a complaint of man" {
	while read -r verb; do
		page=$MADE/enclosure-${verb%% *}.1
		[ -s "$page" ] || { echo "no page $page"; return 1; }
		MANWIDTH=200 man --warnings -P cat -l "$page" 2>"$T/err" | col -b >"$T/text"
		is "$(<"$T/err")" ""
		contains "$(<"$T/text")" "enclosure $verb [OPTION...]" "EXIT STATUS" "SEE ALSO" || [ "$verb" != "${verb%% *}" ]
		while read -r option; do
			grep -qE -- "(^|[ ,])$option( |,|\$)" "$T/text" || { echo "$page lacks $option"; return 1; }
		done < <(options "$verb")
	done < <(verbs)
}

@test "the manual: the overview has every verb, and enclosure.yaml every key" {
	MANWIDTH=200 man --warnings -P cat -l "$MADE/enclosure.1" 2>&1 | col -b >"$T/text"
	while read -r verb; do
		grep -qE "^ +$verb\$" "$T/text" || { echo "no $verb"; return 1; }
	done < <(verbs)
	contains "$(<"$T/text")" ENCLOSURE_STATE /etc/enclosure/ceiling.yaml "enclosure-run(1)"
	MANWIDTH=200 man --warnings -P cat -l "$MADE/enclosure.yaml.5" 2>"$T/err" | col -b >"$T/text"
	is "$(<"$T/err")" ""
	n=0
	while read -r key; do
		grep -qF -- "       $key (" "$T/text" || { echo "no $key"; return 1; }
		n=$((n + 1))
	done < <(sed -n 's/^| `\([a-z][][a-z._]*\)` | .*/\1/p' "$SOURCE/docs/manifest.md")
	[ $n -ge 50 ]
	# What scdoc would take for marks is text.
	contains "$(<"$T/text")" '**/' 'LC_*' '$WORKSPACE/...' 'direct|overlay'
	lacks "$(<"$T/text")" '\_' '\*' '`'
}

# --- completion -------------------------------------------------------------------------------------------------------

# bash_offers WORD...: what is offered for the last word, a line each, sorted
bash_offers() {
	bash --norc -c 'source "$0"; COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)); cd "$WS" && _enclosure 2>/dev/null
		printf "%s\n" "${COMPREPLY[@]}"' "$MADE/enclosure" "$@" | sort -u
}
fish_offers() {	# LINE
	HOME=$T/home XDG_CONFIG_HOME=$T XDG_DATA_HOME=$T XDG_CACHE_HOME=$T \
		fish --no-config -c 'source $argv[1]; complete -C $argv[2]' "$MADE/enclosure.fish" "$1" | cut -f1 | sort -u
}
# LINE | what must be offered for its last word (all of it, when it begins with =)
TABLE='enclosure ru|=run
enclosure pol|=policy
enclosure policy |=check explain show
enclosure policy e|=explain
enclosure help policy s|=show
enclosure run --mani|=--manifest
enclosure run -m claude|=claude-code
enclosure run -m offline --mask cgroup-v|=cgroup-v1 cgroup-v2
enclosure plan --mask net|=net-namespace
enclosure policy check coding|=coding-agent
enclosure policy explain conn|=connect
enclosure policy explain write here|=here.yaml
enclosure trust here|=here.yaml
enclosure run --timeout |
enclosure run -m here|=here.yaml
enclosure run -- made-by-t|=made-by-test
enclosure run -m offline made-by-t|=made-by-test
enclosure run made-by-test here|=here.yaml
enclosure result |last'

completes() {	# SHELL
	local line want got wrong=0

	printf '#!/bin/sh\n' >"$T/made-by-test"
	chmod 755 "$T/made-by-test"
	touch "$WS/here.yaml"
	export PATH=$T:$PATH WS
	while IFS='|' read -r line want; do
		if [ "$1" = bash ]; then
			read -ra words <<<"$line"
			[ "${line: -1}" != ' ' ] || words+=('')
			got=$(bash_offers "${words[@]}")
		else
			got=$(fish_offers "$line")
		fi
		got=$(tr '\n' ' ' <<<"$got" | sed 's/ *$//')
		case $want in
		=*) [ "$got" = "${want#=}" ] ;;
		'') [ "$got" = '' ] ;;
		*) [[ " $got " == *" $want "* ]] ;;
		esac || { echo "'$line' offers '$got', wanted '$want'"; wrong=1; }
	done <<<"$TABLE"
	return $wrong
}

@test "bash completes" {
	bash -n "$MADE/enclosure"
	completes bash
	is "$(bash_offers enclosure run --manifest = claude)" claude-code
	is "$(bash_offers enclosure run --mask = net)" net-namespace
	while read -r verb; do
		is "$(bash_offers enclosure $verb - | grep -v '^-h$' | sort)" "$(options "$verb" | grep -v '^-h$' | sort -u)"
	done < <(verbs)
}

@test "fish completes" {
	fish --no-execute "$MADE/enclosure.fish"
	completes fish
	while read -r verb; do
		is "$(fish_offers "enclosure $verb --" | grep -v '^--help$')" "$(options "$verb" | grep -- '^--' | grep -v '^--help$' | sort -u)"
	done < <(verbs)
}

@test "zsh completes" {
	zsh -n "$MADE/_enclosure"
	printf '#!/bin/sh\n' >"$T/made-by-test"
	chmod 755 "$T/made-by-test"
	touch "$WS/here.yaml"
	mkdir "$T/functions"
	cp "$MADE/_enclosure" "$T/functions/"
	cat >"$T/ask" <<'END'
set timeout 20
set bad 0
proc ask {typed want} {
	global bad
	send -- "$typed\t"
	expect {
		-ex $want {}
		timeout { puts "NOT: $typed -> $want"; set bad 1 }
	}
	send "\025"
}
spawn -noecho zsh -f -i
expect "ready>"
send "fpath=(\$T/functions \$fpath); autoload -U compinit; compinit -u -D; print set''up\r"
expect "setup"
ask "enclosure pol" "enclosure policy "
ask "enclosure policy exp" "policy explain "
ask "enclosure run --manif" "run --manifest="
ask "enclosure run -m claude" "-m claude-code "
ask "enclosure run --mask net-n" "--mask net-namespace "
ask "enclosure policy check coding" "check coding-agent "
ask "enclosure policy explain conn" "explain connect "
ask "enclosure policy explain write he" "write here.yaml "
ask "enclosure help policy sh" "policy show "
ask "enclosure result la" "result last "
ask "enclosure run -- made-by-t" "run -- made-by-test "
ask "enclosure run made-by-test he" "made-by-test here.yaml "
exit $bad
END
	cd "$WS"
	env -i PATH="$T:$PATH" HOME="$T" TERM=dumb T="$T" PS1='ready> ' expect "$T/ask" >"$T/out" 2>&1 3>&- ||
		{ cat -v "$T/out"; return 1; }
}

@test "completion offers ids and names of runs: of all, or of those that go on" {
	local id live

	manifest
	enc run -m "$M" --name nightly -- true
	enc run -m "$M" -- true
	id=$(enc ps --all --quiet | tail -n 1)
	background "$T/out" enc run -m "$M" --name alive -- sleep 60
	until_true 10 sh -c "ENCLOSURE_STATE=$STATE $BIN/enclosure ps --quiet | grep -q ."
	live=$(enc ps --quiet)
	export PATH=$BIN:$PATH WS ENCLOSURE_STATE=$STATE
	for got in "$(bash_offers enclosure result '')" "$(fish_offers 'enclosure result ')"; do
		is "$(sort <<<"$got")" "$(printf '%s\n' last nightly alive $(enc ps --all --quiet) | sort)"
		contains "$got" "$id" "$live"
	done
	for got in "$(bash_offers enclosure stop '')" "$(fish_offers 'enclosure attach ')" "$(bash_offers enclosure wait '')"; do
		is "$(sort <<<"$got")" "$(printf '%s\n' last alive "$live" | sort)"
	done
	is "$(bash_offers enclosure logs ni)" nightly
	is "$(fish_offers 'enclosure logs ni')" nightly
	enc stop --kill "$live" >/dev/null
	wait "$JOB" || :
}

# The names of runs are the owner's, but what is in them shall not run on a press of the tab key.
@test "completion evaluates nothing of what it offers" {
	mkdir "$T/bin"
	cat >"$T/bin/enclosure" <<END
#!/bin/sh
[ "\$1 \$2" = "ps --json" ] || exit 1
echo '      "run": "01hxyz",'
echo '      "name": "\$(touch $T/ran)",'
echo '      "name": "\`touch $T/ran\`; touch $T/ran",'
echo '      "name": null,'
END
	chmod 755 "$T/bin/enclosure"
	export PATH=$T/bin:$PATH WS
	got=$(bash_offers enclosure result '')
	contains "$got" 01hxyz last '\$\(touch'
	lacks "$got" null
	contains "$(fish_offers 'enclosure result ')" 01hxyz last
	[ ! -e "$T/ran" ]
}

# --- installation -----------------------------------------------------------------------------------------------------

installed() {	# everything that is in $T/root, a line each
	(cd "$T/root" && find . ! -type d | sort)
}

@test "installation: everything is in its place below DESTDIR, runs from there, and is removed again" {
	DESTDIR=$T/root meson install -C "$ENCLOSURE_BUILD" --no-rebuild >"$T/log" 2>&1
	prefix=$(meson introspect "$ENCLOSURE_BUILD" --buildoptions | jq -r '.[] | select(.name == "prefix").value')
	top=$T/root$prefix
	[ -x "$top/bin/enclosure" ] && [ -x "$top/libexec/enclosure/enclosure-worker" ]
	for f in man/man1/enclosure.1 man/man5/enclosure.yaml.5 bash-completion/completions/enclosure zsh/site-functions/_enclosure \
		fish/vendor_completions.d/enclosure.fish doc/enclosure/LICENSE doc/enclosure/docs/manifest.md doc/enclosure/policies/offline.yaml; do
		[ -s "$top/share/$f" ] || { echo "no $f"; return 1; }
	done
	while read -r verb; do
		[ -s "$top/share/man/man1/enclosure-${verb%% *}.1" ] || { echo "no page of $verb"; return 1; }
	done < <(verbs)
	# Nothing but what is ours, and nothing outside of the prefix.
	is "$(installed | grep -v "^\.$prefix/" || :)" ""
	is "$(installed | grep -vE 'enclosure' || :)" ""

	chmod -R go+rX "$T/root"
	be user
	try as "$top/bin/enclosure" run -m offline -- echo inside
	fails_with 0
	is "$output" inside
	try as "$top/bin/enclosure" capabilities --fresh
	lacks "$output" enclosure-worker
	rm "$top/libexec/enclosure/enclosure-worker"
	try as "$top/bin/enclosure" capabilities --fresh
	contains "$output" enclosure-worker
	be root

	touch "$top/bin/other"
	DESTDIR=$T/root "$SOURCE/tools/uninstall" "$ENCLOSURE_BUILD"
	is "$(installed)" ".$prefix/bin/other"
	[ ! -e "$top/libexec/enclosure" ] && [ ! -e "$top/share/doc/enclosure" ]
}
