/* SPDX-License-Identifier: MIT */
/*
 * overlay.c - the layer that keeps what a run changes in its workspace
 *
 * STATE/runs/ID/overlay has `upper` and `work`, which belong to the run as the kernel sees it; of the state directory
 * the child gets this folder alone. `upper` looks like the workspace's folder: its mode is that of the
 * merged one.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/mem.h"
#include "sandbox/box_impl.h"
#include "sys/mountfd.h"

static const struct enc_mount *find(const struct enc_plan *p)
{
	for (size_t i = 0; i < p->n_mounts; i++)
		if (p->mounts[i].kind == ENC_MT_OVERLAY)
			return &p->mounts[i];
	return NULL;
}

static int make_dir(int at, const char *name, mode_t mode, uid_t uid, gid_t gid)
{
	enc_auto_fd int fd = -1;

	if (mkdirat(at, name, 0700))
		return -1;
	fd = enc_sys_open_plain(at, name, O_RDONLY | O_DIRECTORY, ENC_RESOLVE_BENEATH);
	if (fd < 0 || fchown(fd, uid, gid) || fchmod(fd, mode & 07777))
		return -1;
	return 0;
}

int enc_overlay_make(struct enc_box *b, struct launch *l)
{
	const struct enc_plan *p = b->plan;
	const struct enc_mount *m = find(p);
	/* The run's, and not those of the workspace's owner: the kernel would mount a work folder that the run can't
	 * write read-only, without a word. */
	uid_t uid = l->privileged ? p->ids.uid : geteuid();
	gid_t gid = l->privileged ? p->ids.gid : getegid();
	enc_auto_fd int run = -1, over = -1;
	char path[4300];

	(void)snprintf(path, sizeof(path), "%s/runs/%s", p->state_dir,
		       b->run); /* fits: the state directory is a path */
	if (enc_stage(&l->stage, "overlay", "overlay", path))
		return -1;
	l->stage.what = NULL; /* ours ends with this function */
	run = enc_sys_open_plain(AT_FDCWD, path, O_RDONLY | O_DIRECTORY, 0);
	if (!m || run < 0 || mkdirat(run, "overlay", 0755))
		return -1;
	over = enc_sys_open_plain(run, "overlay", O_RDONLY | O_DIRECTORY, ENC_RESOLVE_BENEATH);
	if (over < 0 || fchmod(over, 0755) || make_dir(over, "upper", m->mode, uid, gid) ||
	    make_dir(over, "work", 0700, uid, gid))
		return -1;
	if (!l->privileged) {
		l->own_layer = enc_asprintf("%s/overlay", path);
		return 0;
	}
	l->overlay = enc_sys_tree_clone(over);
	if (l->overlay < 0)
		return -1;
	return enc_sys_mount_attr(l->overlay, true, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, MS_PRIVATE, -1);
}
