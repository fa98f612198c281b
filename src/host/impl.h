/* SPDX-License-Identifier: MIT */
/*
 * impl.h - what the files of src/host share
 */
#ifndef ENC_HOST_IMPL_H
#define ENC_HOST_IMPL_H

#include "base/text.h"
#include "host/host.h"

/* What a probe found out in its child; fixed size, it comes over a pipe. */
struct enc_answer {
	int error;     /* errno of the step that failed, 0: it works */
	int number;    /* what there is to count: Landlock's ABI */
	char step[80]; /* what failed */
	char detail[160];
};
typedef void (*enc_probe_fn)(struct enc_answer *a, const struct enc_host *h);

/* Runs fn in a child of its own, which is killed after five seconds: what it made goes with it. */
void enc_probe_run(enc_probe_fn fn, const struct enc_host *h, struct enc_answer *ret);
/* In a probe: note a failed step; always -1. */
int enc_probe_fail(struct enc_answer *a, const char *step);
/* In a probe: a user namespace of its own in which the caller's ids are mapped; 0 or -1. */
int enc_probe_userns(struct enc_answer *a, int more_flags);

void enc_probe_user_namespace(struct enc_answer *a, const struct enc_host *h);
void enc_probe_mount_namespace(struct enc_answer *a, const struct enc_host *h);
void enc_probe_pid_namespace(struct enc_answer *a, const struct enc_host *h);
void enc_probe_net_namespace(struct enc_answer *a, const struct enc_host *h);
void enc_probe_landlock(struct enc_answer *a, const struct enc_host *h);
void enc_probe_seccomp(struct enc_answer *a, const struct enc_host *h);
void enc_probe_seccomp_notify(struct enc_answer *a, const struct enc_host *h);
void enc_probe_idmap(struct enc_answer *a, const struct enc_host *h);
void enc_probe_rlimit(struct enc_answer *a, const struct enc_host *h);
void enc_probe_overlay(struct enc_answer *a, const struct enc_host *h);

/* cgroups.c: fills ctl[], cgroup2_dir and the two mechanisms. */
void enc_probe_cgroups(struct enc_host *h);
/* bpf.c: asks the worker, which has libbpf, to load real programs. */
void enc_probe_bpf(struct enc_host *h);

/* worker.c: starts enclosure-worker (argv[0] is its name, argv[1] the job) and reads what it prints. Its exit status,
 * or negative errno; -ENOENT: it isn't installed; -ETIMEDOUT: it was ended, as it is after so many seconds. */
int enc_worker_ask(char *const *argv, unsigned seconds, struct enc_buf *out);
/* systemd.c: is there a socket to ask at? */
bool enc_scope_may_be(const struct enc_host *h);
/* systemd.c: tries a scope, and takes it as the home of v2 groups when it has memory or pids, which have no home yet.
 * Not useful: cgroup v2 has no memory controller.
 * False: there is none, for the reason *why, which *next mends. */
struct enc_scope_lack {
	char why[160], next[160];
};
bool enc_probe_scope(struct enc_host *h, bool useful, struct enc_scope_lack *ret);
/* cgroups.c: set a limit of the controller in a v2 group, as a try; 0 or negative errno. */
int enc_try_limit(const char *group, enum enc_controller c);
const char *enc_controller_name(enum enc_controller c);

void enc_probe_set(struct enc_host *h, enum enc_mech m, enum enc_status s, const char *detail, const char *reason,
		   const char *next);

/* cache.c */
int enc_cache_read(const char *state_dir, const char *build, struct enc_host *h); /* 1 taken, 0 not */
int enc_cache_write(const char *state_dir, const char *build, const struct enc_host *h, struct enc_err *e);

#endif
