/* SPDX-License-Identifier: MIT */
/*
 * codex_files.c - Codex's entries about paths, as path rules
 *
 * The deeper entry decides; of two about one path deny, then write, then read. In each folder that can be written .git,
 * .codex, .agents and .aws can't, unless an entry of its own says so.
 */
#include <string.h>

#include "base/text.h"
#include "import/codex_impl.h"

static const char *const minimal[] = {"/bin",	"/sbin",  "/usr",    "/etc",	   "/lib",
				      "/lib32", "/lib64", "/libx32", "/nix/store", "/run/current-system/sw"};

static bool magic(const char *s)
{
	return strpbrk(s, "*?[]") != NULL;
}

static bool glued(const char *s)
{
	for (const char *p = s; (p = strstr(p, "**")); p += 2)
		if ((p != s && p[-1] != '/') || (p[2] && p[2] != '/'))
			return true;
	return false;
}

/* "read", "write", "deny" and its older name "none"; false with an error. */
static bool access_of(struct codex *c, const struct codex_entry *e, enum imp_access *ret)
{
	static const char *const words[] = {"read", "write", "deny", "none"};
	const char *near;

	if (!codex_text(c, e->from, e->value))
		return false;
	for (size_t i = 0; i < ENC_LEN(words); i++)
		if (strcmp(e->value->text, words[i]) == 0) {
			*ret = i == 0 ? IMP_READ : i == 1 ? IMP_WRITE : IMP_HIDE;
			return true;
		}
	near = enc_nearest(e->value->text, words, ENC_LEN(words));
	imp_error(&c->m, "E0902", &e->value->at,
		  near ? enc_arena_printf(c->m.a, "did you mean '%s'?", near) : "read, write or deny",
		  "%s can't be '%s'", e->from, e->value->text);
	return false;
}

static void cannot(struct codex *c, const struct codex_entry *e, enum imp_access access, const char *why)
{
	imp_find(&c->m, access == IMP_WRITE ? ENC_IMPORT_DROPPED : ENC_IMPORT_WEAKER, &e->value->at,
		 "name the path in the manifest by hand", "%s has no equal: it %s", e->from, why);
}

/* Where a pattern begins: what stands before its first component with * or ?. */
static const char *literal_part(struct codex *c, const char *abs)
{
	size_t n = strcspn(abs, "*?[");

	while (n > 1 && abs[n - 1] != '/')
		n--;
	return enc_path_clean(c->m.a, enc_arena_strndup(c->m.a, abs, n));
}

/* A read pattern holds back writing in what can be written, and grants reading elsewhere. */
static void add_pattern(struct codex *c, const struct codex_entry *e, enum imp_access access,
			const struct imp_path *path)
{
	const char *at = literal_part(c, path->abs);
	enum imp_access around = at ? imp_access_at(&c->m, at) : IMP_HIDE;

	if (access == IMP_WRITE || (access == IMP_READ && around == IMP_HIDE)) {
		imp_find(&c->m, ENC_IMPORT_DROPPED, &e->value->at, "name what exists",
			 "%s is a pattern, which no version of a manifest's grant can bind yet", e->from);
		access = IMP_READ;
	}
	if (access == IMP_READ && around != IMP_WRITE)
		return;
	imp_rule(&c->m, path, access, &e->value->at, e->from)->optional = true;
	imp_find(&c->m, ENC_IMPORT_NOTE, &e->value->at, "name what exists, if the plan refuses patterns",
		 "%s is a pattern: Codex holds what matches when the command starts, the manifest what matches at any "
		 "time",
		 e->from);
}

/* Literal paths when `patterns` is false, else patterns alone: these are judged by what lies around them. */
static void add_path(struct codex *c, const struct codex_entry *e, const char *root, enum imp_access access,
		     bool patterns)
{
	const char *sub = strcmp(e->sub, ".") == 0 ? "" : e->sub, *why = "holds '..'";
	size_t len = strlen(sub);
	struct imp_path path;
	bool whole, ok, glob;

	/* What is below src, all of it, is src. */
	if (len > 3 && strcmp(sub + len - 3, "/**") == 0 && !memchr(sub, '*', len - 3))
		sub = enc_arena_strndup(c->m.a, sub, len - 3);
	else if (strcmp(sub, "**") == 0)
		sub = "";
	whole = !root;
	root = whole ? c->m.q->cwd : root;
	len = strlen(root);
	if (!whole && len > 3 && strcmp(root + len - 3, "/**") == 0 && !memchr(root, '*', len - 3))
		root = enc_arena_strndup(c->m.a, root, len - 3);
	glob = magic(sub) || (!whole && magic(root));
	if (glob != patterns)
		return;
	if (whole)
		ok = imp_path(&c->m, c->m.q->cwd, imp_here(&c->m).shown[0] == '$' ? "$WORKSPACE" : "", sub, glob, &path,
			      &why);
	else
		ok = imp_path_usual(&c->m, *sub ? enc_arena_printf(c->m.a, "%s/%s", root, sub) : root, glob, &path,
				    &why);
	if (ok && glob && glued(path.abs)) {
		ok = false;
		why = "is a pattern with ** beside other text";
	}
	if (!ok || (path.glob && !glob && access != IMP_HIDE)) {
		cannot(c, e, access, ok ? "has a name with * ? [ or $ in it" : why);
		return;
	}
	if (glob) {
		add_pattern(c, e, access, &path);
		return;
	}
	imp_rule(&c->m, &path, access, &e->value->at, e->from)->optional =
		access == IMP_HIDE || (!whole && strcmp(path.abs, "/") != 0) || *sub;
}

static void add_minimal(struct codex *c, const struct codex_entry *e, enum imp_access access)
{
	if (access == IMP_WRITE)
		imp_find(&c->m, ENC_IMPORT_TIGHTENED, &e->value->at, NULL, "%s can be read and not written", e->from);
	for (size_t i = 0; i < ENC_LEN(minimal); i++) {
		const struct imp_path path = {.abs = minimal[i], .shown = minimal[i]};

		imp_rule(&c->m, &path, access == IMP_WRITE ? IMP_READ : access, &e->value->at, e->from)->optional =
			true;
	}
}

static void add_tmp(struct codex *c, const struct codex_entry *e, enum imp_access access)
{
	bool variable = strcmp(e->base, ":tmpdir") == 0;

	if (access == IMP_HIDE && variable)
		imp_find(&c->m, ENC_IMPORT_WEAKER, &e->value->at, "deny the folder by its name",
			 "%s: where $TMPDIR leads can't be said in a manifest", e->from);
	else if (access == IMP_WRITE)
		imp_find(&c->m, ENC_IMPORT_NOTE, &e->value->at,
			 variable ? "do not pass TMPDIR" : "filesystem: {write: [/tmp]} grants the host's",
			 "%s: a run has a /tmp of its own, which can be written; the host's is not granted", e->from);
}

static bool no_dots(const char *s)
{
	for (const char *p = s; (p = strstr(p, "..")); p += 2)
		if ((p == s || p[-1] == '/') && (p[2] == '\0' || p[2] == '/'))
			return false;
	return true;
}

static void add_roots(struct codex *c, const struct codex_entry *e, enum imp_access access, bool patterns)
{
	add_path(c, e, NULL, access, patterns);
	for (size_t i = 0; i < c->n_roots; i++)
		if (strcmp(c->roots[i].value->text, "true") == 0)
			add_path(c, e, c->roots[i].base, access, patterns);
}

static void add_entry(struct codex *c, const struct codex_entry *e, enum imp_access access, bool patterns)
{
	bool special = *e->base == ':', dot = strcmp(e->sub, ".") == 0;

	if (strcmp(e->base, ":workspace_roots") == 0 || strcmp(e->base, ":project_roots") == 0) {
		add_roots(c, e, access, patterns);
	} else if (!special) {
		add_path(c, e, e->base, access, patterns);
	} else if (patterns) {
		return;
	} else if (dot && strcmp(e->base, ":root") == 0) {
		add_path(c, e, "/", access, false);
	} else if (dot && strcmp(e->base, ":minimal") == 0) {
		add_minimal(c, e, access);
	} else if (dot && (strcmp(e->base, ":tmpdir") == 0 || strcmp(e->base, ":slash_tmp") == 0)) {
		add_tmp(c, e, access);
	} else {
		imp_find(&c->m, access == IMP_HIDE ? ENC_IMPORT_WEAKER : ENC_IMPORT_DROPPED, &e->value->at, NULL,
			 "%s is no place that is known here", e->from);
	}
}

static bool check(struct codex *c, const struct codex_entry *e)
{
	if (*e->base != ':' && *e->base != '/' && strncmp(e->base, "~/", 2) != 0 && strcmp(e->base, "~") != 0) {
		imp_error(&c->m, "E0902", &e->value->at,
			  "an absolute path, ~/path, or :root, :minimal, :workspace_roots ...",
			  "%s: '%s' is no path that Codex takes", e->from, e->base);
		return false;
	}
	if (*e->sub == '/' || !*e->sub || !no_dots(e->sub)) {
		imp_error(&c->m, "E0902", &e->value->at, "a relative path without '..', or .",
			  "%s: '%s' does not lie below it", e->from, e->sub);
		return false;
	}
	return true;
}

static void check_roots(struct codex *c)
{
	for (size_t i = 0; i < c->n_roots; i++)
		check(c, &c->roots[i]);
}

static bool has_rule(const struct codex *c, const char *abs)
{
	const struct imp_rule *r = imp_deepest(&c->m, abs);

	return r && strcmp(r->path.abs, abs) == 0;
}

static const char *const names[] = {".git", ".codex", ".agents", ".aws"};

/* A root that is one of these itself was opened on purpose. */
static bool is_metadata(const char *abs)
{
	for (size_t i = 0; i < ENC_LEN(names); i++)
		if (strcmp(strrchr(abs, '/') + 1, names[i]) == 0)
			return true;
	return false;
}

static void protect_names(struct codex *c, size_t index)
{
	for (size_t i = 0; i < ENC_LEN(names); i++) {
		const struct imp_rule *dir = &c->m.rules[index];
		bool here = strcmp(dir->path.shown, "$WORKSPACE") == 0;
		struct imp_path path = {.shown = here ? names[i]
						      : enc_arena_printf(c->m.a, "%s/%s", dir->path.shown, names[i])};
		const struct enc_mark at = dir->at;
		struct imp_rule *r;

		path.abs = enc_path_clean(c->m.a, enc_arena_printf(c->m.a, "%s/%s", dir->path.abs, names[i]));
		if (!path.abs || has_rule(c, path.abs) || imp_access_at(&c->m, path.abs) != IMP_WRITE)
			continue;
		r = imp_rule(&c->m, &path, IMP_READ, &at, "Codex always protects it");
		r->optional = true;
		r->builtin = true;
	}
}

static void metadata(struct codex *c)
{
	size_t n = c->m.n_rules, before = n;

	for (size_t i = 0; i < n; i++)
		if (c->m.rules[i].access == IMP_WRITE && !c->m.rules[i].path.glob &&
		    !is_metadata(c->m.rules[i].path.abs))
			protect_names(c, i);
	if (c->m.n_rules > before)
		imp_find(&c->m, ENC_IMPORT_APPROXIMATE, NULL, "create what must not be made: mkdir -p .codex .agents",
			 "Codex keeps .git, .codex, .agents and .aws from being made in what can be written: the "
			 "manifest "
			 "protects those that are there when a run starts");
}

/* What is read-only in what can be written is held, or the run is refused; a grant may be absent. */
static void hold_read_only(struct codex *c)
{
	const struct imp_rule *first = NULL;

	for (size_t i = 0; i < c->m.n_rules; i++)
		for (size_t k = 0; k < c->m.n_rules; k++) {
			struct imp_rule *r = &c->m.rules[i], *w = &c->m.rules[k];

			if (r->access != IMP_READ || r->path.glob || w->access != IMP_WRITE || w->path.glob ||
			    !enc_path_in(r->path.abs, w->path.abs))
				continue;
			r->optional = false;
			first = first ? first : r;
		}
	if (first)
		imp_find(&c->m, ENC_IMPORT_NOTE, &first->at,
			 "create it, or write {path: ..., optional: true} if it need not be held while it is absent",
			 "a run is refused while a read-only path in what can be written is absent, as long as absent "
			 "paths can't be held");
}

void codex_entries(struct codex *c)
{
	static const enum imp_access order[] = {IMP_READ, IMP_WRITE, IMP_HIDE};
	enum imp_access access;

	check_roots(c);
	for (size_t i = 0; i < c->n_entries; i++)
		if (!check(c, &c->entries[i]) || !access_of(c, &c->entries[i], &access))
			return;
	for (int patterns = 0; patterns < 2; patterns++)
		for (size_t k = 0; k < ENC_LEN(order); k++)
			for (size_t i = 0; i < c->n_entries; i++)
				if (access_of(c, &c->entries[i], &access) && access == order[k])
					add_entry(c, &c->entries[i], access, patterns);
	hold_read_only(c);
	metadata(c);
}
