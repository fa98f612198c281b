/* SPDX-License-Identifier: MIT */
/*
 * bwrap_impl.h - what the files of bubblewrap's reader share
 */
#ifndef ENC_IMPORT_BWRAP_IMPL_H
#define ENC_IMPORT_BWRAP_IMPL_H

#include "import/impl.h"

struct bwrap {
	struct importer m;
	struct enc_import_request q; /* ours, with the command line as its text */
	struct enc_mark *marks;	     /* one an argument */
	bool share_net, unshare_pid, die, session, clear;
	bool sized;	      /* --size for the next --tmpfs */
	const char **overlay; /* --overlay-src for the next overlay */
	size_t n_overlay;
};

struct bwrap_option;
/* a: the option's arguments; at: of the option itself */
typedef void bwrap_fn(struct bwrap *b, const struct bwrap_option *o, char *const *a, const struct enc_mark *at);
struct bwrap_option {
	const char *name;
	int args;
	bwrap_fn *run;
	enum enc_import_class class; /* of a fixed finding */
	const char *say, *hint;
	int how; /* files: what the mount is */
};

enum bwrap_mount { BW_RO = 1, BW_RW = 2, BW_DEV = 4, BW_TRY = 8 };

bwrap_fn bwrap_bind, bwrap_tmpfs, bwrap_own, bwrap_mask, bwrap_dir, bwrap_symlink, bwrap_remount, bwrap_overlay_src,
	bwrap_overlay, bwrap_size;

#endif
