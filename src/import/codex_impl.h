/* SPDX-License-Identifier: MIT */
/*
 * codex_impl.h - what the files of Codex's reader share
 */
#ifndef ENC_IMPORT_CODEX_IMPL_H
#define ENC_IMPORT_CODEX_IMPL_H

#include "import/impl.h"

struct codex_entry {	  /* one statement of a profile about a path, after inheritance */
	const char *base; /* ":root", "/absolute", "~/x" */
	const char *sub;  /* below it: "." or "keep/out"; "." where none was written */
	const struct enc_node *value;
	const char *from; /* "permissions.w.filesystem.\"~/x\"" */
};

struct codex {
	struct importer m;
	const struct enc_node *top;
	struct codex_entry *entries;
	size_t n_entries;
	struct codex_entry *roots; /* workspace roots that the profile adds: base, and value (true or false) */
	size_t n_roots;
	struct codex_entry *domains; /* base: the pattern */
	size_t n_domains;
	bool enabled; /* network.enabled */
	const struct enc_node *network;
};

bool codex_text(struct codex *c, const char *from, const struct enc_node *n);
bool codex_map(struct codex *c, const char *from, const struct enc_node *n);
bool codex_list(struct codex *c, const char *from, const struct enc_node *n);
bool codex_bool(struct codex *c, const char *from, const struct enc_node *n, bool *ret);
/* A key that is not known may restrict something. */
void codex_unknown(struct codex *c, const char *from, const struct enc_node *key);
const char *codex_name(struct codex *c, const char *from, const char *key);

/* codex_profile.c: sandbox_mode with [sandbox_workspace_write]; [permissions.NAME], or a built-in one */
void codex_mode(struct codex *c, const struct enc_node *mode);
void codex_profile(struct codex *c, const char *name, const struct enc_node *at);
/* One more, or another value for the same base and sub. */
void codex_put(struct codex *c, struct codex_entry **v, size_t *n, const struct codex_entry *e);
/* codex_files.c: entries -> rules, with what is always protected in what can be written */
void codex_entries(struct codex *c);
/* codex_net.c: the table of one profile; then, after those of all, hosts */
void codex_network(struct codex *c, const struct enc_node *t, const char *from);
void codex_hosts(struct codex *c);
/* codex_env.c: [shell_environment_policy] */
void codex_environment(struct codex *c);

#endif
