/* SPDX-License-Identifier: MIT */
/*
 * sandbox.h - the launcher: puts up the walls of a plan and starts the command behind them
 *
 * Order (CONTRACTS, "Order of the walls"), fixed in launch.c: cgroup and limits; clone3 into the namespaces;
 * id maps; mounts, pivot; descriptors, session; ids, capabilities, no_new_privs; Landlock; seccomp, hand over the
 * notification descriptor; ready; wait for go; exec. The child of clone3 stays as init (pid 1 of the run): it reaps,
 * starts the command as its child, reports its status and ends; with it ends every process of the run.
 * Between clone and exec nothing allocates and nothing logs: a failure is one fixed struct on the control socket.
 *
 * Callers: src/run and probes. Single-threaded.
 */
#ifndef ENC_SANDBOX_SANDBOX_H
#define ENC_SANDBOX_SANDBOX_H

#include <sys/ioctl.h>
#include <sys/resource.h>

#include "plan/plan.h"

struct enc_box;

struct enc_box_io {
	int stdin_fd, stdout_fd, stderr_fd; /* become 0, 1, 2 of the command; stay the caller's */
	const int *keep;		    /* further descriptors that the command is given, by number */
	size_t n_keep;
	char *const *argv;
	const char *run; /* run id: names the cgroup */
	bool tty;	 /* a terminal of its own becomes 0, 1, 2: enc_box_terminal_fd() */
	struct winsize size;
};

struct enc_box_failure { /* set-up failed: which step, which wall, what the kernel said */
	char step[40];	 /* "mount /usr", "landlock", "seccomp", "exec" */
	char mechanism[24];
	int error; /* errno */
	char text[256];
};

struct enc_box_status { /* of the command */
	bool exited, signaled;
	int code;	     /* exit status or signal */
	struct rusage usage; /* of every process that init reaped */
	bool stopped;	     /* by a signal, and can go on: SIGCONT */
	bool exec_failed;    /* the command could not be executed: exec_errno */
	int exec_errno;
};

/* Walls up, command not started. Returns 0; or a negative errno with *fail and e filled in, and nothing left behind:
 * no process, mount, cgroup. */
int enc_box_prepare(const struct enc_plan *p, const struct enc_box_io *io, struct enc_box **ret,
		    struct enc_box_failure *fail, struct enc_err *e);
/* Lets the command start. 0; -ENOENT, -EACCES, -ENOEXEC...: it could not be executed (the box has ended). */
int enc_box_go(struct enc_box *b, struct enc_err *e);

int enc_box_pidfd(const struct enc_box *b);	    /* readable when init has ended */
int enc_box_control_fd(const struct enc_box *b);    /* readable when the command has ended: enc_box_status() */
int enc_box_notify_fd(const struct enc_box *b);	    /* seccomp listener, or -1 */
int enc_box_terminal_fd(const struct enc_box *b);   /* the master of the run's terminal (io.tty), or -1 */
pid_t enc_box_init_pid(const struct enc_box *b);    /* in the caller's pid namespace */
pid_t enc_box_command_pid(const struct enc_box *b); /* the same, of the command, after enc_box_go() */

/* 1 with *ret set when the command has ended (or init has), 0 when not yet. Both may set ret->stopped, once for each
 * time that the command of a terminal was stopped. */
int enc_box_status(struct enc_box *b, struct enc_box_status *ret, struct enc_err *e);
/* To the command's process group, by init; with a terminal, what is stopped goes on, so that it can answer. */
int enc_box_signal(struct enc_box *b, int signo);
/* End every process of the run: cgroup.kill where there is one, and SIGKILL to init. Safe to call again. */
void enc_box_kill(struct enc_box *b);

/* Called now and then after a kill: helps what does not die. */
void enc_box_finish(struct enc_box *b);

struct enc_box_sample { /* counters of the run's limits; a counter that can't be had is 0 */
	uint64_t memory_bytes, memory_peak_bytes, oom_kills;
	uint64_t pids, pids_hits; /* processes and threads; forks refused */
	uint64_t cpu_ns;	  /* of the whole run; never falls */
	uint64_t cpu_throttled;	  /* periods in which the run was slowed */
	bool memory_over;	  /* watched memory (no cgroup) is over its limit */
	bool unseen;		  /* more processes than could be looked at in time: the rest is not known */
	uint64_t files_hits;	  /* processes seen at their descriptor limit (sampled) */
};
void enc_box_sample(struct enc_box *b, struct enc_box_sample *ret);

/* Dear readings, taken by a process of their own: what the writable grants take on the disk, deleted files that are
 * held open included; memory that no process is charged with (memfds, shared memory, pipes, sockets). The second is
 * added to what enc_box_sample() tells of watched memory from then on. */
#define ENC_MEASURE_DISK   (1u << 0)
#define ENC_MEASURE_MEMORY (1u << 1)
struct enc_box_usage {
	uint64_t disk_bytes, held_bytes;
	bool too_deep;	 /* deeper than is looked: what is there is not counted */
	bool incomplete; /* something could not be looked at */
};
/* Begins one (of each kind one at a time; one that goes on is that one). A descriptor of the box that is readable when
 * it is done, or a negative errno. */
int enc_box_measure(struct enc_box *b, unsigned what, struct enc_err *e);
/* 1 with *ret, 0 not yet, negative: it died. what: as it was begun with. */
int enc_box_measured(struct enc_box *b, unsigned what, struct enc_box_usage *ret);
void enc_box_measure_stop(struct enc_box *b, unsigned what); /* nothing goes on: fine */

/* Names of refused system calls: class ("io_uring", "socket", "mount", ...), and the errno that the filter's answer
 * has. */
struct enc_refusal {
	const char *class_name;
	const char *name;
	int error;
	char comm[17]; /* the name of the caller, which is its own choice */
};
/* Takes one notification from the listener, answers it with its errno, and says what it was. 1 taken, 0 nothing there
 * (the caller died), negative: the listener is gone. pid is in the caller's pid namespace. */
int enc_box_take_refusal(struct enc_box *b, struct enc_refusal *ret, pid_t *ret_pid, struct enc_err *e);

/* Write back what the run changed in files of kind FILE_SYNC. Called while the run goes on and once at its end; returns
 * the number of files written, or a negative errno of the last that failed (e names it). */
int enc_box_sync_files(struct enc_box *b, struct enc_err *e);
/* The i-th file whose host version had changed meanwhile and stayed: its path, and how many versions of the run are
 * in STATE/runs/ID/files/ as N-NAME. False when there are fewer. */
bool enc_box_sync_kept(const struct enc_box *b, size_t i, const char **ret_path, unsigned *ret_versions);

/* Waits for init, removes the cgroups, frees. Kills first if needed. NULL is fine. */
struct enc_box *enc_box_close(struct enc_box *b);
ENC_AUTO_DEFINE(struct enc_box, enc_box_close)

/* Takes away the group of a run whose supervisor was killed, in this home; its processes are dying or dead. */
void enc_box_remove_group(const char *home, const char *run);

#endif
