/* SPDX-License-Identifier: MIT */
/*
 * path.c - what a path of a manifest means: ~, $WORKSPACE, $HOME, relative paths, patterns
 *
 * Lexical alone: nothing here looks at the file system. A variable stands at the beginning or nowhere, and `..` is
 * refused, because a path that climbs reads differently from what it grants.
 */
#include <ctype.h>
#include <string.h>

#include "base/text.h"
#include "policy/impl.h"

struct expansion {
	struct enc_arena *a;
	const char *home, *workspace;
	const char *why, *hint; /* of a refusal */
	const char *code;
};

static bool fail(struct expansion *x, const char *code, const char *why, const char *hint)
{
	x->code = code;
	x->why = why;
	x->hint = hint;
	return false;
}

static bool has_parent(const char *s)
{
	for (const char *p = s; (p = strstr(p, "..")); p += 2)
		if ((p == s || p[-1] == '/') && (p[2] == '\0' || p[2] == '/'))
			return true;
	return false;
}

/* [...] must close within its component. */
static bool brackets_ok(const char *s)
{
	for (; *s; s++) {
		if (*s != '[')
			continue;
		s++;
		if (*s == '!' || *s == '^')
			s++;
		if (*s == ']') /* a ] at the beginning stands for itself */
			s++;
		while (*s && *s != ']' && *s != '/')
			s++;
		if (*s != ']')
			return false;
	}
	return true;
}

/* The name behind `$`, and what follows it. */
static bool split_variable(struct expansion *x, const char *raw, const char **ret_base, const char **ret_rest)
{
	size_t n = 1;
	const char *name;

	while (isalnum((unsigned char)raw[n]) || raw[n] == '_')
		n++;
	name = enc_arena_strndup(x->a, raw + 1, n - 1);
	if (strcmp(name, "WORKSPACE") == 0)
		*ret_base = x->workspace;
	else if (strcmp(name, "HOME") == 0)
		*ret_base = x->home;
	else {
		static const char *const known[] = {"WORKSPACE", "HOME"};
		const char *near = enc_nearest(name, known, ENC_LEN(known));

		return fail(x, "E0210", enc_arena_printf(x->a, "there is no variable '$%s'", name),
			    near ? enc_arena_printf(x->a, "did you mean '$%s'?", near)
				 : "known are $WORKSPACE and $HOME");
	}
	*ret_rest = raw + n;
	if (**ret_rest && **ret_rest != '/')
		return fail(x, "E0210", enc_arena_printf(x->a, "'$%s' must be followed by '/'", name), NULL);
	return true;
}

/* Splits raw into an absolute beginning ("" when raw is absolute itself) and a rest. */
static bool split_base(struct expansion *x, const char *raw, const char **ret_base, const char **ret_rest)
{
	*ret_base = "";
	*ret_rest = raw;
	if (*raw == '\0')
		return fail(x, "E0209", "the path is empty", NULL);
	if (*raw == '/')
		return true;
	if (*raw == '~') {
		if (raw[1] && raw[1] != '/')
			return fail(x, "E0209", "'~user' is not understood", "write the path in full, or '~/...'");
		*ret_base = x->home;
		*ret_rest = raw + 1;
		return true;
	}
	if (*raw == '$')
		return split_variable(x, raw, ret_base, ret_rest);
	if (strncmp(raw, "**/", 3) != 0 && strcmp(raw, "**") != 0)
		*ret_base = x->workspace;
	return true;
}

static bool check_rest(struct expansion *x, const char *raw, const char *base, const char *rest)
{
	const char *dollar;

	if (has_parent(raw))
		return fail(x, "E0209", enc_arena_printf(x->a, "'..' in the path '%s'", raw),
			    "write where it leads, without '..'");
	for (dollar = strchr(rest, '$'); dollar; dollar = strchr(dollar + 1, '$'))
		if (isalpha((unsigned char)dollar[1]) || dollar[1] == '{' || dollar[1] == '_')
			return fail(x, "E0210", "a variable stands at the beginning of a path or nowhere", NULL);
	if (!brackets_ok(rest))
		return fail(x, "E0211", "a '[' of the pattern is never closed", NULL);
	if (*base && enc_glob_has_magic(rest) && enc_glob_has_magic(base))
		return fail(x, "E0211",
			    enc_arena_printf(x->a, "a pattern can't begin in '%s', whose own name holds * ? or [",
					     base),
			    "write a pattern that begins with '**/', or rename the directory");
	return true;
}

static bool expand(struct expansion *x, const char *raw, struct enc_path *ret)
{
	const char *base, *rest, *clean;

	if (!split_base(x, raw, &base, &rest) || !check_rest(x, raw, base, rest))
		return false;
	clean = enc_path_clean(x->a, enc_arena_printf(x->a, "%s/%s", base, rest));
	if (!clean)
		return fail(x, "E0209", enc_arena_printf(x->a, "'%s' is not an absolute path", base), NULL);
	if (strlen(clean) >= 4096)
		return fail(x, "E0209", "the path is longer than 4095 bytes", NULL);
	ret->path = clean;
	ret->glob = enc_glob_has_magic(rest);
	ret->workspace = !ret->glob && strcmp(clean, x->workspace) == 0 && *raw != '/' && *raw != '~';
	return true;
}

bool enc_path_expand(struct enc_check *c, const struct enc_node *n, struct enc_path *ret)
{
	struct expansion x = {.a = c->l->a, .home = c->l->p->home, .workspace = c->l->p->workspace};
	struct enc_diag *g;

	if (strlen(n->text) != n->len) {
		enc_load_diag(c->l, "E0209", &n->at, "a path can't hold a NUL byte");
		return false;
	}
	if (expand(&x, n->text, ret))
		return true;
	g = enc_load_diag(c->l, x.code, &n->at, "%s", x.why);
	if (x.hint)
		enc_diag_hint(c->l->d, g, "%s", x.hint);
	return false;
}

const char *enc_path_resolve(struct enc_arena *a, const struct enc_policy *p, const char *raw, const char **ret_why,
			     const char **ret_hint, bool *ret_glob)
{
	struct expansion x = {.a = a, .home = p->home, .workspace = p->workspace};
	struct enc_path path = {0};

	if (!expand(&x, raw, &path)) {
		*ret_why = x.why;
		*ret_hint = x.hint;
		return NULL;
	}
	*ret_glob = path.glob;
	return path.path;
}

bool enc_clause_covers(const struct enc_clause *c, const char *path)
{
	char up[4096];
	size_t n = strlen(path);

	if (!c->glob)
		return enc_path_in(path, c->value);
	if (n >= sizeof(up))
		return false;
	memcpy(up, path, n + 1);
	for (;;) {
		char *slash;

		if (enc_glob_match(c->value, up))
			return true;
		slash = strrchr(up, '/');
		if (!slash || slash == up)
			return false;
		*slash = '\0';
	}
}
