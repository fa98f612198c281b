/* SPDX-License-Identifier: MIT */
/*
 * codex_profile.c - sandbox_mode and permission profiles, both as a list of entries about paths, and a network
 *
 * The older modes are the built-in profiles with more roots. A profile that extends another has its entries with those
 * of the same name replaced.
 */
#include <stdlib.h>
#include <string.h>

#include "import/codex_impl.h"

#define EXTENDS_MAX 16
#define ENTRIES_MAX 2000

/* A value that the file does not hold itself. */
static const struct enc_node *word(struct codex *c, const char *text, const struct enc_node *at)
{
	struct enc_node *n = enc_arena_alloc(c->m.a, sizeof(*n));

	n->kind = ENC_NODE_SCALAR;
	n->text = text;
	n->len = strlen(text);
	n->at = at ? at->at : (struct enc_mark){.file = c->m.q->file};
	return n;
}

void codex_put(struct codex *c, struct codex_entry **v, size_t *n, const struct codex_entry *e)
{
	for (size_t i = 0; i < *n; i++)
		if (strcmp((*v)[i].base, e->base) == 0 && strcmp((*v)[i].sub, e->sub) == 0) {
			(*v)[i] = *e;
			return;
		}
	if (*n == ENTRIES_MAX) {
		if (!c->m.errors->n)
			imp_error(&c->m, "E0105", &e->value->at, "import a part of it", "more than %d entries",
				  ENTRIES_MAX);
		return;
	}
	*ENC_PUSH(*v, *n) = *e;
}

static void put(struct codex *c, const char *base, const char *sub, const struct enc_node *value, const char *from)
{
	const struct codex_entry e = {.base = base, .sub = sub, .value = value, .from = from};

	codex_put(c, &c->entries, &c->n_entries, &e);
}

static void read_only(struct codex *c, const struct enc_node *at)
{
	put(c, ":root", ".", word(c, "read", at), ":read-only");
}

static void workspace(struct codex *c, const struct enc_node *at)
{
	read_only(c, at);
	put(c, ":workspace_roots", ".", word(c, "write", at), ":workspace");
	put(c, ":slash_tmp", ".", word(c, "write", at), ":workspace");
	put(c, ":tmpdir", ".", word(c, "write", at), ":workspace");
}

static void full_access(struct codex *c, const struct enc_node *at)
{
	const struct enc_mark *mark = at ? &at->at : NULL;

	imp_find(
		&c->m, ENC_IMPORT_TIGHTENED, mark, "name what else may be changed in filesystem.write",
		"full access has no equal: everything can be read, the working directory changed, the network reached");
	read_only(c, at);
	put(c, ":workspace_roots", ".", word(c, "write", at), ":danger-full-access");
	put(c, ":workspace_roots", ".git", word(c, "write", at), ":danger-full-access");
	put(c, ":workspace_roots", ".codex", word(c, "write", at), ":danger-full-access");
	put(c, ":workspace_roots", ".agents", word(c, "write", at), ":danger-full-access");
	put(c, ":workspace_roots", ".aws", word(c, "write", at), ":danger-full-access");
	c->m.net = IMP_NET_OPEN;
}

static void writable_roots(struct codex *c, const struct enc_node *n)
{
	static const char from[] = "sandbox_workspace_write.writable_roots";

	if (!codex_list(c, from, n))
		return;
	for (size_t i = 0; i < n->n; i++) {
		const char *at = enc_arena_printf(c->m.a, "%s[%zu]", from, i);

		if (codex_text(c, at, n->items[i]))
			put(c, n->items[i]->text, ".", word(c, "write", n->items[i]), at);
	}
}

/* What of /tmp is left is the run's own, with or without these. */
static void exclude(struct codex *c, const char *from, const struct enc_node *n, const char *base)
{
	bool yes = false;

	if (codex_bool(c, from, n, &yes) && yes)
		put(c, base, ".", word(c, "read", n), from);
}

static void workspace_settings(struct codex *c)
{
	static const char here[] = "sandbox_workspace_write";
	const struct enc_node *t = enc_node_get(c->top, here);
	bool network = false;

	if (!t || !codex_map(c, here, t))
		return;
	for (size_t i = 0; i < t->n; i++) {
		const struct enc_node *n = t->items[i];
		const char *key = t->keys[i]->text, *from = codex_name(c, here, key);

		if (strcmp(key, "writable_roots") == 0) {
			writable_roots(c, n);
		} else if (strcmp(key, "exclude_slash_tmp") == 0) {
			exclude(c, from, n, ":slash_tmp");
		} else if (strcmp(key, "exclude_tmpdir_env_var") == 0) {
			exclude(c, from, n, ":tmpdir");
		} else if (strcmp(key, "network_access") == 0) {
			if (codex_bool(c, from, n, &network) && network) {
				c->m.net = IMP_NET_OPEN;
				c->m.net_comment = imp_from(&c->m, &n->at, from);
			}
		} else {
			codex_unknown(c, here, t->keys[i]);
		}
	}
}

void codex_mode(struct codex *c, const struct enc_node *mode)
{
	static const char *const words[] = {"read-only", "workspace-write", "danger-full-access"};
	const char *near;

	if (!codex_text(c, "sandbox_mode", mode))
		return;
	c->m.net_comment = imp_from(&c->m, &mode->at, "sandbox_mode");
	if (strcmp(mode->text, words[0]) == 0) {
		read_only(c, mode);
	} else if (strcmp(mode->text, words[1]) == 0) {
		workspace(c, mode);
		workspace_settings(c);
	} else if (strcmp(mode->text, words[2]) == 0) {
		full_access(c, mode);
	} else {
		near = enc_nearest(mode->text, words, ENC_LEN(words));
		imp_error(&c->m, "E0902", &mode->at,
			  near ? enc_arena_printf(c->m.a, "did you mean '%s'?", near)
			       : "read-only, workspace-write or danger-full-access",
			  "sandbox_mode can't be '%s'", mode->text);
	}
	codex_entries(c);
}

static void read_roots(struct codex *c, const struct enc_node *t, const char *from)
{
	bool yes;

	if (!codex_map(c, from, t))
		return;
	for (size_t i = 0; i < t->n; i++) {
		const struct codex_entry e = {.base = t->keys[i]->text,
					      .sub = ".",
					      .value = t->items[i],
					      .from = codex_name(c, from, t->keys[i]->text)};

		if (codex_bool(c, e.from, e.value, &yes))
			codex_put(c, &c->roots, &c->n_roots, &e);
	}
}

static void read_entry(struct codex *c, const struct enc_node *k, const struct enc_node *n, const char *from)
{
	if (strcmp(k->text, "glob_scan_max_depth") == 0) {
		imp_find(&c->m, ENC_IMPORT_NOTE, &k->at, NULL,
			 "%s is how deep Codex looks for what matches; a manifest's pattern has no depth", from);
		return;
	}
	if (n->kind == ENC_NODE_SCALAR) {
		put(c, k->text, ".", n, from);
		return;
	}
	if (!codex_map(c, from, n))
		return;
	for (size_t i = 0; i < n->n; i++)
		put(c, k->text, n->keys[i]->text, n->items[i], codex_name(c, from, n->keys[i]->text));
}

static void read_files(struct codex *c, const struct enc_node *t, const char *from)
{
	if (!codex_map(c, from, t))
		return;
	for (size_t i = 0; i < t->n; i++)
		read_entry(c, t->keys[i], t->items[i], codex_name(c, from, t->keys[i]->text));
}

static void read_profile(struct codex *c, const char *name, const struct enc_node *at, int depth)
{
	const struct enc_node *t = enc_node_get(enc_node_get(c->top, "permissions"), name), *n;
	const char *from = codex_name(c, "permissions", name);

	if (strcmp(name, ":read-only") == 0) {
		read_only(c, at);
		return;
	}
	if (strcmp(name, ":workspace") == 0) {
		workspace(c, at);
		return;
	}
	if (strcmp(name, ":danger-full-access") == 0 && depth == 0) {
		full_access(c, at);
		return;
	}
	if (!t || depth > EXTENDS_MAX) {
		imp_error(&c->m, "E0902", at ? &at->at : NULL, NULL,
			  t ? "%s: profiles extend each other more than 16 deep" : "%s is not there, nor built in",
			  from);
		return;
	}
	if (!codex_map(c, from, t))
		return;
	n = enc_node_get(t, "extends");
	if (n && codex_text(c, codex_name(c, from, "extends"), n))
		read_profile(c, n->text, n, depth + 1);
	for (size_t i = 0; i < t->n; i++) {
		const char *key = t->keys[i]->text, *path = codex_name(c, from, key);

		if (strcmp(key, "filesystem") == 0)
			read_files(c, t->items[i], path);
		else if (strcmp(key, "workspace_roots") == 0)
			read_roots(c, t->items[i], path);
		else if (strcmp(key, "network") == 0)
			codex_network(c, t->items[i], path);
		else if (strcmp(key, "extends") != 0 && strcmp(key, "description") != 0)
			codex_unknown(c, from, t->keys[i]);
	}
}

void codex_profile(struct codex *c, const char *name, const struct enc_node *at)
{
	c->m.net_comment = imp_from(&c->m, at ? &at->at : NULL, name);
	read_profile(c, name, at, 0);
	codex_hosts(c);
	codex_entries(c);
}
