/* SPDX-License-Identifier: MIT */
/*
 * overlay.h - what a run changed in a workspace that was kept apart: listed, shown, taken over, thrown away
 *
 * The upper layer of an overlay mount (Linux 5.11, userxattr) is compared with the folder below it. Names and contents
 * are the run's and hostile: everything is opened below a descriptor, following no link of any kind. The layer itself
 * can't be forged from inside: overlayfs keeps its own attributes (user.overlay.*) from whoever works on the mount.
 */
#ifndef ENC_OVERLAY_OVERLAY_H
#define ENC_OVERLAY_OVERLAY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/mem.h"

struct enc_overlay {
	int upper, lower;	  /* descriptors of the two folders */
	struct timespec since;	  /* what changed below later, changed meanwhile */
	uid_t run_uid, owner_uid; /* the run's id in the layer stands for the owner's */
	gid_t run_gid, owner_gid;
	const char *tag; /* the run's id: what a killed apply may leave in the workspace is .enclosure-apply-TAG */
	struct enc_arena *arena;
};

enum enc_change_kind { ENC_CHANGE_ADDED = 'A', ENC_CHANGE_MODIFIED = 'M', ENC_CHANGE_DELETED = 'D' };
/* One name. Where a file became something else (a folder, a link) there are two: deleted, then added. Unless one of
 * them is a folder, the second takes the place of what stands there in one step. */
struct enc_change {
	enum enc_change_kind kind;
	const char *path;	   /* below the workspace; any bytes but NUL */
	struct stat old, new;	   /* as far as kind has them */
	bool content, mode, attrs; /* modified: what differs */
	bool meanwhile;		   /* what lies below is newer than the run's start, and not what the run saw */
	bool replaces, replaced;   /* the two halves of such a pair */
	const char *trouble;	   /* why it can't be compared or reached, nor what is below it; or NULL */
	const char *later;	   /* it runs code later: as what ("a git hook"); or NULL */
};
struct enc_twin { /* a file with several names in the layer, and one of them in the workspace */
	dev_t dev;
	ino_t ino;
	const char *path;
};
struct enc_changes {
	struct enc_change *v;
	size_t n;
	struct enc_twin *kept; /* unchanged files that have another name in the layer */
	size_t n_kept;
};

/* All changes in the order of paths. 0 or negative errno. A name that the run made so that it can't be looked at does
 * not hide the others: it has `trouble`. */
int enc_overlay_changes(const struct enc_overlay *o, struct enc_changes *ret, struct enc_err *e);
void enc_changes_done(struct enc_changes *c);
/* The path is this change's or one above it. */
bool enc_change_in(const struct enc_change *c, const char *path);
/* As what this file runs code without being called by name, or NULL. link: the target of a symbolic one, or NULL. */
const char *enc_overlay_runs_later(const char *path, const char *link);

/* As git diff shows it, with what git does not tell in lines that begin with #; *ret_added and *ret_deleted count lines
 * (NULL is fine). Binary files are named. */
struct enc_diff_count {
	uint64_t added, deleted;
	bool binary;
};
void enc_overlay_diff(const struct enc_overlay *o, const struct enc_change *c, struct enc_buf *out,
		      struct enc_diff_count *ret);
/* The same of two texts: hunks alone. For tests. */
void enc_diff_texts(const char *a, size_t na, const char *b, size_t nb, struct enc_buf *out,
		    struct enc_diff_count *ret);
/* A path as git writes it: in quotes with escapes where it has odd bytes. */
void enc_diff_path(struct enc_buf *out, const char *prefix, const char *path);

/* Takes one change over into the workspace, each file at once (written beside it and renamed); one applier at a time.
 * force: also over what
 * changed meanwhile. -ESTALE: it changed meanwhile; -ELOOP, -EXDEV: the way there leads through a link or
 * out, or to another file system; -EOPNOTSUPP: it has trouble.
 * Additions in the order of the list, deletions against it. */
struct enc_applier;
struct enc_applier *enc_applier_new(const struct enc_overlay *o, const struct enc_changes *c, bool force);
int enc_apply(struct enc_applier *a, const struct enc_change *c, struct enc_err *e);
struct enc_applier *enc_applier_free(struct enc_applier *a);

/* Removes the layer: the folder `name` (upper, work and all below) in dir. */
int enc_overlay_discard(int dir, const char *name, struct enc_err *e);

#endif
