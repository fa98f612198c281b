/* SPDX-License-Identifier: MIT */
/*
 * walk.c - the upper layer against the folder below it
 *
 * overlayfs.rst (Linux 5.11 and later): a deleted name is a character device 0:0 in the upper layer; a folder that
 * hides what lies below it has the attribute user.overlay.opaque = y. Redirects and metadata-only copies are off in a
 * mount with userxattr; a layer that has them is not one of ours, and refused.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/text.h"
#include "overlay/impl.h"
#include "sys/mountfd.h"

#define COMPARE_BYTES 65536

int enc_overlay_open(int root, const char *path, uint64_t flags)
{
	return enc_sys_open_plain(root, path, flags | O_NOFOLLOW, ENC_RESOLVE_BENEATH | ENC_RESOLVE_NO_XDEV);
}

int enc_overlay_parent(int root, const char *path, const char **ret_name)
{
	const char *slash = strrchr(path, '/');
	enc_auto(enc_free_auto) char *dir = slash ? enc_strndup(path, (size_t)(slash - path)) : enc_strdup(".");

	*ret_name = slash ? slash + 1 : path;
	return enc_overlay_open(root, dir, O_PATH | O_DIRECTORY);
}

char *enc_overlay_readlink(int root, const char *path)
{
	const char *name;
	enc_auto_fd int dir = enc_overlay_parent(root, path, &name);
	char target[4097];
	ssize_t n = dir < 0 ? -1 : readlinkat(dir, name, target, sizeof(target) - 1);

	return n < 0 ? NULL : enc_strndup(target, (size_t)n);
}

struct walk {
	const struct enc_overlay *o;
	struct enc_changes *out;
	struct enc_err *e;
};

static int failed(struct walk *w, const char *what, const char *path)
{
	int code = errno;

	ENC_FAIL(w->e, code, "%s %s: %s", what, path, strerror(code));
	return enc_err_id(w->e, "E0804", NULL);
}

static bool later_than(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec != b->tv_sec ? a->tv_sec > b->tv_sec : a->tv_nsec > b->tv_nsec;
}

static struct enc_change *add(struct walk *w, enum enc_change_kind kind, const char *path)
{
	struct enc_change *c = ENC_PUSH(w->out->v, w->out->n);

	c->kind = kind;
	c->path = enc_arena_strdup(w->o->arena, path);
	return c;
}

static const char *trouble_of(int code)
{
	switch (code) {
	case EACCES: return "its mode closes it";
	case EXDEV: return "another file system is mounted there, which the run did not see";
	case ELOOP:
	case ENAMETOOLONG: return "it lies too deep";
	default: return NULL;
	}
}

static const struct stat a_folder = {.st_mode = S_IFDIR};

/* By errno: what concerns one name is said there, and the walk goes on. The name may stand in the list already, as the
 * last one. 0, or negative errno. */
static int stuck(struct walk *w, enum enc_change_kind kind, const char *path, const struct stat *st)
{
	const char *why = trouble_of(errno);
	struct enc_change *c = w->out->n ? &w->out->v[w->out->n - 1] : NULL;

	if (!why || !path[0])
		return failed(w, "look at", path[0] ? path : ".");
	if (!c || strcmp(c->path, path) != 0) {
		c = add(w, kind, path);
		if (st && kind != ENC_CHANGE_ADDED)
			c->old = *st;
		if (st && kind != ENC_CHANGE_DELETED)
			c->new = *st;
	}
	c->trouble = why;
	return 0;
}

static const char *join(struct walk *w, const char *dir, const char *name)
{
	return dir[0] ? enc_arena_printf(w->o->arena, "%s/%s", dir, name) : enc_arena_strdup(w->o->arena, name);
}

/* Names of a folder, sorted, so that a listing is the same each time. */
struct names {
	char **v;
	size_t n;
};

static void names_done(struct names *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->v[i]);
	free(l->v);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* fd is used up. */
static int read_names(int fd, struct names *ret)
{
	struct dirent *d;
	DIR *dir = fdopendir(fd);

	if (!dir) {
		enc_close_auto(&fd);
		return -1;
	}
	while ((d = readdir(dir)))
		if (strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0)
			*ENC_PUSH(ret->v, ret->n) = enc_strdup(d->d_name);
	(void)closedir(dir);
	if (ret->n)
		qsort(ret->v, ret->n, sizeof(*ret->v), by_name);
	return 0;
}

static int open_dir(int root, const char *path)
{
	return enc_overlay_open(root, path[0] ? path : ".", O_RDONLY | O_DIRECTORY);
}

/* 1 there, 0 not, -1 errno. What the way there leads through a link for is not there. */
static int look(int root, const char *path, struct stat *ret)
{
	enc_auto_fd int fd = enc_overlay_open(root, path, O_PATH);

	if (fd >= 0 && fstat(fd, ret) == 0)
		return 1;
	return errno == ENOENT || errno == ENOTDIR || errno == ELOOP ? 0 : -1;
}

static bool is_whiteout(const struct stat *st)
{
	return S_ISCHR(st->st_mode) && st->st_rdev == makedev(0, 0);
}

/* 1 opaque, 0 not, -1 errno. */
static int is_opaque(int fd)
{
	char value[2] = "";
	ssize_t n;

	if (fgetxattr(fd, "user.overlay.redirect", NULL, 0) >= 0 ||
	    fgetxattr(fd, "user.overlay.metacopy", NULL, 0) >= 0) {
		errno = EBADMSG;
		return -1;
	}
	n = fgetxattr(fd, "user.overlay.opaque", value, sizeof(value));
	return n >= 1 && value[0] == 'y';
}

/* ---- equal? ---- */

static off_t data_from(int fd, off_t at, off_t size)
{
	off_t found = lseek(fd, at, SEEK_DATA);

	return found >= 0 ? found : errno == ENXIO ? size : at; /* else: a file system that knows of no holes */
}

/* Where the next data of either begins: a hole is not read, however large the run made it. */
static off_t next_data(int a, int b, off_t at, off_t size)
{
	off_t in_a = data_from(a, at, size), in_b = data_from(b, at, size);

	return in_a < in_b ? in_a : in_b;
}

static int same_bytes(struct walk *w, const char *path, off_t size)
{
	enc_auto_fd int a = enc_overlay_open(w->o->upper, path, O_RDONLY | O_NONBLOCK);
	enc_auto_fd int b = enc_overlay_open(w->o->lower, path, O_RDONLY | O_NONBLOCK);
	enc_auto(enc_free_auto) char *buf = enc_alloc(2 * COMPARE_BYTES);
	off_t at = 0;

	if (a < 0 || b < 0)
		return -1;
	for (;;) {
		ssize_t n, m;

		at = next_data(a, b, at, size);
		n = pread(a, buf, COMPARE_BYTES, at);
		m = pread(b, buf + COMPARE_BYTES, COMPARE_BYTES, at);
		if (n < 0 || m < 0)
			return -1;
		if (n != m || memcmp(buf, buf + COMPARE_BYTES, (size_t)n) != 0)
			return 0;
		if (!n)
			return 1;
		at += n;
	}
}

static int same_link(struct walk *w, const char *path)
{
	enc_auto(enc_free_auto) char *a = enc_overlay_readlink(w->o->upper, path),
				     *b = enc_overlay_readlink(w->o->lower, path);

	return !a || !b ? -1 : strcmp(a, b) == 0;
}

/* The attributes that a user may set, in the order of the list, as one text; those of overlayfs are not the file's. */
static void read_attrs(int root, const char *path, struct enc_buf *out)
{
	enc_auto_fd int fd = enc_overlay_open(root, path, O_RDONLY | O_NONBLOCK);
	enc_auto(enc_free_auto) char *list = enc_alloc(65536), *value = enc_alloc(65536);
	struct names names = {0};
	ssize_t n = fd < 0 ? -1 : flistxattr(fd, list, 65536);

	for (const char *at = list; n > 0 && at < list + n; at += strlen(at) + 1)
		if (strncmp(at, "user.", 5) == 0 && strncmp(at, "user.overlay.", 13) != 0)
			*ENC_PUSH(names.v, names.n) = enc_strdup(at);
	if (names.n)
		qsort(names.v, names.n, sizeof(*names.v), by_name);
	for (size_t i = 0; i < names.n; i++) {
		ssize_t len = fgetxattr(fd, names.v[i], value, 65536);

		enc_buf_add(out, names.v[i], strlen(names.v[i]) + 1);
		enc_buf_printf(out, "%zd ", len); /* so that no value passes for another name */
		if (len > 0)
			enc_buf_add(out, value, (size_t)len);
	}
	names_done(&names);
}

static bool same_attrs(struct walk *w, const char *path)
{
	enc_auto(enc_buf_done) struct enc_buf a = {0}, b = {0};

	read_attrs(w->o->upper, path, &a);
	read_attrs(w->o->lower, path, &b);
	return a.len == b.len && (!a.len || memcmp(a.s, b.s, a.len) == 0);
}

/* ---- the walk ---- */

static bool meanwhile(const struct walk *w, const struct stat *lower)
{
	return later_than(&lower->st_ctim, &w->o->since);
}

static void added(struct walk *w, const char *path, const struct stat *st)
{
	struct enc_change *c = add(w, ENC_CHANGE_ADDED, path);
	enc_auto(enc_free_auto) char *link = S_ISLNK(st->st_mode) ? enc_overlay_readlink(w->o->upper, path) : NULL;

	c->new = *st;
	if (!S_ISDIR(st->st_mode))
		c->later = enc_overlay_runs_later(path, link);
}

static void deleted(struct walk *w, const char *path, const struct stat *st)
{
	struct enc_change *c = add(w, ENC_CHANGE_DELETED, path);

	c->old = *st;
	/* A folder changes with every name in it; each of those is looked at for itself. */
	c->meanwhile = !S_ISDIR(st->st_mode) && meanwhile(w, st);
	if (!S_ISDIR(st->st_mode))
		c->later = enc_overlay_runs_later(path, NULL);
}

static int deleted_tree(struct walk *w, const char *path, const struct stat *st, int depth);

static int deleted_below(struct walk *w, const char *path, int depth)
{
	struct stat st;
	int there = look(w->o->lower, path, &st);

	if (there < 0)
		return stuck(w, ENC_CHANGE_DELETED, path, NULL);
	return there ? deleted_tree(w, path, &st, depth) : 0;
}

/* A whole tree below is gone. */
static int deleted_tree(struct walk *w, const char *path, const struct stat *st, int depth)
{
	enc_auto(names_done) struct names names = {0};
	int fd, r = 0;

	deleted(w, path, st);
	if (!S_ISDIR(st->st_mode))
		return 0;
	errno = ELOOP;
	fd = depth > MAX_DEPTH ? -1 : open_dir(w->o->lower, path);
	if (fd < 0)
		return stuck(w, ENC_CHANGE_DELETED, path, st);
	if (read_names(fd, &names) < 0)
		return failed(w, "read", path);
	for (size_t i = 0; i < names.n && r >= 0; i++)
		r = deleted_below(w, join(w, path, names.v[i]), depth + 1);
	return r;
}

static int walk_dir(struct walk *w, const char *path, bool hides, int depth);

static int modified(struct walk *w, const char *path, const struct stat *old, const struct stat *new)
{
	struct enc_change c = {.kind = ENC_CHANGE_MODIFIED, .old = *old, .new = *new}, *slot;
	enc_auto(enc_free_auto) char *link = S_ISLNK(new->st_mode) ? enc_overlay_readlink(w->o->upper, path) : NULL;
	int same = 1;

	c.mode = !S_ISLNK(new->st_mode) && (old->st_mode & 01777) != (new->st_mode & 01777);
	if (S_ISREG(new->st_mode))
		same = old->st_size == new->st_size ? same_bytes(w, path, old->st_size) : 0;
	else if (S_ISLNK(new->st_mode))
		same = same_link(w, path);
	if (same < 0 && errno == ENOENT)
		return 0; /* it went away just now: the run goes on */
	if (same < 0) {
		slot = add(w, ENC_CHANGE_MODIFIED, path);
		c.path = slot->path;
		*slot = c;
		return stuck(w, ENC_CHANGE_MODIFIED, path, NULL);
	}
	c.content = !same;
	c.attrs = (S_ISREG(new->st_mode) || S_ISDIR(new->st_mode)) && !same_attrs(w, path);
	if (!c.content && !c.mode && !c.attrs) {
		if (S_ISREG(new->st_mode) && new->st_nlink > 1)
			*ENC_PUSH(w->out->kept, w->out->n_kept) =
				(struct enc_twin){new->st_dev, new->st_ino, enc_arena_strdup(w->o->arena, path)};
		return 0;
	}
	slot = add(w, ENC_CHANGE_MODIFIED, path);
	c.path = slot->path;
	c.meanwhile = !S_ISDIR(old->st_mode) && meanwhile(w, old);
	if (!S_ISDIR(new->st_mode))
		c.later = enc_overlay_runs_later(path, link);
	*slot = c;
	return 0;
}

static int walk_name(struct walk *w, const char *path, const struct stat *new, bool hidden, int depth)
{
	struct stat old = {0};
	int below = hidden ? 0 : look(w->o->lower, path, &old), r = 0;

	if (below < 0)
		return stuck(w, is_whiteout(new) ? ENC_CHANGE_DELETED : ENC_CHANGE_MODIFIED, path, new);
	if (is_whiteout(new))
		return below ? deleted_tree(w, path, &old, depth) : 0;
	if (below && (old.st_mode & S_IFMT) != (new->st_mode &S_IFMT)) {
		r = deleted_tree(w, path, &old, depth);
		below = 0;
	}
	if (r >= 0 && below)
		r = modified(w, path, &old, new);
	else if (r >= 0)
		added(w, path, new);
	if (r >= 0 && S_ISDIR(new->st_mode))
		r = walk_dir(w, path, !below, depth + 1);
	return r;
}

/* What lies below and is not named above, in a folder that hides it. */
static int hidden_names(struct walk *w, const char *path, const struct names *above, int depth)
{
	enc_auto(names_done) struct names names = {0};
	int fd = open_dir(w->o->lower, path), r = 0;

	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR || errno == ELOOP
			       ? 0
			       : stuck(w, ENC_CHANGE_MODIFIED, path, &a_folder);
	if (read_names(fd, &names) < 0)
		return failed(w, "read", path);
	for (size_t i = 0; i < names.n && r >= 0; i++)
		if (!above->n || !bsearch(&names.v[i], above->v, above->n, sizeof(*above->v), by_name))
			r = deleted_below(w, join(w, path, names.v[i]), depth + 1);
	return r;
}

/* hides: there is nothing below that this folder is merged with. */
static int walk_dir(struct walk *w, const char *path, bool hides, int depth)
{
	enc_auto(names_done) struct names names = {0};
	int fd, opaque, r = 0;

	errno = ELOOP;
	fd = depth > MAX_DEPTH ? -1 : open_dir(w->o->upper, path);
	if (fd < 0 && path[0] && (errno == ENOENT || errno == ENOTDIR))
		return 0; /* it went away just now: the run goes on */
	if (fd < 0)
		return stuck(w, ENC_CHANGE_MODIFIED, path, &a_folder);
	opaque = is_opaque(fd);
	if (opaque < 0) {
		enc_close_auto(&fd);
		return failed(w, "not a layer of ours:", path);
	}
	if (read_names(fd, &names) < 0)
		return failed(w, "read", path);
	if (opaque && !hides)
		r = hidden_names(w, path, &names, depth);
	for (size_t i = 0; i < names.n && r >= 0; i++) {
		const char *below = join(w, path, names.v[i]);
		struct stat st;

		if (look(w->o->upper, below, &st) > 0) /* else it went away just now: the run goes on */
			r = walk_name(w, below, &st, hides, depth);
	}
	return r;
}

/* A name that is not below any more is told from one that never was there by where its content came from: a copy of
 * what lay below keeps user.overlay.origin. It may also have been renamed to this place inside; so the folder below
 * must have been changed as well since the run started. */
static bool was_removed(const struct enc_overlay *o, const struct enc_change *c)
{
	enc_auto_fd int fd = S_ISREG(c->new.st_mode) ? enc_overlay_open(o->upper, c->path, O_RDONLY | O_NONBLOCK) : -1,
			dir = -1;
	const char *name;
	struct stat st;

	if (fd < 0 || fgetxattr(fd, "user.overlay.origin", NULL, 0) < 0)
		return false;
	dir = enc_overlay_parent(o->lower, c->path, &name);
	return dir >= 0 && fstat(dir, &st) == 0 && later_than(&st.st_mtim, &o->since);
}

/* A deletion stands before the addition of the same name; else in the order of paths, a folder before what is in it. */
static int by_path(const void *va, const void *vb)
{
	const struct enc_change *a = va, *b = vb;
	int r = strcmp(a->path, b->path);

	return r ? r : (a->kind != ENC_CHANGE_DELETED) - (b->kind != ENC_CHANGE_DELETED);
}

int enc_overlay_changes(const struct enc_overlay *o, struct enc_changes *ret, struct enc_err *e)
{
	struct walk w = {.o = o, .out = ret, .e = e};
	int r;

	*ret = (struct enc_changes){0};
	r = walk_dir(&w, "", false, 0);
	if (r < 0) {
		enc_changes_done(ret);
		return r;
	}
	if (ret->n)
		qsort(ret->v, ret->n, sizeof(*ret->v), by_path);
	/* Opaque folders that are merged have both lists: what stands above decides. A name that is added although
	 * something is there by now was made by somebody else meanwhile. */
	for (size_t i = 0; i < ret->n; i++) {
		struct enc_change *c = &ret->v[i];
		struct stat st;
		bool replaced =
			i && ret->v[i - 1].kind == ENC_CHANGE_DELETED && strcmp(ret->v[i - 1].path, c->path) == 0;

		if (c->kind == ENC_CHANGE_ADDED && replaced && !S_ISDIR(c->new.st_mode) &&
		    !S_ISDIR(c[-1].old.st_mode)) {
			c->replaces = c[-1].replaced = true;
			c->old = c[-1].old;
			c->meanwhile = c[-1].meanwhile;
		}
		if (c->kind != ENC_CHANGE_ADDED || replaced || S_ISDIR(c->new.st_mode))
			continue;
		c->meanwhile = look(o->lower, c->path, &st) > 0 || was_removed(o, c);
	}
	return 0;
}

void enc_changes_done(struct enc_changes *c)
{
	free(c->v);
	free(c->kept);
	*c = (struct enc_changes){0};
}

bool enc_change_in(const struct enc_change *c, const char *path)
{
	size_t n = strlen(path);

	return !n || (strncmp(c->path, path, n) == 0 && (c->path[n] == '\0' || c->path[n] == '/'));
}
