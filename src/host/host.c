/* SPDX-License-Identifier: MIT */
/*
 * host.c - all probes, and the cache before them
 */
#include "host/host.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/text.h"
#include "host/impl.h"

#define FILES_MIN 64

static const char *const names[] = {
#define ROW(id, name) [ENC_MECH_##id] = (name),
	ENC_MECHANISMS(ROW)
#undef ROW
};

const char *enc_mech_name(enum enc_mech m)
{
	return names[m];
}

int enc_mech_parse(const char *name, enum enc_mech *ret)
{
	for (int m = 0; m < ENC_MECH__COUNT; m++)
		if (strcmp(names[m], name) == 0) {
			*ret = (enum enc_mech)m;
			return 0;
		}
	return -EINVAL;
}

const char *enc_status_name(enum enc_status s)
{
	static const char *const words[] = {
		[ENC_ST_SUPPORTED] = "supported",	    [ENC_ST_EXPERIMENTAL] = "experimental",
		[ENC_ST_UNSUPPORTED] = "unsupported",	    [ENC_ST_UNAVAILABLE] = "unavailable",
		[ENC_ST_REQUIRES_SETUP] = "requires-setup",
	};

	return words[s];
}

static void copy(char *to, size_t size, const char *text)
{
	(void)snprintf(to, size, "%s", text ? text : "");
}

void enc_probe_set(struct enc_host *h, enum enc_mech m, enum enc_status s, const char *detail, const char *reason,
		   const char *next)
{
	h->mech[m].status = s;
	copy(h->mech[m].detail, sizeof(h->mech[m].detail), detail);
	copy(h->mech[m].reason, sizeof(h->mech[m].reason), reason);
	copy(h->mech[m].next, sizeof(h->mech[m].next), next);
}

static const struct row {
	enum enc_mech mech;
	enc_probe_fn fn;
	enum enc_status otherwise;
	const char *next;
} rows[] = {
	{ENC_MECH_USER_NAMESPACE, enc_probe_user_namespace, ENC_ST_REQUIRES_SETUP,
	 "sysctl -w user.max_user_namespaces=15000 kernel.unprivileged_userns_clone=1 "
	 "kernel.apparmor_restrict_unprivileged_userns=0 (those that exist)"},
	{ENC_MECH_MOUNT_NAMESPACE, enc_probe_mount_namespace, ENC_ST_UNAVAILABLE, "a kernel of 5.12 or newer"},
	{ENC_MECH_PID_NAMESPACE, enc_probe_pid_namespace, ENC_ST_UNAVAILABLE,
	 "a container that masks parts of /proc forbids it: start it with an unmasked /proc"},
	{ENC_MECH_NET_NAMESPACE, enc_probe_net_namespace, ENC_ST_UNAVAILABLE,
	 "sysctl -w user.max_net_namespaces=15000"},
	{ENC_MECH_LANDLOCK, enc_probe_landlock, ENC_ST_UNAVAILABLE, "add landlock to the kernel's lsm= list"},
	{ENC_MECH_SECCOMP, enc_probe_seccomp, ENC_ST_UNAVAILABLE, "a kernel with CONFIG_SECCOMP_FILTER"},
	{ENC_MECH_SECCOMP_NOTIFY, enc_probe_seccomp_notify, ENC_ST_UNAVAILABLE, "a kernel of 5.0 or newer"},
	{ENC_MECH_RLIMIT, enc_probe_rlimit, ENC_ST_UNAVAILABLE, ""},
	{ENC_MECH_OVERLAY, enc_probe_overlay, ENC_ST_UNAVAILABLE,
	 "a kernel of 5.11 or newer with overlayfs: modprobe overlay"},
};

/* A reason that lies with the caller, or with the moment, and not with the machine. */
static bool will_pass(int error)
{
	return error == EMFILE || error == ENFILE || error == EAGAIN || error == ENOMEM || error == EFBIG;
}

/* Of so few descriptors some probes tell nothing at all. */
static bool few_descriptors(void)
{
	struct rlimit files;

	return getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < FILES_MIN;
}

static void take(struct enc_host *h, const struct row *r, const struct enc_answer *a)
{
	char reason[200];

	if (r->mech == ENC_MECH_LANDLOCK)
		h->landlock_abi = a->error ? 0 : a->number;
	if (!a->error) {
		enc_probe_set(h, r->mech, ENC_ST_SUPPORTED, a->detail, NULL, NULL);
		return;
	}
	h->passing = h->passing || will_pass(a->error);
	(void)snprintf(reason, sizeof(reason), "%s: %s", a->step, strerror(a->error));
	enc_probe_set(h, r->mech, r->otherwise, NULL, reason, r->next);
}

static void probe_idmap(struct enc_host *h)
{
	static const struct row row = {ENC_MECH_IDMAP, enc_probe_idmap, ENC_ST_UNAVAILABLE,
				       "name a user: in the manifest"};
	struct enc_answer a;

	if (h->uid != 0) {
		enc_probe_set(h, ENC_MECH_IDMAP, ENC_ST_REQUIRES_SETUP, NULL,
			      "only root may make idmapped mounts; an ordinary user's run needs none", "");
		return;
	}
	enc_probe_run(row.fn, h, &a);
	take(h, &row, &a);
}

static void probe_all(struct enc_host *h)
{
	for (size_t i = 0; i < ENC_LEN(rows); i++) {
		struct enc_answer a;

		enc_probe_run(rows[i].fn, h, &a);
		take(h, &rows[i], &a);
	}
	probe_idmap(h);
	enc_probe_cgroups(h);
	enc_probe_bpf(h);
	enc_probe_set(h, ENC_MECH_EGRESS, ENC_ST_UNSUPPORTED, NULL, "not built in this version",
		      "network: {mode: none} or {mode: open}");
}

static void identify(struct enc_host *h)
{
	enc_auto(enc_free_auto) char *text = NULL;
	struct utsname u;
	size_t n;

	if (uname(&u) == 0) {
		copy(h->release, sizeof(h->release), u.release);
		copy(h->machine, sizeof(h->machine), u.machine);
	}
	h->uid = geteuid();
	if (enc_read_file(AT_FDCWD, "/proc/sys/kernel/random/boot_id", 256, &text, &n, NULL) == 0)
		(void)snprintf(h->boot_id, sizeof(h->boot_id), "%.*s", (int)strcspn(text, "\n"), text);
}

/* Which program asked: another build may probe other things. */
static void build_of(char *ret, size_t size)
{
	struct stat st;

	if (stat("/proc/self/exe", &st) < 0)
		memset(&st, 0, sizeof(st));
	(void)snprintf(ret, size, ENC_VERSION "-%llx-%llx-%llx", (unsigned long long)st.st_ino,
		       (unsigned long long)st.st_size,
		       (unsigned long long)st.st_mtim.tv_sec * 1000000000u + (unsigned long long)st.st_mtim.tv_nsec);
}

int enc_host_load(const char *state_dir, unsigned flags, struct enc_host *ret, struct enc_err *e)
{
	sigset_t ends, old;
	char build[120];
	int r;

	memset(ret, 0, sizeof(*ret));
	identify(ret);
	build_of(build, sizeof(build));
	if (state_dir && !(flags & ENC_HOST_FRESH) && enc_cache_read(state_dir, build, ret) == 1)
		return 0;
	/* A probe makes real things, groups among them: a signal that ends us waits until they are gone. */
	sigemptyset(&ends);
	sigaddset(&ends, SIGINT);
	sigaddset(&ends, SIGTERM);
	sigaddset(&ends, SIGHUP);
	sigaddset(&ends, SIGQUIT);
	(void)sigprocmask(SIG_BLOCK, &ends, &old);
	probe_all(ret);
	ret->passing = ret->passing || few_descriptors();
	r = state_dir && !ret->passing ? enc_cache_write(state_dir, build, ret, e) : 0;
	(void)sigprocmask(SIG_SETMASK, &old, NULL);
	return r;
}

void enc_host_mask(struct enc_host *h, enum enc_mech m)
{
	enc_probe_set(h, m, ENC_ST_UNAVAILABLE, NULL, "masked by --mask", "leave --mask out");
	if (m == ENC_MECH_LANDLOCK)
		h->landlock_abi = 0;
	if (m == ENC_MECH_CGROUP_V2)
		h->cgroup2_dir[0] = '\0';
	for (int c = 0; c < ENC_CTL__COUNT; c++) {
		static const struct enc_cgroup_home none;

		if (m == ENC_MECH_CGROUP_V1)
			h->old[c] = none;
		if ((m == ENC_MECH_CGROUP_V2 && h->ctl[c].version == 2) ||
		    (m == ENC_MECH_CGROUP_V1 && h->ctl[c].version == 1)) {
			h->ctl[c] = h->old[c];
			h->old[c] = none;
		}
	}
}
