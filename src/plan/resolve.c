/* SPDX-License-Identifier: MIT */
/*
 * resolve.c - a path, link by link
 *
 * Not realpath(3): the links that were crossed are part of the answer, and one that an agent could have planted is not
 * followed. What is found here is looked at again by the launcher, which opens the resolved path without following any
 * link and compares device and inode: what changes in between refuses the run.
 *
 * Links are read here, not opened, and so the kernel's fs.protected_symlinks has no say. Its rule is kept: a stranger's
 * link in a folder that everybody can write is not followed.
 */
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "plan/impl.h"

#define LINKS_MAX 40

struct walk {
	struct enc_arena *a;
	char done[PATH_MAX]; /* resolved so far, without a slash at the end; "" is the root */
	char todo[PATH_MAX]; /* what is left, begins with '/' or is empty */
	bool strict;
	const char *const *writable;
	size_t n;
	struct enc_resolved *ret;
};

static bool in_writable(const struct walk *w, const char *path)
{
	for (size_t i = 0; i < w->n; i++)
		if (strcmp(path, w->writable[i]) != 0 && enc_path_in(path, w->writable[i]))
			return true;
	return false;
}

static bool by_stranger(const char *link, const struct stat *st)
{
	char dir[PATH_MAX];
	struct stat in;
	char *slash;

	memcpy(dir, link, strlen(link) + 1);
	slash = strrchr(dir, '/');
	slash[slash == dir] = '\0';
	if (lstat(dir, &in) < 0)
		return true;
	return in.st_mode & S_IWOTH && st->st_uid != 0 && st->st_uid != geteuid() && st->st_uid != in.st_uid;
}

/* 0 go on, else the walk has ended. */
static int follow(struct walk *w, const char *link, const struct stat *st)
{
	struct enc_resolved *ret = w->ret;
	char target[PATH_MAX], rest[PATH_MAX];
	ssize_t n = readlink(link, target, sizeof(target) - 1);
	struct enc_link *l;

	if (n <= 0) {
		ret->error = n < 0 ? errno : ENOENT;
		return -1;
	}
	target[n] = '\0';
	if (w->strict && (in_writable(w, link) || by_stranger(link, st))) {
		ret->planted = enc_arena_strdup(w->a, link);
		return -1;
	}
	l = ENC_PUSH(ret->links, ret->n_links);
	l->path = enc_arena_strdup(w->a, link);
	l->target = enc_arena_strdup(w->a, target);
	if (ret->n_links > LINKS_MAX || strlen(w->todo) + (size_t)n + 2 > sizeof(rest)) {
		ret->error = ELOOP;
		return -1;
	}
	memcpy(rest, w->todo, strlen(w->todo) + 1);
	w->todo[0] = '/';
	memcpy(w->todo + 1, target, (size_t)n);
	memcpy(w->todo + 1 + n, rest, strlen(rest) + 1);
	if (target[0] == '/')
		w->done[0] = '\0';
	return 0;
}

static void take_stat(struct enc_resolved *ret, const struct stat *st)
{
	ret->exists = true;
	ret->is_dir = S_ISDIR(st->st_mode);
	ret->is_file = S_ISREG(st->st_mode);
	ret->linked = ret->is_file && st->st_nlink > 1;
	ret->dev = st->st_dev;
	ret->ino = st->st_ino;
	ret->uid = st->st_uid;
	ret->gid = st->st_gid;
	ret->mode = st->st_mode & 07777;
}

/* The next component joined to `done`; false when there is none, or no room for it (ret->error). */
static bool next(struct walk *w, char *ret, size_t size)
{
	char *from = w->todo + strspn(w->todo, "/");
	size_t n = strcspn(from, "/"), len = strlen(w->done);
	char *slash;

	if (!n)
		return false;
	memcpy(ret, w->done, len + 1);
	if (n == 2 && from[0] == '.' && from[1] == '.') {
		slash = strrchr(ret, '/');
		if (slash)
			*slash = '\0';
	} else if (!(n == 1 && from[0] == '.')) {
		if (len + n + 2 > size) {
			w->ret->error = ENAMETOOLONG;
			return false;
		}
		ret[len] = '/';
		memcpy(ret + len + 1, from, n);
		ret[len + 1 + n] = '\0';
	}
	memmove(w->todo, from + n, strlen(from + n) + 1);
	return true;
}

static void step_all(struct walk *w)
{
	char path[PATH_MAX];
	struct stat st;

	while (next(w, path, sizeof(path))) {
		const char *look = path[0] ? path : "/";

		if (lstat(look, &st) < 0) {
			w->ret->error = errno;
			w->ret->exists = false;
			memcpy(w->done, path, strlen(path) + 1);
			return;
		}
		if (S_ISLNK(st.st_mode)) {
			if (follow(w, look, &st) < 0)
				return;
			continue;
		}
		if (!S_ISDIR(st.st_mode) && w->todo[strspn(w->todo, "/")]) {
			w->ret->error = ENOTDIR;
			w->ret->exists = false;
			memcpy(w->done, path, strlen(path) + 1);
			return;
		}
		take_stat(w->ret, &st);
		memcpy(w->done, path, strlen(path) + 1);
	}
}

void enc_resolve(struct enc_arena *a, const char *path, bool strict, const char *const *writable, size_t n,
		 struct enc_resolved *ret)
{
	struct walk w = {.a = a, .strict = strict, .writable = writable, .n = n, .ret = ret};
	struct stat st;

	memset(ret, 0, sizeof(*ret));
	if (strlen(path) >= sizeof(w.todo)) {
		ret->error = ENAMETOOLONG;
		ret->path = enc_arena_strdup(a, path);
		return;
	}
	memcpy(w.todo, path, strlen(path) + 1);
	if (lstat("/", &st) == 0)
		take_stat(ret, &st);
	step_all(&w);
	if (ret->error || ret->planted)
		ret->exists = false;
	ret->path = enc_path_clean(a, enc_arena_printf(a, "%s/%s", w.done, w.todo));
}
