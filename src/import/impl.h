/* SPDX-License-Identifier: MIT */
/*
 * impl.h - what the readers share: places, findings, path rules, hosts, variables
 */
#ifndef ENC_IMPORT_IMPL_H
#define ENC_IMPORT_IMPL_H

#include "base/yaml.h"
#include "import/import.h"

#define IMP_ITEMS_MAX 1000 /* of one list of the manifest, which takes 1024 */

enum imp_access { IMP_HIDE, IMP_READ, IMP_WRITE }; /* ordered: more is wider */

struct imp_path {
	const char *abs;   /* clean; what it means with this home and working directory; a pattern when glob */
	const char *shown; /* as the manifest writes it */
	bool glob;
};

struct imp_rule { /* what holds for a path and all below it, unless a deeper rule says otherwise */
	struct imp_path path;
	enum imp_access access;
	bool optional; /* means nothing while the path is absent */
	bool builtin;  /* the program's own, not a word of the text */
	bool dead;
	struct enc_mark at;
	const char *from; /* "filesystem.denyRead[0]" */
};

struct imp_item {
	const char *value, *comment;
	bool optional;
};
struct imp_list {
	struct imp_item *v;
	size_t n;
};

struct imp_host {
	const char *host; /* as enc_host_parse() gives it */
	uint64_t port;
	const char *comment;
	bool dead;
};

enum imp_net { IMP_NET_NONE, IMP_NET_PROXY, IMP_NET_OPEN };

struct importer {
	const struct enc_import_request *q;
	struct enc_import *r;
	struct enc_diags *errors;
	struct enc_arena *a;
	const char *program; /* "srt" */

	struct imp_rule *rules;
	size_t n_rules;
	struct imp_list read, write, deny, protect;

	enum imp_net net;
	const char *net_comment;
	struct imp_host *hosts;
	size_t n_hosts;

	bool env_all;		  /* everything is inherited but env_not */
	struct imp_list env_not;  /* names */
	struct imp_list env_pass; /* names or patterns */
	struct imp_list env_set;  /* value: NAME, comment: unused; values below */
	const char **env_values;
	size_t n_env_values;
};

/* import.c */
void imp_begin(struct importer *m, const char *program, const struct enc_import_request *q, struct enc_import *ret,
	       struct enc_diags *errors);
/* Writes the manifest; 0, or -EINVAL when there were errors. Frees what the importer holds. */
int imp_end(struct importer *m);
/* An error: the text is not what its program takes. */
struct enc_diag *imp_error(struct importer *m, const char *code, const struct enc_mark *at, const char *hint,
			   const char *fmt, ...) ENC_PRINTF(5, 6);
void imp_find(struct importer *m, enum enc_import_class c, const struct enc_mark *at, const char *hint, const char *fmt,
	      ...) ENC_PRINTF(5, 6);
/* "settings.json:5 filesystem.denyRead[0]" for the manifest's comments. */
const char *imp_from(struct importer *m, const struct enc_mark *at, const char *from);
void imp_add(struct importer *m, struct imp_list *l, const char *value, bool optional, const char *comment);

/* path.c: how a path is written in a manifest. False: it can't be, and *ret_why says why. */
bool imp_path(struct importer *m, const char *base, const char *prefix, const char *rest, bool glob,
	      struct imp_path *ret, const char **ret_why);
/* The way most programs write paths: /absolute, ~, ~/in/the/home, relative to the working directory. */
bool imp_path_usual(struct importer *m, const char *raw, bool glob, struct imp_path *ret, const char **ret_why);
struct imp_path imp_here(const struct importer *m); /* the working directory */

/* rules.c */
struct imp_rule *imp_rule(struct importer *m, const struct imp_path *path, enum imp_access access,
			  const struct enc_mark *at, const char *from);
/* What the rules so far say of a path; the later of two about one path. NULL: nothing does. */
const struct imp_rule *imp_deepest(const struct importer *m, const char *abs);
enum imp_access imp_access_at(const struct importer *m, const char *abs);
void imp_rules_compile(struct importer *m); /* rules -> read, write, deny, protect */

/* net.c */
/* A host as the manifest takes it, or NULL. */
void imp_host_add(struct importer *m, const char *host, uint64_t port, const char *comment);
/* A denied host (port 0: each) among the allowed ones. True when the manifest now says the same or less. */
void imp_host_deny(struct importer *m, const char *host, uint64_t port, const struct enc_mark *at, const char *shown);

/* env.c */
void imp_env_settle(struct importer *m);
/* Is the variable, or any that the pattern matches, among env_not (which may hold patterns; case is not looked at)? */
bool imp_env_held_back(struct importer *m, const char *name);

/* out.c */
void imp_write(struct importer *m);

#endif
