/* SPDX-License-Identifier: MIT */
/*
 * run.h - the supervisor: owns a run from its plan to its result
 *
 * States (DESIGN, Lifecycle): planned -> started -> finished | timed-out | cancelled | killed, or refused (the plan is
 * not runnable), or failed-setup (a wall did not go up, or the command could not be executed). Exactly one end state is
 * decided, by whichever cause comes first; later causes do not change it.
 */
#ifndef ENC_RUN_RUN_H
#define ENC_RUN_RUN_H

#include "plan/plan.h"

struct enc_run_request {
	const struct enc_plan *plan;
	char *const *argv;
	const char *name;   /* label, or NULL */
	const char *events; /* --events: a descriptor's number or a file, or NULL */
	bool quiet_streams; /* --json: the command's output is captured only */
	bool tee;	    /* and shown on stderr as it comes */
	bool progress;	    /* elapsed time on stderr, a terminal */
};

enum enc_run_state {
	ENC_RUN_FINISHED,
	ENC_RUN_TIMED_OUT,
	ENC_RUN_CANCELLED,
	ENC_RUN_KILLED,
	ENC_RUN_REFUSED,
	ENC_RUN_FAILED_SETUP,
};
const char *enc_run_state_name(enum enc_run_state s);

struct enc_denial {
	const char *clause, *what; /* "system-calls", "mount (fsopen)" */
	uint64_t count, first_real_ns;
};

struct enc_run_result {
	char id[27];
	enum enc_run_state state;
	int status;	       /* exit status of `enclosure run` */
	int exit_code, signal; /* the command's own, -1 when it has none */
	const char *clause;    /* that decided, or NULL */
	const char *reason;    /* in words, or NULL */
	uint64_t started_ns, finished_ns, wall_ns, user_ns, system_ns, max_rss_bytes;
	struct {
		uint64_t bytes;
		bool truncated;
	} out[2]; /* captured stdout, stderr */
	struct enc_denial *denials;
	size_t n_denials;
	uint64_t synced_files; /* single files written back */
	const char *note;      /* what the owner should know, or NULL */
	int output_error;      /* errno when our stdout or stderr could not take what the command printed */
	uint64_t first_seq, last_seq;
	uint64_t lost_events; /* not taken by the reader of --events */
	struct enc_arena *arena;
};

/* Runs the command to its end. 0 with a result (also for refused and failed runs, with e telling why), or a negative
 * errno when not even that could be recorded. result.json is written before it returns. */
int enc_run(const struct enc_run_request *q, struct enc_run_result **ret, struct enc_err *e);
struct enc_run_result *enc_run_result_free(struct enc_run_result *r);
ENC_AUTO_DEFINE(struct enc_run_result, enc_run_result_free)

/* The report that ends a run at a terminal. */
void enc_run_report(const struct enc_run_request *q, const struct enc_run_result *r, struct enc_buf *out, bool color);
/* "enclosure.result/v1" */
void enc_run_result_json(const struct enc_run_request *q, const struct enc_run_result *r, struct enc_json *j);

#endif
