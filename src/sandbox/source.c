/* SPDX-License-Identifier: MIT */
/*
 * source.c - what a grant points at: opened without following anything, compared with the plan, copied as a
 *            detached mount
 *
 * One code path for both cases: a privileged supervisor makes the trees on the host's side (only there may a mount
 * be idmapped) and the child inherits them; otherwise the child makes them in its own mount namespace.
 */
#include <errno.h>
#include <unistd.h>

#include "sandbox/box_impl.h"
#include "sys/mountfd.h"

bool enc_source_matches(int fd, const struct enc_mount *m)
{
	struct stat st;

	if (fstat(fd, &st))
		return false; /* errno tells */
	if (st.st_dev == m->dev && st.st_ino == m->ino && S_ISDIR(st.st_mode) == m->is_dir && !S_ISLNK(st.st_mode))
		return true;
	errno = ESTALE; /* something else stands there than was planned */
	return false;
}

static int set_idmap(int tree, int userns)
{
	/* A file system below that can't be idmapped (EINVAL) is left as it is: its files are then a stranger's, and
	 * as closed to the run as their modes say. The grant's own mount must take it. */
	if (!enc_sys_mount_attr(tree, true, MOUNT_ATTR_IDMAP, 0, userns))
		return 0;
	return errno == EINVAL ? enc_sys_mount_attr(tree, false, MOUNT_ATTR_IDMAP, 0, userns) : -1;
}

int enc_source_tree(const struct enc_mount *m, int userns)
{
	uint64_t attr = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
	enc_auto_fd int at = -1, tree = -1;

	if (m->kind == ENC_MT_BIND_RO)
		attr |= MOUNT_ATTR_RDONLY;
	at = enc_sys_open_plain(AT_FDCWD, m->path, O_PATH | O_NOFOLLOW, 0);
	if (at < 0 || !enc_source_matches(at, m))
		return -1;
	tree = enc_sys_tree_clone(at);
	/* Private first: a copy of a shared mount is its peer, and what is mounted on it later would show on the
	 * host. */
	if (tree < 0 || enc_sys_mount_attr(tree, true, attr, MS_PRIVATE, -1))
		return -1;
	if (userns >= 0 && set_idmap(tree, userns))
		return -1;
	return ENC_TAKE_FD(tree);
}
