/* SPDX-License-Identifier: MIT */
/*
 * supervise.h - what the parts of src/run share about one run
 */
#ifndef ENC_RUN_SUPERVISE_H
#define ENC_RUN_SUPERVISE_H

#include "base/loop.h"
#include "event/event.h"
#include "record/record.h"
#include "run/control.h"
#include "run/denials.h"
#include "run/limit_watch.h"
#include "run/run.h"
#include "run/stream.h"
#include "sandbox/sandbox.h"

struct enc_supervisor {
	const struct enc_run_request *q;
	struct enc_run_result *result;
	struct enc_record *record;
	struct enc_bus *bus;
	struct enc_loop *loop;
	struct enc_box *box;
	struct enc_control *control;
	int terminal; /* the box's: master of the run's terminal, or -1 */
	struct winsize size;
	int dir;	 /* STATE/runs/ID */
	int events_fd;	 /* --events, or -1 */
	bool events_own; /* opened by us */
	struct enc_stream out[2];
	bool streams_started;
	struct enc_denials denials;
	struct enc_limit_watch limits;
	struct enc_disk_watch disk;
	bool ended; /* the end state is decided */
	bool went;  /* the command was started */
	bool command_ended;
	struct enc_box_status status;
	unsigned cancels; /* Ctrl-C and TERM so far */
	struct enc_source *grace;
	bool line_shown;		   /* the status line is on the terminal */
	uint64_t began_ns, last_output_ns; /* of the boot clock, which nobody can set */
	struct enc_err *e;		   /* of the first failure of ours */
};

/* Decides the end state, once; later calls change nothing. reason is copied. */
void enc_run_end(struct enc_supervisor *s, enum enc_run_state state, const char *clause, const char *reason);

/* Those by which a caller ends a run. */
void enc_run_end_signals(sigset_t *ret);
/* watch.c: asks the command to end, once; a second time, or after `grace_ns`, it is ended. why: "by ..." */
int enc_run_cancel(struct enc_supervisor *s, int signo, uint64_t grace_ns, const char *why);
/* control.c: looks after clients that do not read */
void enc_control_tick(struct enc_control *c);
/* io.c: what the command gets as 0, 1 and 2, and who pumps it. *ret: descriptors for the box, -1 where none. */
int enc_run_open_io(struct enc_supervisor *s, int ret[3], struct enc_err *e);
/* After the box is prepared: its terminal is pumped as stdout is. */
int enc_run_open_terminal(struct enc_supervisor *s, struct enc_err *e);
/* about.c */
int enc_run_write_about(struct enc_supervisor *s, struct enc_err *e);

/* events.c: what the supervisor itself tells */
int enc_run_open_sinks(struct enc_supervisor *s, struct enc_err *e);
int enc_run_tell_planned(struct enc_supervisor *s, struct enc_err *e);
int enc_run_tell_started(struct enc_supervisor *s, struct enc_err *e);
int enc_run_tell_setup_failed(struct enc_supervisor *s, const struct enc_box_failure *f, struct enc_err *e);
int enc_run_tell_limit(struct enc_supervisor *s, const char *clause, uint64_t limit, uint64_t value, struct enc_err *e);
int enc_run_tell_exit(struct enc_supervisor *s, struct enc_err *e);
int enc_run_tell_finished(struct enc_supervisor *s, struct enc_err *e);

/* watch.c: the loop's callbacks, from go to the end of the command */
int enc_run_watch(struct enc_supervisor *s, struct enc_err *e);

/* limits.c: from go on; a look takes the counters and acts on what they say, the last time after the end */
int enc_run_limits_start(struct enc_supervisor *s, struct enc_err *e);
void enc_run_limits_look(struct enc_supervisor *s);
/* Tells that the limit was reached; once for each clause. */
void enc_run_limits_tell(struct enc_supervisor *s, const char *clause, uint64_t limit, uint64_t value);
/* The same, and ends the run for it. */
void enc_run_limits_end(struct enc_supervisor *s, const char *clause, uint64_t limit, uint64_t value, const char *why,
			enum enc_run_state state);
/* The run has written n bytes more to one of its outputs: how many of them may be passed on and kept. */
size_t enc_run_limits_output(void *supervisor, size_t n);

/* disk.c: before go (it waits for the first walk), at each look, at the end */
int enc_run_disk_start(struct enc_supervisor *s, struct enc_err *e);
void enc_run_disk_look(struct enc_supervisor *s, uint64_t cpu_ns, uint64_t mono);
void enc_run_disk_last(struct enc_supervisor *s);
void enc_run_disk_done(struct enc_supervisor *s);

/* progress.c: elapsed time on a terminal, while nothing else is shown */
void enc_run_progress_tick(struct enc_supervisor *s);
void enc_run_progress_clear(void *supervisor);

#endif
