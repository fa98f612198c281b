/* SPDX-License-Identifier: MIT */
/*
 * trust.c - trust by digest: STATE/trust/<sha256 of the path> holds what was trusted
 *
 * The digest covers the manifest and every file that it extends, in order, but neither built-in profiles (they
 * are this program) nor the ceiling (it is root's). Any change of any of them asks for trust again.
 */
#include "policy/trust.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"

static void digest(const struct enc_policy *p, char out[65])
{
	struct enc_buf b = {0};

	for (size_t i = 0; i < p->n_files; i++)
		if (!p->files[i].builtin && !p->files[i].ceiling)
			enc_buf_printf(&b, "%s %s\n", p->files[i].digest, p->files[i].path);
	enc_sha256_hex(b.s ? b.s : "", b.len, out);
	enc_buf_done(&b);
}

static void entry_name(const char *path, char out[65])
{
	enc_sha256_hex(path, strlen(path), out);
}

/* STATE/trust; -ENOENT without e set when it is not there and `make` is false. */
static int open_dir(const char *state_dir, bool make, struct enc_err *e)
{
	enc_auto_fd int state = open(state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat st;
	int fd;

	if (state < 0 && errno == ENOENT && !make)
		return -ENOENT;
	if (state < 0)
		return ENC_FAIL_ID(e, "E0310", errno, "open %s: %s", state_dir, strerror(errno));
	if (make && mkdirat(state, "trust", 0700) < 0 && errno != EEXIST)
		return ENC_FAIL_ID(e, "E0310", errno, "make %s/trust: %s", state_dir, strerror(errno));
	fd = openat(state, "trust", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT && !make)
		return -ENOENT;
	if (fd < 0)
		return ENC_FAIL_ID(e, "E0310", errno, "open %s/trust: %s", state_dir, strerror(errno));
	/* Who can write there can trust anything. */
	if (fstat(fd, &st) < 0 || (st.st_uid != geteuid() && st.st_uid != 0) || st.st_mode & 022) {
		close(fd);
		return ENC_FAIL_ID(e, "E0310", EPERM, "%s/trust can be written by others", state_dir);
	}
	return fd;
}

const char *enc_policy_locate(struct enc_arena *a, const char *file)
{
	enc_auto(enc_free_auto) char *real = realpath(file, NULL);
	enc_auto(enc_free_auto) char *cwd = realpath(".", NULL);
	const char *clean;

	if (real)
		return enc_arena_strdup(a, real);
	clean = enc_path_clean(a, *file == '/' ? file : enc_arena_printf(a, "%s/%s", cwd ? cwd : "", file));
	return clean ? clean : file;
}

int enc_trust_set(const char *state_dir, const struct enc_policy *p, struct enc_err *e)
{
	enc_auto(enc_free_auto) char *text = NULL;
	enc_auto_fd int dir = -1;
	char name[65], sum[65];
	int r;

	if (p->path[0] != '/')
		return ENC_FAIL_ID(e, "E0310", EINVAL, "%s needs no trust", p->path);
	dir = open_dir(state_dir, true, e);
	if (dir < 0)
		return dir;
	entry_name(p->path, name);
	digest(p, sum);
	text = enc_asprintf("%s %s\n", sum, p->path);
	r = enc_write_file(dir, name, text, strlen(text), 0600, true, e);
	return r < 0 ? enc_err_id(e, "E0310", NULL) : 0;
}

int enc_trust_forget(const char *state_dir, const char *manifest, struct enc_err *e)
{
	char name[65];
	enc_auto_fd int dir = open_dir(state_dir, false, e);

	if (dir == -ENOENT)
		return 0;
	if (dir < 0)
		return dir;
	entry_name(manifest, name);
	if (unlinkat(dir, name, 0) == 0)
		return 1;
	if (errno == ENOENT)
		return 0;
	return ENC_FAIL_ID(e, "E0310", errno, "forget %s: %s", manifest, strerror(errno));
}

int enc_trust_check(const char *state_dir, const struct enc_policy *p, struct enc_err *e)
{
	enc_auto(enc_free_auto) char *text = NULL;
	enc_auto(enc_free_auto) char *want = NULL;
	enc_auto_fd int dir = open_dir(state_dir, false, e);
	char name[65], sum[65];
	struct stat st;
	size_t n;
	int r;

	if (dir == -ENOENT)
		return 0;
	if (dir < 0)
		return dir;
	entry_name(p->path, name);
	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0
				       : ENC_FAIL_ID(e, "E0310", errno, "trust of %s: %s", p->path, strerror(errno));
	r = enc_read_file(dir, name, 8192, &text, &n, e);
	if (r < 0)
		return enc_err_id(e, "E0310", NULL);
	digest(p, sum);
	want = enc_asprintf("%s %s\n", sum, p->path);
	return n == strlen(want) && memcmp(text, want, n) == 0;
}

int enc_trust_list(struct enc_arena *a, const char *state_dir, struct enc_trusted **ret, size_t *ret_n,
		   struct enc_err *e)
{
	enc_auto_fd int fd = open_dir(state_dir, false, e);
	struct enc_trusted *v = enc_arena_alloc(a, 1024 * sizeof(*v));
	struct dirent *entry;
	size_t n = 0;
	DIR *d;

	*ret = v;
	*ret_n = 0;
	if (fd == -ENOENT)
		return 0;
	if (fd < 0)
		return fd;
	d = fdopendir(ENC_TAKE_FD(fd));
	while (d && n < 1024 && (entry = readdir(d))) {
		enc_auto(enc_free_auto) char *text = NULL;
		size_t len;

		if (strlen(entry->d_name) != 64 ||
		    enc_read_file(dirfd(d), entry->d_name, 8192, &text, &len, NULL) < 0 || len < 67)
			continue;
		v[n].digest = enc_arena_strndup(a, text, 64);
		v[n].path = enc_arena_strndup(a, text + 65, len - 66);
		n++;
	}
	if (d)
		closedir(d);
	*ret_n = n;
	return 0;
}

/* A manifest that somebody else wrote, or could have, is not its owner's word. Root may also work in a folder of
 * the user whom it serves (sudo): there the folder's owner counts as well; trust by digest is asked all the same. */
static int check_owner(struct enc_load *l, const struct enc_source *s)
{
	uid_t uid = l->w->uid;

	if (s->owner != uid && s->owner != 0 && !(uid == 0 && s->owner == s->dir_owner)) {
		ENC_FAIL(l->e, EPERM, "%s belongs to another user (uid %u) and is not obeyed", s->path,
			 (unsigned)s->owner);
		return enc_err_id(l->e, "E0307", "read it, then: enclosure run -m %s ...", s->path);
	}
	if (s->mode & 022) {
		ENC_FAIL(l->e, EPERM, "%s can be written by others and is not obeyed", s->path);
		return enc_err_id(l->e, "E0307", "chmod go-w %s", s->path);
	}
	return 0;
}

int enc_trust_required(struct enc_load *l, const struct enc_source *s)
{
	int r = check_owner(l, s);

	if (r < 0)
		return r;
	r = enc_trust_check(l->w->state_dir, l->p, l->e);
	if (r < 0)
		return r;
	if (r == 0) {
		ENC_FAIL(l->e, EPERM, "%s is not trusted, or has changed since it was", s->path);
		return enc_err_id(l->e, "E0306", "read it, then: enclosure trust %s", s->path);
	}
	return 0;
}
