/* SPDX-License-Identifier: MIT */
/*
 * path.c - how a path of another program is written in a manifest
 *
 * A manifest's path has no escapes: `*`, `?` and `[` make it a pattern, `$` begins a variable. Where such a character
 * is meant as itself it is put in brackets, which makes a pattern of the path: true to its meaning, and refused by the
 * plan as long as patterns are not bound. Lexical alone, as in src/policy.
 */
#include <ctype.h>
#include <string.h>

#include "base/text.h"
#include "base/utf8.h"
#include "import/impl.h"

static bool has_dots(const char *s)
{
	for (const char *p = s; (p = strstr(p, "..")); p += 2)
		if ((p == s || p[-1] == '/') && (p[2] == '\0' || p[2] == '/'))
			return true;
	return false;
}

/* A `[` that the manifest's patterns would take for an open bracket, or that two programs may read differently. */
static bool bracket(const char *s)
{
	return strchr(s, '[') != NULL;
}

static const char *check(const char *path, bool glob)
{
	if (strlen(path) >= 4000)
		return "is longer than a manifest's path may be";
	if (!enc_utf8_ok(path, strlen(path)))
		return "is not UTF-8";
	for (const char *p = path; *p; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			return "holds a control character";
	if (glob && bracket(path))
		return "is a pattern with brackets";
	return NULL;
}

static bool variable(const char *s)
{
	return s[0] == '$' && (isalpha((unsigned char)s[1]) || s[1] == '{' || s[1] == '_');
}

static bool needs_brackets(const char *s, bool glob)
{
	for (; *s; s++)
		if (variable(s) || (!glob && strchr("*?[", *s)))
			return true;
	return false;
}

/* What stands for itself in brackets. */
static const char *quote(struct importer *m, const char *s, bool glob)
{
	char *out = enc_arena_alloc(m->a, strlen(s) * 3 + 1), *to = out;

	for (; *s; s++) {
		bool q = variable(s) || (!glob && strchr("*?[", *s));

		if (q)
			*to++ = '[';
		*to++ = *s;
		if (q)
			*to++ = ']';
	}
	return out;
}

/* The part of `abs` below `base`: "" for base itself. */
static const char *below(const char *abs, const char *base)
{
	return strcmp(base, "/") == 0 ? abs + 1 : abs[strlen(base)] ? abs + strlen(base) + 1 : "";
}

static const char *join(struct importer *m, const char *head, const char *rest)
{
	return *rest ? enc_arena_printf(m->a, "%s/%s", head, rest) : head;
}

bool imp_path(struct importer *m, const char *base, const char *prefix, const char *rest, bool glob,
	      struct imp_path *ret, const char **ret_why)
{
	const char *abs, *tail, *why = check(rest, glob);
	bool pattern;

	if (!why && glob && has_dots(rest))
		why = "is a pattern with '..'";
	abs = why ? NULL : enc_path_clean(m->a, enc_arena_printf(m->a, "%s/%s", base, rest));
	if (!why && (!abs || strlen(abs) >= 4000))
		why = "is longer than a manifest's path may be";
	if (why) {
		*ret_why = why;
		return false;
	}
	if (glob && strcmp(abs, "/**") == 0) {
		abs = "/";
		glob = false;
	}
	/* What climbed out of its base is written in full; so is a pattern below a base that looks like one itself. */
	if (*base && (!enc_path_in(abs, base) || (enc_glob_has_magic(base) && needs_brackets(below(abs, base), false))))
		prefix = "";
	tail = *prefix ? below(abs, base) : abs;
	pattern = glob || needs_brackets(tail, glob);
	if (!*prefix && *base && glob && needs_brackets(base, false)) {
		*ret_why = "is a pattern below a folder whose own name holds * ? or [";
		return false;
	}
	if (needs_brackets(tail, glob))
		tail = quote(m, tail, glob);
	ret->abs = pattern && !*prefix ? tail : pattern ? enc_arena_printf(m->a, "%s/%s", base, tail) : abs;
	ret->glob = pattern;
	if (!*prefix)
		ret->shown = tail;
	else if (strcmp(prefix, "$WORKSPACE") == 0 && *tail &&
		 (isalnum((unsigned char)*tail) || *tail == '.' || *tail == '_'))
		ret->shown = tail;
	else
		ret->shown = join(m, prefix, tail);
	return true;
}

bool imp_path_usual(struct importer *m, const char *raw, bool glob, struct imp_path *ret, const char **ret_why)
{
	if (*raw == '/')
		return imp_path(m, "", "", raw, glob, ret, ret_why);
	if (*raw == '~' && (raw[1] == '\0' || raw[1] == '/'))
		return imp_path(m, m->q->home, m->q->other_home ? "" : "~", raw + 1 + (raw[1] == '/'), glob, ret,
				ret_why);
	return imp_path(m, m->q->cwd, m->q->other_workspace ? "" : "$WORKSPACE", raw, glob, ret, ret_why);
}

struct imp_path imp_here(const struct importer *m)
{
	return (struct imp_path){.abs = m->q->cwd, .shown = m->q->other_workspace ? m->q->cwd : "$WORKSPACE"};
}
