/* SPDX-License-Identifier: MIT */
/*
 * state.c - the state directory, and the runs in it
 *
 * What it holds decides what is believed about a run, so a directory that somebody else owns or can enter is refused,
 * not repaired: what stands in it already may be theirs.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "base/user.h"
#include "record/log.h"
#include "record/record.h"

#define PREFIX_MIN     6
#define NAME_MAX_BYTES 64

int enc_state_open_dir(int at, const char *path, bool create, struct enc_err *e)
{
	enc_auto_fd int fd = -1;
	struct stat st;

	if (create && mkdirat(at, path, 0700) < 0 && errno != EEXIST)
		return ENC_FAIL_ID(e, "E0801", errno, "make %s: %s", path, strerror(errno));
	fd = openat(at, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 || fstat(fd, &st) < 0)
		return ENC_FAIL_ID(e, "E0801", errno, "open %s: %s", path,
				   errno == ELOOP || errno == ENOTDIR ? "not a directory" : strerror(errno));
	if (st.st_uid != geteuid()) {
		ENC_FAIL(e, EPERM, "%s belongs to uid %u, not to uid %u", path, st.st_uid, geteuid());
		return enc_err_id(e, "E0801", "set ENCLOSURE_STATE to a directory of your own");
	}
	if (st.st_mode & 077) {
		ENC_FAIL(e, EPERM, "%s is open to other users (mode %04o)", path, st.st_mode & 07777);
		return enc_err_id(e, "E0801", "look at what is in it, then: chmod 700 %s", path);
	}
	return ENC_TAKE_FD(fd);
}

/* What stands above the state directory; what has to be made is private (XDG specification), but not what root makes,
 * as /var/lib. */
static int make_parents(const char *path, struct enc_err *e)
{
	char copy[PATH_MAX];

	if (snprintf(copy, sizeof(copy), "%s", path) >= (int)sizeof(copy))
		return ENC_FAIL_ID(e, "E0801", ENAMETOOLONG, "state directory: %s", strerror(ENAMETOOLONG));
	for (char *p = strchr(copy + 1, '/'); p; p = strchr(p + 1, '/')) {
		*p = '\0';
		if (mkdir(copy, geteuid() == 0 ? 0755 : 0700) < 0 && errno != EEXIST)
			return ENC_FAIL_ID(e, "E0801", errno, "make %s: %s", copy, strerror(errno));
		*p = '/';
	}
	return 0;
}

static const char *base_dir(struct enc_arena *a)
{
	const char *xdg = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
	struct enc_user user;

	if (geteuid() == 0)
		return "/var/lib";
	if (xdg && xdg[0] == '/')
		return xdg;
	if (!home || home[0] != '/') {
		(void)enc_user_by_uid(a, geteuid(), &user);
		home = user.home;
	}
	return enc_arena_printf(a, "%s/.local/state", home);
}

int enc_state_dir(struct enc_arena *a, bool create, const char **ret, struct enc_err *e)
{
	const char *path = getenv("ENCLOSURE_STATE");
	int fd;

	if (path && path[0] && path[0] != '/') {
		ENC_FAIL(e, EINVAL, "ENCLOSURE_STATE is not an absolute path: %s", path);
		return enc_err_id(e, "E0801", "give the whole path, as in ENCLOSURE_STATE=$PWD/%.100s", path);
	}
	if (!path || !path[0])
		path = enc_arena_printf(a, "%s/enclosure", base_dir(a));
	path = enc_path_clean(a, path);
	if (create) {
		int r = make_parents(path, e);

		if (r < 0)
			return r;
	} else if (access(path, F_OK) < 0 && errno == ENOENT) {
		*ret = path; /* readers find nothing in it, and say so in their own words */
		return 0;
	}
	fd = enc_state_open_dir(AT_FDCWD, path, create, e);
	if (fd < 0)
		return fd;
	close(fd);
	*ret = path;
	return 0;
}

static bool has_name(int runs, const char *id, const char *name)
{
	enc_auto(enc_free_auto) char *text = NULL;
	char path[40];
	size_t n;

	snprintf(path, sizeof(path), "%.26s/name", id);
	if (enc_read_file(runs, path, 4096, &text, &n, NULL) < 0)
		return false;
	text[strcspn(text, "\n")] = '\0';
	return strcmp(text, name) == 0;
}

struct found {
	char id[27];
	unsigned n;
};

/* Ids sort by time, so the largest is the newest. */
static void keep_newest(struct found *f, const char *id)
{
	f->n++;
	if (strcmp(id, f->id) > 0)
		snprintf(f->id, sizeof(f->id), "%.26s", id);
}

static void scan(DIR *d, const char *run, struct found *ret_last, struct found *ret_name, struct found *ret_prefix)
{
	size_t len = strlen(run);
	struct dirent *entry;

	while ((entry = readdir(d)) != NULL) {
		if (!enc_ulid_ok(entry->d_name))
			continue;
		keep_newest(ret_last, entry->d_name);
		if (len >= PREFIX_MIN && strncasecmp(entry->d_name, run, len) == 0)
			keep_newest(ret_prefix, entry->d_name);
		if (has_name(dirfd(d), entry->d_name, run))
			keep_newest(ret_name, entry->d_name);
	}
}

static int open_runs(const char *state_dir, DIR **ret, struct enc_err *e)
{
	enc_auto_fd int dir = open(state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), runs = -1;

	if (dir >= 0)
		runs = openat(dir, "runs", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	*ret = runs >= 0 ? fdopendir(runs) : NULL;
	if (!*ret)
		return errno == ENOENT ? -ENOENT
				       : ENC_FAIL_ID(e, "E0801", errno, "open %s/runs: %s", state_dir, strerror(errno));
	runs = -1;
	return 0;
}

int enc_state_find_run(const char *state_dir, const char *run, char ret_id[27], struct enc_err *e)
{
	struct found last = {0}, name = {0}, prefix = {0}, *hit;
	DIR *d = NULL;
	int r = open_runs(state_dir, &d, e);

	if (r < 0 && r != -ENOENT)
		return r;
	if (d) {
		scan(d, run, &last, &name, &prefix);
		closedir(d);
	}
	/* A whole id is its own only match. No run can be named `last`. */
	hit = strcmp(run, "last") == 0		   ? &last
	      : prefix.n == 1 && strlen(run) == 26 ? &prefix
	      : name.n				   ? &name
						   : &prefix;
	if (hit == &prefix && prefix.n > 1) {
		ENC_FAIL(e, EEXIST, "%s is the beginning of %u runs", run, prefix.n);
		return enc_err_id(e, "E0802", "give more of the id; the newest of them is %s", prefix.id);
	}
	if (!hit->n) {
		ENC_FAIL(e, ENOENT, "there is no run %s in %s", run, state_dir);
		return enc_err_id(e, "E0802", "give an id, %d or more of its first characters, a name, or `last`",
				  PREFIX_MIN);
	}
	memcpy(ret_id, hit->id, 27);
	return 0;
}

/* A name must not look like another way to say which run is meant, nor upset a terminal or a shell. */
static bool name_ok(const char *name)
{
	static const char set[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
	size_t n = strlen(name);

	return n > 0 && n <= NAME_MAX_BYTES && strspn(name, set) == n && name[0] != '-' && name[0] != '.' &&
	       strcmp(name, "last") != 0 && !enc_ulid_ok(name);
}

int enc_state_new_run(const char *state_dir, const char *id, const char *name, int *ret_fd, struct enc_err *e)
{
	enc_auto_fd int dir = -1, runs = -1, fd = -1;
	char hidden[40];
	int r = 0;

	if (!enc_ulid_ok(id))
		return ENC_FAIL_ID(e, "E0801", EINVAL, "'%s' is not a run id", id);
	if (name && !name_ok(name)) {
		ENC_FAIL(e, EINVAL, "'%.80s' can't be the name of a run", name);
		return enc_err_id(e, "E0701", "use at most %d letters, digits, '.', '_', '-', and not `last`",
				  NAME_MAX_BYTES);
	}
	dir = enc_state_open_dir(AT_FDCWD, state_dir, true, e);
	runs = dir >= 0 ? enc_state_open_dir(dir, "runs", true, e) : dir;
	if (runs < 0)
		return runs;
	snprintf(hidden, sizeof(hidden), ".new-%s", id);
	if (mkdirat(runs, hidden, 0700) < 0)
		return ENC_FAIL_ID(e, "E0801", errno, "make %s/runs/%s: %s", state_dir, hidden, strerror(errno));
	fd = enc_state_open_dir(runs, hidden, false, e);
	if (fd >= 0 && name)
		r = enc_write_file(fd, "name", name, strlen(name), 0600, false, e);
	/* Nobody sees the folder before its lock is held. */
	if (fd >= 0 && r >= 0 &&
	    (flock(fd, LOCK_EX | LOCK_NB) < 0 || renameat2(runs, hidden, runs, id, RENAME_NOREPLACE) < 0))
		r = ENC_FAIL(e, errno, "make %s/runs/%s: %s", state_dir, id, strerror(errno));
	if (fd < 0 || r < 0) {
		if (fd >= 0)
			(void)unlinkat(fd, "name", 0);
		(void)unlinkat(runs, hidden, AT_REMOVEDIR);
		(void)enc_err_id(e, "E0801", NULL);
		return fd < 0 ? fd : r;
	}
	*ret_fd = ENC_TAKE_FD(fd);
	return 0;
}

void enc_state_drop_run(const char *state_dir, const char *id)
{
	char path[PATH_MAX];

	if (enc_ulid_ok(id) && snprintf(path, sizeof(path), "%s/runs/%s", state_dir, id) < (int)sizeof(path))
		(void)rmdir(path); /* refused when something else is in it */
}

bool enc_state_run_lives(int dir, bool take)
{
	enc_auto_fd int own = -1;

	if (take)
		return flock(dir, LOCK_EX | LOCK_NB) < 0;
	/* A lock belongs to an open file: another one tells whether somebody has it, and gives it back by closing. */
	own = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return own >= 0 && flock(own, LOCK_SH | LOCK_NB) < 0;
}

static int by_id(const void *a, const void *b)
{
	return strcmp(((const struct enc_run_id *)a)->text, ((const struct enc_run_id *)b)->text);
}

int enc_state_runs(const char *state_dir, struct enc_run_id **ret, size_t *ret_n, struct enc_err *e)
{
	struct dirent *entry;
	DIR *d = NULL;
	int r = open_runs(state_dir, &d, e);

	*ret = NULL;
	*ret_n = 0;
	if (r < 0 || !d)
		return r == -ENOENT ? 0 : r;
	while ((entry = readdir(d)) != NULL)
		if (enc_ulid_ok(entry->d_name))
			snprintf(ENC_PUSH(*ret, *ret_n)->text, sizeof((*ret)->text), "%.26s", entry->d_name);
	closedir(d);
	if (*ret_n)
		qsort(*ret, *ret_n, sizeof(**ret), by_id);
	return 0;
}
