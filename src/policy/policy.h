/* SPDX-License-Identifier: MIT */
/*
 * policy.h - the effective manifest: a flat list of clauses, each with its id and where it came from
 *
 * load finds, reads, checks and extends a manifest and applies the ceiling; nothing here looks at what the
 * machine can enforce (src/host) or binds a clause (src/plan). All strings live in the policy's arena.
 */
#ifndef ENC_POLICY_POLICY_H
#define ENC_POLICY_POLICY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/diag.h"
#include "base/err.h"

enum enc_clause_kind {
	ENC_CL_FS_READ,
	ENC_CL_FS_WRITE,
	ENC_CL_FS_DENY,
	ENC_CL_FS_PROTECT,
	ENC_CL_FS_WORKSPACE,
	ENC_CL_NET_MODE,
	ENC_CL_NET_ALLOW,
	ENC_CL_NET_CREDENTIAL,
	ENC_CL_NET_EXPOSE,
	ENC_CL_EXEC_ALLOW,
	ENC_CL_EXEC_DENY,
	ENC_CL_ENV_PASS,
	ENC_CL_ENV_SET,
	ENC_CL_USER,
	ENC_CL_LIMIT_MEMORY,
	ENC_CL_LIMIT_PIDS,
	ENC_CL_LIMIT_CPU,
	ENC_CL_LIMIT_TIME,
	ENC_CL_LIMIT_IDLE,
	ENC_CL_LIMIT_OUTPUT,
	ENC_CL_LIMIT_FILES,
	ENC_CL_LIMIT_DISK,
	ENC_CL_RATE,
	ENC_CL_BUDGET,
	ENC_CL_KILL,
	ENC_CL_ASK,
	ENC_CL_RULE,
	ENC_CL_RECORD,
	/* Not from a manifest: what every run has. Ids: system-calls, capabilities, descriptors, kernel-files,
	 * die-with-supervisor, processes-end. Added by src/plan, never by a reader. */
	ENC_CL_BUILTIN,
	ENC_CL__COUNT
};

struct enc_clause {
	enum enc_clause_kind kind;
	const char *id;	    /* filesystem.deny[2], limits.memory, env.set.CI, rules.no-exfiltration[1] */
	const char *text;   /* as a person reads it: "deny ~/.ssh", "limit memory to 2G" */
	const char *value;  /* FS_*: absolute clean path or absolute pattern; others: the scalar; ENV_SET: value */
	const char *name;   /* ENV_SET: the variable; NET_ALLOW: the host; BUDGET, KILL, RECORD: the key */
	uint64_t number;    /* limits: bytes, count, ns, percent */
	bool glob;	    /* value holds * ? [ (FS_*, ENV_PASS) */
	bool optional;	    /* FS_*: {path: X, optional: true}: nothing is meant when it is absent at start */
	struct enc_mark at; /* file, line, column; file is "built-in:coding-agent" for a built-in profile */
};

enum enc_net_mode { ENC_NET_NONE, ENC_NET_PROXY, ENC_NET_OPEN };
enum enc_workspace_mode { ENC_WS_DIRECT, ENC_WS_OVERLAY };
enum enc_guarantee { ENC_G_NONE, ENC_G_DETECT, ENC_G_CONTAIN, ENC_G_PREVENT }; /* ordered: more is stronger */
const char *enc_guarantee_name(enum enc_guarantee g);

struct enc_policy_file {
	const char *path; /* absolute, or "built-in:NAME" */
	char digest[65];  /* SHA-256 of its bytes */
	bool builtin;
	bool ceiling; /* of the ceiling alone: root's, not the manifest's */
};

struct enc_accept {	    /* accept: {rates: detect, "limits.memory": contain} */
	const char *prefix; /* a clause id or the beginning of some, by whole component */
	enum enc_guarantee guarantee;
	struct enc_mark at;
};

struct enc_policy {
	struct enc_arena *arena;
	const char *name;	       /* `name:`, or the file's or profile's */
	const char *path;	       /* of the manifest itself: absolute, or "built-in:coding-agent" */
	const char *found;	       /* how: "-m", "enclosure.yaml found in ...", "no manifest: built-in" */
	char digest[65];	       /* over all files' digests, in order of `files` */
	const char *workspace;	       /* absolute, symlinks resolved */
	const char *home;	       /* what ~ means */
	struct enc_policy_file *files; /* the manifest first, then what it extends, then the ceiling */
	size_t n_files;
	struct enc_clause *clauses; /* in the order of DESIGN.md's manifest */
	size_t n_clauses;
	struct enc_accept *accepts;
	size_t n_accepts;
	enum enc_net_mode net_mode;		/* default none */
	enum enc_workspace_mode workspace_mode; /* default direct */
};

struct enc_policy_where {      /* what a lookup depends on; nothing is read from the environment inside */
	const char *manifest;  /* -m FILE, or a built-in's name ("coding-agent"), or NULL: look up */
	const char *cwd;       /* absolute */
	const char *home;      /* home of the user that the command will run as */
	const char *state_dir; /* for trust; NULL: trust is not asked */
	uid_t uid;	       /* who started us: only root may name another `user` */
	const char *own_home;  /* $HOME of who started us, or NULL: what ~ means where `user` names that very user */
};

/* 0 and a policy to be freed; or a negative errno: findings in d when it was the text (print them), else in e. */
int enc_policy_load(const struct enc_policy_where *w, struct enc_policy **ret, struct enc_diags *d, struct enc_err *e);
struct enc_policy *enc_policy_free(struct enc_policy *p);
ENC_AUTO_DEFINE(struct enc_policy, enc_policy_free)

/* Clause by kind (the first; scalars have at most one), or NULL. */
const struct enc_clause *enc_policy_get(const struct enc_policy *p, enum enc_clause_kind kind);
/* The value of a limit, or `otherwise` when the manifest sets none. */
uint64_t enc_policy_limit(const struct enc_policy *p, enum enc_clause_kind kind, uint64_t otherwise);
/* The weakest guarantee that the owner takes for a clause: accept, else prevent (limits, budgets, kill: contain). */
enum enc_guarantee enc_policy_asked(const struct enc_policy *p, const struct enc_clause *c);

/* A decision in words, without a machine: which clause decides `action` (read, write, exec, connect) on `object`.
 * *ret_clause is NULL when nothing grants it. Returns 1 allow, 0 deny, or a negative errno (unknown action). */
int enc_policy_explain(const struct enc_policy *p, const char *action, const char *object,
		       const struct enc_clause **ret_clause, const char **ret_reason, struct enc_err *e);

/* Trust by digest (`enclosure trust`): of the manifest and of every file that it extends. */
int enc_trust_set(const char *state_dir, const struct enc_policy *p, struct enc_err *e);
int enc_trust_forget(const char *state_dir, const char *manifest, struct enc_err *e);	   /* 1: it was there, 0: not */
int enc_trust_check(const char *state_dir, const struct enc_policy *p, struct enc_err *e); /* 1 trusted, 0 not */
/* The name by which a manifest's file is trusted, also when it is gone: links resolved where they can be. */
const char *enc_policy_locate(struct enc_arena *a, const char *file);
struct enc_trusted {
	const char *path, *digest;
};
int enc_trust_list(struct enc_arena *a, const char *state_dir, struct enc_trusted **ret, size_t *ret_n,
		   struct enc_err *e);

/* Built-in profiles: names and texts (compiled in from policies/). */
struct enc_builtin {
	const char *name, *summary, *text;
	size_t len;
};
extern const struct enc_builtin enc_builtins[];
extern const size_t enc_n_builtins;

/* Hosts and variables as a manifest writes them. */
/* A host name, *.suffix, IPv4 or [IPv6] address, or a CIDR range; in lower case and one canonical form for addresses.
 * 0 or -EINVAL. */
int enc_host_parse(struct enc_arena *a, const char *s, const char **ret);
/* Does a rule's host (a *.suffix too) stand for this host? Both as enc_host_parse() gave them. */
bool enc_host_covers(const char *rule, const char *host);
bool enc_env_name_ok(const char *s);
/* Does the name look like a secret's? Then no pattern of env.pass passes it. */
bool enc_env_looks_secret(const char *name);

/* The effective manifest, for people and as JSON ("schema": "enclosure.policy/v1"). */
void enc_policy_show(const struct enc_policy *p, struct enc_buf *out);
void enc_policy_json(const struct enc_policy *p, struct enc_json *j);
/* docs/manifest.md, made from the table of keys. */
void enc_policy_docs(struct enc_buf *out);

#endif
