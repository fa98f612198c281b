/* SPDX-License-Identifier: MIT */
/*
 * impl.h - what the files of src/policy share: the schema, the sources, drafts of clauses
 *
 * The way of a manifest: source.c finds and reads files (extends included), check.c walks each tree along the
 * schema, emit.c turns values into drafts, pairs.c looks for what can't go together, ceiling.c compares with the
 * owner's ceiling, load.c puts it all in order and numbers the clauses.
 */
#ifndef ENC_POLICY_IMPL_H
#define ENC_POLICY_IMPL_H

#include "base/yaml.h"
#include "policy/policy.h"

#define ENC_CEILING_PATH  "/etc/enclosure/ceiling.yaml"
#define ENC_MANIFEST_NAME "enclosure.yaml"
#define ENC_MANIFEST_MAX  (1u << 20) /* bytes of one file */
#define ENC_EXTENDS_DEPTH 8
#define ENC_SOURCES_MAX	  64   /* files of one policy, so that a fan of extends stays bounded */
#define ENC_CLAUSES_MAX	  8192 /* of one policy */

enum enc_shape {
	SH_SECTION, /* a map whose keys are rows of the schema */
	SH_SCALAR,
	SH_LIST, /* of scalars, or of maps whose keys are rows "path[].key", or both */
	SH_MAP,	 /* a map whose keys the owner chooses */
};

enum enc_value_type {
	V_NONE, /* lists: items are maps, never scalars */
	V_VERSION,
	V_TEXT,
	V_NAME,
	V_EXTENDS,
	V_WORD,
	V_BOOL,
	V_PATH,
	V_COUNT,
	V_SIZE,
	V_TIME,
	V_PERCENT,
	V_TOKENS,
	V_USD,
	V_RATE,
	V_QUANTITY_RATE,
	V_ENDPOINT,
	V_HOST,
	V_PORT,
	V_EXPOSE,
	V_METHOD,
	V_URL_PATH,
	V_SECRET_SOURCE,
	V_ENV_PATTERN,
	V_TRIGGER,
	V_DETECTOR,
	V_REDACT,
	V_RULES,
};

struct enc_check;
struct enc_item;

struct enc_key {
	const char *path; /* "filesystem.read", "network.allow[].host" */
	enum enc_shape shape;
	enum enc_value_type type;
	const char *words; /* V_WORD: "none|proxy|open" */
	uint64_t min, max; /* of the number; 0, 0: no bounds */
	const char *unit;
	const char *dflt;
	const char *mechanism; /* NULL: not bound in this version */
	const char *docs;
	int kind; /* enum enc_clause_kind, or -1 */
	bool required;
	void (*emit)(struct enc_check *c, const struct enc_key *row, struct enc_item *it);
};

extern const struct enc_key enc_schema[];
extern const size_t enc_n_schema;
const struct enc_key *enc_schema_find(const char *prefix, const char *key); /* prefix "" at the top */
const struct enc_key *enc_schema_path(const char *path);
/* Last components of the rows directly below prefix; returns how many (at most max). */
size_t enc_schema_children(const char *prefix, const char **ret, size_t max);
const char *enc_type_name(const struct enc_key *row); /* "a size such as 512K or 2G" */

struct enc_value {
	const char *text;
	uint64_t n, n2;
	const char *host; /* ENDPOINT, HOST: in lower case */
};

struct enc_field {
	const struct enc_key *row;
	const struct enc_node *node;
	struct enc_value value; /* of a scalar field */
};

struct enc_item {
	const struct enc_node *node; /* the whole item */
	struct enc_value value;	     /* when it is a scalar */
	bool scalar;
	const struct enc_node *key; /* SH_MAP: the owner's key */
	struct enc_field fields[8];
	size_t n_fields;
};
const struct enc_field *enc_item_field(const struct enc_item *it, const char *key);

struct enc_source {
	const char *path;  /* canonical, or "built-in:NAME" */
	const char *alias; /* the name by which it was opened when that differs (a symlink on the way), or NULL */
	const char *dir;   /* of path; NULL for a built-in */
	char *text;	   /* in the arena */
	size_t len;
	char digest[65];
	bool builtin, ceiling;
	uid_t owner, dir_owner;
	mode_t mode;
	const struct enc_node *root; /* NULL: empty or not parsed */
	bool parsed;
};

struct enc_net {
	const char *host;
	uint64_t port; /* 0: any */
	const char *const *methods, *const *paths;
	size_t n_methods, n_paths;
	bool inspect;
};

struct enc_draft {
	struct enc_clause c;
	const struct enc_key *row;
	size_t layer;	     /* order in which files apply: parents first */
	bool dropped;	     /* a child's deny or mode took it away */
	bool from_workspace; /* $WORKSPACE itself */
	struct enc_net net;
};

struct enc_set { /* what one manifest says, everything that it extends included */
	struct enc_draft *v;
	size_t n;
	struct enc_accept *accepts;
	size_t n_accepts;
	const char *name;
	const char *user; /* the effective one, before anything else is checked */
	struct enc_mark user_at;
	bool mode_unknown; /* network.mode was not understood */
};

struct enc_load { /* one enc_policy_load() */
	const struct enc_policy_where *w;
	struct enc_policy *p;
	struct enc_arena *a;
	struct enc_diags *d;
	struct enc_err *e;
	struct enc_source *sources[ENC_SOURCES_MAX]; /* as they were found: the manifest first */
	size_t n_sources;
	const char *ceiling_path;
	bool incomplete; /* a file of the chain is missing or not understood: what it would have said is unknown */
};

struct enc_order { /* sources in the order in which they apply */
	struct enc_source *v[ENC_SOURCES_MAX];
	size_t n;
};

struct enc_check { /* checking one source */
	struct enc_load *l;
	struct enc_source *src;
	struct enc_set *set;
	size_t layer;
};

/* load.c */
int enc_policy_load_under(const struct enc_policy_where *w, const char *ceiling_path, struct enc_policy **ret,
			  struct enc_diags *d, struct enc_err *e);
const char *enc_load_text(const struct enc_load *l, const char *file); /* text of a source, for findings */
struct enc_diag *enc_load_diag(struct enc_load *l, const char *code, const struct enc_mark *at, const char *fmt, ...)
	ENC_PRINTF(4, 5);
struct enc_draft *enc_set_add(struct enc_check *c, const struct enc_key *row, const struct enc_mark *at);
struct enc_draft *enc_set_get(const struct enc_set *s, int kind);

/* source.c: 0 or a negative errno: e is set, or findings were added */
int enc_source_manifest(struct enc_load *l, struct enc_source **ret);
int enc_source_chain(struct enc_load *l, struct enc_source *first, struct enc_order *ret);
int enc_source_ceiling(struct enc_load *l, struct enc_source **ret); /* *ret = NULL: there is none */

/* check.c */
void enc_check_source(struct enc_load *l, struct enc_source *s, struct enc_set *set, size_t layer);
/* The value of one scalar; false with a finding added. */
bool enc_value_parse(struct enc_check *c, const struct enc_key *row, const struct enc_node *n, struct enc_value *ret);

/* path.c: ~, $WORKSPACE, $HOME, relative patterns; NULL with a finding added */
struct enc_path {
	const char *path;
	bool glob, workspace;
};
bool enc_path_expand(struct enc_check *c, const struct enc_node *n, struct enc_path *ret);
/* Without a manifest's place: an explained path. NULL and *ret_why when it can't be. */
const char *enc_path_resolve(struct enc_arena *a, const struct enc_policy *p, const char *raw, const char **ret_why,
			     const char **ret_hint, bool *ret_glob);
bool enc_clause_covers(const struct enc_clause *c, const char *path); /* the path, or something above it */

/* pairs.c, ceiling.c, rules.c */
void enc_pairs_check(struct enc_load *l, struct enc_set *s);
/* Does this deny (of any grant) or protect (of a write grant) leave nothing of the grant? */
bool enc_pair_bars(const struct enc_draft *bar, const struct enc_draft *grant);
void enc_ceiling_apply(struct enc_load *l, struct enc_set *s, const struct enc_set *ceiling);
void enc_rules_emit(struct enc_check *c, const struct enc_key *row, struct enc_item *it);
const char *const *enc_words_split(struct enc_arena *a, const char *words, size_t *ret_n);

/* emit.c */
void enc_emit_path(struct enc_check *c, const struct enc_key *row, struct enc_item *it);
void enc_emit_scalar(struct enc_check *c, const struct enc_key *row, struct enc_item *it);
void enc_emit_list(struct enc_check *c, const struct enc_key *row, struct enc_item *it);
void enc_emit_allow(struct enc_check *c, const struct enc_key *row, struct enc_item *it);
void enc_emit_credential(struct enc_check *c, const struct enc_key *row, struct enc_item *it);
void enc_emit_env_set(struct enc_check *c, const struct enc_key *row, struct enc_item *it);
void enc_emit_rate(struct enc_check *c, const struct enc_key *row, struct enc_item *it);
void enc_emit_accept(struct enc_check *c, const struct enc_key *row, struct enc_item *it);
void enc_emit_name(struct enc_check *c, const struct enc_key *row, struct enc_item *it);
void enc_emit_exec(struct enc_check *c, const struct enc_key *row, struct enc_item *it);

#endif
