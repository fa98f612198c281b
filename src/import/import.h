/* SPDX-License-Identifier: MIT */
/*
 * import.h - what another sandbox was told, as a manifest, and each part of it that has no equal
 *
 * One reader a program: its file or its arguments become path rules of which the deepest decides, hosts and variables
 * (rules.c, net.c, env.c), and these become a manifest (out.c). What the manifest says differently is a finding with
 * its place. Nothing here looks at the file system or at the machine: `enclosure plan` says what this machine enforces
 * of it.
 *
 * The text that is imported may be anybody's: no byte of it gets into the manifest but as a quoted scalar.
 */
#ifndef ENC_IMPORT_IMPORT_H
#define ENC_IMPORT_IMPORT_H

#include "base/diag.h"
#include "base/err.h"

enum enc_import_class {
	ENC_IMPORT_NOTE,      /* nothing of the text is lost: a built-in difference, or a key that means nothing here */
	ENC_IMPORT_DROPPED,   /* a permission or a convenience has no equal and was left out */
	ENC_IMPORT_TIGHTENED, /* it has no exact equal; the manifest allows less */
	ENC_IMPORT_APPROXIMATE, /* nearly the same; what is said may be allowed that was not */
	ENC_IMPORT_WEAKER, /* a restriction has no equal: the manifest is only given to who asks for it (--partial) */
	ENC_IMPORT__COUNT
};
const char *enc_import_class_name(enum enc_import_class c);

struct enc_import_request {
	const char *file; /* name of the text, for places */
	const char *text;
	size_t len;
	const char *home, *cwd; /* absolute and clean: what ~ and relative paths mean */
	bool other_home;	/* ~ means another home in the manifest: paths in it are written in full */
	bool other_workspace;	/* the same for the working directory: the manifest will lie above it */
	const char *profile;	/* codex: the permission profile, or NULL */
	char *const *argv;	/* bwrap: its arguments, instead of a text; the first may be "bwrap" */
	size_t n_argv;
	bool merged_usr; /* bwrap: /bin, /lib ... are links into /usr on this machine */
};

struct enc_import {
	struct enc_arena *arena;
	struct enc_buf manifest;
	struct enc_diags findings; /* `level` names the class; sorted by place */
	size_t count[ENC_IMPORT__COUNT];
};
void enc_import_done(struct enc_import *r);

/* 0, or -EINVAL: the text is not what its program takes, each error in `errors` (E01xx, E09xx); *ret is then empty.
 * *ret is initialised in either case. */
typedef int enc_import_fn(const struct enc_import_request *q, struct enc_import *ret, struct enc_diags *errors);
enc_import_fn enc_import_srt, enc_import_codex, enc_import_bwrap;

#endif
