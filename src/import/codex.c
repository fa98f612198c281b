/* SPDX-License-Identifier: MIT */
/*
 * codex.c - Codex's config.toml: which sandbox it asks for
 *
 * Two systems that do not mix. The older: sandbox_mode with [sandbox_workspace_write]; where it stands it decides. The
 * newer: default_permissions names a profile, built in (":workspace") or of [permissions.NAME]. What else the file
 * says, of models and screens, is not the sandbox's.
 */
#include <stdlib.h>
#include <string.h>

#include "import/codex_impl.h"
#include "import/toml.h"

static bool wrong(struct codex *c, const char *from, const struct enc_node *n, const char *want)
{
	imp_error(&c->m, "E0902", &n->at, NULL, "%s wants %s", from, want);
	return false;
}

bool codex_text(struct codex *c, const char *from, const struct enc_node *n)
{
	return (n->kind == ENC_NODE_SCALAR && !n->plain) || wrong(c, from, n, "a text in quotes");
}

bool codex_map(struct codex *c, const char *from, const struct enc_node *n)
{
	return n->kind == ENC_NODE_MAP || wrong(c, from, n, "a table");
}

bool codex_list(struct codex *c, const char *from, const struct enc_node *n)
{
	return n->kind == ENC_NODE_LIST || wrong(c, from, n, "a list");
}

bool codex_bool(struct codex *c, const char *from, const struct enc_node *n, bool *ret)
{
	if (n->kind != ENC_NODE_SCALAR || !n->plain || (strcmp(n->text, "true") != 0 && strcmp(n->text, "false") != 0))
		return wrong(c, from, n, "true or false");
	*ret = n->text[0] == 't';
	return true;
}

void codex_unknown(struct codex *c, const char *from, const struct enc_node *key)
{
	imp_find(&c->m, ENC_IMPORT_WEAKER, &key->at, "remove it from the file if it restricts nothing",
		 "%s is not known to this importer, and may restrict something", codex_name(c, from, key->text));
}

const char *codex_name(struct codex *c, const char *from, const char *key)
{
	bool bare =
		*key && key[strspn(key, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")] == '\0';

	return enc_arena_printf(c->m.a, bare ? "%s.%s" : "%s.\"%s\"", from, key);
}

/* --profile NAME: a permission profile, or one of the older [profiles.NAME] with a sandbox of its own. */
static void named(struct codex *c, const char *name)
{
	const struct enc_node *older = enc_node_get(enc_node_get(c->top, "profiles"), name), *n;

	if (*name == ':' || enc_node_get(enc_node_get(c->top, "permissions"), name)) {
		codex_profile(c, name, NULL);
	} else if (older && (n = enc_node_get(older, "sandbox_mode"))) {
		codex_mode(c, n);
	} else if (older && (n = enc_node_get(older, "default_permissions"))) {
		if (codex_text(c, "default_permissions", n))
			codex_profile(c, n->text, n);
	} else {
		imp_error(&c->m, "E0902", NULL, "name one of [permissions.NAME], or :read-only or :workspace",
			  "the file has no profile '%s' that says anything of a sandbox", name);
	}
}

static void choose(struct codex *c)
{
	const struct enc_node *mode = enc_node_get(c->top, "sandbox_mode"),
			      *profile = enc_node_get(c->top, "default_permissions");

	if (c->m.q->profile) {
		named(c, c->m.q->profile);
		return;
	}
	if (mode) {
		if (profile)
			imp_find(&c->m, ENC_IMPORT_NOTE, &profile->at, "import it with --profile NAME",
				 "default_permissions is not looked at where sandbox_mode stands, by Codex neither");
		codex_mode(c, mode);
		return;
	}
	if (profile) {
		if (codex_text(c, "default_permissions", profile))
			codex_profile(c, profile->text, profile);
		return;
	}
	imp_find(&c->m, ENC_IMPORT_NOTE, NULL, "--profile NAME imports another",
		 "neither sandbox_mode nor default_permissions is there: Codex's read-only is imported");
	codex_profile(c, ":read-only", NULL);
}

static void builtin(struct codex *c)
{
	const struct enc_node *n = enc_node_get(c->top, "approval_policy");

	imp_find(&c->m, ENC_IMPORT_NOTE, NULL, NULL,
		 "every run has a private /tmp, /var/tmp, /dev and /proc, a private home where none is granted, and "
		 "neither "
		 "/run nor /sys: what the host has there is not seen unless it is granted by name");
	if (n)
		imp_find(&c->m, ENC_IMPORT_NOTE, &n->at, NULL,
			 "approval_policy has no equal: nothing of the boundary is opened by an answer");
	if (c->m.net != IMP_NET_OPEN)
		imp_find(&c->m, ENC_IMPORT_APPROXIMATE, NULL,
			 "deny the folders in which services that matter have their sockets",
			 "Codex refuses connections to UNIX sockets; under the manifest one that lies in what is "
			 "granted can "
			 "be connected to");
}

int enc_import_codex(const struct enc_import_request *q, struct enc_import *ret, struct enc_diags *errors)
{
	struct codex c = {0};
	struct enc_node *top = NULL;
	int r;

	imp_begin(&c.m, "codex", q, ret, errors);
	if (imp_toml_parse(c.m.a, q->file, q->text, q->len, errors, &top) == 0) {
		c.top = top;
		choose(&c);
		codex_environment(&c);
		builtin(&c);
	}
	r = imp_end(&c.m);
	free(c.entries);
	free(c.roots);
	free(c.domains);
	return r;
}
