/* SPDX-License-Identifier: MIT */
/*
 * mounts.c - the root directory of a run, built by the child in its own mount namespace
 *
 * One tmpfs, the private space, holds everything that the run may make itself: the (later read-only) root, /tmp,
 * home, /dev, generated files, and the empty things that masks show. Its parts are attached as copies of its
 * directories. Every path is walked below the new root's descriptor, following no link of any kind, so a link that an
 * agent planted in a grant leads nowhere. Directories are made in the private space alone, never in a grant.
 *
 * The space and the new root are stacked over the old root. A process keeps its own root below such a stack, so host
 * paths still lead to the host until pivot_root; then the old root and the space's first place are taken off.
 *
 * Runs between clone and exec: nothing here allocates.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/sendfile.h>
#include <unistd.h>

#include "base/text.h"
#include "sandbox/box_impl.h"
#include "sys/kernel.h"
#include "sys/mountfd.h"

#define MN     "mount-namespace"
#define PLAIN  (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV)
#define CLOSED (PLAIN | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_RDONLY)
#define CREATE 1

struct build {
	struct launch *l;
	int root;   /* the new root */
	int space;  /* the private space */
	int lower;  /* what lies below the overlay, as planned; -1 */
	dev_t own;  /* its device: where directories may be made */
	unsigned n; /* parts of the space so far */
};

/* Opens one component below dir; makes it when it is absent, create is set and dir is in the private space. */
static int enter(const struct build *b, int dir, const char *name, bool is_dir, bool create)
{
	struct stat st;
	int fd = enc_sys_open_plain(dir, name, O_PATH | O_NOFOLLOW, ENC_RESOLVE_BENEATH);

	if (fd < 0 && errno == ENOENT && create) {
		if (fstat(dir, &st))
			return -1;
		if (st.st_dev != b->own) {
			errno = ENOENT; /* would be made on the host */
			return -1;
		}
		if (is_dir ? mkdirat(dir, name, 0755) : mknodat(dir, name, S_IFREG | 0444, 0))
			return -1;
		fd = enc_sys_open_plain(dir, name, O_PATH | O_NOFOLLOW, ENC_RESOLVE_BENEATH);
	}
	if (fd >= 0 && (fstat(fd, &st) || S_ISLNK(st.st_mode) || S_ISDIR(st.st_mode) != is_dir)) {
		(void)close(fd);
		errno = is_dir ? ENOTDIR : EISDIR;
		return -1;
	}
	return fd;
}

/* What `path` is in the new root, as O_PATH, walked by component. */
static int target(const struct build *b, const char *path, bool is_dir, bool create)
{
	enc_auto_fd int dir = enc_sys_open_plain(b->root, ".", O_PATH | O_DIRECTORY, 0);
	char name[256];
	size_t n;

	if (dir < 0)
		return -1;
	for (const char *at = path + strspn(path, "/"); *at; at += n + strspn(at + n, "/")) {
		const char *rest;
		int next;

		n = strcspn(at, "/");
		if (n >= sizeof(name)) {
			errno = ENAMETOOLONG;
			return -1;
		}
		memcpy(name, at, n);
		name[n] = '\0';
		rest = at + n + strspn(at + n, "/");
		next = enter(b, dir, name, *rest ? true : is_dir, create);
		if (next < 0)
			return -1;
		(void)close(dir); /* O_PATH */
		dir = next;
	}
	return ENC_TAKE_FD(dir);
}

/* The directory that holds `path`, and its last component. */
static int parent_of(const struct build *b, const char *path, const char **ret_name)
{
	char dir[4096];
	const char *slash = strrchr(path, '/');
	size_t n = slash ? (size_t)(slash - path) : 0;

	if (!slash || n >= sizeof(dir) || !slash[1]) {
		errno = EINVAL;
		return -1;
	}
	memcpy(dir, path, n);
	dir[n] = '\0';
	*ret_name = slash + 1;
	return target(b, dir, true, CREATE);
}

/* Attaches a copy of what `source` points at over `at`, closed to what attr says. */
static int copy_over(int source, int at, uint64_t attr, bool recursive)
{
	enc_auto_fd int tree = enc_sys_tree_clone(source);

	if (tree < 0 || (attr && enc_sys_mount_attr(tree, recursive, attr, 0, -1)))
		return -1;
	return enc_sys_mount_attach(tree, at);
}

/* Something of the private space (name below it) over `path`. */
static int show(const struct build *b, const char *name, const char *path, bool is_dir, bool create, uint64_t attr)
{
	enc_auto_fd int from = enc_sys_open_plain(b->space, name, O_PATH | O_NOFOLLOW, ENC_RESOLVE_BENEATH);
	enc_auto_fd int at = from < 0 ? -1 : target(b, path, is_dir, create);

	return at < 0 ? -1 : copy_over(from, at, attr, false);
}

/* A new directory of the private space with this mode, shown at path. */
static int scratch(struct build *b, const char *path, mode_t mode)
{
	char name[16];

	(void)snprintf(name, sizeof(name), "p%u", b->n++); /* fits */
	if (mkdirat(b->space, name, mode))
		return -1;
	return show(b, name, path, true, true, PLAIN);
}

/* ---- what every run has ---- */

static int make_space(struct build *b)
{
	const struct launch *l = b->l;
	const char *opts[] = {"size", l->space_size, "nr_inodes", l->nr_inodes, "mode", "0755", NULL};
	enc_auto_fd int slash = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC), file = -1;
	struct stat st;

	b->space = enc_sys_mount_new("tmpfs", opts, PLAIN);
	if (b->space < 0 || slash < 0 || enc_sys_mount_attach(b->space, slash) || fstat(b->space, &st))
		return -1;
	b->own = st.st_dev;
	/* Modes of 0, on a read-only mount: the owner can neither read them nor change that. */
	if (mkdirat(b->space, "root", 0755) || mkdirat(b->space, "empty", 0000))
		return -1;
	file = openat(b->space, "none", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0000);
	return file < 0 ? -1 : 0;
}

/* `read: [/]` brings its own root, the host's; otherwise it is an empty directory. */
static int make_root(struct build *b, int base)
{
	enc_auto_fd int slash = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC), from = -1;

	if (slash < 0)
		return -1;
	if (base < 0) {
		from = enc_sys_open_plain(b->space, "root", O_PATH | O_DIRECTORY, ENC_RESOLVE_BENEATH);
		base = from < 0 ? -1 : enc_sys_tree_clone(from);
	}
	b->root = base;
	if (base < 0 || enc_sys_mount_attr(base, false, PLAIN, 0, -1))
		return -1;
	return enc_sys_mount_attach(base, slash);
}

/* Files of /proc that change the kernel, or tell about it what nobody inside needs. Absent ones are left alone. */
static int close_proc(const struct build *b)
{
	static const char *const read_only[] = {"/proc/sys", "/proc/sysrq-trigger", "/proc/irq", "/proc/bus",
						"/proc/fs",  "/proc/acpi",	    "/proc/scsi"};
	static const char *const hidden[] = {"/proc/kcore",	  "/proc/keys",		"/proc/key-users",
					     "/proc/timer_list",  "/proc/sched_debug",	"/proc/latency_stats",
					     "/proc/kallsyms",	  "/proc/kmsg",		"/proc/interrupts",
					     "/proc/slabinfo",	  "/proc/pagetypeinfo", "/proc/vmallocinfo",
					     "/proc/timer_stats", "/proc/kpagecount",	"/proc/kpageflags"};

	for (size_t i = 0; i < ENC_LEN(read_only) + ENC_LEN(hidden); i++) {
		bool hide = i >= ENC_LEN(read_only);
		const char *path = hide ? hidden[i - ENC_LEN(read_only)] : read_only[i];
		enc_auto_fd int at = enc_sys_open_plain(b->root, path + 1, O_PATH | O_NOFOLLOW, ENC_RESOLVE_BENEATH);
		struct stat st;

		if (at < 0 && errno == ENOENT)
			continue;
		if (at < 0 || fstat(at, &st))
			return -1;
		if (hide && !(st.st_mode & 0044))
			continue; /* root's alone, and nobody in here is root */
		if (hide ? show(b, "none", path, false, false, CLOSED) : copy_over(at, at, CLOSED, true))
			return -1;
	}
	return 0;
}

static int make_proc(const struct build *b)
{
	enc_auto_fd int proc = enc_sys_mount_new("proc", NULL, PLAIN | MOUNT_ATTR_NOEXEC);
	enc_auto_fd int at = proc < 0 ? -1 : target(b, "/proc", true, true);

	if (at < 0 || enc_sys_mount_attach(proc, at))
		return -1;
	return close_proc(b);
}

/* /dev is filled before it is shown, since it is shown read-only. */
static int fill_dev(int dev, const char *const *nodes)
{
	static const char *const links[][2] = {{"fd", "/proc/self/fd"},
					       {"stdin", "/proc/self/fd/0"},
					       {"stdout", "/proc/self/fd/1"},
					       {"stderr", "/proc/self/fd/2"},
					       {"ptmx", "pts/ptmx"}};

	for (size_t i = 0; i < ENC_LEN(links); i++)
		if (symlinkat(links[i][1], dev, links[i][0]))
			return -1;
	if (mkdirat(dev, "pts", 0755) || mkdirat(dev, "shm", 0755))
		return -1;
	for (; *nodes; nodes++)
		if (mknodat(dev, *nodes, S_IFREG | 0444, 0))
			return -1;
	return 0;
}

static int show_node(const struct build *b, const char *name)
{
	char path[32];
	enc_auto_fd int from = -1, at = -1;
	struct stat st;

	(void)snprintf(path, sizeof(path), "/dev/%s", name); /* fits */
	from = enc_sys_open_plain(AT_FDCWD, path, O_PATH | O_NOFOLLOW, 0);
	at = from < 0 ? -1 : target(b, path, false, false);
	if (at < 0 || fstat(from, &st))
		return -1;
	if (!S_ISCHR(st.st_mode)) {
		errno = ENODEV;
		return -1;
	}
	/* Not nodev: it is one. Writing to a device needs no writable mount. */
	return copy_over(from, at, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_RDONLY, false);
}

static int make_dev(struct build *b)
{
	static const char *const nodes[] = {"null", "zero", "full", "random", "urandom", "tty", NULL};
	static const char *const opts[] = {"newinstance", NULL, "ptmxmode", "0666", "mode", "0620", NULL};
	enc_auto_fd int dev = -1, pts = -1, at = -1;

	if (mkdirat(b->space, "dev", 0755))
		return -1;
	dev = openat(b->space, "dev", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dev < 0 || fill_dev(dev, nodes) || show(b, "dev", "/dev", true, true, CLOSED))
		return -1;
	for (size_t i = 0; nodes[i]; i++)
		if (show_node(b, nodes[i]))
			return -1;
	pts = enc_sys_mount_new("devpts", opts, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC);
	at = pts < 0 ? -1 : target(b, "/dev/pts", true, false);
	if (at < 0 || enc_sys_mount_attach(pts, at))
		return -1;
	return scratch(b, "/dev/shm", 01777);
}

/* ---- what the plan asks for ---- */

static int bind_grant(struct build *b, size_t i)
{
	const struct enc_mount *m = &b->l->plan->mounts[i];
	enc_auto_fd int made = -1, at = -1;
	int tree = b->l->tree[i];

	if (tree < 0)
		tree = made = enc_source_tree(m, -1);
	at = tree < 0 ? -1 : target(b, m->path, m->is_dir, true);
	return at < 0 ? -1 : enc_sys_mount_attach(tree, at);
}

/* A directory of the private space that leads to this tree: overlayfs wants its layers in the caller's namespace. */
static int stand(struct build *b, const char *name, int tree)
{
	int at;

	if (mkdirat(b->space, name, 0700))
		return -1;
	at = enc_sys_open_plain(b->space, name, O_PATH | O_DIRECTORY, ENC_RESOLVE_BENEATH);
	if (at < 0 || enc_sys_mount_attach(tree, at)) {
		enc_close_auto(&at);
		return -1;
	}
	(void)close(at); /* O_PATH; what lies under the mount */
	return enc_sys_open_plain(b->space, name, O_PATH | O_DIRECTORY, ENC_RESOLVE_BENEATH);
}

/* The layers are named by descriptors, so that no path is walked again, whatever stands in it. They go out of sight
 * with the private space's first place. */
static int make_overlay(struct build *b, size_t i)
{
	const struct enc_mount *m = &b->l->plan->mounts[i];
	enc_auto_fd int made = -1, dir = -1, own = -1, over = -1, upper = -1, work = -1, fs = -1, at = -1;
	char below[40], above[40], beside[40];
	const char *opts[] = {"lowerdir", below, "upperdir", above, "workdir", beside, "userxattr", NULL, NULL};
	int tree = b->l->tree[i];

	if (tree < 0)
		tree = made = enc_source_tree(m, -1);
	if (tree < 0)
		return -1;
	b->lower = stand(b, "lower", tree);
	if (b->l->own_layer) {
		dir = enc_sys_open_plain(AT_FDCWD, b->l->own_layer, O_PATH | O_DIRECTORY, 0);
		own = dir < 0 ? -1 : enc_sys_tree_clone(dir);
	}
	over = b->lower < 0 ? -1 : stand(b, "over", b->l->own_layer ? own : b->l->overlay);
	upper = over < 0 ? -1 : enc_sys_open_plain(over, "upper", O_PATH | O_DIRECTORY, ENC_RESOLVE_BENEATH);
	work = upper < 0 ? -1 : enc_sys_open_plain(over, "work", O_PATH | O_DIRECTORY, ENC_RESOLVE_BENEATH);
	if (work < 0)
		return -1;
	(void)snprintf(below, sizeof(below), "/proc/self/fd/%d", b->lower); /* fits */
	(void)snprintf(above, sizeof(above), "/proc/self/fd/%d", upper);    /* fits */
	(void)snprintf(beside, sizeof(beside), "/proc/self/fd/%d", work);   /* fits */
	fs = enc_sys_mount_new("overlay", opts, PLAIN);
	at = fs < 0 ? -1 : target(b, m->path, true, true);
	return at < 0 ? -1 : enc_sys_mount_attach(fs, at);
}

/* What is seen through the overlay has other numbers; what lies below it has those of the plan. */
static bool is_planned(const struct build *b, int fd, const struct enc_mount *m)
{
	const char *over = b->l->plan->overlay;
	enc_auto_fd int below = -1;
	size_t n;

	if (enc_source_matches(fd, m))
		return true;
	if (!over || b->lower < 0 || !enc_path_in(m->path, over))
		return false;
	n = strlen(over);
	below = enc_sys_open_plain(b->lower, m->path[n] ? m->path + n + 1 : ".", O_PATH | O_NOFOLLOW,
				   ENC_RESOLVE_BENEATH);
	return below >= 0 && enc_source_matches(below, m);
}

/* Over itself: what is in the new root by now, so that mounts and id maps below are kept. */
static int over_itself(const struct build *b, const struct enc_mount *m, uint64_t attr)
{
	enc_auto_fd int at = target(b, m->path, m->is_dir, false);

	if (at < 0 || !is_planned(b, at, m))
		return -1;
	return copy_over(at, at, attr, true);
}

static int mask(const struct build *b, const struct enc_mount *m)
{
	enc_auto_fd int at = target(b, m->path, m->is_dir, false);

	if (at < 0 || !is_planned(b, at, m))
		return -1;
	return show(b, m->is_dir ? "empty" : "none", m->path, m->is_dir, false, CLOSED);
}

static int make_link(const struct build *b, const struct enc_mount *m)
{
	const char *name;
	enc_auto_fd int dir = parent_of(b, m->path, &name);
	char there[4096];
	struct stat st;
	ssize_t n;

	if (dir < 0 || fstat(dir, &st))
		return -1;
	n = readlinkat(dir, name, there, sizeof(there)); /* a grant around it has it already */
	if (n >= 0 && (size_t)n == strlen(m->target) && !memcmp(there, m->target, (size_t)n))
		return 0;
	if (st.st_dev != b->own) {
		errno = EROFS;
		return -1;
	}
	return symlinkat(m->target, dir, name);
}

static int make_text(struct build *b, const struct enc_mount *m)
{
	size_t left = strlen(m->target);
	const char *at = m->target;
	enc_auto_fd int fd = -1;
	char name[16];

	(void)snprintf(name, sizeof(name), "p%u", b->n++); /* fits */
	fd = openat(b->space, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0444);
	while (fd >= 0 && left) {
		ssize_t n = write(fd, at, left);

		if (n <= 0)
			return -1;
		at += n;
		left -= (size_t)n;
	}
	return fd < 0 ? -1 : show(b, name, m->path, false, true, CLOSED);
}

/* The content is copied; the directory goes to the supervisor, which reads back what the run makes of it. */
static int make_copy(struct build *b, const struct enc_mount *m, int source)
{
	const char *name;
	enc_auto_fd int dir = parent_of(b, m->path, &name), fd = -1;
	struct stat st;
	ssize_t n;
	int up;

	if (dir < 0 || fstat(dir, &st))
		return -1;
	if (st.st_dev != b->own || b->l->n_sync >= MAX_SYNC) {
		errno = st.st_dev != b->own ? EXDEV : E2BIG;
		return -1;
	}
	fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, (m->mode & 0777) | 0600);
	if (fd < 0)
		return -1;
	do
		n = sendfile(fd, source, NULL, 1 << 20);
	while (n > 0);
	up = n < 0 ? -1 : openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (up < 0)
		return -1;
	b->l->sync_dirs[b->l->n_sync++] = up;
	return 0;
}

static int put(struct build *b, size_t i)
{
	const struct enc_mount *m = &b->l->plan->mounts[i];

	switch (m->kind) {
	case ENC_MT_BIND_RO:
	case ENC_MT_BIND_RW: return bind_grant(b, i);
	case ENC_MT_OVERLAY: return make_overlay(b, i);
	case ENC_MT_SCRATCH: return scratch(b, m->path, m->mode & 01777);
	case ENC_MT_FILE_SYNC: return make_copy(b, m, b->l->tree[i]);
	case ENC_MT_PROTECT: return over_itself(b, m, PLAIN | MOUNT_ATTR_RDONLY);
	case ENC_MT_PIN: return over_itself(b, m, 0);
	case ENC_MT_MASK_DIR:
	case ENC_MT_MASK_FILE: return mask(b, m);
	case ENC_MT_LINK: return make_link(b, m);
	case ENC_MT_TEXT: return make_text(b, m);
	}
	errno = EINVAL;
	return -1;
}

static const char *step_of(enum enc_mount_kind kind)
{
	switch (kind) {
	case ENC_MT_BIND_RO:
	case ENC_MT_BIND_RW: return "mount";
	case ENC_MT_OVERLAY: return "overlay";
	case ENC_MT_SCRATCH: return "private directory";
	case ENC_MT_FILE_SYNC: return "copy in";
	case ENC_MT_PROTECT: return "protect";
	case ENC_MT_PIN: return "pin";
	case ENC_MT_MASK_DIR:
	case ENC_MT_MASK_FILE: return "mask";
	case ENC_MT_LINK: return "link";
	case ENC_MT_TEXT: return "generated file";
	}
	return "mount";
}

/* Kernel file systems that lie under a grant: a process table or a control tree is not what was granted. */
static int hide_pseudo(struct build *b, size_t after)
{
	struct launch *l = b->l;

	for (size_t i = 0; i < l->n_masks; i++) {
		const struct pseudo_mask *p = &l->masks[i];

		if (p->after != after)
			continue;
		if (enc_stage(&l->stage, "mask a kernel file system", MN, p->path) ||
		    show(b, p->is_dir ? "empty" : "none", p->path, p->is_dir, false, CLOSED))
			return -1;
	}
	return 0;
}

/* ---- all of it ---- */

static int make_frame(struct build *b, bool whole_host)
{
	static const struct {
		const char *path;
		mode_t mode;
	} dirs[] = {{"/tmp", 01777}, {"/var/tmp", 01777}, {"/run", 0755}, {"/sys", 0555}};
	struct stage *s = &b->l->stage;

	if (enc_stage(s, "proc", "pid-namespace", "/proc") || make_proc(b))
		return -1;
	if (enc_stage(s, "dev", MN, "/dev") || make_dev(b))
		return -1;
	for (size_t i = 0; i < ENC_LEN(dirs); i++) {
		enc_auto_fd int at = -1;

		if (enc_stage(s, "private directory", MN, dirs[i].path))
			return -1;
		if (!whole_host && !strcmp(dirs[i].path, "/sys"))
			continue; /* absent */
		at = target(b, dirs[i].path, true, !whole_host);
		if (at < 0 && errno == ENOENT)
			continue; /* a host without /var/tmp */
		if (at < 0 || scratch(b, dirs[i].path, dirs[i].mode))
			return -1;
	}
	return 0;
}

static int mount_id(int dir, const char *path, uint64_t *ret)
{
	struct statx st;

	if (statx(dir, path, AT_EMPTY_PATH | AT_NO_AUTOMOUNT, STATX_MNT_ID, &st))
		return -1;
	if (!(st.stx_mask & STATX_MNT_ID)) {
		errno = ENOTSUP;
		return -1;
	}
	*ret = st.stx_mnt_id;
	return 0;
}

/* pivot_root(".", ".") puts the old root on the new one, with the private space still on the old: two to take off.
 * What stayed would be reached as "/..", so that is looked at rather than believed. */
static int leave_old_root(struct build *b)
{
	uint64_t root, up;

	if (enc_sys_mount_attr(b->root, false, PLAIN | MOUNT_ATTR_RDONLY, 0, -1) || fchdir(b->root) ||
	    enc_sys_pivot_root(".", "."))
		return -1;
	if (umount2(".", MNT_DETACH) || umount2(".", MNT_DETACH) || chdir("/"))
		return -1;
	if (mount_id(b->root, "", &root) || mount_id(AT_FDCWD, "/..", &up))
		return -1;
	if (root == up)
		return 0;
	errno = EXDEV;
	return -1;
}

int enc_mounts_build(struct launch *l)
{
	const struct enc_plan *p = l->plan;
	struct build b = {.l = l, .root = -1, .space = -1, .lower = -1};
	bool whole = p->n_mounts && p->mounts[0].kind == ENC_MT_BIND_RO && !strcmp(p->mounts[0].path, "/");
	int base = whole ? l->tree[0] : -1;

	if (enc_stage(&l->stage, "private mounts", MN, "/") || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		return -1;
	if (whole && base < 0)
		base = enc_source_tree(&p->mounts[0], -1);
	if (whole && base < 0)
		return -1;
	if (enc_stage(&l->stage, "private space", MN, NULL) || make_space(&b))
		return -1;
	if (enc_stage(&l->stage, "root", MN, "/") || make_root(&b, base) || (whole && hide_pseudo(&b, 0)))
		return -1;
	if (make_frame(&b, whole))
		return -1;
	for (size_t i = whole; i < p->n_mounts; i++)
		if (enc_stage(&l->stage, step_of(p->mounts[i].kind), MN, p->mounts[i].path) || put(&b, i) ||
		    hide_pseudo(&b, i))
			return -1;
	if (enc_stage(&l->stage, "pivot_root", MN, NULL) || leave_old_root(&b))
		return -1;
	l->sync_dirs[l->n_sync] = openat(b.space, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return l->sync_dirs[l->n_sync] < 0 ? -1 : 0;
}
