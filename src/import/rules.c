/* SPDX-License-Identifier: MIT */
/*
 * rules.c - path rules of which the deepest decides, as grants that add up under denies that always win
 *
 * The other programs mount: a folder that is hidden can hold one that is shown, a read-only one a writable one. In a
 * manifest a deny has no exceptions and a protect neither. So:
 *
 *   - what is hidden below "/" and holds a grant: instead of "/" the system's folders, the home and the working
 * directory are granted, as far as nothing hides them, and the hidden folder is simply not granted;
 *   - any other grant inside what a grant's hidden part holds is left out, and said so;
 *   - a writable part of a read-only part of a writable tree stays read-only, and is said so.
 *
 * Each step takes away, none adds: that is what makes an import safe whatever the rules were.
 */
#include <string.h>

#include "base/text.h"
#include "import/impl.h"

#define RULES_MAX 2000

static const char *const system_folders[] = {"/bin", "/etc",  "/lib", "/lib32", "/lib64", "/libx32",
					     "/opt", "/sbin", "/srv", "/usr",	"/var"};
static const char *const own[] = {"/proc", "/dev", "/sys"};

struct imp_rule *imp_rule(struct importer *m, const struct imp_path *path, enum imp_access access,
			  const struct enc_mark *at, const char *from)
{
	static struct imp_rule scrap;
	struct imp_rule *r;

	if (m->n_rules == RULES_MAX) {
		if (!m->errors->n)
			imp_error(m, "E0105", at, "import a part of it", "more than %d paths", RULES_MAX);
		scrap = (struct imp_rule){0};
		return &scrap;
	}
	r = ENC_PUSH(m->rules, m->n_rules);
	r->path = *path;
	r->access = access;
	if (at)
		r->at = *at;
	r->from = from;
	return r;
}

static bool live(const struct imp_rule *r)
{
	return !r->dead && !r->path.glob;
}

const struct imp_rule *imp_deepest(const struct importer *m, const char *abs)
{
	const struct imp_rule *best = NULL;

	for (size_t i = 0; i < m->n_rules; i++) {
		const struct imp_rule *r = &m->rules[i];

		if (live(r) && enc_path_in(abs, r->path.abs) &&
		    (!best || strlen(r->path.abs) >= strlen(best->path.abs)))
			best = r;
	}
	return best;
}

enum imp_access imp_access_at(const struct importer *m, const char *abs)
{
	const struct imp_rule *r = imp_deepest(m, abs);

	return r ? r->access : IMP_HIDE;
}

static bool above(const struct imp_rule *up, const struct imp_rule *r)
{
	return up != r && live(up) && strcmp(up->path.abs, r->path.abs) != 0 && enc_path_in(r->path.abs, up->path.abs);
}

static bool grants(const struct imp_rule *r)
{
	return r->access != IMP_HIDE;
}

/* A grant from above does not show what every run has of its own. */
static bool carries(const struct imp_rule *up, const struct imp_rule *r)
{
	static const char *const private[] = {"/proc", "/sys", "/dev", "/tmp", "/var/tmp", "/run"};

	for (size_t i = 0; i < ENC_LEN(private); i++)
		if (enc_path_in(r->path.abs, private[i]) && !enc_path_in(up->path.abs, private[i]))
			return false;
	return true;
}

/* The nearest rule above, or NULL. */
static struct imp_rule *parent(const struct importer *m, const struct imp_rule *r)
{
	struct imp_rule *best = NULL;

	for (size_t i = 0; i < m->n_rules; i++)
		if (above(&m->rules[i], r) && (!best || strlen(m->rules[i].path.abs) > strlen(best->path.abs)))
			best = &m->rules[i];
	return best;
}

static struct imp_rule *grant_above(const struct importer *m, const struct imp_rule *r)
{
	struct imp_rule *up = parent(m, r);

	while (up && !grants(up))
		up = parent(m, up);
	return up;
}

static bool write_above(const struct importer *m, const struct imp_rule *r)
{
	for (size_t i = 0; i < m->n_rules; i++)
		if (above(&m->rules[i], r) && m->rules[i].access == IMP_WRITE && carries(&m->rules[i], r))
			return true;
	return false;
}

static bool holds_grant(const struct importer *m, const struct imp_rule *h)
{
	for (size_t i = 0; i < m->n_rules; i++)
		if (grants(&m->rules[i]) && live(&m->rules[i]) && above(h, &m->rules[i]))
			return true;
	return false;
}

/* The later of two words about one path holds. */
static void merge(struct importer *m)
{
	for (size_t i = 0; i < m->n_rules; i++)
		for (size_t k = i + 1; k < m->n_rules && !m->rules[i].dead; k++)
			if (m->rules[i].path.glob == m->rules[k].path.glob && !m->rules[k].dead &&
			    strcmp(m->rules[i].path.abs, m->rules[k].path.abs) == 0)
				m->rules[i].dead = true;
}

/* What no manifest can grant: "/" for writing, and what every run has of its own. */
static void check_own(struct importer *m, struct imp_rule *r)
{
	if (!live(r) || !grants(r))
		return;
	if (r->access == IMP_WRITE && strcmp(r->path.abs, "/") == 0) {
		r->access = IMP_READ;
		imp_find(m, ENC_IMPORT_TIGHTENED, &r->at, "name the folders that may be changed in filesystem.write",
			 "'/' can't be written under a manifest: it is readable");
		return;
	}
	for (size_t i = 0; i < ENC_LEN(own); i++) {
		if (!enc_path_in(r->path.abs, own[i]))
			continue;
		if (i < 2) {
			r->dead = true;
			imp_find(m, r->builtin ? ENC_IMPORT_NOTE : ENC_IMPORT_DROPPED, &r->at, NULL,
				 "%s is not granted: every run has a %s of its own", r->path.abs, own[i]);
		} else if (r->access == IMP_WRITE) {
			r->access = IMP_READ;
			imp_find(m, ENC_IMPORT_TIGHTENED, &r->at, NULL,
				 "%s is readable, not writable: it is the "
				 "machine's",
				 r->path.abs);
		}
		return;
	}
}

static bool hidden_near(const struct importer *m, const char *path)
{
	for (size_t i = 0; i < m->n_rules; i++) {
		const struct imp_rule *h = &m->rules[i];

		if (live(h) && !grants(h) &&
		    (enc_path_in(path, h->path.abs) || (enc_path_in(h->path.abs, path) && holds_grant(m, h))))
			return true;
	}
	return false;
}

static void grant_instead(struct importer *m, const struct imp_rule *root, const char *abs, const char *shown,
			  bool optional)
{
	struct imp_path path = {.abs = abs, .shown = shown};
	struct imp_rule *r, copy = *root;

	if (hidden_near(m, abs) || strpbrk(abs, "*?[$"))
		return;
	for (size_t i = 0; i < m->n_rules; i++)
		if (live(&m->rules[i]) && strcmp(m->rules[i].path.abs, abs) == 0)
			return;
	r = imp_rule(m, &path, IMP_READ, &copy.at, copy.from);
	r->optional = optional;
	r->builtin = true;
}

/* What is hidden where nothing shows it, and holds a grant: the grant stands alone. */
static void drop_needless(struct importer *m)
{
	for (size_t i = 0; i < m->n_rules; i++) {
		struct imp_rule *h = &m->rules[i], *up;

		if (!live(h) || grants(h) || !holds_grant(m, h))
			continue;
		up = grant_above(m, h);
		h->dead = up && !carries(up, h);
	}
}

/* "/" with a hidden folder that holds a grant. */
static void narrow_root(struct importer *m)
{
	struct imp_rule *root = NULL, *why = NULL, copy;
	size_t n = m->n_rules;

	for (size_t i = 0; i < n; i++) {
		struct imp_rule *h = &m->rules[i], *up;

		if (!live(h) || grants(h) || !holds_grant(m, h))
			continue;
		up = grant_above(m, h);
		if (up && strcmp(up->path.abs, "/") == 0) {
			root = up;
			why = h;
		}
	}
	if (!root)
		return;
	imp_find(m, ENC_IMPORT_TIGHTENED, &why->at, "add to filesystem.read what else the command has to see",
		 "a deny has no exceptions, and %s holds what is granted: instead of '/' with %s denied, the system's "
		 "folders are granted",
		 why->path.abs, why->path.abs);
	root->dead = true;
	copy = *root;
	for (size_t i = 0; i < ENC_LEN(system_folders); i++)
		grant_instead(m, &copy, system_folders[i], system_folders[i], true);
	if (strcmp(m->q->home, "/") != 0)
		grant_instead(m, &copy, m->q->home, m->q->other_home ? m->q->home : "~", true);
	/* By its name: in another working directory, which may lie in what is hidden, $WORKSPACE would grant that. A
	 * workspace that holds the home can't be granted. */
	for (size_t i = 0; i < m->n_rules; i++)
		if (m->rules[i].builtin && strcmp(m->rules[i].path.shown, "$WORKSPACE") == 0)
			m->rules[i].dead = true;
	if (!enc_path_in(m->q->home, m->q->cwd))
		grant_instead(m, &copy, m->q->cwd, m->q->cwd, true);
}

/* A grant inside what is hidden inside a grant. */
static void drop_carved(struct importer *m)
{
	for (size_t i = 0; i < m->n_rules; i++) {
		struct imp_rule *r = &m->rules[i], *up = r;

		if (!live(r) || !grants(r))
			continue;
		while ((up = parent(m, up)) && grants(up))
			;
		if (!up || !grant_above(m, up))
			continue;
		r->dead = true;
		imp_find(m, ENC_IMPORT_TIGHTENED, &r->at, "grant less around it, so that nothing has to be denied",
			 "a deny has no exceptions: %s lies in %s, which is denied", r->path.abs, up->path.abs);
	}
}

static bool covers(const char *pattern, const char *path)
{
	char up[4096];
	size_t n = strlen(path);

	if (n >= sizeof(up))
		return true;
	memcpy(up, path, n + 1);
	for (;;) {
		char *slash;

		if (enc_glob_match(pattern, up))
			return true;
		slash = strrchr(up, '/');
		if (!slash || slash == up)
			return false;
		*slash = '\0';
	}
}

/* A pattern that matches what is granted: it wins, as a deny or a protect in the manifest would. */
static void apply_patterns(struct importer *m)
{
	for (size_t i = 0; i < m->n_rules; i++) {
		const struct imp_rule *bar = &m->rules[i];

		for (size_t k = 0; bar->path.glob && !bar->dead && bar->access != IMP_WRITE && k < m->n_rules; k++) {
			struct imp_rule *g = &m->rules[k];

			/* What is read-only in a writable tree is a protect, which stands beside a deny. */
			if (!live(g) || g->access <= bar->access || (g->access == IMP_READ && write_above(m, g)) ||
			    !covers(bar->path.abs, g->path.abs))
				continue;
			if (!g->builtin)
				imp_find(m, ENC_IMPORT_TIGHTENED, &g->at,
					 "write the pattern so that it does not match it",
					 "%s is matched by the pattern %s, which %s it", g->path.abs, bar->path.abs,
					 bar->access == IMP_HIDE ? "denies" : "protects");
			g->access = bar->access;
			g->dead = bar->access == IMP_HIDE;
		}
	}
}

static void emit_write(struct importer *m, const struct imp_rule *r)
{
	const struct imp_rule *up = parent(m, r);

	for (; up; up = parent(m, up))
		if (up->access == IMP_READ && write_above(m, up)) {
			imp_find(m, ENC_IMPORT_TIGHTENED, &r->at, "protect less around it",
				 "a protect has no exceptions: %s lies in %s, which can't be written", r->path.abs,
				 up->path.abs);
			return;
		}
	imp_add(m, &m->write, r->path.shown, r->optional, imp_from(m, &r->at, r->from));
}

static void emit(struct importer *m, const struct imp_rule *r)
{
	const char *comment = imp_from(m, &r->at, r->from);
	const struct imp_rule *up;

	if (r->dead)
		return;
	if (r->path.glob) {
		if (r->access != IMP_WRITE)
			imp_add(m, r->access == IMP_HIDE ? &m->deny : &m->protect, r->path.shown, r->optional, comment);
		return;
	}
	up = parent(m, r);
	switch (r->access) {
	case IMP_WRITE: emit_write(m, r); return;
	case IMP_READ:
		if (write_above(m, r))
			imp_add(m, &m->protect, r->path.shown, r->optional, comment);
		else
			imp_add(m, &m->read, r->path.shown, r->optional, comment);
		return;
	case IMP_HIDE:
		if (up && grants(up))
			imp_add(m, &m->deny, r->path.shown, r->optional, comment);
		return;
	}
}

void imp_rules_compile(struct importer *m)
{
	merge(m);
	apply_patterns(m);
	for (size_t i = 0; i < m->n_rules; i++)
		check_own(m, &m->rules[i]);
	drop_needless(m);
	narrow_root(m);
	drop_carved(m);
	for (size_t i = 0; i < m->n_rules; i++)
		emit(m, &m->rules[i]);
}
