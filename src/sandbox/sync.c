/* SPDX-License-Identifier: MIT */
/*
 * sync.c - single writable files whose directory is private: copied in, changes written back
 *
 * An agent replaces such a file by rename, which a bind mount of the file would refuse. So the run has its own copy
 * in a private directory, and the supervisor looks at that directory through a descriptor that init has handed up.
 * What it finds there is hostile: nothing is followed, only a regular file below a size is read, and its content is
 * bytes. On the host it is put beside the file and renamed over it, mode and owner kept; when the host's file has
 * changed meanwhile, it stays, and the run's version goes to STATE/runs/ID/files/.
 * A file that the run deletes is not deleted on the host.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/text.h"
#include "sandbox/box_impl.h"
#include "sys/mountfd.h"

#define MAX_BYTES (64 << 20)
#define MAX_KEPT  8 /* versions put aside; the last is then overwritten, or a run could fill the disk with them */

static bool same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
	       a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

/* The directory and the file, as the plan resolved them; the source's descriptor goes to the child. */
static int open_one(struct enc_box *b, struct launch *l, size_t i)
{
	const struct enc_mount *m = &b->plan->mounts[i];
	struct sync_file *f = ENC_PUSH(b->sync, b->n_sync);
	enc_auto(enc_free_auto) char *dir = enc_strdup(m->path);
	char *slash = strrchr(dir, '/');

	*f = (struct sync_file){.m = m, .host_dir = -1, .box_dir = -1};
	if (!slash || b->n_sync > MAX_SYNC) {
		errno = slash ? E2BIG : EINVAL;
		return -1;
	}
	f->name = m->path + (slash - dir) + 1;
	*slash = '\0';
	f->host_dir = enc_sys_open_plain(AT_FDCWD, *dir ? dir : "/", O_RDONLY | O_DIRECTORY, 0);
	if (f->host_dir < 0)
		return -1;
	l->tree[i] = enc_sys_open_plain(f->host_dir, f->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY,
					ENC_RESOLVE_BENEATH);
	if (l->tree[i] < 0 || !enc_source_matches(l->tree[i], m) || fstat(l->tree[i], &f->host))
		return -1;
	if (!S_ISREG(f->host.st_mode) || f->host.st_size > MAX_BYTES) {
		errno = S_ISREG(f->host.st_mode) ? EFBIG : EINVAL;
		return -1;
	}
	return 0;
}

int enc_sync_open(struct enc_box *b, struct launch *l)
{
	for (size_t i = 0; i < b->plan->n_mounts; i++) {
		const struct enc_mount *m = &b->plan->mounts[i];

		if (m->kind != ENC_MT_FILE_SYNC)
			continue;
		if (enc_stage(&l->stage, "copy in", "mount-namespace", m->path) || open_one(b, l, i))
			return -1;
	}
	return 0;
}

void enc_sync_close(struct enc_box *b)
{
	for (size_t i = 0; i < b->n_sync; i++) {
		enc_close_auto(&b->sync[i].host_dir);
		enc_close_auto(&b->sync[i].box_dir);
	}
	free(b->sync);
	b->sync = NULL;
	b->n_sync = 0;
}

/* The run's file: 1 with its bytes when it is another than before, 0 when it isn't, or is gone, or is being written
 * at this moment. */
static int read_box(const struct sync_file *f, struct stat *ret_st, struct enc_buf *ret, struct enc_err *e)
{
	enc_auto_fd int fd = enc_sys_open_plain(f->box_dir, f->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY,
						ENC_RESOLVE_BENEATH | ENC_RESOLVE_NO_XDEV);
	struct stat after;
	char part[65536];
	ssize_t n;

	if (fd < 0)
		return errno == ENOENT ? 0 : ENC_FAIL(e, errno, "read %s of the run: %s", f->m->path, strerror(errno));
	if (fstat(fd, ret_st))
		return ENC_FAIL(e, errno, "read %s of the run: %s", f->m->path, strerror(errno));
	if (same(ret_st, &f->box))
		return 0;
	if (!S_ISREG(ret_st->st_mode))
		return ENC_FAIL(e, EINVAL, "%s of the run is not a regular file", f->m->path);
	if (ret_st->st_size > MAX_BYTES)
		return ENC_FAIL(e, EFBIG, "%s of the run has more than %d MiB", f->m->path, MAX_BYTES >> 20);
	while ((n = read(fd, part, sizeof(part))) > 0 && ret->len <= MAX_BYTES)
		enc_buf_add(ret, part, (size_t)n);
	if (n < 0 || fstat(fd, &after))
		return ENC_FAIL(e, errno, "read %s of the run: %s", f->m->path, strerror(errno));
	return same(ret_st, &after) ? 1 : 0;
}

static int fill(int fd, const struct enc_mount *m, const struct enc_buf *text)
{
	int r = enc_write_all(fd, text->s ? text->s : "", text->len);

	if (r < 0)
		return r;
	/* Before the mode: a change of owner would take it back. Only root can, and only then is it another's. */
	if (geteuid() == 0 && fchown(fd, m->uid, m->gid))
		return -errno;
	return fchmod(fd, m->mode & 0777) || fsync(fd) ? -errno : 0;
}

/* Beside the file and over it. The name can't be guessed, and O_EXCL takes nothing that is there. */
static int replace(struct sync_file *f, const struct enc_buf *text)
{
	enc_auto_fd int fd = -1;
	unsigned long long salt;
	char temp[280];
	int r;

	if (getrandom(&salt, sizeof(salt), 0) != sizeof(salt))
		return -EIO;
	(void)snprintf(temp, sizeof(temp), ".%.200s.%016llx", f->name, salt); /* fits */
	fd = openat(f->host_dir, temp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	r = fill(fd, f->m, text);
	if (!r && renameat(f->host_dir, temp, f->host_dir, f->name))
		r = -errno;
	if (r < 0) {
		(void)unlinkat(f->host_dir, temp, 0); /* ours, by its name */
		return r;
	}
	return fstat(fd, &f->host) ? -errno : 0;
}

/* STATE/runs/ID/files/N-NAME */
static int put_aside(const struct enc_box *b, struct sync_file *f, const struct enc_buf *text, struct enc_err *e)
{
	unsigned before = (unsigned)(f - b->sync) * MAX_KEPT; /* files of one name in two folders stay apart */
	enc_auto_fd int state = -1, files = -1;
	char path[128], name[280];

	(void)snprintf(path, sizeof(path), "runs/%s", b->run); /* fits */
	state = open(b->plan->state_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (state >= 0) {
		(void)mkdirat(state, "runs", 0700); /* there already in a run; the last step tells */
		(void)mkdirat(state, path, 0700);
		(void)strcat(path, "/files"); /* fits: a run's id is short */
		(void)mkdirat(state, path, 0700);
		files = enc_sys_open_plain(state, path, O_RDONLY | O_DIRECTORY, ENC_RESOLVE_BENEATH);
	}
	if (files < 0)
		return ENC_FAIL(e, errno, "keep the run's version of %s: %s", f->m->path, strerror(errno));
	if (f->kept < MAX_KEPT)
		f->kept++;
	(void)snprintf(name, sizeof(name), "%u-%.200s", before + f->kept, f->name); /* fits */
	return enc_write_file(files, name, text->s ? text->s : "", text->len, 0600, true, e);
}

/* 1 written, 0 nothing to do (or put aside), or negative. */
static int sync_one(struct enc_box *b, struct sync_file *f, struct enc_err *e)
{
	enc_auto(enc_buf_done) struct enc_buf text = {0};
	struct stat box, host;
	int r;

	if (f->box_dir < 0)
		return 0;
	r = read_box(f, &box, &text, e);
	if (r <= 0)
		return r;
	if (fstatat(f->host_dir, f->name, &host, AT_SYMLINK_NOFOLLOW) || !same(&host, &f->host)) {
		f->box = box;
		return put_aside(b, f, &text, e);
	}
	r = replace(f, &text);
	if (r < 0)
		return ENC_FAIL(e, -r, "write back %s: %s", f->m->path, strerror(-r));
	f->box = box;
	return 1;
}

int enc_box_sync_files(struct enc_box *b, struct enc_err *e)
{
	int written = 0, failed = 0;

	for (size_t i = 0; i < b->n_sync; i++) {
		int r = sync_one(b, &b->sync[i], e);

		if (r < 0)
			failed = r;
		else
			written += r;
	}
	return failed ? failed : written;
}

bool enc_box_sync_kept(const struct enc_box *b, size_t i, const char **ret_path, unsigned *ret_versions)
{
	for (size_t k = 0; k < b->n_sync; k++)
		if (b->sync[k].kept && !i--) {
			*ret_path = b->sync[k].m->path;
			*ret_versions = b->sync[k].kept;
			return true;
		}
	return false;
}
