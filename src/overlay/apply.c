/* SPDX-License-Identifier: MIT */
/*
 * apply.c - changes taken over into the workspace
 *
 * The way to each name is walked below the workspace's descriptor through no link (openat2, RESOLVE_BENEATH and
 * RESOLVE_NO_SYMLINKS), whatever the run or anybody planted there. A file is written beside its place under a name that
 * did not exist, and renamed into it: who reads sees the old or the new. Set-id bits are never taken over.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/text.h"
#include "overlay/impl.h"
#include "sys/mountfd.h"

struct enc_applier {
	const struct enc_overlay *o;
	bool force;
	struct enc_twin *twins;
	size_t n_twins;
};

struct enc_applier *enc_applier_new(const struct enc_overlay *o, const struct enc_changes *c, bool force)
{
	struct enc_applier *a = enc_alloc(sizeof(*a));

	a->o = o;
	a->force = force;
	for (size_t i = 0; i < c->n_kept; i++)
		*ENC_PUSH(a->twins, a->n_twins) = c->kept[i];
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
	if (c->kind == ENC_CHANGE_ADDED)
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

/* Modes without set-id bits, but for those that were there. An ordinary user can give nothing away. */
static int dress(const struct enc_overlay *o, const struct enc_change *c, int fd)
{
	mode_t keep = c->kind == ENC_CHANGE_MODIFIED && S_ISDIR(c->old.st_mode) ? c->old.st_mode & 06000 : 0;
	uid_t uid;
	gid_t gid;

	owner_of(o, c, &uid, &gid);
	if (geteuid() == 0 && fchown(fd, uid, gid) < 0)
		return -1;
	return fchmod(fd, (c->new.st_mode & 01777) | keep);
}

static int copy_attrs(int from, int to)
{
	enc_auto(enc_free_auto) char *list = enc_alloc(65536), *value = enc_alloc(65536);
	ssize_t n = flistxattr(from, list, 65536);

	for (const char *at = list; n > 0 && at < list + n; at += strlen(at) + 1) {
		ssize_t len;

		if (strncmp(at, "user.", 5) != 0 || strncmp(at, "user.overlay.", 13) == 0)
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

static void temporary(char *out, size_t n)
{
	uint64_t random = 0;

	if (getrandom(&random, sizeof(random), 0) != sizeof(random))
		random = enc_now_boot(); /* a name that is taken already is refused by O_EXCL */
	snprintf(out, n, ".enclosure-%016llx", (unsigned long long)random);
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
	if (to < 0 || copy_bytes(from, to, st.st_size) < 0 || copy_attrs(from, to) < 0 || dress(o, c, to) < 0 ||
	    futimens(to, times) < 0)
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
	if (mknodat(dir, tmp, S_IFIFO | (c->new.st_mode & 0777), 0) < 0)
		return -1;
	return geteuid() == 0 ? fchownat(dir, tmp, uid, gid, AT_SYMLINK_NOFOLLOW) : 0;
}

/* Another name of a file that was taken over already: -1 when it is not, or no longer there. */
static int make_twin(const struct enc_applier *a, const struct enc_change *c, int dir, const char *tmp)
{
	for (size_t i = 0; i < a->n_twins; i++) {
		const char *name;
		enc_auto_fd int there = -1;

		if (a->twins[i].dev != c->new.st_dev || a->twins[i].ino != c->new.st_ino)
			continue;
		there = enc_overlay_parent(a->o->lower, a->twins[i].path, &name);
		return there < 0 ? -1 : linkat(there, name, dir, tmp, 0);
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
	unsigned flags = c->kind == ENC_CHANGE_ADDED && !a->force ? RENAME_NOREPLACE : 0;
	char tmp[40];

	temporary(tmp, sizeof(tmp));
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

	if (c->kind == ENC_CHANGE_ADDED && mkdirat(dir, name, 0700) < 0 && errno != EEXIST)
		return fail("make folder", c, e);
	fd = enc_sys_open_plain(dir, name, O_RDONLY | O_DIRECTORY, ENC_RESOLVE_BENEATH);
	from = enc_overlay_open(a->o->upper, c->path, O_RDONLY | O_DIRECTORY);
	if (fd < 0 || from < 0 || dress(a->o, c, fd) < 0 || copy_attrs(from, fd) < 0)
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

int enc_apply(struct enc_applier *a, const struct enc_change *c, struct enc_err *e)
{
	const char *name;
	enc_auto_fd int dir = enc_overlay_parent(a->o->lower, c->path, &name);
	int r;

	if (dir < 0)
		return c->kind == ENC_CHANGE_DELETED && errno == ENOENT ? 0 : fail("reach", c, e);
	r = check(a, c, dir, name, e);
	if (r < 0)
		return r;
	if (c->kind == ENC_CHANGE_DELETED)
		return take_away(c, dir, name, e);
	return S_ISDIR(c->new.st_mode) ? put_dir(a, c, dir, name, e) : put(a, c, dir, name, e);
}

/* ---- thrown away ---- */

static int empty(int dir, int depth)
{
	int fd = enc_sys_open_plain(dir, ".", O_RDONLY | O_DIRECTORY, 0);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	int r = 0;

	if (!d || depth > 4096) {
		if (d)
			(void)closedir(d);
		else
			enc_close_auto(&fd);
		return -1;
	}
	while (r == 0 && (entry = readdir(d))) {
		enc_auto_fd int below = -1;

		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		if (unlinkat(dirfd(d), entry->d_name, 0) == 0)
			continue;
		if (errno != EISDIR && errno != EPERM) {
			r = -1;
			break;
		}
		/* The run may have closed its own folders to us, who own them. */
		if (fchmodat(dirfd(d), entry->d_name, 0700, 0) < 0) {
			r = -1;
			break;
		}
		below = enc_sys_open_plain(dirfd(d), entry->d_name, O_RDONLY | O_DIRECTORY, ENC_RESOLVE_BENEATH);
		r = below < 0 ? -1 : empty(below, depth + 1);
		if (r == 0)
			r = unlinkat(dirfd(d), entry->d_name, AT_REMOVEDIR);
	}
	(void)closedir(d);
	return r;
}

int enc_overlay_discard(int dir, const char *name, struct enc_err *e)
{
	enc_auto_fd int fd = enc_sys_open_plain(dir, name, O_RDONLY | O_DIRECTORY, ENC_RESOLVE_BENEATH);

	if (fd < 0 || empty(fd, 0) < 0 || unlinkat(dir, name, AT_REMOVEDIR) < 0) {
		int code = errno;

		ENC_FAIL(e, code, "remove the layer %s: %s", name, strerror(code));
		return enc_err_id(e, "E0804", NULL);
	}
	return 0;
}
