/* SPDX-License-Identifier: MIT */
/*
 * mountfd.c - the mount API by descriptors, and openat2
 */
#include "sys/mountfd.h"

#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_openat2
#define SYS_openat2 437
#endif

struct how { /* struct open_how of openat2(2) */
	uint64_t flags, mode, resolve;
};

int enc_sys_openat2(int dirfd, const char *path, uint64_t flags, uint64_t mode, uint64_t resolve)
{
	struct how how = {.flags = flags | O_CLOEXEC, .mode = mode, .resolve = resolve};
	int fd;

	/* EAGAIN: a rename elsewhere raced with the walk, and the kernel could not tell whether it stayed inside. */
	for (int i = 0; i < 64; i++) {
		fd = (int)syscall(SYS_openat2, dirfd, path, &how, sizeof(how));
		if (fd >= 0 || (errno != EAGAIN && errno != EINTR))
			break;
	}
	return fd;
}

int enc_sys_open_plain(int dirfd, const char *path, uint64_t flags, uint64_t resolve)
{
	return enc_sys_openat2(dirfd, path, flags, 0, resolve | ENC_RESOLVE_NO_SYMLINKS | ENC_RESOLVE_NO_MAGICLINKS);
}

int enc_sys_tree_clone(int fd)
{
	return open_tree(fd, "", AT_EMPTY_PATH | AT_RECURSIVE | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
}

int enc_sys_mount_attach(int tree, int target)
{
	return move_mount(tree, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
}

int enc_sys_mount_attr(int tree, bool recursive, uint64_t set, uint64_t propagation, int userns)
{
	struct mount_attr attr = {.attr_set = set, .propagation = propagation};

	if (set & MOUNT_ATTR_IDMAP)
		attr.userns_fd = (uint64_t)userns;
	return mount_setattr(tree, "", AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0), &attr, sizeof(attr));
}

int enc_sys_mount_new(const char *type, const char *const *opts, unsigned attr)
{
	enc_auto_fd int fs = fsopen(type, FSOPEN_CLOEXEC);
	int r = 0;

	if (fs < 0)
		return -1;
	for (; opts && opts[0] && !r; opts += 2)
		r = fsconfig(fs, opts[1] ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG, opts[0], opts[1], 0);
	if (r || fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0))
		return -1;
	return fsmount(fs, FSMOUNT_CLOEXEC, attr);
}
