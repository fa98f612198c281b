/* SPDX-License-Identifier: MIT */
/*
 * srt.c - the settings of sandbox-runtime (srt), JSON
 *
 * Its meaning on Linux: reads are allowed everywhere but in denyRead, there again in allowRead; writes nowhere but in
 * allowWrite, there not in denyWrite nor in names that srt always protects; hosts of allowedDomains alone, an empty
 * list is none; the environment is handed on. A key that is not known here may be a restriction of a later version: it
 * is `weaker`, whatever its name.
 */
#include <string.h>

#include "import/srt_impl.h"

static const char *kind(const struct enc_node *n)
{
	switch (n->kind) {
	case ENC_NODE_LIST: return "a list";
	case ENC_NODE_MAP: return "an object";
	case ENC_NODE_SCALAR: return n->plain ? n->len ? n->text : "nothing" : "a text";
	}
	return "something else";
}

static bool wrong(struct srt *s, const char *path, const struct enc_node *n, const char *want, const char *hint)
{
	imp_error(&s->m, "E0902", &n->at, hint, "%s wants %s, not %s", path, want, kind(n));
	return false;
}

bool srt_map(struct srt *s, const char *path, const struct enc_node *n)
{
	return n->kind == ENC_NODE_MAP || wrong(s, path, n, "an object", NULL);
}

bool srt_list(struct srt *s, const char *path, const struct enc_node *n)
{
	return n->kind == ENC_NODE_LIST ||
	       wrong(s, path, n, "a list", n->kind == ENC_NODE_SCALAR ? "write it in brackets: [\"...\"]" : NULL);
}

bool srt_text(struct srt *s, const char *path, const struct enc_node *n)
{
	if (n->kind != ENC_NODE_SCALAR || n->plain)
		return wrong(s, path, n, "a text", n->kind == ENC_NODE_SCALAR ? "put it in quotes" : NULL);
	if (!n->len)
		imp_error(&s->m, "E0902", &n->at, "remove it", "%s is an empty text", path);
	return n->len > 0;
}

bool srt_bool(struct srt *s, const char *path, const struct enc_node *n, bool *ret)
{
	if (n->kind != ENC_NODE_SCALAR || !n->plain || (strcmp(n->text, "true") != 0 && strcmp(n->text, "false") != 0))
		return wrong(s, path, n, "true or false", NULL);
	*ret = n->text[0] == 't';
	return true;
}

bool srt_number(struct srt *s, const char *path, const struct enc_node *n)
{
	if (n->kind != ENC_NODE_SCALAR || !n->plain || !n->len || strspn(n->text, "0123456789") != n->len)
		return wrong(s, path, n, "a number", NULL);
	return true;
}

const char *srt_item(struct srt *s, const char *path, size_t i)
{
	return enc_arena_printf(s->m.a, "%s[%zu]", path, i);
}

static bool says_nothing(const struct enc_node *n)
{
	return n->kind == ENC_NODE_SCALAR ? n->plain && strcmp(n->text, "false") == 0 : n->n == 0;
}

void srt_ignore(struct srt *s, const struct srt_key *k, const struct enc_node *n)
{
	if (!says_nothing(n))
		imp_find(&s->m, ENC_IMPORT_NOTE, &n->at, k->hint, "%s %s", k->path, k->say);
}

void srt_drop(struct srt *s, const struct srt_key *k, const struct enc_node *n)
{
	if (!says_nothing(n))
		imp_find(&s->m, ENC_IMPORT_DROPPED, &n->at, k->hint, "%s %s", k->path, k->say);
}

void srt_weaker(struct srt *s, const struct srt_key *k, const struct enc_node *n)
{
	if (!says_nothing(n))
		imp_find(&s->m, ENC_IMPORT_WEAKER, &n->at, k->hint, "%s %s", k->path, k->say);
}

static const char *last(const char *path)
{
	const char *dot = strrchr(path, '.');

	return dot ? dot + 1 : path;
}

static void unknown(struct srt *s, const struct enc_node *key, const char *prefix, const struct srt_key *keys, size_t n)
{
	const char *words[64], *near;
	size_t count = 0;

	for (; count < n && count < ENC_LEN(words); count++)
		words[count] = last(keys[count].path);
	near = enc_nearest(key->text, words, count);
	imp_find(&s->m, ENC_IMPORT_WEAKER, &key->at,
		 near ? enc_arena_printf(s->m.a, "did you mean '%s'?", near)
		      : "remove it from the file if it restricts nothing",
		 "%s%s%s is not known to this importer, and may restrict something", prefix, *prefix ? "." : "",
		 key->text);
}

void srt_walk(struct srt *s, const struct enc_node *map, const char *prefix, const struct srt_key *keys, size_t n)
{
	for (size_t i = 0; i < map->n; i++) {
		size_t k = 0;

		while (k < n && strcmp(last(keys[k].path), map->keys[i]->text) != 0)
			k++;
		if (k == n)
			unknown(s, map->keys[i], prefix, keys, n);
		else
			keys[k].run(s, &keys[k], map->items[i]);
	}
	for (size_t k = 0; k < n; k++)
		if (keys[k].required && !enc_node_get(map, last(keys[k].path)))
			imp_error(&s->m, "E0902", &map->at, "srt refuses such a file too; [] means nothing",
				  "%s is missing", keys[k].path);
}

static const struct srt_key top_keys[] = {
	{"network", srt_network, .required = true},
	{"filesystem", srt_filesystem, .required = true},
	{"credentials", srt_credentials},
	{"ignoreViolations", srt_ignore, "keeps violations out of srt's reports, and allows nothing"},
	{"enableWeakerNestedSandbox", srt_drop, "has no equal: Enclosure has no weaker mode"},
	{"allowNestedUserNamespaces", srt_drop, "has no equal: no run may make user namespaces"},
	{"enableWeakerNetworkIsolation", srt_ignore, "concerns macOS"},
	{"allowAppleEvents", srt_ignore, "concerns macOS"},
	{"allowPty", srt_ignore, "concerns macOS: a run can make pseudo-terminals"},
	{"ripgrep", srt_ignore, "says how srt finds a helper; none is needed"},
	{"seccomp", srt_ignore, "says how srt finds a helper; none is needed"},
	{"bwrapPath", srt_ignore, "says how srt finds a helper; none is needed"},
	{"socatPath", srt_ignore, "says how srt finds a helper; none is needed"},
	{"javaAgentJarPath", srt_ignore, "says how srt finds a helper; none is needed"},
	{"mandatoryDenySearchDepth", srt_ignore,
	 "is how deep srt looks for names to protect; the manifest names those at the top of what can be written"},
	{"windows", srt_ignore, "concerns Windows"},
	{"git", srt_drop, "has no equal: the settings for git are not put into the environment",
	 "env: {set: {GIT_CONFIG_COUNT: \"1\", GIT_CONFIG_KEY_0: safe.directory, GIT_CONFIG_VALUE_0: ...}}"},
};

static void builtin(struct srt *s)
{
	struct importer *m = &s->m;

	imp_find(m, ENC_IMPORT_NOTE, NULL, NULL,
		 "every run has a private /tmp, /var/tmp, /dev and /proc, a private home where none is granted, and "
		 "neither "
		 "/run nor /sys: what the host has there is not seen unless it is granted by name");
	if (!s->sockets_open)
		imp_find(m, ENC_IMPORT_APPROXIMATE, NULL,
			 "deny the folders in which services that matter have their sockets",
			 "srt refuses every UNIX socket; under the manifest one that lies in what is granted can be "
			 "connected to");
}

int enc_import_srt(const struct enc_import_request *q, struct enc_import *ret, struct enc_diags *errors)
{
	struct srt s = {0};
	struct enc_node *top = NULL;

	imp_begin(&s.m, "srt", q, ret, errors);
	if (enc_yaml_parse(s.m.a, q->file, q->text, q->len, errors, &top) == 0) {
		if (!top)
			imp_error(&s.m, "E0902", NULL, "srt refuses such a file too", "the file is empty");
		else if (srt_map(&s, "the file", top)) {
			s.top = top;
			s.m.env_all = true;
			srt_walk(&s, top, "", top_keys, ENC_LEN(top_keys));
			srt_rules(&s);
			builtin(&s);
		}
	}
	return imp_end(&s.m);
}
