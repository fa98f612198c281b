/* SPDX-License-Identifier: MIT */
/*
 * apply.c - changes taken over into the workspace
 *
 * The way to each name is walked below the workspace's descriptor through no link (openat2, RESOLVE_BENEATH and
 * RESOLVE_NO_SYMLINKS), whatever the run or anybody planted there. A file is written beside its place under a name that
 * did not exist, and renamed into it: who reads sees the old or the new. Set-id bits are never taken over.
 *
 * That name is the run's own: an apply that is killed leaves one such file at most, in the place of which the next one
 * writes. Appliers of one run would share it, so there is one at a time (enclosure's lock on the layer).
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/text.h"
#include "overlay/impl.h"

struct enc_applier {
	const struct enc_overlay *o;
	bool force;
	struct enc_twin *twins;
	size_t n_twins;
};

/* A file that the run renamed is told from one that the owner removed by the folder's time (walk.c), which changes with
 * what is applied. So what is known to be new now is marked as such: the layer is not mounted again. */
static void settle(const struct enc_overlay *o, const struct enc_changes *c)
{
	for (size_t i = 0; i < c->n; i++) {
		enc_auto_fd int fd = -1;

		if (c->v[i].kind != ENC_CHANGE_ADDED || c->v[i].meanwhile || !S_ISREG(c->v[i].new.st_mode))
			continue;
		fd = enc_overlay_open(o->upper, c->v[i].path, O_RDONLY | O_NONBLOCK);
		if (fd >= 0)
			(void)fremovexattr(fd, "user.overlay.origin"); /* else it may be asked for with --force */
	}
}

struct enc_applier *enc_applier_new(const struct enc_overlay *o, const struct enc_changes *c, bool force)
{
	struct enc_applier *a = enc_alloc(sizeof(*a));

	a->o = o;
	a->force = force;
	for (size_t i = 0; i < c->n_kept; i++)
		*ENC_PUSH(a->twins, a->n_twins) = c->kept[i];
	settle(o, c);
	return a;
}

struct enc_applier *enc_applier_free(struct enc_applier *a)
{
	if (!a)
		return NULL;
	free(a->twins);
	free(a);
	return NULL;
}

static int fail(const char *what, const struct enc_change *c, struct enc_err *e)
{
	int code = errno;

	ENC_FAIL(e, code, "%s %s: %s", what, c->path,
		 code == ELOOP ? "the way there leads through a link" : strerror(code));
	return enc_err_id(e, "E0804", NULL);
}

static int changed_meanwhile(const struct enc_change *c, struct enc_err *e)
{
	ENC_FAIL(e, ESTALE, "%s was changed in the workspace since the run started", c->path);
	return enc_err_id(e, "E0805", "look at both, then: enclosure apply --force RUN PATH");
}

/* ---- is it still what the list says? ---- */

static bool same_file(const struct stat *a, const struct stat *b)
{
	/* Not by ctime: another name of it may just have been taken away by us. */
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* The workspace is alive: what the list was made of may be something else by now. */
static int check(const struct enc_applier *a, const struct enc_change *c, int dir, const char *name, struct enc_err *e)
{
	struct stat now;
	bool there = fstatat(dir, name, &now, AT_SYMLINK_NOFOLLOW) == 0;

	if (a->force && !(there && S_ISDIR(now.st_mode)))
		return 0;
	if (c->kind == ENC_CHANGE_ADDED && !c->replaces)
		return c->meanwhile || (there && !(S_ISDIR(now.st_mode) && S_ISDIR(c->new.st_mode)))
			       ? changed_meanwhile(c, e)
			       : 0;
	if (!there)
		return c->kind == ENC_CHANGE_DELETED ? 0 : changed_meanwhile(c, e);
	if (S_ISDIR(now.st_mode) && S_ISDIR(c->old.st_mode))
		return 0;
	return c->meanwhile || !same_file(&now, &c->old) ? changed_meanwhile(c, e) : 0;
}

/* ---- making one ---- */

static void owner_of(const struct enc_overlay *o, const struct enc_change *c, uid_t *ret_uid, gid_t *ret_gid)
{
	if (c->kind == ENC_CHANGE_MODIFIED) { /* it stays whose it was */
		*ret_uid = c->old.st_uid;
		*ret_gid = c->old.st_gid;
		return;
	}
	*ret_uid = c->new.st_uid == o->run_uid ? o->owner_uid : c->new.st_uid;
	*ret_gid = c->new.st_gid == o->run_gid ? o->owner_gid : c->new.st_gid;
}

/* Modes without set-id bits, but for those that folders have from before or by inheritance. */
static int dress(const struct enc_overlay *o, const struct enc_change *c, int fd)
{
	mode_t mode = c->new.st_mode & 01777;
	struct stat now;
	uid_t uid;
	gid_t gid;

	if (fstat(fd, &now) < 0)
		return -1;
	if (S_ISDIR(now.st_mode))
		mode |= now.st_mode & 06000;
	owner_of(o, c, &uid, &gid);
	if (geteuid() == 0 && fchown(fd, uid, gid) < 0)
		return -1;
	/* An ordinary user gives nothing away, and a group only to one of his own: what was another's is not theirs. */
	if (geteuid() != 0 && c->kind == ENC_CHANGE_MODIFIED && now.st_gid != gid && fchown(fd, (uid_t)-1, gid) < 0)
		mode &= ~(mode_t)0070;
	return fchmod(fd, mode);
}

static bool is_own_attr(const char *name)
{
	return strncmp(name, "user.", 5) == 0 && strncmp(name, "user.overlay.", 13) != 0;
}

/* What the run took away from a folder goes; a file is made anew. */
static int drop_attrs(int from, int to)
{
	enc_auto(enc_free_auto) char *list = enc_alloc(65536);
	ssize_t n = flistxattr(to, list, 65536);

	for (const char *at = list; n > 0 && at < list + n; at += strlen(at) + 1)
		if (is_own_attr(at) && fgetxattr(from, at, NULL, 0) < 0 && fremovexattr(to, at) < 0)
			return -1;
	return 0;
}

static int copy_attrs(int from, int to)
{
	enc_auto(enc_free_auto) char *list = enc_alloc(65536), *value = enc_alloc(65536);
	ssize_t n = flistxattr(from, list, 65536);

	for (const char *at = list; n > 0 && at < list + n; at += strlen(at) + 1) {
		ssize_t len;

		if (!is_own_attr(at))
			continue;
		len = fgetxattr(from, at, value, 65536);
		if (len < 0 || fsetxattr(to, at, value, (size_t)len, 0) < 0)
			return -1;
	}
	return 0;
}

static int copy_range(int from, int to, off_t at, off_t end)
{
	char buf[65536];

	while (at < end) {
		size_t want = end - at < (off_t)sizeof(buf) ? (size_t)(end - at) : sizeof(buf);
		ssize_t n = pread(from, buf, want, at), done = 0;

		if (n <= 0)
			return n;
		while (done < n) {
			ssize_t w = pwrite(to, buf + done, (size_t)(n - done), at + done);

			if (w < 0)
				return -1;
			done += w;
		}
		at += n;
	}
	return 0;
}

/* Holes stay holes. */
static int copy_bytes(int from, int to, off_t size)
{
	off_t at = 0;

	if (ftruncate(to, size) < 0)
		return -1;
	while (at < size) {
		off_t data = lseek(from, at, SEEK_DATA), hole;

		if (data < 0)
			return errno == ENXIO ? 0 : copy_range(from, to, at, size);
		hole = lseek(from, data, SEEK_HOLE);
		if (hole < 0)
			hole = size;
		if (copy_range(from, to, data, hole) < 0)
			return -1;
		at = hole;
	}
	return 0;
}

/* Without the old file's access list the group's bits, which were its mask, would open the file to the group. */
static int keep_acl(const struct enc_overlay *o, const struct enc_change *c, int to)
{
	static const char name[] = "system.posix_acl_access";
	enc_auto(enc_free_auto) char *value = enc_alloc(65536);
	enc_auto_fd int old = -1;
	ssize_t n;

	if (c->kind != ENC_CHANGE_MODIFIED)
		return 0;
	old = enc_overlay_open(o->lower, c->path, O_RDONLY | O_NONBLOCK);
	if (old < 0)
		return -1;
	n = fgetxattr(old, name, value, 65536);
	if (n < 0)
		return errno == ENODATA || errno == EOPNOTSUPP ? 0 : -1;
	return fsetxattr(to, name, value, (size_t)n, 0);
}

/* A list that the run gave to a new file is not taken over. With it the bits of the group were only its mask, and
 * without it they would be the group's own: the group then gets what everybody has. */
static int without_list(const struct enc_change *c, int from, int to)
{
	static const char list[] = "system.posix_acl_access";
	mode_t mode = c->new.st_mode & 01777;

	if (c->kind != ENC_CHANGE_ADDED || fgetxattr(from, list, NULL, 0) < 0 || fgetxattr(to, list, NULL, 0) >= 0)
		return 0;
	return fchmod(to, (mode & ~(mode_t)070) | (mode & mode << 3 & 070));
}

static int make_file(const struct enc_overlay *o, const struct enc_change *c, int dir, const char *tmp)
{
	struct timespec times[2] = {{.tv_nsec = UTIME_NOW}, c->new.st_mtim};
	enc_auto_fd int from = enc_overlay_open(o->upper, c->path, O_RDONLY | O_NONBLOCK), to = -1;
	struct stat st;

	if (from < 0 || fstat(from, &st) < 0)
		return -1;
	if (!S_ISREG(st.st_mode)) {
		errno = ESTALE;
		return -1;
	}
	to = openat(dir, tmp, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (to < 0 || copy_bytes(from, to, st.st_size) < 0 || copy_attrs(from, to) < 0 || keep_acl(o, c, to) < 0 ||
	    dress(o, c, to) < 0 || without_list(c, from, to) < 0 || futimens(to, times) < 0)
		return -1;
	return fsync(to);
}

static int make_link(const struct enc_overlay *o, const struct enc_change *c, int dir, const char *tmp)
{
	enc_auto(enc_free_auto) char *target = enc_overlay_readlink(o->upper, c->path);
	uid_t uid;
	gid_t gid;

	if (!target || symlinkat(target, dir, tmp) < 0)
		return -1;
	owner_of(o, c, &uid, &gid);
	return geteuid() == 0 ? fchownat(dir, tmp, uid, gid, AT_SYMLINK_NOFOLLOW) : 0;
}

static int make_fifo(const struct enc_overlay *o, const struct enc_change *c, int dir, const char *tmp)
{
	uid_t uid;
	gid_t gid;

	owner_of(o, c, &uid, &gid);
	if (mknodat(dir, tmp, S_IFIFO | 0600, 0) < 0 ||
	    fchmodat(dir, tmp, c->new.st_mode & 0777, AT_SYMLINK_NOFOLLOW) < 0)
		return -1;
	return geteuid() == 0 ? fchownat(dir, tmp, uid, gid, AT_SYMLINK_NOFOLLOW) : 0;
}

/* Another name of a file that was taken over already: -1 when it is not, or no longer there. */
static int make_twin(const struct enc_applier *a, const struct enc_change *c, int dir, const char *tmp)
{
	for (size_t i = 0; i < a->n_twins; i++) {
		const char *name;
		enc_auto_fd int there = -1;
		struct stat st;

		if (a->twins[i].dev != c->new.st_dev || a->twins[i].ino != c->new.st_ino)
			continue;
		there = enc_overlay_parent(a->o->lower, a->twins[i].path, &name);
		if (there < 0 || linkat(there, name, dir, tmp, 0) < 0)
			return -1;
		if (fstatat(dir, tmp, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) &&
		    st.st_size == c->new.st_size)
			return 0;
		(void)unlinkat(dir, tmp, 0); /* something else is there by now */
		return -1;
	}
	return -1;
}

static int make(struct enc_applier *a, const struct enc_change *c, int dir, const char *tmp)
{
	struct enc_twin *t;

	if (S_ISLNK(c->new.st_mode))
		return make_link(a->o, c, dir, tmp);
	if (S_ISFIFO(c->new.st_mode))
		return make_fifo(a->o, c, dir, tmp);
	if (!S_ISREG(c->new.st_mode)) {
		errno = EOPNOTSUPP; /* a socket is nothing without who listens */
		return -1;
	}
	if (c->new.st_nlink > 1 && make_twin(a, c, dir, tmp) == 0)
		return 0;
	if (make_file(a->o, c, dir, tmp) < 0)
		return -1;
	if (c->new.st_nlink > 1) {
		t = ENC_PUSH(a->twins, a->n_twins);
		*t = (struct enc_twin){c->new.st_dev, c->new.st_ino, c->path};
	}
	return 0;
}

static int put(struct enc_applier *a, const struct enc_change *c, int dir, const char *name, struct enc_err *e)
{
	unsigned flags = c->kind == ENC_CHANGE_ADDED && !c->replaces && !a->force ? RENAME_NOREPLACE : 0;
	enc_auto(enc_free_auto) char *tmp = enc_asprintf(".enclosure-apply-%s", a->o->tag ? a->o->tag : "");

	(void)unlinkat(dir, tmp, 0); /* of an apply that was killed */
	if (make(a, c, dir, tmp) < 0 || renameat2(dir, tmp, dir, name, flags) < 0) {
		int code = errno;

		(void)unlinkat(dir, tmp, 0);
		errno = code;
		return code == EEXIST || code == ESTALE ? changed_meanwhile(c, e) : fail("write", c, e);
	}
	return 0;
}

static int put_dir(const struct enc_applier *a, const struct enc_change *c, int dir, const char *name,
		   struct enc_err *e)
{
	enc_auto_fd int fd = -1, from = -1;
	struct stat st;

	if (c->kind == ENC_CHANGE_ADDED && mkdirat(dir, name, 0700) < 0 && errno != EEXIST)
		return fail("make folder", c, e);
	fd = enc_overlay_open(dir, name, O_RDONLY | O_DIRECTORY);
	from = enc_overlay_open(a->o->upper, c->path, O_RDONLY | O_DIRECTORY);
	if (fd < 0 || from < 0 || fstat(fd, &st) < 0)
		return fail("change folder", c, e);
	if (c->kind == ENC_CHANGE_MODIFIED && (st.st_dev != c->old.st_dev || st.st_ino != c->old.st_ino))
		return changed_meanwhile(c, e);
	if (copy_attrs(from, fd) < 0 || drop_attrs(from, fd) < 0 || dress(a->o, c, fd) < 0)
		return fail("change folder", c, e);
	return 0;
}

static int take_away(const struct enc_change *c, int dir, const char *name, struct enc_err *e)
{
	bool is_dir = S_ISDIR(c->old.st_mode);

	if (unlinkat(dir, name, is_dir ? AT_REMOVEDIR : 0) == 0 || errno == ENOENT)
		return 0;
	if (errno == ENOTEMPTY || errno == EEXIST) {
		ENC_FAIL(e, ENOTEMPTY, "%s is not empty: something was put there since the run started, or stays",
			 c->path);
		return enc_err_id(e, "E0805", NULL);
	}
	return fail("remove", c, e);
}

/* Folders that their owner closed to himself (0555, as package caches have them) are opened while one name in them is
 * written; root needs none of this. Returns the mode to put back, or 0. */
static mode_t open_up(int dir, char *path, size_t n)
{
	struct stat st;

	(void)snprintf(path, n, "/proc/self/fd/%d", dir); /* fits */
	if (geteuid() == 0 || fstat(dir, &st) < 0 || st.st_uid != geteuid() || (st.st_mode & 0300) == 0300)
		return 0;
	return chmod(path, (st.st_mode & 07777) | 0700) < 0 ? 0 : S_IFDIR | (st.st_mode & 07777);
}

static int apply_in(struct enc_applier *a, const struct enc_change *c, int dir, const char *name, struct enc_err *e)
{
	int r = check(a, c, dir, name, e);

	if (r < 0)
		return r;
	if (c->replaced)
		return 0; /* by what comes in its place */
	if (c->kind == ENC_CHANGE_DELETED)
		return take_away(c, dir, name, e);
	return S_ISDIR(c->new.st_mode) ? put_dir(a, c, dir, name, e) : put(a, c, dir, name, e);
}

int enc_apply(struct enc_applier *a, const struct enc_change *c, struct enc_err *e)
{
	const char *name;
	enc_auto_fd int dir = enc_overlay_parent(a->o->lower, c->path, &name);
	char path[40];
	mode_t was;
	int r;

	if (c->trouble) {
		ENC_FAIL(e, EOPNOTSUPP, "%s: %s", c->path, c->trouble);
		return enc_err_id(e, "E0804", NULL);
	}
	if (dir < 0)
		return c->kind == ENC_CHANGE_DELETED && errno == ENOENT ? 0 : fail("reach", c, e);
	was = open_up(dir, path, sizeof(path));
	r = apply_in(a, c, dir, name, e);
	if (was)
		(void)chmod(path, was & 07777); /* else it stays open to its owner, and the next diff shows it */
	return r;
}

/* ---- thrown away ---- */

#define DEEP 64 /* a descriptor or two a level: what lies deeper is moved up */

static int empty(int top, int dir, int depth, unsigned *moved);

/* A folder that is to go. The run may have closed its own folders to us, who own them. */
static int empty_folder(int top, int dir, const char *name, int depth, unsigned *moved)
{
	enc_auto_fd int below = -1;
	char up[40];

	if (fchmodat(dir, name, 0700, AT_SYMLINK_NOFOLLOW) < 0)
		return -1;
	if (depth >= DEEP) {
		(void)snprintf(up, sizeof(up), "deep-%u", (*moved)++); /* fits */
		return renameat(dir, name, top, up);
	}
	below = enc_overlay_open(dir, name, O_RDONLY | O_DIRECTORY);
	if (below < 0 || empty(top, below, depth + 1, moved) < 0)
		return -1;
	return unlinkat(dir, name, AT_REMOVEDIR);
}

static int empty(int top, int dir, int depth, unsigned *moved)
{
	int fd = enc_overlay_open(dir, ".", O_RDONLY | O_DIRECTORY);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	int r = 0;

	if (!d) {
		enc_close_auto(&fd);
		return -1;
	}
	while (r == 0 && (entry = readdir(d))) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		if (unlinkat(dirfd(d), entry->d_name, 0) == 0)
			continue;
		r = errno == EISDIR ? empty_folder(top, dirfd(d), entry->d_name, depth, moved) : -1;
	}
	(void)closedir(d); /* was only read */
	return r;
}

static int empty_all(int top)
{
	unsigned moved = 0, before;
	int r;

	do {
		before = moved;
		r = empty(top, top, 0, &moved);
	} while (r == 0 && moved != before);
	return r;
}

int enc_overlay_discard(int dir, const char *name, struct enc_err *e)
{
	enc_auto_fd int fd = enc_overlay_open(dir, name, O_RDONLY | O_DIRECTORY);

	if (fd < 0 || empty_all(fd) < 0 || unlinkat(dir, name, AT_REMOVEDIR) < 0) {
		int code = errno;

		ENC_FAIL(e, code, "remove the layer %s: %s", name, strerror(code));
		return enc_err_id(e, "E0804", NULL);
	}
	return 0;
}
