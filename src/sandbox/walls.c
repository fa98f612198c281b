/* SPDX-License-Identifier: MIT */
/*
 * walls.c - what the child takes away from itself: ids, descriptors, limits, capabilities, files, system calls
 *
 * Runs between clone and exec: nothing here allocates. Each step leaves what the next ones need; launch.c has the
 * order. 0, or -1 with errno.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/securebits.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "sandbox/box_impl.h"
#include "sys/kernel.h"
#include "sys/landlock.h"
#include "sys/mountfd.h"
#include "sys/seccomp.h"

#define MEMLOCK_MAX (8ULL << 20)

/* Becomes the run's ids. Capabilities in the own namespace stay: none of the ids is the one that loses them. */
int enc_wall_ids(struct launch *l)
{
	const struct enc_ids *ids = &l->plan->ids;
	gid_t gid = ids->inside_gid;
	uid_t uid = ids->inside_uid;

	if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0))
		return -1;
	/* An ordinary user can't leave its groups: the kernel wants setgroups denied before it maps a group. */
	if (l->privileged && setgroups(0, NULL))
		return -1;
	if (setresgid(gid, gid, gid) || setresuid(uid, uid, uid))
		return -1;
	if (getuid() == uid && geteuid() == uid && getgid() == gid && getegid() == gid)
		return 0;
	errno = EPERM;
	return -1;
}

/* ---- the terminal ---- */

/* From the run's own /dev/pts: nothing that is said to it reaches another terminal. The supervisor gets the master, and
 * the command the other side as its 0, 1 and 2. */
int enc_wall_terminal(struct launch *l, int *ret_master)
{
	enc_auto_fd int master = open("/dev/pts/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
	int locked = 0, slave;

	if (master < 0 || ioctl(master, TIOCSPTLCK, &locked))
		return -1;
	slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (slave < 0 || ioctl(slave, TIOCSWINSZ, &l->size))
		return -1;
	l->in = l->out = l->err = slave;
	*ret_master = ENC_TAKE_FD(master);
	return 0;
}

/* ---- descriptors ---- */

/* The lowest kept descriptor that is at least `from`; -1 none. */
static int next_kept(const struct launch *l, int from)
{
	int next = l->ctl >= from ? l->ctl : -1;

	for (size_t i = 0; i < l->n_keep; i++)
		if (l->keep[i] >= from && (next < 0 || l->keep[i] < next))
			next = l->keep[i];
	return next;
}

/* Sets 0, 1, 2; everything else but the kept and the control socket is closed. */
int enc_wall_descriptors(struct launch *l)
{
	int wanted[3] = {l->in, l->out, l->err}, high[3], from = 3, kept;

	for (int i = 0; i < 3; i++) {
		/* Out of the way first: a source may be one of the targets. */
		if (wanted[i] >= 0)
			high[i] = fcntl(wanted[i], F_DUPFD_CLOEXEC, 3);
		else
			high[i] = open("/dev/null", O_RDWR | O_CLOEXEC);
		if (high[i] < 0)
			return -1;
	}
	for (int i = 0; i < 3; i++)
		if (dup2(high[i], i) < 0)
			return -1;
	while ((kept = next_kept(l, from)) >= 0) {
		if (kept > from && close_range((unsigned)from, (unsigned)kept - 1, 0))
			return -1;
		if (kept != l->ctl && fcntl(kept, F_SETFD, 0))
			return -1;
		from = kept + 1;
	}
	if (close_range((unsigned)from, ~0u, 0))
		return -1;
	/* A session of its own: no signal of the caller's terminal reaches the run, and no tty of the caller is its. */
	return setsid() < 0 ? -1 : 0;
}

/* ---- limits ---- */

static int set_limit(int which, uint64_t value)
{
	struct rlimit now, next = {.rlim_cur = value, .rlim_max = value};

	if (getrlimit((__rlimit_resource_t)which, &now))
		return -1;
	if (now.rlim_max < next.rlim_max) /* the caller's own is narrower and holds */
		next.rlim_cur = next.rlim_max = now.rlim_max;
	return setrlimit((__rlimit_resource_t)which, &next);
}

int enc_wall_limits(struct launch *l)
{
	const struct enc_limits *limits = &l->plan->limits;

	/* 1 and not 0: see setrlimit in calls.h. */
	if (set_limit(RLIMIT_CORE, 1) || set_limit(RLIMIT_MEMLOCK, MEMLOCK_MAX))
		return -1;
	if (limits->files && set_limit(RLIMIT_NOFILE, limits->files))
		return -1;
	/* Counted in the user namespace, so that the caller's other processes don't count; init is one of them. A
	 * refused fork leaves no trace, so one more is let in: who is seen above the limit wanted more than it. */
	if (limits->pids && l->plan->use_rlimit_pids && set_limit(RLIMIT_NPROC, limits->pids + 2))
		return -1;
	return 0;
}

/* ---- capabilities ---- */

int enc_wall_capabilities(struct launch *l)
{
	static const struct enc_caps none;
	const int locked = SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP |
			   SECBIT_NO_SETUID_FIXUP_LOCKED | SECBIT_KEEP_CAPS_LOCKED | SECBIT_NO_CAP_AMBIENT_RAISE |
			   SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED;

	(void)l;
	for (int cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
		if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0))
			return -1;
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) || prctl(PR_SET_SECUREBITS, locked, 0, 0, 0) ||
	    enc_sys_capset(&none) || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -1;
	/* Nobody of the run may read init's memory or take its descriptors; exec makes the command itself normal. */
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0))
		return -1;
	/* After the last change of credentials, which would clear it. That the supervisor still lives is seen by the
	 * control socket: one that died before this line has closed it. */
	return prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
}

/* ---- Landlock ---- */

#define LL_READ	 (ENC_LL_READ_FILE | ENC_LL_READ_DIR | ENC_LL_EXECUTE)
#define LL_NODES (ENC_LL_MAKE_CHAR | ENC_LL_MAKE_BLOCK)
#define LL_WRITE (~(uint64_t)(LL_NODES | ENC_LL_IOCTL_DEV))
#define LL_PROC	 (ENC_LL_READ_FILE | ENC_LL_READ_DIR | ENC_LL_WRITE_FILE | ENC_LL_TRUNCATE)
#define LL_DEV	 (LL_PROC | ENC_LL_IOCTL_DEV)

static int allow(int rules, uint64_t handled, const char *path, uint64_t access, bool may_be_absent)
{
	enc_auto_fd int fd = enc_sys_open_plain(AT_FDCWD, path, O_PATH | O_NOFOLLOW, 0);

	if (fd < 0)
		return may_be_absent && errno == ENOENT ? 0 : -1;
	return enc_sys_landlock_allow(rules, fd, access & handled);
}

/* A descriptor that the command is given can also be opened again by its name in /proc/self/fd, in its own mode. */
static int allow_descriptor(int rules, uint64_t handled, int fd)
{
	int flags = fcntl(fd, F_GETFL);
	uint64_t access = 0;
	struct stat st;

	if (flags < 0 || fstat(fd, &st))
		return -1;
	if (!S_ISREG(st.st_mode) && !S_ISCHR(st.st_mode))
		return 0;
	if ((flags & O_ACCMODE) != O_WRONLY)
		access |= ENC_LL_READ_FILE;
	if ((flags & O_ACCMODE) != O_RDONLY)
		access |= ENC_LL_WRITE_FILE | ENC_LL_TRUNCATE;
	if (S_ISCHR(st.st_mode))
		access |= ENC_LL_IOCTL_DEV;
	return enc_sys_landlock_allow(rules, fd, access & handled);
}

static int allow_mount(int rules, uint64_t handled, const struct enc_mount *m)
{
	switch (m->kind) {
	case ENC_MT_BIND_RO: return allow(rules, handled, m->path, LL_READ, false);
	case ENC_MT_BIND_RW:
	case ENC_MT_OVERLAY:
	case ENC_MT_SCRATCH: return allow(rules, handled, m->path, LL_WRITE, false);
	case ENC_MT_TEXT: return allow(rules, handled, m->path, ENC_LL_READ_FILE, false);
	/* Inside a grant or a private directory: the mount itself is the wall, Landlock can't take away below. */
	case ENC_MT_FILE_SYNC:
	case ENC_MT_PROTECT:
	case ENC_MT_PIN:
	case ENC_MT_MASK_DIR:
	case ENC_MT_MASK_FILE:
	case ENC_MT_LINK: break;
	}
	return 0;
}

int enc_wall_landlock(struct launch *l)
{
	static const struct {
		const char *path;
		uint64_t access;
	} frame[] = {{"/", ENC_LL_READ_DIR}, {"/proc", LL_PROC},     {"/dev", LL_DEV},	{"/dev/shm", LL_WRITE},
		     {"/tmp", LL_WRITE},     {"/var/tmp", LL_WRITE}, {"/run", LL_WRITE}};
	uint64_t handled = enc_sys_landlock_fs(l->landlock_abi);
	enc_auto_fd int rules = enc_sys_landlock_new(handled, enc_sys_landlock_scopes(l->landlock_abi));
	const struct enc_plan *p = l->plan;

	if (rules < 0)
		return -1;
	for (size_t i = 0; i < ENC_LEN(frame); i++)
		if (allow(rules, handled, frame[i].path, frame[i].access, true))
			return -1;
	for (size_t i = 0; i < p->n_mounts; i++)
		if (allow_mount(rules, handled, &p->mounts[i]))
			return -1;
	for (int fd = 0; fd < 3; fd++)
		if (allow_descriptor(rules, handled, fd))
			return -1;
	for (size_t i = 0; i < l->n_keep; i++)
		if (allow_descriptor(rules, handled, l->keep[i]))
			return -1;
	return enc_sys_landlock_enforce(rules);
}

/* ---- system calls ---- */

int enc_wall_seccomp(struct launch *l, int *ret_listener)
{
	int fd;

	*ret_listener = -1;
	if (enc_sys_seccomp_install(&l->filters->known, false))
		return -1;
	fd = enc_sys_seccomp_install(&l->filters->refuse, l->plan->use_notify);
	if (fd < 0)
		return -1;
	if (l->plan->use_notify)
		*ret_listener = fd;
	return 0;
}
