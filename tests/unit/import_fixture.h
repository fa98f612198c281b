/* SPDX-License-Identifier: MIT */
/*
 * import_fixture.h - import a text, see what the manifest says, and load that manifest for real
 *
 * The fixture lies in the home of who tests, since a grant of "/" does not reach into /tmp.
 */
#ifndef ENC_TESTS_IMPORT_FIXTURE_H
#define ENC_TESTS_IMPORT_FIXTURE_H

#include <fcntl.h>

#include "import/import.h"
#include "policy_fixture.h"

struct made {
	struct enc_import m;
	struct enc_diags errors;
	struct enc_policy *p; /* of the manifest, with the fixture's home and workspace */
	int r;
};

static inline void made_done(struct made *g)
{
	g->p = enc_policy_free(g->p);
	enc_import_done(&g->m);
	enc_diags_done(&g->errors);
}

static inline int import_open(void **state)
{
	const char *home = getenv("HOME");

	return fixture_open_in(state, home && *home == '/' && strlen(home) < 30 ? home : "/srv");
}

/* What the manifest of an import says must be understood by the manifest's own reader, whatever was imported. */
static inline void made_load(struct fixture *f, struct made *g)
{
	char path[160];
	struct enc_err e = {0};

	snprintf(path, sizeof(path), "%s/imported.yaml", f->ws);
	assert_int_equal(enc_write_file(AT_FDCWD, path, g->m.manifest.s, g->m.manifest.len, 0600, false, &e), 0);
	fixture_reset(f);
	enc_diags_init(&f->d);
	f->where.manifest = path;
	if (enc_policy_load_under(&f->where, f->ceiling, &g->p, &f->d, &f->e) < 0) {
		struct enc_buf b = {0};

		enc_diags_print(&f->d, &b, false);
		fail_msg("the manifest is not good:\n%s\n%s", b.s ? b.s : f->e.text, g->m.manifest.s);
	}
}

static inline void made_by(struct fixture *f, struct made *g, enc_import_fn *fn, const char *text, const char *profile)
{
	struct enc_import_request q = {.file = "settings",
				       .text = text,
				       .len = strlen(text),
				       .home = f->home,
				       .cwd = f->ws,
				       .profile = profile};

	memset(g, 0, sizeof(*g));
	enc_diags_init(&g->errors);
	g->r = fn(&q, &g->m, &g->errors);
	if (g->r == 0)
		made_load(f, g);
}

/* "r" or "w" or neither, as `enclosure policy explain` has it: "rw", "r-", "--". Paths as in a manifest. */
static inline const char *made_access(struct made *g, const char *path)
{
	static char out[3];
	const struct enc_clause *c;
	const char *reason;
	struct enc_err e = {0};
	int r = enc_policy_explain(g->p, "read", path, &c, &reason, &e);
	int w = enc_policy_explain(g->p, "write", path, &c, &reason, &e);

	assert_true(r >= 0 && w >= 0);
	out[0] = r ? 'r' : '-';
	out[1] = w ? 'w' : '-';
	return out;
}

/* "path=access path=access ...": each must be so. */
static inline void expect_access(struct made *g, const char *name, const char *want)
{
	char *copy = strdup(want), *save = NULL;

	for (char *word = strtok_r(copy, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
		char *eq = strrchr(word, '=');

		assert_non_null(eq);
		*eq = '\0';
		if (strcmp(made_access(g, word), eq + 1) != 0)
			fail_msg("%s: %s is %s, wanted %s\n%s", name, word, made_access(g, word), eq + 1,
				 g->m.manifest.s);
	}
	free(copy);
}

/* "host:port=+ host:port=-" */
static inline void expect_hosts(struct made *g, const char *name, const char *want)
{
	char *copy = strdup(want), *save = NULL;

	for (char *word = strtok_r(copy, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
		const struct enc_clause *c;
		const char *reason;
		struct enc_err e = {0};
		char *eq = strrchr(word, '=');
		int r;

		assert_non_null(eq);
		*eq = '\0';
		r = enc_policy_explain(g->p, "connect", word, &c, &reason, &e);
		assert_true(r >= 0);
		if (r != (eq[1] == '+'))
			fail_msg("%s: connect %s: %d\n%s", name, word, r, g->m.manifest.s);
	}
	free(copy);
}

/* "class:part of the message" for each finding that must be there, separated by '|'; with `all`, no other but notes. */
static inline void expect_findings(struct made *g, const char *name, const char *want, bool all)
{
	char *copy = strdup(want), *save = NULL;
	size_t n = 0;

	for (char *word = strtok_r(copy, "|", &save); word; word = strtok_r(NULL, "|", &save)) {
		char *colon = strchr(word, ':');
		bool found = false;

		assert_non_null(colon);
		*colon = '\0';
		for (size_t i = 0; i < g->m.findings.n; i++)
			found |= strcmp(g->m.findings.v[i].level, word) == 0 &&
				 strstr(g->m.findings.v[i].message, colon + 1);
		if (!found)
			fail_msg("%s: no %s '%s' in:\n%s", name, word, colon + 1, g->m.manifest.s);
		n += strcmp(word, "note") != 0;
	}
	if (all && n != g->m.findings.n - g->m.count[ENC_IMPORT_NOTE])
		fail_msg("%s: %zu findings beside notes, wanted %zu:\n%s", name,
			 g->m.findings.n - g->m.count[ENC_IMPORT_NOTE], n, g->m.manifest.s);
	free(copy);
}

#endif
