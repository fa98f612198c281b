/* SPDX-License-Identifier: MIT */
/*
 * layer.c - open the layer of a run and its workspace
 */
#include "cli/layer.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/text.h"

static int no_layer(const struct enc_cli_layer *l, bool had_one, struct enc_err *e)
{
	ENC_FAIL(e, ENODATA,
		 had_one ? "run %s has no layer: it never started, or its changes were discarded"
			 : "run %s had its workspace directly",
		 l->run.id);
	return enc_err_id(e, "E0804", had_one ? NULL : "write filesystem: {workspace: overlay} in the manifest");
}

static int open_folders(struct enc_cli_layer *l, struct enc_err *e)
{
	const char *path = l->about.overlay.path;
	struct stat st;

	l->o.upper = openat(l->run.dir, "overlay/upper", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	/* The run may have closed its workspace itself; whether it may be entered is nothing that is applied. */
	if (l->o.upper < 0 && errno == EACCES && l->about.life >= ENC_LIFE_ENDED &&
	    fchmodat(l->run.dir, "overlay/upper", 0700, AT_SYMLINK_NOFOLLOW) == 0)
		l->o.upper = openat(l->run.dir, "overlay/upper", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (l->o.upper < 0 && errno == ENOENT)
		return no_layer(l, true, e);
	l->o.lower = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (l->o.upper < 0 || l->o.lower < 0 || fstat(l->o.lower, &st) < 0)
		return ENC_FAIL_ID(e, "E0804", errno, "open %s: %s", l->o.upper < 0 ? "the run's layer" : path,
				   strerror(errno));
	if (st.st_dev == l->about.overlay.dev && st.st_ino == l->about.overlay.ino)
		return 0;
	ENC_FAIL(e, ESTALE, "%s is another folder than the one that the run had", path);
	return enc_err_id(e, "E0804", "put the folder back that was there when the run started");
}

int enc_cli_layer_open(struct enc_cli_layer *l, const char *which, struct enc_err *e)
{
	int r;

	memset(l, 0, sizeof(*l));
	l->o.upper = l->o.lower = l->lock = -1;
	r = enc_cli_run_open(&l->run, which, e);
	if (r >= 0)
		r = enc_cli_run_about(&l->run, &l->about, e);
	if (r < 0)
		return r;
	if (!l->about.overlay.path)
		return no_layer(l, false, e);
	r = open_folders(l, e);
	if (r < 0)
		return r;
	l->o.since = l->about.overlay.since;
	l->o.run_uid = l->about.overlay.run_uid;
	l->o.run_gid = l->about.overlay.run_gid;
	l->o.owner_uid = l->about.overlay.uid;
	l->o.owner_gid = l->about.overlay.gid;
	l->o.tag = l->run.id;
	l->o.arena = l->run.arena;
	return enc_overlay_changes(&l->o, &l->changes, e);
}

int enc_cli_layer_lock(struct enc_cli_layer *l, struct enc_err *e)
{
	l->lock = openat(l->run.dir, "overlay", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (l->lock < 0)
		return ENC_FAIL_ID(e, "E0804", errno, "open the run's layer: %s", strerror(errno));
	if (flock(l->lock, LOCK_EX | LOCK_NB) == 0)
		return 0;
	ENC_FAIL(e, EBUSY, "the changes of run %s are being applied or discarded", l->run.id);
	return enc_err_id(e, "E0804", "wait until that is done");
}

void enc_cli_layer_close(struct enc_cli_layer *l)
{
	enc_close_auto(&l->lock);
	enc_changes_done(&l->changes);
	enc_close_auto(&l->o.upper);
	enc_close_auto(&l->o.lower);
	enc_cli_run_close(&l->run);
}

const char *enc_cli_layer_path(struct enc_cli_layer *l, const char *path, struct enc_err *e)
{
	const char *top = l->about.overlay.path;
	const char *whole = path[0] == '/' ? path : enc_arena_printf(l->run.arena, "%s/%s", top, path);
	const char *clean = enc_path_clean(l->run.arena, whole);

	if (clean && enc_path_in(clean, top))
		return clean[strlen(top)] ? clean + strlen(top) + 1 : "";
	ENC_FAIL(e, EINVAL, "%s is not in the workspace %s", path, top);
	(void)enc_err_id(e, "E0701", "give a path below the workspace, or an absolute one in it");
	return NULL;
}

void enc_cli_add_text(struct enc_buf *out, const char *s, size_t n, bool terminal)
{
	size_t from = 0;

	if (!terminal) {
		enc_buf_add(out, s, n);
		return;
	}
	for (size_t i = 0; i <= n; i++) {
		if (i < n && s[i] != '\n' && s[i] != '\t')
			continue;
		enc_buf_add_escaped(out, s + from, i - from);
		if (i < n)
			enc_buf_putc(out, s[i]);
		from = i + 1;
	}
}
