/* SPDX-License-Identifier: MIT */
/*
 * codex_env.c - [shell_environment_policy]
 *
 * Codex hands on everything (`inherit = "all"`), a few (`core`) or nothing, takes `exclude` from it, keeps only what
 * `include_only` matches, and sets `set`. Its patterns do not look at case, a manifest's do.
 */
#include <string.h>

#include "base/text.h"
#include "import/codex_impl.h"
#include "policy/policy.h"

static const char here[] = "shell_environment_policy";

static void inherit(struct codex *c, const struct enc_node *n)
{
	static const char *const core[] = {"PATH", "SHELL", "TMPDIR", "TEMP", "TMP", "LANG", "LC_ALL", "TERM"};

	if (!codex_text(c, "shell_environment_policy.inherit", n))
		return;
	c->m.env_all = strcmp(n->text, "all") == 0;
	if (strcmp(n->text, "core") == 0) {
		for (size_t i = 0; i < ENC_LEN(core); i++)
			imp_add(&c->m, &c->m.env_pass, core[i], false,
				imp_from(&c->m, &n->at, "shell_environment_policy.inherit"));
	} else if (!c->m.env_all && strcmp(n->text, "none") != 0) {
		imp_error(&c->m, "E0902", &n->at, "all, core or none", "%s.inherit can't be '%s'", here, n->text);
	}
}

static void exclude(struct codex *c, const struct enc_node *n)
{
	if (!codex_list(c, "shell_environment_policy.exclude", n))
		return;
	for (size_t i = 0; i < n->n; i++)
		if (codex_text(c, "shell_environment_policy.exclude[]", n->items[i]))
			imp_add(&c->m, &c->m.env_not, n->items[i]->text, false, NULL);
}

static bool is_pattern(const char *s)
{
	return *s && s[strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_*?")] == '\0' &&
	       !(*s >= '0' && *s <= '9');
}

static void include_only(struct codex *c, const struct enc_node *n)
{
	if (!codex_list(c, "shell_environment_policy.include_only", n) || !n->n)
		return;
	c->m.env_all = false;
	for (size_t i = 0; i < c->m.env_pass.n; i++)
		c->m.env_pass.v[i].value = "";
	for (size_t i = 0; i < n->n; i++) {
		const char *from = enc_arena_printf(c->m.a, "%s.include_only[%zu]", here, i);

		if (!codex_text(c, from, n->items[i]))
			continue;
		if (is_pattern(n->items[i]->text))
			imp_add(&c->m, &c->m.env_pass, n->items[i]->text, false,
				imp_from(&c->m, &n->items[i]->at, from));
		else
			imp_find(&c->m, ENC_IMPORT_DROPPED, &n->items[i]->at, NULL, "%s can't stand in a manifest",
				 from);
	}
}

static void set(struct codex *c, const struct enc_node *t)
{
	if (!codex_map(c, "shell_environment_policy.set", t))
		return;
	for (size_t i = 0; i < t->n; i++) {
		const char *from = codex_name(c, "shell_environment_policy.set", t->keys[i]->text);
		size_t n = c->m.env_set.n;

		if (!codex_text(c, from, t->items[i]))
			continue;
		if (!enc_env_name_ok(t->keys[i]->text)) {
			imp_find(&c->m, ENC_IMPORT_DROPPED, &t->keys[i]->at, NULL, "%s is no name of a variable", from);
			continue;
		}
		imp_add(&c->m, &c->m.env_set, t->keys[i]->text, false, imp_from(&c->m, &t->keys[i]->at, from));
		if (c->m.env_set.n > n)
			*ENC_PUSH(c->m.env_values, c->m.n_env_values) = t->items[i]->text;
	}
}

/* With a list of names that are passed there is nothing to hold back but what is on it. */
static void take_back(struct codex *c)
{
	for (size_t i = 0; !c->m.env_all && i < c->m.env_pass.n; i++) {
		const char *name = c->m.env_pass.v[i].value;

		if (!*name || !imp_env_held_back(&c->m, name))
			continue;
		imp_find(&c->m, ENC_IMPORT_TIGHTENED, NULL, "name in env.pass what the command needs",
			 "env.pass has no exceptions: %s is not passed, since a part of it is excluded", name);
		c->m.env_pass.v[i].value = "";
	}
}

void codex_environment(struct codex *c)
{
	const struct enc_node *t = enc_node_get(c->top, here), *n;

	c->m.env_all = true;
	if (!t || !codex_map(c, here, t))
		return;
	for (size_t i = 0; i < t->n; i++) {
		static const char *const known[] = {"inherit",
						    "exclude",
						    "include_only",
						    "set",
						    "ignore_default_excludes",
						    "experimental_use_profile"};
		bool found = false;

		for (size_t k = 0; k < ENC_LEN(known); k++)
			found |= strcmp(known[k], t->keys[i]->text) == 0;
		if (!found)
			codex_unknown(c, here, t->keys[i]);
	}
	if ((n = enc_node_get(t, "inherit")))
		inherit(c, n);
	if ((n = enc_node_get(t, "exclude")))
		exclude(c, n);
	if ((n = enc_node_get(t, "include_only")))
		include_only(c, n);
	if ((n = enc_node_get(t, "set")))
		set(c, n);
	take_back(c);
}
