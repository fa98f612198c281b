/* SPDX-License-Identifier: MIT */
/*
 * idmap.c - user namespaces that say how ids of a grant's files are seen in the run
 *
 * Only their maps matter: the owner on the disk and the run's id change places, every other id stays. A helper holds
 * the namespace until its descriptor is open, and is then killed.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sandbox/box_impl.h"
#include "sys/kernel.h"

#define MAX_MAP 4096 /* bytes that the kernel takes in one write are a page */

struct map {
	char text[MAX_MAP];
	size_t len;
};

static int add(struct map *m, uint64_t from, uint64_t to, uint64_t count)
{
	int n;

	if (!count)
		return 0;
	n = snprintf(m->text + m->len, sizeof(m->text) - m->len, "%" PRIu64 " %" PRIu64 " %" PRIu64 "\n", from, to,
		     count);
	if (n < 0 || (size_t)n >= sizeof(m->text) - m->len) {
		errno = E2BIG;
		return -1;
	}
	m->len += (size_t)n;
	return 0;
}

/* Identity of [first, first + count) without a and b. */
static int identity(struct map *m, uint64_t first, uint64_t count, uint64_t a, uint64_t b)
{
	uint64_t lo = a < b ? a : b, hi = a < b ? b : a, end = first + count, at = first;

	for (int i = 0; i < 2; i++) {
		uint64_t hole = i ? hi : lo;

		if (hole < at || hole >= end)
			continue;
		if (add(m, at, at, hole - at))
			return -1;
		at = hole + 1;
	}
	return add(m, at, at, end - at);
}

/* a <-> b, and as identity whatever else our own namespace has. */
static int make_map(struct map *m, const char *own, uint64_t a, uint64_t b)
{
	enc_auto(enc_free_auto) char *line = NULL;
	uint64_t first, host, count;
	size_t cap = 0;
	FILE *f = fopen(own, "re");
	int r = 0;

	if (!f)
		return -1;
	m->len = 0;
	if (add(m, a, b, 1) || (a != b && add(m, b, a, 1)))
		r = -1;
	while (!r && getline(&line, &cap, f) > 0) {
		if (sscanf(line, "%" SCNu64 " %" SCNu64 " %" SCNu64, &first, &host, &count) != 3)
			continue;
		r = identity(m, first, count, a, b);
	}
	(void)fclose(f); /* was only read */
	return r;
}

static int put_map(pid_t pid, const char *file, const struct map *m)
{
	char path[64];
	enc_auto_fd int fd = -1;

	(void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file); /* fits */
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	return write(fd, m->text, m->len) == (ssize_t)m->len ? 0 : -1;
}

static int open_of(pid_t pid, uid_t uid, uid_t run_uid, gid_t gid, gid_t run_gid)
{
	char path[64];
	struct map m;

	if (make_map(&m, "/proc/self/uid_map", uid, run_uid) || put_map(pid, "uid_map", &m) ||
	    make_map(&m, "/proc/self/gid_map", gid, run_gid) || put_map(pid, "gid_map", &m))
		return -1;
	(void)snprintf(path, sizeof(path), "/proc/%d/ns/user", (int)pid); /* fits */
	return open(path, O_RDONLY | O_CLOEXEC);
}

int enc_idmap_open(uid_t uid, uid_t run_uid, gid_t gid, gid_t run_gid)
{
	struct enc_clone_args args = {.flags = CLONE_NEWUSER, .exit_signal = SIGCHLD};
	pid_t parent = getpid(), pid = enc_sys_clone3(&args);
	int fd, saved;

	if (pid < 0)
		return -1;
	if (!pid) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* the check below sees what came before it */
		while (getppid() == parent)
			(void)pause();
		_exit(0);
	}
	fd = open_of(pid, uid, run_uid, gid, run_gid);
	saved = errno;
	(void)kill(pid, SIGKILL); /* our child, not yet reaped: the number is its own */
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	errno = saved;
	return fd;
}
