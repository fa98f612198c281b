/* SPDX-License-Identifier: MIT */
/*
 * test_import_srt.c - settings of sandbox-runtime against what the manifest that was made of them allows
 *
 * The verdicts wanted are those that srt's documentation gives for the settings; every manifest is read by the real
 * reader.
 */
#include "import_fixture.h"

#define NET	 "\"network\": {\"allowedDomains\": [], \"deniedDomains\": []}"
#define FS	 "\"filesystem\": {\"denyRead\": [], \"allowWrite\": [], \"denyWrite\": []}"
#define NO_FILES "\"filesystem\": {\"denyRead\": [], \"allowWrite\": [], \"denyWrite\": []}"
/* What every text of srt says beside. */
#define SOCKETS	 "approximate:refuses every UNIX socket"
#define NAMES	 "approximate:shell, editor and git files"

static const struct {
	const char *name, *text, *access, *findings;
} files[] = {
	{"nothing granted is readable, nothing writable", "{" NET ", " FS "}",
	 "/etc/passwd=r- ~/.ssh/id=r- src/x=r- $WORKSPACE=r- /var/log/x=r-", SOCKETS},
	{"a write grant, and what is always protected",
	 "{" NET ", \"filesystem\": {\"denyRead\": [], \"allowWrite\": [\".\"], \"denyWrite\": []}}",
	 "src/x=rw .bashrc=r- .git/hooks/pre-commit=r- .git/config=r- .mcp.json=r- .vscode/x=r- .claude/agents/x=r- "
	 ".git/HEAD=rw "
	 "~/x=r- /etc/x=r-",
	 SOCKETS "|" NAMES},
	{"allowGitConfig",
	 "{" NET
	 ", \"filesystem\": {\"denyRead\": [], \"allowWrite\": [\".\"], \"denyWrite\": [], \"allowGitConfig\": true}}",
	 ".git/config=rw .git/hooks/x=r-", SOCKETS "|" NAMES},
	{"denyWrite inside allowWrite",
	 "{" NET ", \"filesystem\": {\"denyRead\": [], \"allowWrite\": [\".\", \"/srv/data/\"], \"denyWrite\": "
	 "[\".env\", \"secrets/**\", "
	 "\"/srv/data/keep\", \"/opt/not-granted\"]}}",
	 ".env=r- secrets/a=r- src/x=rw /srv/data/x=rw /srv/data/keep/x=r- /opt/not-granted=r-", SOCKETS "|" NAMES},
	{"denyWrite at or above allowWrite wins",
	 "{" NET
	 ", \"filesystem\": {\"denyRead\": [], \"allowWrite\": [\"/srv/a\", \"/srv/b/c\"], \"denyWrite\": [\"/srv/b\", "
	 "\"/srv/a\"]}}",
	 "/srv/a/x=r- /srv/b/c/x=r-", SOCKETS},
	{"denyRead of a folder, and below it nothing",
	 "{" NET
	 ", \"filesystem\": {\"denyRead\": [\"~/.ssh\", \"~/.aws/\"], \"allowWrite\": [\".\"], \"denyWrite\": []}}",
	 "~/.ssh=-- ~/.ssh/id_rsa=-- ~/.aws/x=-- ~/.bashrc=r- src=rw", SOCKETS "|" NAMES},
	{"denyRead of the homes with the workspace allowed again",
	 "{" NET ", \"filesystem\": {\"denyRead\": [\"~\"], \"allowRead\": [\".\"], \"allowWrite\": [\".\"], "
	 "\"denyWrite\": []}}",
	 "~/.ssh=-- ~/other/x=-- src/x=rw /usr/bin/env=r- /etc/hosts=r-",
	 SOCKETS "|" NAMES "|tightened:a deny has no exceptions"},
	{"the same without a write grant",
	 "{" NET
	 ", \"filesystem\": {\"denyRead\": [\"~\"], \"allowRead\": [\".\"], \"allowWrite\": [], \"denyWrite\": []}}",
	 "~/.ssh=-- src/x=r- /usr/bin/env=r-", SOCKETS "|tightened:a deny has no exceptions"},
	{"a more specific denyRead inside an allowRead",
	 "{" NET
	 ", \"filesystem\": {\"denyRead\": [\"~\", \"./secrets\"], \"allowRead\": [\".\"], \"allowWrite\": [\".\"], "
	 "\"denyWrite\": []}}",
	 "src/x=rw secrets/x=-- ~/x=--", SOCKETS "|" NAMES "|tightened:a deny has no exceptions"},
	{"allowRead lifts an equal denyRead",
	 "{" NET ", \"filesystem\": {\"denyRead\": [\"/srv/x\"], \"allowRead\": [\"/srv/x\"], \"allowWrite\": [], "
	 "\"denyWrite\": []}}",
	 "/srv/x/y=r-", SOCKETS},
	{"denyRead of everything, one folder allowed",
	 "{" NET ", \"filesystem\": {\"denyRead\": [\"/\"], \"allowRead\": [\"/usr\", \".\"], \"allowWrite\": [], "
	 "\"denyWrite\": []}}",
	 "/usr/bin/env=r- /etc/passwd=-- ~/x=-- src/x=r-", SOCKETS},
	{"allowRead does not make a part of allowWrite read-only",
	 "{" NET
	 ", \"filesystem\": {\"denyRead\": [], \"allowRead\": [\"src\"], \"allowWrite\": [\".\"], \"denyWrite\": []}}",
	 "src/x=rw", SOCKETS "|" NAMES},
	{"a grant inside what is denied inside a grant is lost, and said",
	 "{" NET ", \"filesystem\": {\"denyRead\": [\"a\"], \"allowRead\": [\"a/b\"], \"allowWrite\": [\".\"], "
	 "\"denyWrite\": []}}",
	 "a/x=-- a/b/x=-- src=rw", SOCKETS "|" NAMES "|tightened:a deny has no exceptions"},
	{"a write grant inside what is shown inside what is hidden",
	 "{" NET ", \"filesystem\": {\"denyRead\": [\"~\"], \"allowRead\": [\".\"], \"allowWrite\": [\"src\"], "
	 "\"denyWrite\": []}}",
	 "src/x=r- x=r- ~/x=--", SOCKETS "|tightened:a deny has no exceptions|tightened:read-only over it"},
	{"write and deny of one path",
	 "{" NET ", \"filesystem\": {\"denyRead\": [\"/srv/a\"], \"allowWrite\": [\"/srv/a\"], \"denyWrite\": []}}",
	 "/srv/a/x=--", SOCKETS "|tightened:denied for reading"},
	{"a write grant of everything is reading alone",
	 "{" NET ", \"filesystem\": {\"denyRead\": [], \"allowWrite\": [\"/\"], \"denyWrite\": []}}",
	 "/srv/x=r- src/x=r-", SOCKETS "|" NAMES "|tightened:'/' can't be written"},
	{"patterns deny, in the workspace alone where they are relative",
	 "{" NET ", \"filesystem\": {\"denyRead\": [\"**/.env\", \"/srv/*.pem\"], \"allowWrite\": [\".\"], "
	 "\"denyWrite\": [\"*.lock\"]}}",
	 "a/b/.env=-- .env=-- ~/.env=r- /srv/k.pem=-- /srv/k=r- x.lock=r- a/x.lock=rw", SOCKETS "|" NAMES},
	{"brackets deny by either reading",
	 "{" NET ", \"filesystem\": {\"denyRead\": [\"/srv/[ab]x/key\", \"/srv/[id]\"], \"allowWrite\": [], "
	 "\"denyWrite\": []}}",
	 "/srv/ax/key=-- /srv/[ab]x/key=-- /srv/[id]=-- /srv/i=-- /srv/abc=r-",
	 SOCKETS "|tightened:filesystem.denyRead[0]|tightened:filesystem.denyRead[1]"},
	{"a literal name with a star",
	 "{" NET
	 ", \"filesystem\": {\"denyRead\": [{\"path\": \"/srv/*.env\", \"literal\": true}], \"allowWrite\": [], "
	 "\"denyWrite\": []}}",
	 "/srv/*.env=-- /srv/a.env=r-", SOCKETS},
	{"patterns as grants are left out",
	 "{" NET ", \"filesystem\": {\"denyRead\": [\"/srv\"], \"allowRead\": [\"/srv/*/pub\"], \"allowWrite\": "
	 "[\"/opt/*.d\"], "
	 "\"denyWrite\": []}}",
	 "/srv/a/pub=-- /opt/a.d=r-", SOCKETS "|dropped:filesystem.allowRead[0]|dropped:filesystem.allowWrite[0]"},
	{"a pattern that matches a grant takes it",
	 "{" NET ", \"filesystem\": {\"denyRead\": [\"/srv/*\"], \"allowWrite\": [\"/srv/a\"], \"denyWrite\": []}}",
	 "/srv/a/x=--", SOCKETS "|" NAMES "|tightened:matched by the pattern"},
	{"no file system rules at all",
	 "{" NET ", \"filesystem\": {\"disabled\": true, \"denyRead\": [\"/srv\"], \"allowWrite\": [\".\"], "
	 "\"denyWrite\": []}}",
	 "/srv/x=r- src/x=r-", SOCKETS "|tightened:filesystem.disabled"},
	{"secrets in files",
	 "{" NET ", " FS
	 ", \"credentials\": {\"files\": [{\"path\": \"~/.netrc\", \"mode\": \"deny\"}, {\"path\": \"~/.token\", "
	 "\"mode\": \"mask\"}]}}",
	 "~/.netrc=-- ~/.token=-- ~/.x=r-", SOCKETS "|tightened:credentials.files[1] is masked"},
	{"odd names stay names",
	 "{" NET ", \"filesystem\": {\"denyRead\": [\"/srv/a: b #c\", \"/srv/\\\"q\\\"\", \"/srv/\\u00e9\\u2028x\", "
	 "\"~user/x\", "
	 "\"-dash\"], \"allowWrite\": [\"./a b\"], \"denyWrite\": []}}",
	 "/srv/\"q\"/x=-- $WORKSPACE/~user/x=-- $WORKSPACE/-dash=-- /srv/\xc3\xa9\xe2\x80\xa8x=--", SOCKETS "|" NAMES},
	{"UNIX sockets allowed",
	 "{\"network\": {\"allowedDomains\": [], \"deniedDomains\": [], \"allowAllUnixSockets\": true}, " FS "}",
	 "/etc/x=r-", ""},
	{"what means nothing here is no loss",
	 "{" NET ", " FS ", \"bwrapPath\": \"/usr/bin/bwrap\", \"allowPty\": true, \"enableWeakerNestedSandbox\": "
	 "false, \"ignoreViolations\": {}}",
	 "/etc/x=r-", SOCKETS},
};

static void every_file_rule(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < ENC_LEN(files); i++) {
		struct made g;

		made_by(f, &g, enc_import_srt, files[i].text, NULL);
		if (g.r < 0)
			fail_msg("%s: refused: %s", files[i].name, g.errors.v[0].message);
		expect_access(&g, files[i].name, files[i].access);
		expect_findings(&g, files[i].name, files[i].findings, true);
		made_done(&g);
	}
}

#define NETS(allowed, denied) \
	"{\"network\": {\"allowedDomains\": [" allowed "], \"deniedDomains\": [" denied "]}, " NO_FILES "}"

static const struct {
	const char *name, *text, *hosts, *findings;
} nets[] = {
	{"an empty list is nothing", NETS("", ""), "github.com:443=-", SOCKETS},
	{"with a port", NETS("\"api.x.org:8443\"", ""), "api.x.org:8443=+ api.x.org:443=- y.org:8443=-", SOCKETS},
	{"without a port", NETS("\"GitHub.com\"", ""),
	 "github.com:443=+ github.com:80=+ github.com:22=- api.github.com:443=-", SOCKETS "|tightened:have no port"},
	{"a suffix is not its own name", NETS("\"*.x.org:443\"", ""),
	 "a.x.org:443=+ a.b.x.org:443=+ x.org:443=- ax.org:443=-", SOCKETS},
	{"an equal deny", NETS("\"x.org:443\", \"y.org:443\"", "\"x.org\""), "x.org:443=- y.org:443=+", SOCKETS},
	{"a deny of one port", NETS("\"x.org:443\", \"x.org:80\"", "\"x.org:80\""), "x.org:443=+ x.org:80=-", SOCKETS},
	{"a wider deny", NETS("\"a.x.org:443\", \"y.org:443\"", "\"*.x.org\""), "a.x.org:443=- y.org:443=+", SOCKETS},
	{"a deny in a suffix takes the suffix", NETS("\"*.x.org:443\", \"x.org:443\"", "\"evil.x.org\""),
	 "a.x.org:443=- evil.x.org:443=- x.org:443=+", SOCKETS "|tightened:is denied among"},
	{"a deny of everything", NETS("\"x.org:443\"", "\"*\""), "x.org:443=-", SOCKETS},
	{"addresses", NETS("\"127.0.0.1:3000\", \"[::1]:3000\"", ""), "127.0.0.1:3000=+ [::1]:3000=+ 127.0.0.2:3000=-",
	 SOCKETS},
	{"a denied address that a name could resolve to", NETS("\"x.org:443\"", "\"10.0.0.1\""), "x.org:443=+",
	 SOCKETS "|weaker:must not resolve"},
	{"ranges that names must not resolve to",
	 "{\"network\": {\"allowedDomains\": [\"x.org:443\"], \"deniedDomains\": [], \"deniedResolvedAddresses\": "
	 "[\"10.0.0.0/8\"]}, " NO_FILES "}",
	 "x.org:443=+", SOCKETS "|weaker:network.deniedResolvedAddresses"},
	{"a key of tomorrow",
	 "{\"network\": {\"allowedDomains\": [], \"deniedDomains\": [], \"denyFridays\": true}, " NO_FILES "}",
	 "x.org:443=-", SOCKETS "|weaker:network.denyFridays"},
	{"other proxies",
	 "{\"network\": {\"allowedDomains\": [\"x.org:443\"], \"deniedDomains\": [], \"httpProxyPort\": 8080, "
	 "\"parentProxy\": "
	 "{\"http\": \"http://p\"}, \"mitmProxy\": {\"socketPath\": \"/x\", \"domains\": [\"x.org\"]}}, " NO_FILES "}",
	 "x.org:443=+", SOCKETS "|dropped:network.httpProxyPort|dropped:network.parentProxy|weaker:network.mitmProxy"},
};

static void every_host_rule(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < ENC_LEN(nets); i++) {
		struct made g;

		made_by(f, &g, enc_import_srt, nets[i].text, NULL);
		if (g.r < 0)
			fail_msg("%s: refused: %s", nets[i].name, g.errors.v[0].message);
		expect_hosts(&g, nets[i].name, nets[i].hosts);
		expect_findings(&g, nets[i].name, nets[i].findings, true);
		made_done(&g);
	}
}

static void variables(void **state)
{
	struct made g;

	made_by(*state, &g, enc_import_srt, "{" NET ", " FS "}", NULL);
	assert_non_null(strstr(g.m.manifest.s, "- \"*\""));
	made_done(&g);
	/* A secret's name is not passed by a pattern. */
	made_by(*state, &g, enc_import_srt,
		"{" NET ", " FS ", \"credentials\": {\"envVars\": [{\"name\": \"GITHUB_TOKEN\", \"mode\": \"deny\"}]}}",
		NULL);
	assert_non_null(strstr(g.m.manifest.s, "- \"*\""));
	made_done(&g);
	/* Any other would be. */
	made_by(*state, &g, enc_import_srt,
		"{" NET ", " FS ", \"credentials\": {\"envVars\": [{\"name\": \"EDITOR\", \"mode\": \"deny\"}]}}",
		NULL);
	assert_null(strstr(g.m.manifest.s, "- \"*\""));
	assert_null(strstr(g.m.manifest.s, "- EDITOR"));
	assert_non_null(strstr(g.m.manifest.s, "- PATH"));
	expect_findings(&g, "EDITOR", "tightened:env.pass has no exceptions", false);
	made_done(&g);
}

static const struct {
	const char *name, *text, *code, *say;
	int line, column;
} bad[] = {
	{"nothing", "", "E0902", "the file is empty", 0, 0},
	{"not an object", "[]", "E0902", "wants an object", 1, 1},
	{"no JSON", "{\"network\": {]", "E0101", "not valid", 1, 14},
	{"cut off", "{\"network\": ", "E0101", "not valid", 2, 1},
	{"a missing part", "{" NET "}", "E0902", "filesystem is missing", 1, 1},
	{"a missing list", "{" NET ", \"filesystem\": {\"denyRead\": [], \"denyWrite\": []}}", "E0902",
	 "filesystem.allowWrite is missing", 1, 72},
	{"a text for a list",
	 "{" NET ",\n\"filesystem\": {\"denyRead\": \"~\", \"allowWrite\": [], \"denyWrite\": []}}", "E0902",
	 "filesystem.denyRead wants a list, not a text", 2, 28},
	{"a number for a path", "{" NET ", \"filesystem\": {\"denyRead\": [7], \"allowWrite\": [], \"denyWrite\": []}}",
	 "E0902", "filesystem.denyRead[0] wants a text, not 7", 1, 86},
	{"an empty path", "{" NET ", \"filesystem\": {\"denyRead\": [\"\"], \"allowWrite\": [], \"denyWrite\": []}}",
	 "E0902", "is an empty text", 1, 86},
	{"null", "{\"network\": null, " FS "}", "E0902", "network wants an object, not null", 1, 13},
	{"a key twice", "{" NET ", " FS ", " FS "}", "E0104", "stands twice", 1, 125},
	{"too broad a suffix", NETS("\"*.com\"", ""), "E0902", "'*.com' is not a host", 1, 33},
	{"an URL", NETS("\"https://x.org\"", ""), "E0902", "is not a host", 1, 33},
	{"an address with two readings", NETS("\"2001:db8::1:443\"", ""), "E0902", "is not a host", 1, 33},
	{"a mark that is none",
	 "{" NET ", \"filesystem\": {\"denyRead\": [{\"path\": \"/x\"}], \"allowWrite\": [], \"denyWrite\": []}}",
	 "E0902", "is not a path", 1, 86},
	{"a switch with a text",
	 "{" NET ", \"filesystem\": {\"denyRead\": [], \"allowWrite\": [], \"denyWrite\": [], \"disabled\": \"true\"}}",
	 "E0902", "filesystem.disabled wants true or false, not a text", 1, 136},
};

static void every_error(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < ENC_LEN(bad); i++) {
		struct made g;
		const struct enc_diag *d;

		made_by(f, &g, enc_import_srt, bad[i].text, NULL);
		if (g.r != -EINVAL || !g.errors.n || g.m.manifest.len)
			fail_msg("%s: not refused", bad[i].name);
		d = &g.errors.v[0];
		if (strcmp(d->code, bad[i].code) != 0 || !strstr(d->message, bad[i].say) || d->line != bad[i].line ||
		    d->column != bad[i].column)
			fail_msg("%s: %d:%d %s %s", bad[i].name, d->line, d->column, d->code, d->message);
		made_done(&g);
	}
}

/* A name can't end its line of the manifest, in a scalar or in a comment. */
static void nothing_is_injected(void **state)
{
	static const char *const breaks[] = {"\\n", "\\r", "\\u0085", "\\u2028", "\\u2029", "\\t", "\\u0007"};

	for (size_t i = 0; i < ENC_LEN(breaks); i++) {
		struct made g;
		char *text = enc_asprintf(
			"{" NET
			", \"filesystem\": {\"denyRead\": [\"/srv/x%s  write: [/srv]%s#\"], \"allowWrite\": [], "
			"\"denyWrite\": []}}",
			breaks[i], breaks[i]);

		made_by(*state, &g, enc_import_srt, text, NULL);
		assert_int_equal(g.r, 0);
		expect_access(&g, breaks[i], "/srv/y=r-");
		made_done(&g);
		free(text);
	}
}

/* Bounds: deep, long, many. One error and no long wait. */
static void hostile(void **state)
{
	struct enc_buf b = {0};
	struct made g;

	for (int i = 0; i < 5000; i++)
		enc_buf_puts(&b, "[");
	made_by(*state, &g, enc_import_srt, b.s, NULL);
	assert_int_equal(g.r, -EINVAL);
	assert_int_equal(g.errors.n, 1);
	made_done(&g);
	enc_buf_reset(&b);
	enc_buf_puts(&b, "{" NET ", \"filesystem\": {\"denyRead\": [");
	for (int i = 0; i < 3000; i++)
		enc_buf_printf(&b, "%s\"/srv/%d\"", i ? "," : "", i);
	enc_buf_puts(&b, "], \"allowWrite\": [], \"denyWrite\": []}}");
	made_by(*state, &g, enc_import_srt, b.s, NULL);
	assert_int_equal(g.r, -EINVAL);
	assert_int_equal(g.errors.n, 1);
	assert_string_equal(g.errors.v[0].code, "E0105");
	made_done(&g);
	enc_buf_reset(&b);
	enc_buf_puts(&b, "{" NET ", \"filesystem\": {\"denyRead\": [\"/");
	for (int i = 0; i < 5000; i++)
		enc_buf_puts(&b, "x");
	enc_buf_puts(&b, "\"], \"allowWrite\": [], \"denyWrite\": []}}");
	made_by(*state, &g, enc_import_srt, b.s, NULL);
	expect_findings(&g, "a long path", "weaker:longer than", false);
	made_done(&g);
	enc_buf_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(every_file_rule, import_open, fixture_close),
		cmocka_unit_test_setup_teardown(every_host_rule, import_open, fixture_close),
		cmocka_unit_test_setup_teardown(variables, import_open, fixture_close),
		cmocka_unit_test_setup_teardown(every_error, import_open, fixture_close),
		cmocka_unit_test_setup_teardown(nothing_is_injected, import_open, fixture_close),
		cmocka_unit_test_setup_teardown(hostile, import_open, fixture_close),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
