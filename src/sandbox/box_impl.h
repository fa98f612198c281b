/* SPDX-License-Identifier: MIT */
/*
 * box_impl.h - what the files of this folder share: the box, the launch, the messages
 */
#ifndef ENC_SANDBOX_BOX_IMPL_H
#define ENC_SANDBOX_BOX_IMPL_H

#include <stdint.h>
#include <sys/stat.h>

#include "sandbox/filter.h"
#include "sandbox/sandbox.h"

#define MAX_GROUPS 8
#define MAX_PIDS   32768 /* processes of a run that are looked at */
#define MAX_SYNC   64	 /* files of kind FILE_SYNC; their directories go in one message */

/* ---- messages on the control socket, all of this one size ---- */

enum wire_kind {
	WIRE_MAPPED = 1,  /* to init: ids are mapped, you are in your groups: put up the walls */
	WIRE_GO,	  /* to init: start the command */
	WIRE_SIGNAL,	  /* to init: value to the command's process group */
	WIRE_DIRS,	  /* from init: descriptors of the directories of FILE_SYNC and of the private space */
	WIRE_TERMINAL,	  /* from init: the master of the run's terminal */
	WIRE_READY,	  /* from init: walls are up; the listener's descriptor with it when there is one */
	WIRE_FAIL,	  /* from init: a step failed */
	WIRE_COMMAND,	  /* from the command before exec: the kernel adds who it is */
	WIRE_EXECED,	  /* from init: the command runs */
	WIRE_EXEC_FAILED, /* from the command: error */
	WIRE_STOPPED,	  /* from init: the command was stopped by signal `value` */
	WIRE_EXIT,	  /* from init: value is the wait status */
};

struct wire {
	uint32_t kind;
	int32_t value, error, spare;
	struct rusage usage;
	char step[40], mechanism[24], text[256];
};

/* 1 a message, 0 end of file, negative errno. fds: room for *n_fds, -1 where none; pid: of the sender, or NULL. */
int enc_wire_recv(int fd, struct wire *ret, int *fds, size_t *n_fds, pid_t *ret_pid);
/* 0 or negative errno. Usable between clone and exec. */
int enc_wire_send(int fd, const struct wire *w, const int *fds, size_t n_fds);

/* ---- a step that failed: for enc_box_failure ---- */

struct stage {
	const char *step, *mechanism;
	const char *what; /* a path, or NULL */
};

#ifdef ENC_TEST_FAULTS
/* The test library alone has this: the step with this number (counted from 1, in the supervisor and on into the
 * child) fails with EIO; 0 none. enc_box_steps counts those of the supervisor. */
extern int enc_box_fail_at, enc_box_steps;
/* Before the step with this number the process sets *enc_box_halt to 1, and waits until it is something else. */
extern int enc_box_halt_at;
extern volatile int *enc_box_halt;
int enc_box_fault(void);
#else
static inline int enc_box_fault(void)
{
	return 0;
}
#endif

/* Names the step that comes next; -1 with errno when a test wants it to fail. */
static inline int enc_stage(struct stage *s, const char *step, const char *mechanism, const char *what)
{
	s->step = step;
	s->mechanism = mechanism;
	s->what = what;
	return enc_box_fault();
}

/* ---- the launch: everything that the child needs, made before clone ---- */

struct pseudo_mask {  /* a kernel file system under a grant, which the grant doesn't mean */
	size_t after; /* index of the grant's mount */
	char *path;
	bool is_dir;
};

struct launch {
	const struct enc_plan *plan;
	struct stage stage;
	bool privileged; /* the supervisor is root of the machine: it made the trees */
	int ctl;	 /* the child's end */
	int overlay;	 /* a privileged supervisor's tree of STATE/runs/ID/overlay, or -1 */
	char *own_layer; /* an ordinary user's child makes it itself, of this path; or NULL */
	int *tree;	 /* a mount: detached tree, or source of FILE_SYNC; -1: the child makes it */
	struct pseudo_mask *masks;
	size_t n_masks;
	const struct enc_filters *filters;
	int landlock_abi;
	char space_size[24]; /* size= of the private space */
	char nr_inodes[24];
	int in, out, err;
	bool tty;
	struct winsize size;
	const int *keep;
	size_t n_keep;
	char *const *argv;
	char **exec_paths; /* candidates, NULL-terminated */
	mode_t umask;
	int sync_dirs[MAX_SYNC + 1]; /* the child's; the last is the private space itself */
	size_t n_sync;
};

/* launch.c: the child. Never returns. */
_Noreturn void enc_launch_child(struct launch *l);
/* mounts.c: 0, or -1 with errno and l->stage naming the step. */
int enc_mounts_build(struct launch *l);
/* source.c: a detached tree of a grant, checked against the plan; a descriptor, or -1 with errno. userns: for idmap. */
int enc_source_tree(const struct enc_mount *m, int userns);
bool enc_source_matches(int fd, const struct enc_mount *m);
/* walls.c: each 0, or -1 with errno. */
int enc_wall_ids(struct launch *l);
int enc_wall_terminal(struct launch *l, int *ret_master);
int enc_wall_descriptors(struct launch *l);
int enc_wall_limits(struct launch *l);
int enc_wall_capabilities(struct launch *l);
int enc_wall_landlock(struct launch *l);
int enc_wall_seccomp(struct launch *l, int *ret_listener);
/* init.c */
_Noreturn void enc_init_main(struct launch *l);

/* ---- the supervisor's side ---- */

struct ctl_group { /* one control group */
	int version;
	int dir;    /* descriptor of it */
	int parent; /* of the directory that holds it */
	char name[64];
	const char *dir_path; /* of the parent, the host's string */
	bool memory, pids, cpu, kill;
	bool thaw; /* made at the end, for what is frozen */
};

struct sync_file {
	const struct enc_mount *m;
	const char *name;      /* last component */
	int host_dir;	       /* the file's directory on the host, opened at the start */
	int box_dir;	       /* the same in the box, from init; -1 before */
	struct stat host, box; /* as they were when last in step */
	unsigned kept;	       /* versions of the run put aside because the host's file had changed */
};

struct enc_measuring { /* a process that measures; pid 0: none */
	pid_t pid;
	int fd;
};

struct enc_box {
	const struct enc_plan *plan;
	char run[40];
	int pidfd, ctl, listener, terminal, space; /* space: the private space, for its usage */
	pid_t init, command;
	bool reaped, ended;
	uint64_t killed_ns; /* when it was first told to die; 0 not yet */
	struct enc_box_status status;
	struct ctl_group groups[MAX_GROUPS];
	size_t n_groups;
	struct sync_file *sync;
	size_t n_sync;
	uint64_t memory_peak;
	pid_t holder;	     /* keeps the scope, and with it the counters of the run, until we have read them; or 0 */
	char scope[256];     /* directory of the run's scope, where systemd's user manager gives one; or "" */
	char scope_why[200]; /* why it gave none */
	struct enc_measuring measuring[2]; /* disk, memory */
	int spaces[2];			   /* of the run, for who measures: IPC, and user for an ordinary user; or -1 */
	uint64_t held;			   /* memory that no process is charged with, as last measured */
	uint64_t cpu_sum, cpu_ns;	   /* as last added up from /proc; what it grew by in all */
};

/* cgroup.c */
int enc_groups_make(struct enc_box *b, struct stage *s); /* 0, or -1 with errno */
int enc_groups_into(const struct enc_box *b);		 /* v2 group for CLONE_INTO_CGROUP, or -1 */
int enc_groups_join(const struct enc_box *b, pid_t pid); /* the v1 ones */
void enc_groups_kill(const struct enc_box *b);
/* Makes what was killed and can't die for being frozen able to. */
void enc_groups_thaw(struct enc_box *b);
void enc_groups_remove(struct enc_box *b);
/* scope.c: does a clause of the plan rely on a scope? */
bool enc_scope_wanted(const struct enc_plan *p);
/* A scope with init in it; 0, or -1 with errno and b->scope_why */
int enc_scope_make(struct enc_box *b, struct stage *s);
void enc_scope_leave(struct enc_box *b); /* safe without one */
/* measure.c: what will be needed to measure, opened while init can still be looked at; 0, or -1 */
int enc_measure_open(struct enc_box *b);
#define ENC_CROWD 256 /* processes; so many are counted however long it takes, since limits.pids depends on it */
/* processes.c: every process of the run and init, at most max; their number. Those found until end_ns
 * (CLOCK_MONOTONIC; 0: all of them, however long it takes). */
int enc_processes_list(const struct enc_box *b, pid_t *v, int max, uint64_t end_ns);
/* The same by their parents, whatever groups they are in. */
int enc_processes_below(pid_t init, pid_t *v, int max, uint64_t end_ns);
/* A file of /proc/PID, cut to size - 1 and terminated; its length, or -1. */
ssize_t enc_processes_read(pid_t pid, const char *file, char *out, size_t size);
/* Threads, and processor time with that of the children that were waited for. False: it is gone. */
bool enc_processes_stat(pid_t pid, uint64_t *ret_threads, uint64_t *ret_cpu_ns);
/* sources.c: trees of a privileged supervisor, sources of FILE_SYNC, masks of kernel file systems. 0, or -1. */
int enc_sources_make(struct enc_box *b, struct launch *l);
/* overlay.c: makes upper and work of the run's own layer, owned by the run. 0, or -1. */
int enc_overlay_make(struct enc_box *b, struct launch *l);
/* sync.c */
int enc_sync_open(struct enc_box *b, struct launch *l);
void enc_sync_close(struct enc_box *b);
/* idmap.c: a user namespace for idmapped mounts, uid <-> run_uid and gid <-> run_gid; descriptor, or -1. */
int enc_idmap_open(uid_t uid, uid_t run_uid, gid_t gid, gid_t run_gid);

#endif
