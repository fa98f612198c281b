/* SPDX-License-Identifier: MIT */
/*
 * impl.h - what the files of src/plan share
 *
 * The way of a plan: ids.c says who runs, grants.c resolves every path clause (resolve.c) and decides how it is
 * carried, mounts.c turns that into the ordered list of mounts, limits.c and bind.c bind the other clauses, env.c
 * computes the environment.
 */
#ifndef ENC_PLAN_IMPL_H
#define ENC_PLAN_IMPL_H

#include "plan/plan.h"

struct enc_link {	    /* a symbolic link that was crossed */
	const char *path;   /* where it stands, itself free of links */
	const char *target; /* its text */
};

struct enc_resolved {
	const char *path; /* free of links; when absent: as far as it goes, with the rest appended */
	bool exists;
	int error;	     /* why it can't be looked at: ENOENT, EACCES, ... or 0 */
	const char *planted; /* a link in a place that a run, or everybody, may write: not followed */
	bool is_dir, is_file;
	bool linked; /* a file with other names (hard links) */
	dev_t dev;
	ino_t ino;
	uid_t uid;
	gid_t gid;
	unsigned mode;
	struct enc_link *links;
	size_t n_links;
};

/* Follow `path` component by component. A link that lies inside one of `writable` (n of them) ends the walk when
 * `strict` (ret->planted). Everything is told in *ret; the strings live in `a`. */
void enc_resolve(struct enc_arena *a, const char *path, bool strict, const char *const *writable, size_t n,
		 struct enc_resolved *ret);

struct enc_grant {
	struct enc_resolved at;
	bool write;
	bool sync; /* a single file that is kept in step by copy */
	size_t binding;
};

struct enc_planner {
	const struct enc_plan_request *q;
	struct enc_plan *p;
	struct enc_diags *d;
	struct enc_grant *grants;
	size_t n_grants;
	const char **writable; /* resolved tops of write grants, and the workspace */
	size_t n_writable;
	struct enc_mount *first, *second; /* grants and private folders; then pins, protects and masks */
	size_t n_first, n_second;
};

struct enc_binding *enc_plan_add(struct enc_planner *w, const struct enc_clause *c);
/* Bound, by these mechanisms (bits) at this guarantee. */
void enc_plan_bound(struct enc_binding *b, uint32_t mechanisms, enum enc_guarantee g);
/* Not bound: why, and what the owner can do. printf-like, arena strings. */
void enc_plan_missing(struct enc_planner *w, struct enc_binding *b, const char *next, const char *fmt, ...)
	ENC_PRINTF(4, 5);
const char *enc_plan_text(struct enc_planner *w, const char *fmt, ...) ENC_PRINTF(2, 3);
#define ENC_BIT(m) (1u << ENC_MECH_##m)
bool enc_plan_has(const struct enc_planner *w, enum enc_mech m);
/* The same; what is missing is noted in b. */
bool enc_plan_need(struct enc_planner *w, struct enc_binding *b, enum enc_mech m);

/* What every run has of its own lies over what a grant above it shows: `read: [/]` does not show the host's /tmp. */
bool enc_plan_carries(const struct enc_grant *g, const char *path);
/* The grant that shows `path`, or what stands there on the host: the nearest one at or above it, or NULL. */
const struct enc_grant *enc_plan_grant(const struct enc_planner *w, const char *path);
/* The run's user can't get at `path` whatever is mounted: a folder above it is closed. in: the grant that shows it. */
bool enc_plan_closed(const struct enc_planner *w, const char *path, const struct enc_grant *in);
bool enc_plan_wants_idmap(const struct enc_planner *w, const struct enc_grant *g);

int enc_plan_grants(struct enc_planner *w, struct enc_err *e); /* read, write */
int enc_plan_masks(struct enc_planner *w, struct enc_err *e);  /* deny, protect, state directory */
int enc_plan_mounts(struct enc_planner *w, struct enc_err *e); /* private folders, links, texts; puts all in order */
void enc_plan_bind_limit(struct enc_planner *w, struct enc_binding *b);
void enc_plan_bind_rest(struct enc_planner *w);
void enc_plan_bind_builtin(struct enc_planner *w);
void enc_plan_env(struct enc_planner *w);

/* overlay.c: workspace: overlay, after the grants and before the mounts. */
void enc_plan_bind_overlay(struct enc_planner *w, struct enc_binding *b);

#endif
