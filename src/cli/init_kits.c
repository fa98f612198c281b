/* SPDX-License-Identifier: MIT */
/*
 * init_kits.c - languages, package managers, build systems, agents; names of secrets, of what runs code later
 *
 * A kit grants reading alone: a cache that a run may write is a place from which the owner's own builds take code.
 * What is set makes a tool say at once that something is not there, where it would try the network for minutes.
 */
#include "cli/init.h"

#include <string.h>

const struct init_kit init_kits[] = {
	{"JavaScript",
	 INIT_LANGUAGE,
	 {"package.json"},
	 {{"~/.nvm", "node, installed by nvm"},
	  {"~/.volta", "node, installed by volta"},
	  {"~/.local/share/fnm", "node, installed by fnm"}},
	 .pass = {"NODE_ENV"}},
	{"TypeScript", INIT_LANGUAGE, {"tsconfig.json"}},
	{"npm",
	 INIT_PACKAGES,
	 {"package-lock.json", "npm-shrinkwrap.json"},
	 {{"~/.npm/_cacache", "packages that npm has fetched"}},
	 .set = {{"npm_config_offline", "true", "npm takes packages from its cache alone"}}},
	{"pnpm",
	 INIT_PACKAGES,
	 {"pnpm-lock.yaml", "pnpm-workspace.yaml"},
	 {{"~/.local/share/pnpm", "pnpm and the packages that it has fetched"}},
	 {{".pnpmfile.cjs", "code that pnpm runs"}},
	 .set = {{"npm_config_offline", "true", "pnpm takes packages from its store alone"}}},
	{"Yarn",
	 INIT_PACKAGES,
	 {"yarn.lock", ".yarnrc.yml"},
	 {{"~/.cache/yarn", "packages that Yarn has fetched"},
	  {"~/.yarn/berry/cache", "packages that Yarn has fetched"}},
	 {{".yarnrc.yml", "names the code that Yarn runs"},
	  {".yarnrc", "names the code that Yarn runs"},
	  {".yarn/releases", "Yarn itself"},
	  {".yarn/plugins", "code that Yarn runs"}},
	 .set = {{"YARN_ENABLE_NETWORK", "0", "Yarn takes packages from its cache alone"}}},
	{"Bun",
	 INIT_PACKAGES,
	 {"bun.lockb", "bun.lock"},
	 {{"~/.bun", "Bun and the packages that it has fetched"}},
	 {{"bunfig.toml", "names code that Bun runs first"}}},
	{"Deno",
	 INIT_PACKAGES,
	 {"deno.json", "deno.jsonc", "deno.lock"},
	 {{"~/.deno/bin", "Deno"}, {"~/.cache/deno", "modules that Deno has fetched"}}},
	{"Python",
	 INIT_LANGUAGE,
	 {"pyproject.toml", "setup.py", "setup.cfg", "requirements.txt", "*.py", "tox.ini"},
	 {{"~/.pyenv", "python, installed by pyenv"},
	  {"~/.local/bin", "programs that pip has installed for you"},
	  {"~/.local/lib", "packages that pip has installed for you"}},
	 .pass = {"VIRTUAL_ENV"}},
	{"pip",
	 INIT_PACKAGES,
	 {"requirements.txt", "requirements-dev.txt", "constraints.txt"},
	 .set = {{"PIP_NO_INDEX", "1", "pip says at once that it can't fetch"}}},
	{"uv",
	 INIT_PACKAGES,
	 {"uv.lock", "uv.toml"},
	 {{"~/.local/share/uv", "python and tools, installed by uv"}},
	 .set = {{"UV_OFFLINE", "1", "uv says at once that it can't fetch"}}},
	{"Poetry",
	 INIT_PACKAGES,
	 {"poetry.lock", "poetry.toml"},
	 {{"~/.cache/pypoetry/virtualenvs", "the project's packages, where Poetry keeps them"},
	  {"~/.local/share/pypoetry", "Poetry"}}},
	{"Pipenv",
	 INIT_PACKAGES,
	 {"Pipfile", "Pipfile.lock"},
	 {{"~/.local/share/virtualenvs", "the project's packages, where Pipenv keeps them"}}},
	{"Conda",
	 INIT_PACKAGES,
	 {"environment.yml", "environment.yaml", "pixi.toml"},
	 {{"~/miniconda3", "Conda and its environments"},
	  {"~/miniforge3", "Conda and its environments"},
	  {"~/anaconda3", "Conda and its environments"},
	  {"~/.conda/envs", "environments of Conda"}}},
	{"Rust",
	 INIT_LANGUAGE,
	 {"Cargo.toml", "rust-toolchain.toml", "rust-toolchain"},
	 {{"~/.rustup", "compilers, installed by rustup"}, {"~/.cargo/bin", "cargo and what it has installed"}}},
	{"Cargo",
	 INIT_PACKAGES,
	 {"Cargo.toml", "Cargo.lock"},
	 {{"~/.cargo/registry", "crates that Cargo has fetched"}, {"~/.cargo/git", "crates that Cargo has fetched"}},
	 {{".cargo/config.toml", "names programs that Cargo runs"},
	  {".cargo/config", "names programs that Cargo runs"}},
	 .set = {{"CARGO_NET_OFFLINE", "true", "Cargo takes crates from its cache alone"}}},
	{"Go",
	 INIT_LANGUAGE,
	 {"go.mod", "go.work"},
	 {{"~/go/pkg/mod", "modules that Go has fetched"},
	  {"~/go/bin", "programs that Go has installed"},
	  {"~/sdk", "more versions of Go"}},
	 .set = {{"GOPROXY", "off", "Go takes modules from its cache alone"},
		 {"GOTOOLCHAIN", "local", "and does not fetch another Go"}}},
	{"Java",
	 INIT_LANGUAGE,
	 {"*.java", "*.kt", "pom.xml", "build.gradle", "build.gradle.kts"},
	 {{"~/.sdkman/candidates", "Java, installed by SDKMAN"}},
	 .pass = {"JAVA_HOME"}},
	{"Maven",
	 INIT_BUILD,
	 {"pom.xml", "mvnw"},
	 {{"~/.m2/repository", "artifacts that Maven has fetched"}, {"~/.m2/wrapper", "Maven, as mvnw has fetched it"}},
	 {{".mvn", "options and extensions that Maven runs"}},
	 .set = {{"MAVEN_ARGS", "-o", "Maven takes artifacts from its cache alone"}}},
	{"Gradle",
	 INIT_BUILD,
	 {"build.gradle", "build.gradle.kts", "settings.gradle", "settings.gradle.kts", "gradlew"},
	 {{"~/.gradle/wrapper", "Gradle, as gradlew has fetched it"}},
	 {{"gradle/wrapper", "what gradlew fetches and runs"}}},
	{".NET",
	 INIT_LANGUAGE,
	 {"*.csproj", "*.fsproj", "*.sln", "global.json"},
	 {{"~/.nuget/packages", "packages that NuGet has fetched"}, {"~/.dotnet", ".NET, installed for you"}},
	 .set = {{"DOTNET_CLI_TELEMETRY_OPTOUT", "1", "nothing is sent in any case"}}},
	{"Ruby",
	 INIT_LANGUAGE,
	 {"Gemfile", "Gemfile.lock", "*.gemspec", ".ruby-version"},
	 {{"~/.rbenv", "Ruby, installed by rbenv"},
	  {"~/.rvm", "Ruby, installed by RVM"},
	  {"~/.gem/ruby", "gems that are installed for you"},
	  {"~/.local/share/gem", "gems that are installed for you"}},
	 {{".bundle", "tells Bundler where gems come from"}}},
	{"PHP",
	 INIT_LANGUAGE,
	 {"composer.json", "composer.lock"},
	 {{"~/.cache/composer", "packages that Composer has fetched"}},
	 .set = {{"COMPOSER_DISABLE_NETWORK", "1", "Composer takes packages from its cache alone"},
		 {"COMPOSER_CACHE_READ_ONLY", "1", "which it can't change"}}},
	{"Elixir",
	 INIT_LANGUAGE,
	 {"mix.exs"},
	 {{"~/.mix", "Mix and its archives"}, {"~/.hex/packages", "packages that Hex has fetched"}}},
	{"Haskell",
	 INIT_LANGUAGE,
	 {"*.cabal", "stack.yaml", "cabal.project"},
	 {{"~/.ghcup", "compilers, installed by GHCup"},
	  {"~/.cabal/packages", "packages that Cabal has fetched"},
	  {"~/.cabal/store", "packages that Cabal has built"},
	  {"~/.stack", "compilers and packages of Stack"}}},
	{"Dart", INIT_LANGUAGE, {"pubspec.yaml"}, {{"~/.pub-cache", "packages that pub has fetched"}}},
	{"Swift", INIT_LANGUAGE, {"Package.swift"}},
	{"Zig", INIT_LANGUAGE, {"build.zig"}, {{"~/.cache/zig/p", "packages that Zig has fetched"}}},
	{"C or C++", INIT_LANGUAGE, {"*.c", "*.cc", "*.cpp", "*.cxx"}},
	{"Make", INIT_BUILD, {"Makefile", "GNUmakefile", "makefile"}},
	{"CMake", INIT_BUILD, {"CMakeLists.txt"}},
	{"Meson", INIT_BUILD, {"meson.build"}},
	{"Autotools", INIT_BUILD, {"configure.ac", "configure.in"}},
	{"Conan",
	 INIT_PACKAGES,
	 {"conanfile.txt", "conanfile.py"},
	 {{"~/.conan2/p", "packages that Conan has fetched"}}},
	{"Bazel",
	 INIT_BUILD,
	 {"MODULE.bazel", "WORKSPACE", "WORKSPACE.bazel"},
	 .protect = {{".bazelrc", "options that name programs which Bazel runs"}}},
	{"Nix",
	 INIT_PACKAGES,
	 {"flake.nix", "shell.nix", "default.nix"},
	 {{"/nix/store", "what Nix has built and fetched"}}},
	{"Docker",
	 INIT_BUILD,
	 {"Dockerfile", "Containerfile", "docker-compose.yml", "docker-compose.yaml", "compose.yaml", "compose.yml"}},
	{"Terraform", INIT_BUILD, {"*.tf"}},
	{"Claude Code", INIT_AGENT, {".claude", "CLAUDE.md"}, .profile = "claude-code", .program = "claude"},
	{"Codex", INIT_AGENT, {".codex", "AGENTS.md"}, .profile = "codex", .program = "codex"},
};
const size_t init_n_kits = ENC_LEN(init_kits);

const struct init_note init_later[] = {
	{".circleci", "CI"},
	{".buildkite", "CI"},
	{".woodpecker", "CI"},
	{".woodpecker.yml", "CI"},
	{".drone.yml", "CI"},
	{".travis.yml", "CI"},
	{".forgejo", "CI"},
	{".gitea", "CI"},
	{".github/actions", "CI"},
	{"Jenkinsfile", "CI"},
	{"azure-pipelines.yml", "CI"},
	{"bitbucket-pipelines.yml", "CI"},
	{"appveyor.yml", "CI"},
	{"cloudbuild.yaml", "CI"},
	{".githooks", "hooks of git"},
	{"lefthook.yml", "hooks of git"},
	{"lefthook.yaml", "hooks of git"},
	{".lefthook.yml", "hooks of git"},
	{".lintstagedrc", "hooks of git"},
	{".mise.toml", "runs when you enter the folder"},
	{"mise.toml", "runs when you enter the folder"},
	{".gdbinit", "runs when you debug here"},
	{".lldbinit", "runs when you debug here"},
	{".vimrc", "an editor's settings"},
	{".nvim.lua", "an editor's settings"},
	{".exrc", "an editor's settings"},
	{".dir-locals.el", "an editor's settings"},
	{".zed", "an editor's settings"},
	{".windsurf", "an agent's settings"},
	{".gemini", "an agent's settings"},
	{".aider.conf.yml", "an agent's settings"},
	{".clinerules", "an agent's settings"},
};
const size_t init_n_later = ENC_LEN(init_later);

struct secret {
	const char *name, *why;
	bool fixture; /* tests bring such of their own */
};
static const struct secret secrets[] = {
	{".env", "variables with keys"},
	{".env.*", "variables with keys"},
	{"*.env", "variables with keys"},
	{"*.pem", "a private key, or a certificate", true},
	{"*.key", "a private key", true},
	{"*.p12", "a private key", true},
	{"*.pfx", "a private key", true},
	{"*.jks", "a private key", true},
	{"*.keystore", "a private key", true},
	{"*.ppk", "a private key", true},
	{"id_rsa", "an SSH key", true},
	{"id_dsa", "an SSH key", true},
	{"id_ecdsa", "an SSH key", true},
	{"id_ed25519", "an SSH key", true},
	{"*.kdbx", "passwords"},
	{".npmrc", "may hold a token of npm"},
	{".pypirc", "a password of PyPI"},
	{".netrc", "passwords"},
	{".pgpass", "passwords"},
	{".my.cnf", "passwords"},
	{".htpasswd", "passwords", true},
	{".git-credentials", "passwords"},
	{".dockercfg", "passwords"},
	{".boto", "keys of a cloud"},
	{".s3cfg", "keys of a cloud"},
	{".vault-token", "a token"},
	{"*.tfstate", "state of Terraform, with secrets in it"},
	{"*.tfstate.backup", "state of Terraform, with secrets in it"},
	{"*.tfvars", "variables of Terraform"},
	{"*.auto.tfvars.json", "variables of Terraform"},
	{"kubeconfig", "keys of a cluster"},
	{"*.kubeconfig", "keys of a cluster"},
	{"credentials.json", "keys", true},
	{"service-account*.json", "keys of a cloud"},
	{"secrets.yaml", "secrets"},
	{"secrets.yml", "secrets"},
	{"secrets.json", "secrets"},
	{"secrets.toml", "secrets"},
	{"master.key", "the key of Rails' secrets"},
	{"auth.json", "passwords of Composer, or a token", true},
	{"local.settings.json", "secrets of Azure Functions"},
};
static const struct secret secret_dirs[] = {
	{".ssh", "SSH keys"},		{".aws", "keys of a cloud"},	{".azure", "keys of a cloud"},
	{".gcloud", "keys of a cloud"}, {".kube", "keys of a cluster"}, {".gnupg", "keys of GnuPG"},
	{".secrets", "secrets"},	{".vault", "secrets"},
};

/* One `*`, at the begin, inside or at the end. */
bool init_like(const char *pattern, const char *name)
{
	const char *star = strchr(pattern, '*');
	size_t n = strlen(name), head, tail;

	if (!star)
		return strcmp(pattern, name) == 0;
	head = (size_t)(star - pattern);
	tail = strlen(star + 1);
	return n > head + tail && strncmp(name, pattern, head) == 0 && strcmp(name + n - tail, star + 1) == 0;
}

/* .env.example and its like are there to be read. */
static bool is_template(const char *name)
{
	static const char *const ends[] = {"example", "sample", "template", "dist", "defaults", "schema", "tmpl", "in"};
	const char *dot = strrchr(name, '.');

	for (size_t i = 0; dot && i < ENC_LEN(ends); i++)
		if (strcmp(dot + 1, ends[i]) == 0)
			return true;
	return false;
}

const char *init_secret_name(const char *name, bool dir, bool *ret_fixture)
{
	*ret_fixture = false;
	if (is_template(name))
		return NULL;
	for (size_t i = 0; !dir && i < ENC_LEN(secrets); i++)
		if (init_like(secrets[i].name, name)) {
			*ret_fixture = secrets[i].fixture;
			return secrets[i].why;
		}
	for (size_t i = 0; dir && i < ENC_LEN(secret_dirs); i++)
		if (init_like(secret_dirs[i].name, name))
			return secret_dirs[i].why;
	return NULL;
}

bool init_skipped(const char *name)
{
	static const char *const names[] = {".git",	   "node_modules",  "bower_components", "vendor",     "target",
					    ".venv",	   "venv",	    "__pycache__",	".tox",	      ".nox",
					    ".mypy_cache", ".pytest_cache", ".gradle",		"_build",     "deps",
					    ".next",	   ".nuxt",	    ".cache",		".terraform", "Pods",
					    "zig-cache",   ".zig-cache",    "dist-newstyle",	".stack-work"};

	for (size_t i = 0; i < ENC_LEN(names); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

bool init_fixture(const char *path)
{
	static const char *const names[] = {"test",	"tests",     "testdata",     "test-data", "spec",    "specs",
					    "fixtures", "__tests__", "__fixtures__", "examples",  "example", "mocks"};

	for (const char *p = path; *p;) {
		size_t n = strcspn(p, "/");

		for (size_t i = 0; p[n] == '/' && i < ENC_LEN(names); i++)
			if (strlen(names[i]) == n && strncmp(names[i], p, n) == 0)
				return true;
		p += n + (p[n] == '/');
	}
	return false;
}

const char *init_kind_name(enum init_kind k)
{
	static const char *const names[] = {[INIT_LANGUAGE] = "language",
					    [INIT_PACKAGES] = "packages",
					    [INIT_BUILD] = "build",
					    [INIT_AGENT] = "agent"};

	return names[k];
}
