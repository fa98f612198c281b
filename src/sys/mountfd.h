/* SPDX-License-Identifier: MIT */
/*
 * mountfd.h - the mount API by descriptors, and openat2
 *
 * (Not mount.h: that name is taken by libc, in a folder of this name.) Thin: -1 with errno on failure. Usable between
 * clone and exec. Needs Linux 5.12 (mount_setattr).
 */
#ifndef ENC_SYS_MOUNTFD_H
#define ENC_SYS_MOUNTFD_H

#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "base/base.h"

#ifndef OPEN_TREE_CLOEXEC
#define OPEN_TREE_CLOEXEC O_CLOEXEC
#endif

/* openat2(2), O_CLOEXEC always; `resolve` as below. */
#define ENC_RESOLVE_NO_XDEV	  0x01
#define ENC_RESOLVE_NO_MAGICLINKS 0x02
#define ENC_RESOLVE_NO_SYMLINKS	  0x04
#define ENC_RESOLVE_BENEATH	  0x08
#define ENC_RESOLVE_IN_ROOT	  0x10
int enc_sys_openat2(int dirfd, const char *path, uint64_t flags, uint64_t mode, uint64_t resolve);
/* The same, following no link of any kind. */
int enc_sys_open_plain(int dirfd, const char *path, uint64_t flags, uint64_t resolve);

/* A detached copy of the mount (and, recursively, of what is mounted below) that `fd` points at. */
int enc_sys_tree_clone(int fd);
/* Attach a detached mount over what `target` points at. */
int enc_sys_mount_attach(int tree, int target);
/* Set attributes and, when `propagation` isn't 0, MS_PRIVATE and so on. userns: for MOUNT_ATTR_IDMAP, else -1. */
int enc_sys_mount_attr(int tree, bool recursive, uint64_t set, uint64_t propagation, int userns);

/* A new file system, as a detached mount. opts: pairs of key and value, a value of NULL is a flag; ends with a
 * NULL key. attr: MOUNT_ATTR_*. */
int enc_sys_mount_new(const char *type, const char *const *opts, unsigned attr);

#endif
