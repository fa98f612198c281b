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

#include <sys/ioctl.h>

#include "plan/plan.h"

struct enc_run_request {
	const struct enc_plan *plan;
	char *const *argv;
	const char *name;	       /* label, or NULL */
	const char *events;	       /* --events: a descriptor's number or a file, or NULL */
	bool quiet_streams;	       /* --json: the command's output is captured only */
	bool tee;		       /* and shown on stderr as it comes */
	bool progress;		       /* elapsed time on stderr, a terminal */
	bool detached;		       /* standard streams are nobody's: no input, output captured only */
	bool tty;		       /* the command gets a terminal of its own, which attached clients see */
	struct winsize size;	       /* of that terminal */
	int link;		       /* a client that is attached from the beginning (enc_link_pair()), or -1 */
	void (*link_lost)(void *data); /* it left before the end; NULL is fine */
	void *data;
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

struct enc_limit_hit { /* a limit that was reached; result->clause says whether it ended the run */
	const char *clause;
	uint64_t limit, value, first_real_ns;
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
	struct enc_limit_hit *limits;
	size_t n_limits;
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

/* ---- a run as others see it: ps, wait, stop, attach ---- */

enum enc_life {
	ENC_LIFE_PLANNED, /* walls are going up */
	ENC_LIFE_STARTED,
	ENC_LIFE_STOPPING, /* its end is decided, the command has been asked */
	ENC_LIFE_ENDED,	   /* there is a result */
	ENC_LIFE_LOST,	   /* its supervisor died without one: enc_run_recover() */
};

/* Out of run.json and result.json; strings live in the arena. Numbers of a run that goes on come by enc_link_ask(). */
struct enc_run_about {
	enum enc_life life;
	const char *id, *name, *state; /* "planned", "started", "stopping", or the end state */
	const char *command, *cwd, *manifest;
	const char *started; /* RFC 3339 */
	const char *clause, *reason;
	bool tty, detached;
	pid_t supervisor;
	uint64_t supervisor_start; /* clock ticks since boot, as /proc tells it: with the pid, unique for a boot */
	int status;		   /* exit status of `enclosure run`, -1 before the end */
	uint64_t wall_ns, cpu_ns, memory_bytes, pids;
	struct {
		const char *path; /* of the workspace that was kept apart, or NULL */
		dev_t dev;
		ino_t ino;
		uid_t uid, run_uid; /* the run's id in the layer stands for the owner's */
		gid_t gid, run_gid;
		struct timespec since; /* the run's start, by the file system's clock */
	} overlay;
};
/* dir: STATE/runs/ID. 0 or negative errno. */
int enc_run_about(struct enc_arena *a, int dir, const char *id, struct enc_run_about *ret, struct enc_err *e);
/* Gives a lost run its result: `killed`, by the clause die-with-supervisor, with an event in the record. 1 done, 0
 * there was nothing to do (it lives, or has a result by now), or a negative errno. */
int enc_run_recover(const char *state_dir, int dir, const char *id, struct enc_err *e);

/* SIGKILL to the supervisor that run.json names, if it still is that process: the run dies with it. 0 or negative
 * errno; -ESRCH: it is gone. */
int enc_run_kill_supervisor(const struct enc_run_about *about);

/* The connection to a supervisor: one packet a message, STATE/runs/ID/control. Reachable for whoever owns the state. */
enum enc_link_kind {
	/* to the supervisor */
	ENC_LINK_ATTACH = 1, /* send me output; value: ENC_LINK_INPUT_TOO; rows, cols: my terminal, or 0 */
	ENC_LINK_INPUT,	     /* data: typed */
	ENC_LINK_RESIZE,     /* rows, cols */
	ENC_LINK_CONTINUE,   /* the command may go on after it was stopped */
	ENC_LINK_STOP,	     /* value: signal, v[0]: grace in ns; a second one ends the run at once */
	ENC_LINK_ASK,	     /* for STATUS */
	/* to the client */
	ENC_LINK_STARTED = 32, /* the command runs; data: run id */
	ENC_LINK_OUTPUT,       /* value: 0 stdout (or the terminal), 1 stderr; data */
	ENC_LINK_STOPPED,      /* the command was stopped from its terminal */
	ENC_LINK_STATUS,       /* value: enum enc_life; v: wall ns, CPU ns, memory bytes, processes */
	ENC_LINK_ENDED,	       /* the result is written; value: exit status */
};
#define ENC_LINK_INPUT_TOO 1
#define ENC_LINK_DATA	   4096
struct enc_link_msg {
	uint32_t kind;
	int32_t value;
	uint64_t v[4];
	uint16_t rows, cols;
	uint32_t len;
	char data[ENC_LINK_DATA];
};
int enc_link_pair(int ret[2]); /* 0 or negative errno */
int enc_link_connect(int dir); /* descriptor, or negative errno: ENOENT, ECONNREFUSED: nobody listens */
/* 0 or negative errno; -EAGAIN only with MSG_DONTWAIT in flags. */
int enc_link_send(int fd, const struct enc_link_msg *m, int flags);
int enc_link_recv(int fd, struct enc_link_msg *ret, int flags); /* 1 a message, 0 end, negative errno */
/* Fills what the supervisor knows of a run that goes on; waits at most `ms`. 0, or -ETIMEDOUT, -ECONNREFUSED. */
int enc_link_ask(int dir, int ms, struct enc_run_about *about);

/* The report that ends a run at a terminal. */
void enc_run_report(const struct enc_run_request *q, const struct enc_run_result *r, struct enc_buf *out, bool color);
/* "enclosure.result/v1" */
struct enc_run_identity {
	const char *state_dir, *name, *cwd, *manifest, *plan_digest;
	const char *overlay; /* the workspace that was kept apart, or NULL */
	char *const *argv;
};
struct enc_run_identity enc_run_identify(const struct enc_run_request *q);
void enc_run_result_json(const struct enc_run_identity *who, const struct enc_run_result *r, struct enc_json *j);

#endif
