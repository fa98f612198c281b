#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The built-in profiles, attacked: an owner's home with keys, a project with hooks, as root and as an ordinary user.

load helper

up() {
	mkdir -p "$T/home/.ssh" "$T/home/.aws" "$T/home/.claude/hooks" "$T/home/.codex" "$WS/.git/hooks" "$WS/.github/workflows" "$WS/.vscode"
	for f in .ssh/id_rsa .aws/credentials .bashrc .profile .npmrc .netrc .git-credentials .claude/settings.json .codex/config.toml; do
		echo "owner's" >"$T/home/$f"
	done
	echo '{}' >"$T/home/.claude.json"
	for f in .git/config .git/hooks/pre-commit .mcp.json .envrc .github/workflows/ci.yml .vscode/tasks.json .gitmodules src.c; do
		echo "owner's" >"$WS/$f"
	done
	echo "owner's" >"$T/home/.gitconfig"
	cp "$BIN/attack" "$WS/attack"
}

check_profile() {	# WHO PROFILE
	be "$1"
	UP_HOME=$T/home
	EXTRA_ENV=(GITHUB_TOKEN=hush AWS_SECRET_ACCESS_KEY=hush SSH_AUTH_SOCK=/tmp/agent ENC_TEST="$T")
	before=$(cd "$T" && find home ws -type f -not -name attack -not -name made -exec sha256sum {} + | sort)
	try enc run -m "$2" -- /bin/sh -c "ENC_ATTACK=$WS/attack; export ATTACK_DIR=/tmp; $PROBE
		for f in .ssh/id_rsa .aws/credentials .bashrc .npmrc .netrc .git-credentials; do probe read-\$f read \$HOME/\$f; done
		probe ssh readdir \$HOME/.ssh; probe shadow read /etc/shadow; probe state readdir $STATE; probe outside read $T/outside/secret
		probe bashrc create \$HOME/.bashrc; probe cfg create \$HOME/.claude/settings.local.json; probe gitconfig append \$HOME/.gitconfig
		probe claude write \$HOME/.claude/settings.json; probe codex write \$HOME/.codex/config.toml
		for f in .git/config .git/hooks/pre-commit .mcp.json .envrc .github/workflows/ci.yml .vscode/tasks.json .gitmodules; do
			probe write-\$f write $WS/\$f; probe over-\$f rename $WS/src.c $WS/\$f; probe rm-\$f unlink $WS/\$f; done
		probe hook create $WS/.git/hooks/post-commit; probe git rename $WS/.git $WS/g2; probe make create $WS/made
		for a in io_uring_setup unshare-user mount bpf vsock mptcp tfo-send TIOCSTI suid-openat core_pattern capabilities host-processes; do probe \$a \$a; done
		env"
	fails_with 0
	has_lines read-.ssh/id_rsa=1 read-.aws/credentials=1 read-.npmrc=1 read-.netrc=1 read-.git-credentials=1 read-.bashrc=1 ssh=1 shadow=1 \
		state=1 outside=1 write-.git/config=1 write-.git/hooks/pre-commit=1 write-.mcp.json=1 write-.envrc=1 \
		write-.github/workflows/ci.yml=1 write-.vscode/tasks.json=1 write-.gitmodules=1 hook=1 git=1 \
		io_uring_setup=1 unshare-user=1 mount=1 bpf=1 vsock=1 mptcp=1 tfo-send=1 TIOCSTI=1 suid-openat=1 core_pattern=1 capabilities=1 host-processes=1
	lacks "$output" hush /tmp/agent
	if [ "$2" = read-only ]; then has_lines make=1; else has_lines make=0; fi
	# Nothing that was there has changed; what the run wrote to its home is not the owner's.
	is "$(cd "$T" && find home ws -type f -not -name attack -not -name made -exec sha256sum {} + | sort)" "$before"
	rm -f "$WS/made"
}
for_both() {
	check_profile user "$1"
	check_profile root "$1"
}
@test "profile read-only" { for_both read-only; }
@test "profile coding-agent" { for_both coding-agent; }
@test "profile offline" { for_both offline; }
@test "profile claude-code" { for_both claude-code; }
@test "profile codex" { for_both codex; }
