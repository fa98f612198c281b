/* SPDX-License-Identifier: MIT */
/*
 * runs.h - verbs that read one run: its id and its folder
 */
#ifndef ENC_CLI_RUNS_H
#define ENC_CLI_RUNS_H

#include "cli/cli.h"

struct enc_cli_run {
	struct enc_arena *arena;
	const char *state_dir;
	char id[27];
	int dir; /* STATE/runs/ID, or -1 */
};

/* Finds RUN (id, prefix, name, last). 0 or a negative errno (-ENOENT: no such run); close in both cases. */
int enc_cli_run_open(struct enc_cli_run *ret, const char *which, struct enc_err *e);
void enc_cli_run_close(struct enc_cli_run *r);

#endif
