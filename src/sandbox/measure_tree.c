/* SPDX-License-Identifier: MIT */
/*
 * measure_tree.c - what a tree of files takes on the disk
 *
 * The tree is the run's, and changes while it is read: no link is followed, every step is one name below an open
 * directory, and a depth that no honest tree has ends the reading. What is counted is blocks, so that a sparse file
 * is as large as it is, and a little for each name, so that a million of empty files is something too; hard links
 * count once.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "sandbox/measure.h"
#include "sys/mountfd.h"

#define MAX_DEPTH  512 /* each level holds a descriptor */
#define NAME_BYTES 512 /* a file's inode and name */

static void count(struct measure *m, const struct stat *st)
{
	bool fresh = true;

	if (st->st_nlink > 1 && !S_ISDIR(st->st_mode))
		(void)enc_measure_find(m, st->st_dev, st->st_ino, &fresh);
	if (fresh)
		m->ret.disk_bytes += (uint64_t)st->st_blocks * 512 + NAME_BYTES;
}

/* Another file system below: the kernel's own have no files on any disk. */
static bool is_pseudo(int fd)
{
	static const unsigned long magics[] = {PROC_SUPER_MAGIC,    SYSFS_MAGIC,   CGROUP_SUPER_MAGIC,
					       CGROUP2_SUPER_MAGIC, DEBUGFS_MAGIC, TRACEFS_MAGIC,
					       SECURITYFS_MAGIC,    BPF_FS_MAGIC,  DEVPTS_SUPER_MAGIC};
	struct statfs fs;

	if (fstatfs(fd, &fs))
		return true;
	for (size_t i = 0; i < ENC_LEN(magics); i++)
		if ((unsigned long)fs.f_type == magics[i])
			return true;
	return false;
}

/* False: nothing below is to be counted. */
static bool enter(struct measure *m, int fd, dev_t above)
{
	struct stat st;

	if (fstat(fd, &st) || !S_ISDIR(st.st_mode))
		return false;
	if (st.st_dev != above && is_pseudo(fd))
		return false;
	if (!enc_measure_on_disk(m, st.st_dev)) {
		dev_t *dev = ENC_PUSH(m->devs, m->n_devs);

		*dev = st.st_dev;
	}
	return true;
}

static void walk(struct measure *m, int fd, dev_t dev, int depth)
{
	DIR *dir = fdopendir(fd);
	struct dirent *d;

	if (!dir) {
		(void)close(fd);
		m->ret.incomplete = true;
		return;
	}
	while ((d = readdir(dir))) {
		struct stat st;
		int below;

		if (d->d_name[0] == '.' && (!d->d_name[1] || (d->d_name[1] == '.' && !d->d_name[2])))
			continue;
		if (fstatat(fd, d->d_name, &st, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT))
			continue; /* gone meanwhile */
		count(m, &st);
		if (!S_ISDIR(st.st_mode))
			continue;
		if (depth == MAX_DEPTH) {
			m->ret.too_deep = true;
			continue;
		}
		below = openat(fd, d->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
		if (below < 0)
			m->ret.incomplete |= errno != ENOENT && errno != ENOTDIR && errno != ELOOP;
		else if (enter(m, below, dev))
			walk(m, below, st.st_dev, depth + 1);
		else
			(void)close(below);
	}
	(void)closedir(dir);
}

void enc_measure_tree(struct measure *m, const char *path)
{
	int fd = enc_sys_open_plain(AT_FDCWD, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
	struct stat st;

	if (fd < 0 || fstat(fd, &st)) {
		if (fd >= 0)
			(void)close(fd);
		m->ret.incomplete = true;
		return;
	}
	count(m, &st);
	if (enter(m, fd, st.st_dev))
		walk(m, fd, st.st_dev, 1);
	else
		(void)close(fd);
}
