/* SPDX-License-Identifier: MIT */
/*
 * plan.h - every clause bound to mechanisms and a guarantee, and all that the launcher needs to know
 *
 * A plan is made once, before anything of a run exists, and is what src/sandbox executes literally: the launcher
 * takes no decision of its own. Strings live in the plan's arena, or in the policy, which the plan borrows and
 * which must outlive it.
 */
#ifndef ENC_PLAN_PLAN_H
#define ENC_PLAN_PLAN_H

#include "host/host.h"
#include "policy/policy.h"

struct enc_binding {
	const struct enc_clause *clause;
	uint32_t mechanisms; /* 1u << enum enc_mech; 0 when unbound or nothing needs doing */
	enum enc_guarantee guarantee, asked;
	bool bound;	     /* guarantee >= asked */
	bool visible;	     /* a denial (or a hit) produces an event */
	bool absent;	     /* an optional path inside a write grant that was not there at the start */
	const char *note;    /* what to know about this binding, or NULL */
	const char *missing; /* unbound: why, or NULL */
	const char *next;    /* unbound: what the owner can do */
};

/* What the new root is made of, in the order in which it is mounted. Paths are the same inside and outside. */
enum enc_mount_kind {
	ENC_MT_BIND_RO,
	ENC_MT_BIND_RW, /* grants; nosuid, nodev */
	ENC_MT_OVERLAY, /* the workspace below a layer of its own: what the run changes is kept in STATE/runs/ID/overlay
			 */
	ENC_MT_SCRATCH, /* a private writable directory (home, /tmp, /var/tmp, parent of FILE_SYNC) */
	ENC_MT_FILE_SYNC, /* a single writable file in a scratch directory: copied in, changes written back */
	ENC_MT_PROTECT,	  /* bound over itself read-only */
	ENC_MT_PIN,	  /* bound over itself, so that it can't be renamed away: ancestors of masks */
	ENC_MT_MASK_DIR,
	ENC_MT_MASK_FILE, /* an empty, closed directory or file over it */
	ENC_MT_LINK,	  /* a symlink in the new root, /bin -> usr/bin; target in `target` */
	ENC_MT_TEXT,	  /* a generated read-only file, its text in `target` (/etc/passwd) */
};

struct enc_mount {
	enum enc_mount_kind kind;
	const char *path;   /* absolute, clean, no symlink in it (resolved at plan time) */
	const char *target; /* LINK, TEXT */
	bool is_dir;
	bool idmap; /* map owner of the grant to the run's ids */
	uid_t uid;
	gid_t gid; /* idmap: the owner on disk */
	dev_t dev;
	ino_t ino;     /* what was resolved; the launcher refuses when it differs */
	unsigned mode; /* SCRATCH: 0700, 01777; FILE_SYNC: the file's mode */
	int clause;    /* index into bindings, or -1 */
};

struct enc_ids {
	uid_t uid;
	gid_t gid; /* on the host */
	uid_t inside_uid;
	gid_t inside_gid;		 /* in the run's user namespace: the same, or 0 for `user: root` */
	bool borrowed;			 /* an unused id; grants are idmapped to it */
	const char *name, *home, *shell; /* for the environment; home is what ~ meant */
	const char *why;		 /* "the user behind sudo", "user: agent (enclosure.yaml:4)" */
};

struct enc_limits { /* 0: none */
	uint64_t memory_bytes, pids, time_ns, files;
	uint64_t cpu_percent; /* of one core */
	uint64_t idle_ns, output_bytes, disk_bytes;
};

struct enc_plan {
	struct enc_arena *arena;
	const struct enc_policy *policy;
	const struct enc_host *host;
	struct enc_binding *bindings;
	size_t n_bindings;
	struct enc_mount *mounts;
	size_t n_mounts;
	struct enc_ids ids;
	struct enc_limits limits;
	bool net_none; /* own network namespace with nothing but lo */
	bool use_landlock, use_notify;
	bool use_cgroup_memory, use_cgroup_pids, use_cgroup_cpu, use_rlimit_pids, watch_memory, watch_cpu;
	char *const *env; /* NULL-terminated "K=V", exactly what the command gets */
	const char *cwd;  /* where the command starts; inside a grant */
	const char *state_dir;
	const char *overlay; /* path of the ENC_MT_OVERLAY mount, or NULL */
	const char *engine;  /* "user" | "kernel" | "lsm" */
	char digest[65];     /* SHA-256 of its JSON */
	bool runnable;
	size_t n_unbound;
};

struct enc_plan_request {
	const struct enc_policy *policy;
	const struct enc_host *host;
	const char *state_dir;
	const char *cwd;
	char *const *environ; /* the caller's */
	uint64_t timeout_ns;  /* --timeout, 0 none: the shorter of it and limits.time holds */
};

/* Who the command runs as, needed before the policy is read (what ~ means). user: the manifest's, or NULL.
 * Reads /etc/passwd and /etc/group itself (no NSS: the program is static); numeric ids work for the rest. */
int enc_ids_resolve(struct enc_arena *a, const char *user, const char *why, char *const *environ, struct enc_ids *ret,
		    struct enc_err *e);

/* 0 with a plan, runnable or not; a negative errno when none could be made (e, or findings with places in d). */
int enc_plan_make(const struct enc_plan_request *q, struct enc_plan **ret, struct enc_diags *d, struct enc_err *e);
struct enc_plan *enc_plan_free(struct enc_plan *p);
ENC_AUTO_DEFINE(struct enc_plan, enc_plan_free)

void enc_plan_json(const struct enc_plan *p, struct enc_json *j); /* "enclosure.plan/v1" */
void enc_plan_show(const struct enc_plan *p, struct enc_buf *out, int columns, bool color);
/* One finding a clause that is unbound, E0401. */
void enc_plan_unbound(const struct enc_plan *p, struct enc_diags *d);
const struct enc_binding *enc_plan_find(const struct enc_plan *p, const char *clause_id);

#endif
