/* SPDX-License-Identifier: MIT */
/*
 * measure_held.c - what processes hold by their descriptors and mappings and no directory shows
 *
 * Deleted files that are still open or mapped are disk; memfds, shared mappings, pipes and socket buffers are memory,
 * though no process is charged with them. A pipe or socket is looked at through a copy of its descriptor
 * (pidfd_getfd), and so is everything when the names in /proc/PID/fd are closed to us, by a process that made itself
 * undumpable. A file is not, where it can be helped: the copy would hold a lock a moment longer. The copy may be the
 * last one when it is closed, and closing a socket can wait: so all of this is done by a process that can be killed.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sock_diag.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "sandbox/measure.h"
#include "sys/kernel.h"

/* Pipes and sockets have inodes of devices of their own, so that all kinds fit into one table. */
static void look_at_pipe(struct measure *m, int fd, const struct stat *st)
{
	int queued = 0, size;
	bool fresh;

	(void)enc_measure_find(m, st->st_dev, st->st_ino, &fresh);
	if (!fresh || ioctl(fd, FIONREAD, &queued) || !queued)
		return;
	/* A byte of a packet has a page for itself: the size says what it can be at most. */
	size = fcntl(fd, F_GETPIPE_SZ);
	m->ret.held_bytes += size > 0 ? (uint64_t)size : 0;
}

/* What was sent is charged to the sender until it is read, what arrived from a network to the receiver. A sender on
 * this machine may be closed already: then only the receiver's queue tells, so both are added up for themselves. */
static void look_at_socket(struct measure *m, int fd, const struct stat *st)
{
	uint32_t info[SK_MEMINFO_VARS] = {0}, sent;
	socklen_t len = sizeof(info), int_len = sizeof(int);
	int domain = 0, queued = 0;
	bool fresh;

	(void)enc_measure_find(m, st->st_dev, st->st_ino, &fresh);
	if (!fresh || getsockopt(fd, SOL_SOCKET, SO_MEMINFO, info, &len))
		return;
	m->ret.held_bytes += info[SK_MEMINFO_RMEM_ALLOC] + info[SK_MEMINFO_BACKLOG] + info[SK_MEMINFO_OPTMEM];
	sent = info[SK_MEMINFO_WMEM_QUEUED] > info[SK_MEMINFO_WMEM_ALLOC] ? info[SK_MEMINFO_WMEM_QUEUED]
									  : info[SK_MEMINFO_WMEM_ALLOC];
	if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &int_len) || domain != AF_UNIX) {
		m->ret.held_bytes += sent;
		return;
	}
	m->unix_sent += sent;
	if (!ioctl(fd, FIONREAD, &queued) && queued > 0)
		m->unix_queued += (uint64_t)queued;
}

static void look_at_file(struct measure *m, const struct stat *st)
{
	struct measured *e;
	bool fresh;

	if (st->st_dev != m->memory && (st->st_nlink > 0 || !enc_measure_deleted_on_disk(m, st->st_dev)))
		return;
	e = enc_measure_find(m, st->st_dev, st->st_ino, &fresh);
	e->open = true;
	e->bytes = (uint64_t)st->st_blocks * 512;
}

static bool is_queue(const struct measure *m, const struct stat *st)
{
	return m->what & ENC_MEASURE_MEMORY && (S_ISFIFO(st->st_mode) || S_ISSOCK(st->st_mode));
}

static bool look_at(struct measure *m, int pidfd, int number)
{
	int fd = (int)syscall(SYS_pidfd_getfd, pidfd, number, 0);
	struct stat st;

	if (fd < 0)
		return errno == EBADF; /* else the process is gone, or not ours to see */
	if (!fstat(fd, &st)) {
		if (S_ISREG(st.st_mode))
			look_at_file(m, &st);
		else if (is_queue(m, &st) && S_ISFIFO(st.st_mode))
			look_at_pipe(m, fd, &st);
		else if (is_queue(m, &st))
			look_at_socket(m, fd, &st);
	}
	(void)close(fd);
	return true;
}

/* The number behind "Key:" in /proc/PID/status. */
static uint64_t status_of(pid_t pid, const char *key)
{
	char text[8192], *at;

	if (enc_processes_read(pid, "status", text, sizeof(text)) <= 0)
		return 0;
	at = strstr(text, key);
	return at ? strtoull(at + strlen(key), NULL, 10) : 0;
}

static void descriptors(struct measure *m, pid_t pid)
{
	enc_auto_fd int pidfd = enc_sys_pidfd_open(pid);
	char path[64];
	struct dirent *d;
	struct stat st;
	DIR *dir;

	if (pidfd < 0)
		return;
	(void)snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid); /* fits */
	dir = opendir(path);
	if (dir) {
		while ((d = readdir(dir))) {
			bool seen = !fstatat(dirfd(dir), d->d_name, &st, 0);

			if (d->d_name[0] == '.')
				continue;
			if (seen && S_ISREG(st.st_mode))
				look_at_file(m, &st);
			else if ((!seen || is_queue(m, &st)) && !look_at(m, pidfd, atoi(d->d_name)))
				break;
		}
		(void)closedir(dir);
		return;
	}
	for (uint64_t i = 0, n = status_of(pid, "\nFDSize:"); i < n; i++)
		if (!look_at(m, pidfd, (int)i))
			break;
}

struct mapping {
	struct measured *e; /* NULL: of no interest */
	bool memory;
};

/* "7f..-7f.. rw-s 00000000 00:01 1234   /memfd:x (deleted)" */
static struct mapping begin_mapping(struct measure *m, const char *line)
{
	unsigned long long from, to, offset, ino;
	unsigned major, minor;
	struct mapping r = {0};
	char path[32] = "";
	bool fresh;
	dev_t dev;

	if (sscanf(line, "%llx-%llx %*s %llx %x:%x %llu %31s", &from, &to, &offset, &major, &minor, &ino, path) < 6 ||
	    !ino)
		return r;
	dev = makedev(major, minor);
	r.memory = dev == m->memory;
	/* System V memory is added up by its own list. */
	if (r.memory ? !strncmp(path, "/SYSV", 5) || !(m->what & ENC_MEASURE_MEMORY)
		     : !strstr(line, " (deleted)") || !enc_measure_deleted_on_disk(m, dev))
		return r;
	r.e = enc_measure_find(m, dev, (ino_t)ino, &fresh);
	/* Which of its blocks there are is not told; it is at least as long as what is mapped, unless it is sparse. */
	if (!r.memory && r.e->mapped < offset + (to - from))
		r.e->mapped = offset + (to - from);
	return r;
}

/* smaps has each mapping's share of shared pages, maps only what is mapped. */
static void mappings(struct measure *m, pid_t pid)
{
	bool shares = m->what & ENC_MEASURE_MEMORY && status_of(pid, "\nRssShmem:") > 0;
	struct mapping at = {0};
	char path[64], line[512];
	bool whole = true;
	FILE *f;

	if (!shares && !(m->what & ENC_MEASURE_DISK))
		return;
	(void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, shares ? "smaps" : "maps"); /* fits */
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f)) {
		bool begins = whole;

		whole = strchr(line, '\n');
		if (!begins)
			continue;
		if (line[0] >= 'A' && line[0] <= 'Z') {
			if (at.e && at.memory && !strncmp(line, "Pss:", 4))
				at.e->mapped += strtoull(line + 4, NULL, 10) << 10;
		} else {
			at = begin_mapping(m, line);
		}
	}
	if (f)
		(void)fclose(f);
}

/* The device is found out by one of its inodes. */
static dev_t memory_device(void)
{
	enc_auto_fd int fd = memfd_create("device", MFD_CLOEXEC);
	struct stat st;

	return fd >= 0 && !fstat(fd, &st) ? st.st_dev : 0;
}

void enc_measure_held(struct measure *m, const pid_t *v, int n)
{
	m->memory = memory_device();
	for (int i = 0; i < n; i++) {
		descriptors(m, v[i]);
		mappings(m, v[i]);
	}
	m->ret.held_bytes += m->unix_sent > m->unix_queued ? m->unix_sent : m->unix_queued;
	for (size_t i = 0; i < m->size; i++) {
		const struct measured *e = &m->table[i];
		uint64_t bytes = e->open ? e->bytes : e->mapped;

		if (e->used && e->dev == m->memory)
			m->ret.held_bytes += bytes;
		else if (e->used)
			m->ret.disk_bytes += bytes;
	}
}

/* Columns of /proc/sysvipc/shm: key shmid perms size cpid lpid nattch uid gid cuid cgid atime dtime ctime rss swap;
 * of msg: key msqid perms cbytes ... */
void enc_measure_sysv(struct measure *m)
{
	FILE *shm = fopen("/proc/sysvipc/shm", "re"), *msg = fopen("/proc/sysvipc/msg", "re");
	unsigned long long rss, swap, bytes;
	char line[512];

	while (shm && fgets(line, sizeof(line), shm))
		if (sscanf(line, "%*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %llu %llu", &rss, &swap) == 2)
			m->ret.held_bytes += rss + swap;
	while (msg && fgets(line, sizeof(line), msg))
		if (sscanf(line, "%*s %*s %*s %llu", &bytes) == 1)
			m->ret.held_bytes += bytes;
	if (shm)
		(void)fclose(shm);
	if (msg)
		(void)fclose(msg);
}
