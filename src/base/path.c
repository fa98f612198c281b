/* SPDX-License-Identifier: MIT */
/*
 * path.c - globs of the manifest, lexical paths
 */
#include <string.h>

#include "base/text.h"

/* One `[...]` against c; *ret_n is its length. A class without its end is the character '[' itself. */
static bool match_class(const char *p, char c, size_t *ret_n)
{
	size_t i = 1;
	bool negate = p[i] == '!' || p[i] == '^', hit = false;

	i += negate;
	for (size_t first = i; p[i] && (p[i] != ']' || i == first); i++) {
		char from = p[i], to = from;

		if (p[i + 1] == '-' && p[i + 2] && p[i + 2] != ']') {
			to = p[i + 2];
			i += 2;
		}
		hit |= (unsigned char)c >= (unsigned char)from && (unsigned char)c <= (unsigned char)to;
	}
	if (!p[i]) {
		*ret_n = 1;
		return c == '[';
	}
	*ret_n = i + 1;
	return c != '/' && hit != negate;
}

/* Length of the pattern's element at p: what one step of the match consumes. Where a component begins a `**` takes
 * whole components, its slash included, and so may be nothing; elsewhere it takes any text. */
static size_t element(const char *p, bool begins, bool *ret_star, bool *ret_deep)
{
	*ret_star = *p == '*';
	*ret_deep = p[0] == '*' && p[1] == '*';
	if (*ret_deep)
		return begins && p[2] == '/' ? 3 : 2;
	return 1;
}

static bool match_one(const char *p, char c, size_t *ret_n)
{
	*ret_n = 1;
	if (*p == '?')
		return c != '/';
	if (*p == '[')
		return match_class(p, c, ret_n);
	return *p == c;
}

/* Where to go on when a later step fails: the last `*` and the last `**` are enough, since what stands before an
 * element that takes anything never has to be tried again. */
struct resume {
	const char *pattern, *text;
};

bool enc_glob_match(const char *pattern, const char *path)
{
	const char *p = pattern, *s = path;
	struct resume star = {0}, deep = {0};

	for (;;) {
		bool is_star, is_deep;
		size_t n = *p ? element(p, p == pattern || p[-1] == '/', &is_star, &is_deep) : 0;

		if (*p && is_deep) {
			p += n;
			deep = (struct resume){p, s};
			star.pattern = NULL;
			continue;
		}
		if (*p && is_star) {
			p += n;
			star = (struct resume){p, s};
			continue;
		}
		if (!*p && !*s)
			return true;
		if (*p && *s && match_one(p, *s, &n)) {
			p += n;
			s++;
			continue;
		}
		if (star.pattern && *star.text && *star.text != '/') {
			p = star.pattern;
			s = ++star.text;
			continue;
		}
		if (!deep.pattern || !*deep.text)
			return false;
		/* A `**` followed by a slash begins again only where a component begins. */
		deep.text++;
		if (deep.pattern[-1] == '/') {
			while (*deep.text && deep.text[-1] != '/')
				deep.text++;
			if (deep.text[-1] != '/')
				return false;
		}
		star.pattern = NULL;
		p = deep.pattern;
		s = deep.text;
	}
}

bool enc_glob_has_magic(const char *s)
{
	return strpbrk(s, "*?[") != NULL;
}

char *enc_path_clean(struct enc_arena *a, const char *path)
{
	char *out;
	size_t len = 0;

	if (path[0] != '/')
		return NULL;
	out = enc_arena_alloc(a, strlen(path) + 2);
	while (*path) {
		size_t n;

		path += strspn(path, "/");
		n = strcspn(path, "/");
		if (n == 2 && path[0] == '.' && path[1] == '.') {
			while (len && out[--len] != '/')
				;
		} else if (n && !(n == 1 && path[0] == '.')) {
			out[len++] = '/';
			memcpy(out + len, path, n);
			len += n;
		}
		path += n;
	}
	if (!len)
		out[len++] = '/';
	out[len] = '\0';
	return out;
}

bool enc_path_in(const char *path, const char *dir)
{
	size_t n = strlen(dir);

	if (n == 1)
		return path[0] == '/';
	return strncmp(path, dir, n) == 0 && (path[n] == '\0' || path[n] == '/');
}
