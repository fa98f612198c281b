/* SPDX-License-Identifier: MIT */
/*
 * runs.h - verbs that read one run: its id and its folder
 */
#ifndef ENC_CLI_RUNS_H
#define ENC_CLI_RUNS_H

#include "cli/cli.h"
#include "run/run.h"

struct enc_cli_run {
	struct enc_arena *arena;
	const char *state_dir;
	char id[27];
	int dir; /* STATE/runs/ID, or -1 */
};

/* Finds RUN (id, prefix, name, last). 0 or a negative errno (-ENOENT: no such run); close in both cases. */
int enc_cli_run_open(struct enc_cli_run *ret, const char *which, struct enc_err *e);
/* Waits until the run has a result; one whose supervisor died is given one. timeout_ns 0: no end. 1 it has, 0 not in
 * time, or negative errno. */
int enc_cli_run_settle(struct enc_cli_run *run, uint64_t timeout_ns, struct enc_run_about *ret, struct enc_err *e);
/* What is known of it now, with the supervisor's numbers when it goes on. A lost run is given its result. */
int enc_cli_run_about(struct enc_cli_run *run, struct enc_run_about *ret, struct enc_err *e);
void enc_cli_run_close(struct enc_cli_run *r);

#endif
