/* SPDX-License-Identifier: MIT */
/*
 * test_import_codex.c - Codex's config.toml: the TOML reader, and what the manifests that were made allow
 *
 * The verdicts wanted are those of Codex's documentation of sandbox modes and permission profiles.
 */
#include "import/toml.h"
#include "import_fixture.h"

#define SOCKETS "approximate:connections to UNIX sockets"
#define META	"approximate:Codex keeps .git"

static const struct {
	const char *name, *text, *access, *findings;
} files[] = {
	{"nothing is said", "model = \"x\"\n", "/etc/x=r- src=r- ~/x=r-", SOCKETS},
	{"read-only", "sandbox_mode = \"read-only\"\n", "/etc/x=r- src=r-", SOCKETS},
	{"workspace-write", "sandbox_mode = \"workspace-write\"\n",
	 "/etc/x=r- src=rw .git/hooks/x=r- .codex/x=r- .agents/x=r- .aws/x=r- ~/x=r- /srv/x=r-", SOCKETS "|" META},
	{"writable roots",
	 "sandbox_mode = \"workspace-write\"\n[sandbox_workspace_write]\nwritable_roots = [\"/srv/a\", \"~/cache\"]\n"
	 "exclude_slash_tmp = true\nexclude_tmpdir_env_var = true\n",
	 "src=rw /srv/a/x=rw /srv/a/.git/x=r- ~/cache/x=rw ~/x=r-", SOCKETS "|" META},
	{"full access", "sandbox_mode = 'danger-full-access'\n", "/etc/x=r- src=rw .git/x=rw", "tightened:full access"},
	{"a key of tomorrow", "sandbox_mode = \"workspace-write\"\n[sandbox_workspace_write]\ndeny_fridays = true\n",
	 "src=rw", SOCKETS "|" META "|weaker:sandbox_workspace_write.deny_fridays"},
	{"the older system decides", "sandbox_mode = \"read-only\"\ndefault_permissions = \":workspace\"\n", "src=r-",
	 SOCKETS "|note:default_permissions is not looked at"},
	{"built in", "default_permissions = \":workspace\"\n", "src=rw .git/x=r- /etc/x=r-", SOCKETS "|" META},
	{"minimal and the workspace",
	 "default_permissions = \"p\"\n[permissions.p.filesystem]\n\":minimal\" = \"read\"\n"
	 "[permissions.p.filesystem.\":workspace_roots\"]\n\".\" = \"write\"\n\".devcontainer\" = "
	 "\"read\"\n\"generated\" = \"deny\"\n",
	 "/usr/bin/env=r- /etc/x=r- /opt/x=-- ~/x=-- src=rw .devcontainer/x=r- generated/x=-- .git/x=r-",
	 SOCKETS "|" META},
	{"more roots",
	 "default_permissions = \"p\"\n[permissions.p.workspace_roots]\n\"/srv/app\" = true\n\"/srv/other\" = false\n"
	 "[permissions.p.filesystem.\":workspace_roots\"]\n\".\" = \"write\"\n\"docs\" = \"read\"\n",
	 "src=rw docs/x=r- /srv/app/x=rw /srv/app/docs/x=r- /srv/other/x=-- /etc/x=--", SOCKETS "|" META},
	{"deny wins over an equal grant, the deeper over the wider",
	 "default_permissions = \"p\"\n[permissions.p.filesystem]\n\":root\" = \"read\"\n\"/srv/a\" = "
	 "\"write\"\n\"/srv/a/b\" = "
	 "\"deny\"\n\"~/.ssh\" = \"deny\"\n[permissions.p.filesystem.\"/srv/c\"]\n\".\" = \"deny\"\n",
	 "/etc/x=r- /srv/a/x=rw /srv/a/b/x=-- ~/.ssh/x=-- /srv/c/x=-- ~/x=r-", SOCKETS "|" META},
	{"a subtree opened in a deny",
	 "default_permissions = \"p\"\n[permissions.p.filesystem]\n\":minimal\" = \"read\"\n\"~/Documents\" = "
	 "\"deny\"\n"
	 "\"~/Documents/codex\" = \"write\"\n",
	 "~/Documents/x=-- ~/Documents/codex/x=rw /usr/x=r-", SOCKETS "|" META},
	{"the same below a readable root",
	 "default_permissions = \"p\"\n[permissions.p.filesystem]\n\":root\" = \"read\"\n\"/srv/d\" = "
	 "\"deny\"\n\"/srv/d/pub\" = "
	 "\"read\"\n",
	 "/srv/d/x=-- /srv/d/pub/x=r- /usr/x=r- /etc/x=r-", SOCKETS "|tightened:a deny has no exceptions"},
	{"patterns",
	 "default_permissions = \"p\"\n[permissions.p.filesystem]\nglob_scan_max_depth = 3\n\":root\" = "
	 "\"read\"\n\"/srv/*.pem\" = "
	 "\"deny\"\n[permissions.p.filesystem.\":workspace_roots\"]\n\".\" = \"write\"\n\"**/*.env\" = "
	 "\"deny\"\n\"*.lock\" = "
	 "\"read\"\n\"docs/**\" = \"read\"\n",
	 "a/b.env=-- x.env=-- ~/x.env=r- /srv/k.pem=-- x.lock=r- docs/x=r- src=rw", SOCKETS "|" META},
	{"patterns as grants",
	 "default_permissions = \"p\"\n[permissions.p.filesystem]\n\"/srv/*.d\" = \"read\"\n\"/opt/*.d\" = \"write\"\n",
	 "/srv/a.d=-- /opt/a.d=--", SOCKETS "|dropped:/srv/*.d|dropped:/opt/*.d"},
	{"older names",
	 "default_permissions = \"p\"\n[permissions.p.filesystem]\n\":project_roots\" = { \".\" = \"write\", \"k\" = "
	 "\"none\" }\n",
	 "src=rw k/x=--", SOCKETS "|" META},
	{"a profile that extends another",
	 "default_permissions = \"c\"\n[permissions.b]\nextends = "
	 "\":workspace\"\n[permissions.b.filesystem]\n\"/srv/b\" = "
	 "\"write\"\n[permissions.c]\nextends = \"b\"\n[permissions.c.filesystem]\n\"/srv/b\" = \"read\"\n"
	 "[permissions.c.filesystem.\":workspace_roots\"]\n\".git\" = \"write\"\n",
	 "src=rw .git/x=rw .codex/x=r- /srv/b/x=r- /etc/x=r-", SOCKETS "|" META},
	{"places that are not known",
	 "default_permissions = \"p\"\n[permissions.p.filesystem]\n\":attic\" = \"deny\"\n\":cellar\" = "
	 "\"write\"\n\":tmpdir\" = "
	 "\"deny\"\n",
	 "src=--", SOCKETS "|weaker::attic|dropped::cellar|weaker:TMPDIR"},
};

static void every_file_rule(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < ENC_LEN(files); i++) {
		struct made g;

		made_by(f, &g, enc_import_codex, files[i].text, NULL);
		if (g.r < 0)
			fail_msg("%s: refused: %s", files[i].name, g.errors.v[0].message);
		expect_access(&g, files[i].name, files[i].access);
		expect_findings(&g, files[i].name, files[i].findings, true);
		made_done(&g);
	}
}

#define NET "default_permissions = \"p\"\n[permissions.p.network]\n"

static const struct {
	const char *name, *text, *hosts, *mode;
} nets[] = {
	{"nothing", "default_permissions = \"p\"\n[permissions.p]\n", "x.org:443=-", "mode: none"},
	{"off", NET "enabled = false\n[permissions.p.network.domains]\n\"x.org\" = \"allow\"\n", "x.org:443=-",
	 "mode: none"},
	{"on without domains", NET "enabled = true\n", "x.org:443=+", "mode: open"},
	{"on with no host allowed", NET "enabled = true\ndomains = {}\n", "x.org:443=-", "mode: none"},
	{"hosts",
	 NET "enabled = true\ndomains = {\"x.org\" = \"allow\", \"*.y.org\" = \"allow\", \"**.z.org\" = \"allow\"}\n",
	 "x.org:443=+ x.org:80=+ x.org:22=- y.org:443=- a.y.org:443=+ z.org:443=+ a.z.org:443=+ w.org:443=-",
	 "mode: proxy"},
	{"denies win",
	 NET "enabled = true\ndomains = {\"**.x.org\" = \"allow\", \"ads.x.org\" = \"deny\", \"y.org\" = \"allow\"}\n",
	 "x.org:443=+ ads.x.org:443=- b.x.org:443=- y.org:443=+", "mode: proxy"},
	{"every host", NET "enabled = true\ndomains = {\"*\" = \"allow\"}\n", "x.org:443=-", "mode: none"},
	{"the older modes", "sandbox_mode = \"workspace-write\"\n[sandbox_workspace_write]\nnetwork_access = true\n",
	 "x.org:443=+", "mode: open"},
	{"network_access counts for its mode alone",
	 "sandbox_mode = \"read-only\"\n[sandbox_workspace_write]\nnetwork_access = true\n", "x.org:443=-",
	 "mode: none"},
	{"a child's deny and a child's allow",
	 "default_permissions = \"c\"\n[permissions.p.network]\nenabled = true\ndomains = {\"x.org\" = \"allow\", "
	 "\"y.org\" = "
	 "\"deny\"}\n[permissions.c]\nextends = \"p\"\nnetwork = {domains = {\"x.org\" = \"deny\", \"y.org\" = "
	 "\"allow\"}}\n",
	 "x.org:443=- y.org:443=+", "mode: proxy"},
};

static void every_host_rule(void **state)
{
	for (size_t i = 0; i < ENC_LEN(nets); i++) {
		struct made g;

		made_by(*state, &g, enc_import_codex, nets[i].text, NULL);
		if (g.r < 0)
			fail_msg("%s: refused: %s", nets[i].name, g.errors.v[0].message);
		expect_hosts(&g, nets[i].name, nets[i].hosts);
		if (!strstr(g.m.manifest.s, nets[i].mode))
			fail_msg("%s:\n%s", nets[i].name, g.m.manifest.s);
		made_done(&g);
	}
}

static void limited_methods(void **state)
{
	struct made g;

	made_by(*state, &g, enc_import_codex,
		NET "enabled = true\nmode = \"limited\"\ndomains = {\"x.org\" = \"allow\"}\nnew = 1\n", NULL);
	expect_findings(&g, "limited",
			"weaker:only some methods|weaker:permissions.p.network.new|tightened:443 and 80|" SOCKETS,
			true);
	made_done(&g);
}

static const struct {
	const char *text, *has, *lacks;
} variables[] = {
	{"", "- \"*\"", NULL},
	{"exclude = [\"*KEY*\", \"*token*\"]", "- \"*\"", NULL},
	{"exclude = [\"aws_*\"]", "- PATH", "\"*\""},
	{"exclude = [\"L*\"]", "- PATH", "LANG"},
	{"exclude = [\"L*\"]", "- PATH", "LC_"},
	{"inherit = \"none\"", "network", "env:"},
	{"inherit = \"none\"\nset = {A = \"b\"}", "A: b", "pass:"},
	{"inherit = \"core\"", "- PATH", "EDITOR"},
	{"include_only = [\"PATH\", \"LC_*\"]", "- \"LC_*\"", "TERM"},
	{"include_only = [\"PATH\", \"LC_*\"]\nexclude = [\"LC_ALL\"]", "- PATH", "\"LC_*\""},
};

static void environment(void **state)
{
	for (size_t i = 0; i < ENC_LEN(variables); i++) {
		char *text = enc_asprintf("sandbox_mode = \"read-only\"\n[shell_environment_policy]\n%s\n",
					  variables[i].text);
		struct made g;

		made_by(*state, &g, enc_import_codex, text, NULL);
		if (g.r < 0 || !strstr(g.m.manifest.s, variables[i].has) ||
		    (variables[i].lacks && strstr(strstr(g.m.manifest.s, "enclosure: 1"), variables[i].lacks)))
			fail_msg("%s:\n%s", variables[i].text, g.m.manifest.s);
		made_done(&g);
		free(text);
	}
}

static void profiles(void **state)
{
	static const char text[] =
		"sandbox_mode = \"read-only\"\n[permissions.p.filesystem]\n\":root\" = \"read\"\n"
		"[permissions.p.filesystem.\":workspace_roots\"]\n\".\" = \"write\"\n"
		"[profiles.old]\nsandbox_mode = \"workspace-write\"\n[profiles.model]\nmodel = \"x\"\n";
	struct made g;

	made_by(*state, &g, enc_import_codex, text, "p");
	expect_access(&g, "p", "src=rw");
	made_done(&g);
	made_by(*state, &g, enc_import_codex, text, "old");
	expect_access(&g, "old", "src=rw");
	made_done(&g);
	made_by(*state, &g, enc_import_codex, text, ":read-only");
	expect_access(&g, "read-only", "src=r-");
	made_done(&g);
	made_by(*state, &g, enc_import_codex, text, "model");
	assert_int_equal(g.r, -EINVAL);
	made_done(&g);
	made_by(*state, &g, enc_import_codex, text, "none");
	assert_int_equal(g.r, -EINVAL);
	assert_string_equal(g.errors.v[0].code, "E0902");
	made_done(&g);
}

static const struct {
	const char *name, *text, *say;
	int line;
} bad[] = {
	{"a mode that is none", "sandbox_mode = \"workspace\"\n", "sandbox_mode can't be", 1},
	{"a profile that is none", "default_permissions = \"p\"\n", "permissions.p is not there", 1},
	{"full access can't be extended",
	 "default_permissions = \"p\"\n[permissions.p]\nextends = \":danger-full-access\"\n", "is not there", 3},
	{"a circle", "default_permissions = \"p\"\n[permissions.p]\nextends = \"p\"\n", "more than 16 deep", 3},
	{"an access that is none", "default_permissions = \"p\"\n[permissions.p.filesystem]\n\"/srv\" = \"wirte\"\n",
	 "can't be 'wirte'", 3},
	{"a relative path", "default_permissions = \"p\"\n[permissions.p.filesystem]\n\"srv\" = \"read\"\n",
	 "no path that Codex takes", 3},
	{"a subpath that climbs",
	 "default_permissions = \"p\"\n[permissions.p.filesystem.\":workspace_roots\"]\n\"../x\" = \"write\"\n",
	 "does not lie below", 3},
	{"a number for a path", "sandbox_mode = \"workspace-write\"\n[sandbox_workspace_write]\nwritable_roots = [1]\n",
	 "wants a text", 3},
	{"a text for a switch",
	 "sandbox_mode = \"workspace-write\"\n[sandbox_workspace_write]\nnetwork_access = \"yes\"\n",
	 "wants true or false", 3},
	{"a host that is none", NET "enabled = true\ndomains = {\"http://x\" = \"allow\"}\n", "is not a host", 4},
};

static void every_error(void **state)
{
	for (size_t i = 0; i < ENC_LEN(bad); i++) {
		struct made g;

		made_by(*state, &g, enc_import_codex, bad[i].text, NULL);
		if (g.r != -EINVAL || !g.errors.n || g.m.manifest.len || strcmp(g.errors.v[0].code, "E0902") != 0 ||
		    !strstr(g.errors.v[0].message, bad[i].say) || g.errors.v[0].line != bad[i].line)
			fail_msg("%s: %d %s, line %d", bad[i].name, g.r, g.errors.n ? g.errors.v[0].message : "-",
				 g.errors.n ? g.errors.v[0].line : 0);
		made_done(&g);
	}
}

/* A tree as one line: {key: value}, [item], "text", bare. */
static void dump(const struct enc_node *n, struct enc_buf *b)
{
	if (n->kind == ENC_NODE_SCALAR) {
		enc_buf_printf(b, n->plain ? "%s" : "\"%s\"", n->text);
		return;
	}
	enc_buf_putc(b, n->kind == ENC_NODE_MAP ? '{' : '[');
	for (size_t i = 0; i < n->n; i++) {
		enc_buf_puts(b, i ? ", " : "");
		if (n->kind == ENC_NODE_MAP)
			enc_buf_printf(b, "%s: ", n->keys[i]->text);
		dump(n->items[i], b);
	}
	enc_buf_putc(b, n->kind == ENC_NODE_MAP ? '}' : ']');
}

static const struct {
	const char *text, *want; /* NULL: refused, at: */
	int line, column;
} tomls[] = {
	{"", "{}", 0, 0},
	{"# c\n\n  \n", "{}", 0, 0},
	{"a = 1", "{a: 1}", 0, 0},
	{"a = \"x\" # c\r\nb='y'\r\n", "{a: \"x\", b: \"y\"}", 0, 0},
	{"a.b.c = 1\na.d = 2\n", "{a: {b: {c: 1}, d: 2}}", 0, 0},
	{"\"a b\".'c.d' = true\n", "{a b: {c.d: true}}", 0, 0},
	{"[a]\nx = 1\n[a.b]\ny = 2\n[c]\n", "{a: {x: 1, b: {y: 2}}, c: {}}", 0, 0},
	{"[a.b]\nx = 1\n[a]\ny = 2\n", "{a: {b: {x: 1}, y: 2}}", 0, 0},
	{"[[a]]\nx = 1\n[[a]]\nx = 2\n[a.b]\ny = 3\n", "{a: [{x: 1}, {x: 2, b: {y: 3}}]}", 0, 0},
	{"a = [1, 'x', [2,\n # c\n 3,], {b = 1}]\n", "{a: [1, \"x\", [2, 3], {b: 1}]}", 0, 0},
	{"a = { b = 1, c.d = \"e\" }\n", "{a: {b: 1, c: {d: \"e\"}}}", 0, 0},
	{"a = \"\\u00e9\\t\\\"\\\\\\U0001F600\"\n", "{a: \"\xc3\xa9\t\"\\\xf0\x9f\x98\x80\"}", 0, 0},
	{"a = 'C:\\x\\'\n", "{a: \"C:\\x\\\"}", 0, 0},
	{"a = \"\"\"\none\\\n   two \"\"three\"\"\"\"\n", "{a: \"onetwo \"\"three\"\"}", 0, 0},
	{"a = '''\nx\\y\n'''\n", "{a: \"x\\y\n\"}", 0, 0},
	{"a = 1_000\nb = -1.5e3\nc = 0xff\nd = 1979-05-27 07:32:00Z\ne = inf\nf = +nan\n",
	 "{a: 1_000, b: -1.5e3, c: 0xff, d: 1979-05-27 07:32:00Z, e: inf, f: +nan}", 0, 0},
	{"\xef\xbb\xbf"
	 "a = 1\n",
	 "{a: 1}", 0, 0},
	{"a = 1\na = 2\n", NULL, 2, 1},
	{"[a]\n[a]\n", NULL, 2, 2},
	{"a = 1\n[a]\n", NULL, 2, 2},
	{"a = {b = 1}\n[a.c]\n", NULL, 2, 2},
	{"a = {b = 1}\na.c = 2\n", NULL, 2, 1},
	{"a = [1]\n[[a]]\n", NULL, 2, 3},
	{"[[a]]\n[a]\n", NULL, 2, 2},
	{"[a]\nb.c = 1\n[a.b]\n", NULL, 3, 4},
	{"[a.b]\n[a]\nb.c = 1\n", NULL, 3, 1},
	{"a = \n", NULL, 1, 5},
	{"a = x\n", NULL, 1, 5},
	{"a = 1 b = 2\n", NULL, 1, 7},
	{"a = \"x\n", NULL, 1, 7},
	{"a = \"\\q\"\n", NULL, 1, 7},
	{"a = \"\\ud800\"\n", NULL, 1, 11},
	{"a = \"\\u0000\"\n", NULL, 1, 11},
	{"a = [1 2]\n", NULL, 1, 8},
	{"a = {b = 1,}\n", NULL, 1, 12},
	{"a = {b = 1\n}\n", NULL, 1, 11},
	{"[a\n", NULL, 1, 3},
	{"= 1\n", NULL, 1, 1},
	{"a\n", NULL, 1, 2},
	{"\"\"\"a\"\"\" = 1\n", NULL, 1, 1},
	{"\xc3\xa9 = 1\n", NULL, 1, 1},
	{"a = \"\xff\"\n", NULL, 1, 1},
	{"a = \"\x01\"\n", NULL, 1, 6},
};

static void toml(void **state)
{
	for (size_t i = 0; i < ENC_LEN(tomls); i++) {
		struct enc_arena *a = enc_arena_new();
		struct enc_node *n = NULL;
		struct enc_buf b = {0};
		struct enc_diags d;
		int r;

		enc_diags_init(&d);
		r = imp_toml_parse(a, "t", tomls[i].text, strlen(tomls[i].text), &d, &n);
		if (r == 0)
			dump(n, &b);
		if (tomls[i].want
			    ? r < 0 || strcmp(b.s, tomls[i].want) != 0
			    : r == 0 || d.n != 1 || d.v[0].line != tomls[i].line || d.v[0].column != tomls[i].column)
			fail_msg("%s\n-> %d %s %s %d:%d", tomls[i].text, r, b.s ? b.s : "", d.n ? d.v[0].message : "",
				 d.n ? d.v[0].line : 0, d.n ? d.v[0].column : 0);
		enc_buf_done(&b);
		enc_diags_done(&d);
		enc_arena_free(a);
	}
}

/* Deep, long and many: one error each. */
static void hostile(void **state)
{
	static const struct {
		const char *begin, *again, *end;
		int times;
	} rows[] = {{"a = ", "[", "", 5000},	     {"a = ", "{a=", "", 5000},	 {"", "a.", "a=1\n", 5000},
		    {"[", "a.", "a]\n", 5000},	     {"", "[[a]]\n", "", 30000}, {"a = [", "1,", "]\n", 30000},
		    {"a = \"", "x", "\"\n", 1 << 21}};

	for (size_t i = 0; i < ENC_LEN(rows); i++) {
		struct enc_buf b = {0};
		struct made g;

		enc_buf_puts(&b, rows[i].begin);
		for (int k = 0; k < rows[i].times; k++)
			enc_buf_puts(&b, rows[i].again);
		enc_buf_puts(&b, rows[i].end);
		made_by(*state, &g, enc_import_codex, b.s, NULL);
		if (g.r != -EINVAL || g.errors.n != 1)
			fail_msg("row %zu: %d, %zu errors", i, g.r, g.errors.n);
		made_done(&g);
		enc_buf_done(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(toml),
		cmocka_unit_test_setup_teardown(every_file_rule, import_open, fixture_close),
		cmocka_unit_test_setup_teardown(every_host_rule, import_open, fixture_close),
		cmocka_unit_test_setup_teardown(limited_methods, import_open, fixture_close),
		cmocka_unit_test_setup_teardown(environment, import_open, fixture_close),
		cmocka_unit_test_setup_teardown(profiles, import_open, fixture_close),
		cmocka_unit_test_setup_teardown(every_error, import_open, fixture_close),
		cmocka_unit_test_setup_teardown(hostile, import_open, fixture_close),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
