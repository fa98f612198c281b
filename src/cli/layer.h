/* SPDX-License-Identifier: MIT */
/*
 * layer.h - the changes of a run whose workspace was kept apart: what diff, apply and discard begin with
 */
#ifndef ENC_CLI_LAYER_H
#define ENC_CLI_LAYER_H

#include "cli/runs.h"
#include "overlay/overlay.h"

struct enc_cli_layer {
	struct enc_cli_run run;
	struct enc_run_about about;
	struct enc_overlay o;
	struct enc_changes changes;
	int lock;
};

/* Opens RUN's layer and its workspace, and lists the changes. 0 or negative errno; close in both cases. -ENOENT: no
 * such run; -ENODATA: its workspace was not kept apart, or was discarded; -ESTALE: the workspace is another folder by
 * now. */
int enc_cli_layer_open(struct enc_cli_layer *l, const char *which, struct enc_err *e);
/* Before anything is changed: -EBUSY when another apply or discard of this run goes on. */
int enc_cli_layer_lock(struct enc_cli_layer *l, struct enc_err *e);
void enc_cli_layer_close(struct enc_cli_layer *l);
/* PATH of the command line as one below the workspace ("" for all of it); arena string, or NULL with e set. */
const char *enc_cli_layer_path(struct enc_cli_layer *l, const char *path, struct enc_err *e);
/* Adds text as it is, or, for a terminal, with control characters escaped; newlines and tabs stay. */
void enc_cli_add_text(struct enc_buf *out, const char *s, size_t n, bool terminal);

#endif
