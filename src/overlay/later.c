/* SPDX-License-Identifier: MIT */
/*
 * later.c - files that run code without anybody calling them by name
 *
 * Not in it: what somebody builds or starts himself (sources, Makefile, scripts). Those are what a review is for.
 */
#include <string.h>

#include "base/text.h"
#include "overlay/overlay.h"

static const struct {
	const char *pattern, *what; /* against the whole path and, after "**" and a slash, at any depth */
} rows[] = {
	{".git/**", "git's own files: hooks, configuration"},
	{".git", "a .git that leads elsewhere"},
	{".gitmodules", "git submodules"},
	{".husky/**", "a git hook"},
	{".githooks/**", "a git hook"},
	{".pre-commit-config.yaml", "a git hook"},
	{"lefthook.y*ml", "a git hook"},
	{".lefthook.y*ml", "a git hook"},
	{".envrc", "direnv"},
	{".env", "environment of many tools"},
	{".bashrc", "a shell's start"},
	{".bash_profile", "a shell's start"},
	{".bash_login", "a shell's start"},
	{".bash_logout", "a shell's end"},
	{".bash_aliases", "a shell's start"},
	{".profile", "a shell's start"},
	{".zshrc", "a shell's start"},
	{".zshenv", "a shell's start"},
	{".zprofile", "a shell's start"},
	{".zlogin", "a shell's start"},
	{".config/fish/**", "a shell's start"},
	{".inputrc", "a shell's keys"},
	{".tool-versions", "a version manager"},
	{".mise.toml", "a version manager"},
	{"mise.toml", "a version manager"},
	{".github/workflows/**", "CI"},
	{".github/actions/**", "CI"},
	{".gitlab-ci.yml", "CI"},
	{".gitlab/ci/**", "CI"},
	{".circleci/**", "CI"},
	{".travis.yml", "CI"},
	{".drone.yml", "CI"},
	{".woodpecker*", "CI"},
	{".woodpecker/**", "CI"},
	{".buildkite/**", "CI"},
	{".forgejo/**", "CI"},
	{".gitea/**", "CI"},
	{".ci/**", "CI"},
	{"Jenkinsfile", "CI"},
	{"azure-pipelines.yml", "CI"},
	{"bitbucket-pipelines.yml", "CI"},
	{"appveyor.yml", "CI"},
	{".appveyor.yml", "CI"},
	{"package.json", "package scripts"},
	{".npmrc", "a package manager's settings"},
	{".yarnrc", "a package manager's settings"},
	{".yarnrc.yml", "a package manager's settings"},
	{".pnpmfile.cjs", "a package manager's hook"},
	{"binding.gyp", "package scripts"},
	{"setup.py", "package scripts"},
	{"composer.json", "package scripts"},
	{".cargo/config", "a build tool's settings"},
	{".cargo/config.toml", "a build tool's settings"},
	{".vscode/**", "an editor's settings"},
	{".idea/**", "an editor's settings"},
	{".zed/**", "an editor's settings"},
	{".nvim.lua", "an editor's settings"},
	{".nvimrc", "an editor's settings"},
	{".exrc", "an editor's settings"},
	{".vimrc", "an editor's settings"},
	{".dir-locals.el", "an editor's settings"},
	{"*.code-workspace", "an editor's settings"},
	{".devcontainer/**", "a development container"},
	{".devcontainer.json", "a development container"},
	{".mcp.json", "an agent's settings"},
	{".claude/**", "an agent's settings"},
	{".codex/**", "an agent's settings"},
	{".cursor/**", "an agent's settings"},
	{".gemini/**", "an agent's settings"},
	{".aider*", "an agent's settings"},
	{".windsurf/**", "an agent's settings"},
	{"CLAUDE.md", "an agent's instructions"},
	{"CLAUDE.local.md", "an agent's instructions"},
	{"AGENTS.md", "an agent's instructions"},
	{"GEMINI.md", "an agent's instructions"},
	{"enclosure.yaml", "what a run may do"},
	{".ssh/**", "ssh's settings"},
	{".gitconfig", "git's configuration"},
	{".config/git/**", "git's configuration"},
	{".config/autostart/**", "a desktop's start"},
	{".config/systemd/**", "a service"},
	{"*.desktop", "a desktop's start"},
	{"sitecustomize.py", "python's start"},
	{"usercustomize.py", "python's start"},
	{"*.pth", "python's start"},
};

/* Does a link's target, from its own folder, stay in the workspace? By its words alone. */
static bool leads_out(const char *path, const char *link)
{
	int depth = 0;

	if (link[0] == '/')
		return true;
	for (const char *c = path; *c; c++)
		depth += *c == '/';
	for (const char *at = link; *at;) {
		size_t n = strcspn(at, "/");

		if (n == 2 && strncmp(at, "..", 2) == 0)
			depth--;
		else if (n && !(n == 1 && *at == '.'))
			depth++;
		if (depth < 0)
			return true;
		at += n;
		at += strspn(at, "/");
	}
	return false;
}

const char *enc_overlay_runs_later(const char *path, const char *link)
{
	if (link && leads_out(path, link))
		return "a link that leads out of the workspace";
	for (size_t i = 0; i < ENC_LEN(rows); i++) {
		/* At the top, and below any folder. */
		for (const char *at = path; at; at = strchr(at, '/') ? strchr(at, '/') + 1 : NULL)
			if (enc_glob_match(rows[i].pattern, at))
				return rows[i].what;
	}
	return NULL;
}
