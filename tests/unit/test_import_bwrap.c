/* SPDX-License-Identifier: MIT */
/*
 * test_import_bwrap.c - bubblewrap command lines against what the manifest that was made of them allows
 *
 * The verdicts wanted are those of bubblewrap's mounts in their order; that both do the same is tested against the real
 * program in tests/run/20-import.bats.
 */
#include "import_fixture.h"

/* Words separated by spaces; @ is the home. */
static void made_of(struct fixture *f, struct made *g, const char *line)
{
	struct enc_import_request q = {.file = "bwrap", .home = f->home, .cwd = f->ws, .merged_usr = true};
	char *argv[64], *copy = strdup(line), *save = NULL;
	size_t n = 0;

	for (char *w = strtok_r(copy, " ", &save); w; w = strtok_r(NULL, " ", &save)) {
		assert_true(n < ENC_LEN(argv));
		argv[n++] = *w == '@' ? enc_asprintf("%s%s", f->home, w + 1) : enc_strdup(w);
	}
	q.argv = argv;
	q.n_argv = n;
	memset(g, 0, sizeof(*g));
	enc_diags_init(&g->errors);
	g->r = enc_import_bwrap(&q, &g->m, &g->errors);
	if (g->r == 0)
		made_load(f, g);
	while (n)
		free(argv[--n]);
	free(copy);
}

static const struct {
	const char *name, *line, *access, *findings;
} lines[] = {
	{"nothing", "--", "/etc/x=-- /usr/x=--", ""},
	{"a read-only root", "bwrap --ro-bind / / cat", "/etc/x=r- /srv/x=r-", ""},
	{"some folders", "--ro-bind /usr /usr --bind /srv/a /srv/a --", "/usr/x=r- /srv/a/x=rw /srv/b=-- /etc/x=--",
	 ""},
	{"read-only inside writable", "--bind /srv /srv --ro-bind /srv/keep /srv/keep", "/srv/x=rw /srv/keep/x=r-", ""},
	{"writable inside read-only", "--ro-bind /srv /srv --bind /srv/out /srv/out", "/srv/x=r- /srv/out/x=rw", ""},
	{"a later mount hides the earlier", "--bind /srv/out /srv/out --ro-bind /srv /srv", "/srv/x=r- /srv/out/x=r-",
	 ""},
	{"the same place twice", "--bind /srv /srv --ro-bind /srv/ /srv", "/srv/x=r-", ""},
	{"hidden by a tmpfs", "--ro-bind / / --tmpfs /srv/secret", "/srv/x=r- /srv/secret/x=--",
	 "tightened:--tmpfs /srv/secret"},
	{"hidden by /dev/null", "--ro-bind / / --ro-bind /dev/null /etc/shadow", "/etc/shadow=-- /etc/passwd=r-", ""},
	{"hidden by another file", "--ro-bind / / --ro-bind /srv/fake /etc/passwd", "/etc/passwd=-- /etc/hosts=r-",
	 "dropped:--ro-bind /srv/fake /etc/passwd"},
	{"hidden by data", "--ro-bind / / --ro-bind-data 3 /etc/passwd", "/etc/passwd=-- /etc/hosts=r-",
	 "dropped:--ro-bind-data at /etc/passwd"},
	{"the homes hidden, one project in them", "--ro-bind / / --tmpfs @ --bind @/ws @/ws",
	 "/etc/x=r- /usr/x=r- ~/x=-- src=rw", "tightened:--tmpfs|tightened:a deny has no exceptions"},
	{"a private /tmp with a part of the host's", "--ro-bind / / --tmpfs /tmp --bind /tmp/shared /tmp/shared",
	 "/etc/x=r- /tmp/shared/x=rw", ""},
	{"a part of what is hidden in what is granted", "--bind /srv /srv --tmpfs /srv/a --bind /srv/a/b /srv/a/b",
	 "/srv/x=rw /srv/a/x=-- /srv/a/b/x=--", "tightened:--tmpfs /srv/a|tightened:a deny has no exceptions"},
	{"writable in read-only in writable", "--bind /srv /srv --ro-bind /srv/a /srv/a --bind /srv/a/b /srv/a/b",
	 "/srv/x=rw /srv/a/x=r- /srv/a/b/x=r-", "tightened:a protect has no exceptions"},
	{"another name", "--ro-bind /usr /usr --bind /srv/a /data", "/usr/x=r- /data/x=-- /srv/a/x=--",
	 "dropped:another name"},
	{"another root", "--ro-bind /srv/rootfs / --bind /srv/a /srv/a", "/etc/x=-- /srv/a/x=rw",
	 "dropped:another name"},
	{"a relative source", "--bind . @/ws --ro-bind ../ws/src @/ws/src", "x=rw src/x=--",
	 "dropped:nothing is shown under another name"},
	{"the root for writing", "--bind / /", "/etc/x=r-", "tightened:'/' can't be written"},
	{"the root with devices", "--dev-bind / /", "/etc/x=r-",
	 "tightened:'/' can't be written|dropped:devices in it"},
	{"devices", "--ro-bind /usr /usr --dev-bind /dev/dri /dev/dri", "/usr/x=r-", "dropped:devices in it"},
	{"tries", "--ro-bind-try /srv/a /srv/a --bind-try /srv/b /srv/b", "/srv/a/x=r- /srv/b/x=rw", ""},
	{"links of a merged /usr", "--ro-bind /usr /usr --symlink usr/bin /bin --symlink /usr/lib /lib",
	 "/bin/sh=r- /lib/x=r-", ""},
	{"other links", "--ro-bind /usr /usr --symlink /usr/bin /opt/bin --symlink usr/share /lib",
	 "/opt/bin/x=-- /lib/x=--", "dropped:--symlink /usr/bin /opt/bin|dropped:--symlink usr/share /lib"},
	{"a link to what nothing grants", "--symlink usr/bin /bin", "/bin/sh=--", "dropped:--symlink"},
	{"made read-only", "--bind /srv /srv --remount-ro /srv", "/srv/x=r-", ""},
	{"the usual extras",
	 "--ro-bind /usr /usr --proc /proc --dev /dev --tmpfs /tmp --dir /tmp/x --die-with-parent --new-session "
	 "--unshare-all --cap-drop ALL --disable-userns --unshare-user",
	 "/usr/x=r-", "dropped:--dir"},
	{"no equal", "--hostname h --uid 0 --gid 0 --cap-add ALL --lock-file /x --proc /p", "/usr/x=--",
	 "dropped:--hostname|dropped:--uid|dropped:--gid|dropped:--cap-add|dropped:--lock-file|dropped:--proc /p"},
	{"restrictions without an equal", "--seccomp 3 --exec-label x --args 4 --remount-ro /a/../b", "/usr/x=--",
	 "weaker:--seccomp|weaker:--exec-label|weaker:--args|weaker:--remount-ro"},
	{"a place that climbs", "--ro-bind / / --tmpfs /srv/../etc", "/srv/x=r-", "weaker:--tmpfs at /srv/../etc"},
	{"a source that climbs is another one", "--ro-bind /srv/../etc /etc", "/etc/x=--", "dropped:another name"},
	{"a name that looks like a pattern", "--ro-bind / / --tmpfs /srv/[a]*",
	 "/srv/[a]*/x=-- /srv/abc/x=r- /srv/a/x=r-", "tightened:--tmpfs"},
	{"a grant that looks like a pattern", "--bind /srv/[a] /srv/[a]", "/srv/a/x=-- /srv/[a]/x=--",
	 "dropped:can't be granted"},
	{"overlays",
	 "--overlay-src /srv/a --tmp-overlay /srv/a --overlay-src /srv/b --overlay-src /srv/c --ro-overlay /srv/d",
	 "/srv/a/x=r- /srv/d/x=-- /srv/b/x=--", "tightened:--tmp-overlay|dropped:--ro-overlay"},
	{"a bounded tmpfs", "--size 1000 --tmpfs /tmp", "/usr/x=--", "approximate:--size"},
};

static void every_line(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < ENC_LEN(lines); i++) {
		struct made g;

		made_of(f, &g, lines[i].line);
		if (g.r < 0)
			fail_msg("%s: refused: %s", lines[i].name, g.errors.v[0].message);
		expect_access(&g, lines[i].name, lines[i].access);
		expect_findings(&g, lines[i].name, lines[i].findings, true);
		made_done(&g);
	}
}

static const struct {
	const char *line, *mode;
} nets[] = {
	{"--ro-bind / /", "mode: open"},
	{"--unshare-net", "mode: none"},
	{"--unshare-all", "mode: none"},
	{"--unshare-all --share-net", "mode: open"},
	{"--share-net --unshare-net", "mode: none"},
};

static void network(void **state)
{
	for (size_t i = 0; i < ENC_LEN(nets); i++) {
		struct made g;

		made_of(*state, &g, nets[i].line);
		if (!strstr(g.m.manifest.s, nets[i].mode))
			fail_msg("%s:\n%s", nets[i].line, g.m.manifest.s);
		made_done(&g);
	}
}

static const struct {
	const char *line, *has, *lacks;
} variables[] = {
	{"--", "- \"*\"", "set:"},
	{"--setenv A b", "A: b", NULL},
	{"--setenv A b --setenv A c", "A: c", "A: b"},
	{"--setenv A b --unsetenv A", "- PATH", "A: b"},
	{"--setenv A b --clearenv", "network", "env:"},
	{"--clearenv --setenv A b", "A: b", "pass:"},
	{"--unsetenv EDITOR", "- PATH", "\"*\""},
	{"--unsetenv EDITOR", "- PATH", "EDITOR\n"},
	{"--unsetenv SSH_AUTH_SOCK", "- \"*\"", NULL},
	{"--unsetenv EDITOR --setenv EDITOR vi", "EDITOR: vi", "- PATH"},
	{"--unsetenv a-b", "- PATH", "\"*\""},
	{"--unsetenv LC_ALL", "- LANG", "LC_"},
};

static void environment(void **state)
{
	for (size_t i = 0; i < ENC_LEN(variables); i++) {
		struct made g;

		made_of(*state, &g, variables[i].line);
		if (!strstr(g.m.manifest.s, variables[i].has) ||
		    (variables[i].lacks && strstr(strstr(g.m.manifest.s, "enclosure: 1"), variables[i].lacks)))
			fail_msg("%s:\n%s", variables[i].line, g.m.manifest.s);
		made_done(&g);
	}
}

static const struct {
	const char *line, *say;
	int column;
} bad[] = {
	{"bwrap --bind /a", "--bind takes 2 arguments", 7},
	{"--unshare-all --ro-bnd / /", "'--ro-bnd' is no option", 15},
	{"-x", "'-x' is no option", 1},
	{"--help", "--help runs no command", 1},
};

static void every_error(void **state)
{
	for (size_t i = 0; i < ENC_LEN(bad); i++) {
		struct made g;

		made_of(*state, &g, bad[i].line);
		if (g.r != -EINVAL || g.errors.n != 1 || !strstr(g.errors.v[0].message, bad[i].say) ||
		    g.errors.v[0].column != bad[i].column || g.m.manifest.len)
			fail_msg("%s: %d %s:%d", bad[i].line, g.r, g.errors.n ? g.errors.v[0].message : "-",
				 g.errors.n ? g.errors.v[0].column : 0);
		made_done(&g);
	}
}

/* Names with breaks, bytes that are no text, very many arguments. */
static void hostile(void **state)
{
	struct fixture *f = *state;
	char *breaks[] = {"--ro-bind",
			  "/",
			  "/",
			  "--tmpfs",
			  "/srv/x\n  write: [/srv]\n#",
			  "--setenv",
			  "A",
			  "x\n  B: c",
			  "--setenv",
			  "B\nC",
			  "x",
			  "--tmpfs",
			  "/srv/\xff",
			  "--ro-bind",
			  "/dev/null",
			  "/srv/\xc2\x85write:"};
	struct enc_import_request q = {
		.file = "bwrap", .home = f->home, .cwd = f->ws, .argv = breaks, .n_argv = ENC_LEN(breaks)};
	struct made g;
	char **many;

	memset(&g, 0, sizeof(g));
	enc_diags_init(&g.errors);
	g.r = enc_import_bwrap(&q, &g.m, &g.errors);
	assert_int_equal(g.r, 0);
	made_load(f, &g);
	expect_findings(&g, "breaks", "weaker:holds a control character|weaker:is not UTF-8|dropped:--setenv", true);
	expect_access(&g, "breaks", "/srv/y=r- /srv/\xc2\x85write:=--");
	made_done(&g);

	many = enc_alloc(20000 * sizeof(*many));
	for (size_t i = 0; i < 20000; i++)
		many[i] = "--unshare-net";
	q.argv = many;
	q.n_argv = 20000;
	memset(&g, 0, sizeof(g));
	enc_diags_init(&g.errors);
	g.r = enc_import_bwrap(&q, &g.m, &g.errors);
	assert_int_equal(g.r, -EINVAL);
	assert_int_equal(g.errors.n, 1);
	made_done(&g);
	free(many);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(every_line, import_open, fixture_close),
		cmocka_unit_test_setup_teardown(network, import_open, fixture_close),
		cmocka_unit_test_setup_teardown(environment, import_open, fixture_close),
		cmocka_unit_test_setup_teardown(every_error, import_open, fixture_close),
		cmocka_unit_test_setup_teardown(hostile, import_open, fixture_close),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
