/* SPDX-License-Identifier: MIT */
/*
 * files.c - one act on one path, and the ways around a wall that goes by names
 *
 * Everything takes PATH, renames and links FROM and TO.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "attack.h"

static int opened(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC | O_NOCTTY, 0600);

	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

#define NEED(n)         \
	if (argc < (n)) \
		return CANT_TRY;
#define ACT(fn, n, expr)                      \
	static int fn(int argc, char **argv)  \
	{                                     \
		NEED(n) return outcome(expr); \
	}

static int a_read(int argc, char **argv)
{
	char c;
	int fd;

	NEED(1)
	fd = open(argv[0], O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : outcome(read(fd, &c, 1));
}
static int a_readdir(int argc, char **argv)
{
	char room[512];
	int fd;

	NEED(1)
	fd = open(argv[0], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : outcome(syscall(SYS_getdents64, fd, room, sizeof(room)));
}
static int a_write(int argc, char **argv)
{
	NEED(1)
	return opened(argv[0], O_WRONLY);
}
static int a_append(int argc, char **argv)
{
	NEED(1)
	return opened(argv[0], O_WRONLY | O_APPEND);
}
static int a_create(int argc, char **argv)
{
	NEED(1)
	return opened(argv[0], O_WRONLY | O_CREAT | O_EXCL);
}
/* Read only, then written through a shared mapping or a second opening by its descriptor's name. */
static int a_reopen(int argc, char **argv)
{
	char name[40];
	int fd;

	NEED(1)
	fd = open(argv[0], O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	return opened(name, O_WRONLY);
}
static int a_utimes(int argc, char **argv)
{
	struct timeval t[2] = {{1, 0}, {1, 0}};

	NEED(1)
	return outcome(utimes(argv[0], t));
}
ACT(a_truncate, 1, truncate(argv[0], 0))
ACT(a_unlink, 1, unlink(argv[0]))
ACT(a_rmdir, 1, rmdir(argv[0]))
ACT(a_mkdir, 1, mkdir(argv[0], 0700))
ACT(a_chmod, 1, chmod(argv[0], 0777))
ACT(a_chown, 1, chown(argv[0], getuid(), getgid()))
ACT(a_setxattr, 1, setxattr(argv[0], "user.enclosure", "x", 1, 0))
ACT(a_filecap, 1, setxattr(argv[0], "security.capability", "\1\0\0\2\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20, 0))
ACT(a_rename, 2, rename(argv[0], argv[1]))
ACT(a_exchange, 2, renameat2(AT_FDCWD, argv[0], AT_FDCWD, argv[1], RENAME_EXCHANGE))
ACT(a_link, 2, link(argv[0], argv[1]))
ACT(a_symlink, 2, symlink(argv[0], argv[1]))
ACT(a_exec, 1, access(argv[0], X_OK))

/* The same file by every other name that it might have: through the roots and working directories of processes. */
static int a_proc_names(int argc, char **argv)
{
	static const char *const ways[] = {"/proc/self/root",
					   "/proc/1/root",
					   "/proc/self/cwd/../../../../../..",
					   "/proc/thread-self/root",
					   "/proc/1/cwd/../../../..",
					   "/dev/fd/../root"};
	char path[4300];
	int last = -ENOENT;

	NEED(1)
	for (size_t i = 0; i < sizeof(ways) / sizeof(*ways); i++) {
		char *one = path;
		int r;

		snprintf(path, sizeof(path), "%s%s", ways[i], argv[0]);
		r = a_read(1, &one);
		if (r >= 0)
			return 0;
		if (r != -ENOENT)
			last = r;
	}
	return last;
}

/* A descriptor beyond 0, 1, 2 (and the one of the directory that is read). */
static int a_descriptors(int argc, char **argv)
{
	for (int fd = 3; fd < 4096; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			return 0;
	return -EBADF;
}

/* Standard streams must not lead to a directory, and from there out. */
static int a_stream_escape(int argc, char **argv)
{
	for (int fd = 0; fd <= 2; fd++)
		if (faccessat(fd, "..", F_OK, 0) == 0)
			return 0;
	return -ENOTDIR;
}

#define ROW(n, f, ...)                                                                           \
	{                                                                                        \
		.name = n, .group = "files", .act = f, .expect = {__VA_ARGS__}, .needs = BY_USER \
	}
/* clang-format off */
const struct attack file_attacks[] = {
	ROW("read", a_read, EACCES, ENOENT), ROW("readdir", a_readdir, EACCES, ENOENT),
	ROW("write", a_write, EROFS, EACCES, ENOENT), ROW("append", a_append, EROFS, EACCES, ENOENT),
	ROW("create", a_create, EROFS, EACCES, ENOENT), ROW("truncate", a_truncate, EROFS, EACCES, ENOENT),
	ROW("reopen", a_reopen, EROFS, EACCES), ROW("utimes", a_utimes, EROFS, EACCES), ROW("mkdir", a_mkdir, EROFS, EACCES),
	ROW("unlink", a_unlink, EBUSY, EROFS, EACCES), ROW("rmdir", a_rmdir, EBUSY, EROFS, EACCES),
	ROW("chmod", a_chmod, EROFS, EPERM, EACCES), ROW("chown", a_chown, EROFS, EPERM, EACCES),
	ROW("setxattr", a_setxattr, EROFS, EPERM, EACCES), ROW("filecap", a_filecap, EPERM, EROFS),
	ROW("rename", a_rename, EBUSY, EROFS, EXDEV), ROW("exchange", a_exchange, EBUSY, EROFS, EXDEV),
	ROW("link", a_link, EXDEV, EROFS, EACCES), ROW("symlink", a_symlink, EROFS, EACCES),
	ROW("access-x", a_exec, EACCES, ENOENT), ROW("proc-names", a_proc_names, EACCES, ENOENT, EROFS),
	ROW("descriptors", a_descriptors, EBADF), ROW("stream-escape", a_stream_escape, ENOTDIR),
	{.name = NULL},
};
/* clang-format on */
