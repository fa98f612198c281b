/* SPDX-License-Identifier: MIT */
/*
 * later.c - files that run code without anybody calling them by name
 *
 * The list is of names that are known and never complete. Not in it: what somebody builds or starts himself (sources,
 * Makefile, scripts). Those are what a review is for.
 */
#include <string.h>

#include "base/text.h"
#include "overlay/overlay.h"

static const struct {
	const char *pattern, *what; /* lower case, against the whole path and, after "**" and a slash, at any depth */
} rows[] = {
	{".git/**", "git's own files: hooks, configuration"},
	{".git", "a .git that leads elsewhere"},
	{".gitmodules", "git submodules"},
	{"*.git/**", "git's own files: hooks, configuration"},
	{"head", "a git repository, whose configuration runs code"},
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
	{".zlogout", "a shell's end"},
	{".kshrc", "a shell's start"},
	{".cshrc", "a shell's start"},
	{".tcshrc", "a shell's start"},
	{".login", "a shell's start"},
	{".xprofile", "a session's start"},
	{".xinitrc", "a session's start"},
	{".xsession", "a session's start"},
	{".pam_environment", "a session's start"},
	{".screenrc", "a terminal's start"},
	{".tmux.conf", "a terminal's start"},
	{".local/bin/**", "a command of a name that others have"},
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
	{"jenkinsfile", "CI"},
	{"azure-pipelines.yml", "CI"},
	{"bitbucket-pipelines.yml", "CI"},
	{"appveyor.yml", "CI"},
	{".appveyor.yml", "CI"},
	{".teamcity/**", "CI"},
	{".semaphore/**", "CI"},
	{"package.json", "package scripts"},
	{".npmrc", "a package manager's settings"},
	{".yarnrc", "a package manager's settings"},
	{".yarnrc.yml", "a package manager's settings"},
	{".yarn/**", "a package manager's own code"},
	{".pnpmfile.cjs", "a package manager's hook"},
	{"binding.gyp", "package scripts"},
	{"setup.py", "package scripts"},
	{"composer.json", "package scripts"},
	{".cargo/config", "a build tool's settings"},
	{".cargo/config.toml", "a build tool's settings"},
	{".mvn/**", "a build tool's settings"},
	{".bazelrc", "a build tool's settings"},
	{".bundle/config", "a build tool's settings"},
	{".gdbinit", "a debugger's start"},
	{".lldbinit", "a debugger's start"},
	{".irbrc", "an interpreter's start"},
	{".pryrc", "an interpreter's start"},
	{".rprofile", "an interpreter's start"},
	{".vscode/**", "an editor's settings"},
	{".idea/**", "an editor's settings"},
	{".zed/**", "an editor's settings"},
	{".nvim.lua", "an editor's settings"},
	{".nvimrc", "an editor's settings"},
	{".exrc", "an editor's settings"},
	{".vimrc", "an editor's settings"},
	{".lvimrc", "an editor's settings"},
	{".vim/**", "an editor's settings"},
	{".emacs.d/**", "an editor's settings"},
	{".vs/**", "an editor's settings"},
	{".fleet/**", "an editor's settings"},
	{".nova/**", "an editor's settings"},
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
	{".opencode/**", "an agent's settings"},
	{"opencode.json*", "an agent's settings"},
	{".roo/**", "an agent's settings"},
	{".kiro/**", "an agent's settings"},
	{".cursorrules", "an agent's instructions"},
	{".windsurfrules", "an agent's instructions"},
	{".clinerules*", "an agent's instructions"},
	{".clinerules/**", "an agent's instructions"},
	{".github/copilot-instructions.md", "an agent's instructions"},
	{".windsurf/**", "an agent's settings"},
	{"claude.md", "an agent's instructions"},
	{"claude.local.md", "an agent's instructions"},
	{"agents.md", "an agent's instructions"},
	{"gemini.md", "an agent's instructions"},
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

/* May a link's target, from its own folder, be outside the workspace? By its words alone: where ".." leads from behind
 * a name depends on what that is, maybe a link as well. */
static bool leads_out(const char *path, const char *link)
{
	bool named = false;
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
			named = true;
		if (depth < 0 || (named && n == 2 && strncmp(at, "..", 2) == 0))
			return true;
		at += n;
		at += strspn(at, "/");
	}
	return false;
}

static const char *at_any_depth(const char *path, bool is_link)
{
	for (size_t i = 0; i < ENC_LEN(rows); i++) {
		for (const char *at = path; at; at = strchr(at, '/') ? strchr(at, '/') + 1 : NULL) {
			size_t n = strlen(at);

			if (enc_glob_match(rows[i].pattern, at))
				return rows[i].what;
			/* A link in the place of a folder brings the files that the pattern is about. */
			if (is_link && strncmp(rows[i].pattern, at, n) == 0 && rows[i].pattern[n] == '/')
				return rows[i].what;
		}
	}
	return NULL;
}

const char *enc_overlay_runs_later(const char *path, const char *link)
{
	enc_auto(enc_free_auto) char *lower = enc_strdup(path);

	if (link && leads_out(path, link))
		return "a link that leads out of the workspace";
	/* On a file system that ignores case .GIT/hooks is git's as well. */
	for (char *c = lower; *c; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c - 'A' + 'a');
	return at_any_depth(lower, link);
}
