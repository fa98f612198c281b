/* SPDX-License-Identifier: MIT */
/*
 * host.h - what this machine can do, found by trying
 *
 * One probe a mechanism; each is a real attempt in a child that leaves nothing behind. Answers are cached a boot
 * in boot.json (a cache, never a promise: a wall that fails to go up refuses the run).
 */
#ifndef ENC_HOST_HOST_H
#define ENC_HOST_HOST_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/json.h"

#define ENC_MECHANISMS(X)                     \
	X(USER_NAMESPACE, "user-namespace")   \
	X(MOUNT_NAMESPACE, "mount-namespace") \
	X(PID_NAMESPACE, "pid-namespace")     \
	X(NET_NAMESPACE, "net-namespace")     \
	X(LANDLOCK, "landlock")               \
	X(SECCOMP, "seccomp")                 \
	X(SECCOMP_NOTIFY, "seccomp-notify")   \
	X(IDMAP, "idmap")                     \
	X(CGROUP_V2, "cgroup-v2")             \
	X(CGROUP_V1, "cgroup-v1")             \
	X(RLIMIT, "rlimit")                   \
	X(EGRESS, "egress")                   \
	X(CGROUP_BPF, "cgroup-bpf")           \
	X(BPF_EXEC_CHECK, "bpf-exec-check") X(BPF_LSM, "bpf-lsm") X(WITNESS, "witness") X(OVERLAY, "overlay")

#define ENC_MECH_ENUM(id, name) ENC_MECH_##id,
enum enc_mech { ENC_MECHANISMS(ENC_MECH_ENUM) ENC_MECH__COUNT };
#undef ENC_MECH_ENUM
const char *enc_mech_name(enum enc_mech m);
int enc_mech_parse(const char *name, enum enc_mech *ret); /* 0 or -EINVAL */

enum enc_status {
	ENC_ST_SUPPORTED,
	ENC_ST_EXPERIMENTAL,
	ENC_ST_UNSUPPORTED, /* the machine or this version lacks it */
	ENC_ST_UNAVAILABLE,
	ENC_ST_REQUIRES_SETUP, /* refused here; the owner can change it */
};
const char *enc_status_name(enum enc_status s); /* supported, ..., requires-setup */

struct enc_probe {
	enum enc_status status;
	char detail[160]; /* what was found: "ABI 7", "memory, pids (v1)" */
	char reason[200]; /* when not supported: why, with the errno of the attempt */
	char next[200];	  /* the command that mends it, or "" */
};

enum enc_controller { ENC_CTL_MEMORY, ENC_CTL_PIDS, ENC_CTL_CPU, ENC_CTL_FREEZER, ENC_CTL__COUNT };
struct enc_cgroup_home { /* where a controller's groups can be made by this user */
	int version;	 /* 0: nowhere, 1, 2 */
	char dir[256];	 /* existing directory in which a run's group is made, or ENC_HOME_SCOPE */
};
/* In place of a directory: a scope that systemd's user manager is asked for, anew for each run. */
#define ENC_HOME_SCOPE "systemd:scope"

struct enc_host {
	char boot_id[40], release[128], machine[72];
	uid_t uid;
	bool cached;  /* came from boot.json */
	bool passing; /* something was missing for want of descriptors, processes or memory: not kept */
	struct enc_probe mech[ENC_MECH__COUNT];
	int landlock_abi;			    /* 0 when absent */
	struct enc_cgroup_home ctl[ENC_CTL__COUNT]; /* the best one */
	struct enc_cgroup_home old[ENC_CTL__COUNT]; /* v1 beside a v2 that is best: what is left when that is masked */
	char cgroup2_dir[256];			    /* where a v2 group with cgroup.kill can be made, or "" */
};

bool enc_home_is_scope(const char *dir);
bool enc_host_in_scope(const struct enc_host *h); /* a run's groups are made in a scope */

#define ENC_HOST_FRESH (1u << 0) /* probe, whatever the cache says */
/* state_dir may be NULL: then nothing is cached. */
int enc_host_load(const char *state_dir, unsigned flags, struct enc_host *ret, struct enc_err *e);
static inline bool enc_host_has(const struct enc_host *h, enum enc_mech m)
{
	return h->mech[m].status == ENC_ST_SUPPORTED;
}
/* Mark as missing, as --mask asks. */
void enc_host_mask(struct enc_host *h, enum enc_mech m);
/* Has systemd's user manager put the processes (n at most ENC_SCOPE_PIDS) into a new scope, enclosure-NAME.scope, below
 * which groups can be made; ret: the scope's directory. It goes, with all groups below, with the last process in it. */
#define ENC_SCOPE_PIDS 2
int enc_host_scope(const char *name, const pid_t *pids, size_t n, char *ret, size_t size, struct enc_err *e);
void enc_host_json(const struct enc_host *h, struct enc_json *j); /* "enclosure.capabilities/v1" */

#endif
