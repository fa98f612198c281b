/* SPDX-License-Identifier: MIT */
/*
 * processes.c - the processes of a run, as /proc has them
 *
 * Numbers of processes can be stale by the time they are read: what is gone counts as nothing.
 */
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "sandbox/box_impl.h"
#include "sys/cgroup.h"

ssize_t enc_processes_read(pid_t pid, const char *file, char *out, size_t size)
{
	char path[64];
	enc_auto_fd int fd = -1;
	ssize_t n;

	(void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file); /* fits */
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, out, size - 1);
	out[n < 0 ? 0 : n] = '\0';
	return n;
}

static int add_children(pid_t pid, const char *task, pid_t *v, int n, int max)
{
	char file[96];
	int more;

	(void)snprintf(file, sizeof(file), "/proc/%d/task/%.20s/children", (int)pid, task); /* fits */
	more = enc_sys_read_pids(AT_FDCWD, file, v + n, max - n);
	return more > 0 ? n + more : n;
}

static int add_all_children(pid_t pid, pid_t *v, int n, int max)
{
	char path[64];
	struct dirent *d;
	DIR *dir;

	(void)snprintf(path, sizeof(path), "/proc/%d/task", (int)pid); /* fits */
	dir = opendir(path);
	while (dir && (d = readdir(dir)))
		if (d->d_name[0] != '.')
			n = add_children(pid, d->d_name, v, n, max);
	if (dir)
		(void)closedir(dir); /* was only read */
	return n;
}

static int by_number(const void *a, const void *b)
{
	pid_t x = *(const pid_t *)a, y = *(const pid_t *)b;

	return (x > y) - (x < y);
}

/* Those that are not in v yet. */
static int add_new_children(pid_t pid, pid_t *v, int n, int max)
{
	int all = add_all_children(pid, v, n, max), kept = n;
	enc_auto(enc_free_auto) pid_t *known = NULL;

	if (all == n)
		return n;
	known = enc_alloc((size_t)n * sizeof(*known));
	memcpy(known, v, (size_t)n * sizeof(*known));
	qsort(known, (size_t)n, sizeof(*known), by_number);
	for (int i = n; i < all; i++)
		if (!bsearch(&v[i], known, (size_t)n, sizeof(*known), by_number))
			v[kept++] = v[i];
	return kept;
}

/* Every process below init, and init: v is walked as it grows. A process whose parent ends meanwhile becomes init's
 * child, which may have been asked before: init is asked again at the end. */
int enc_processes_below(pid_t init, pid_t *v, int max, uint64_t end_ns)
{
	int n = 1, first = 0;

	v[0] = init;
	for (int pass = 0; pass < 3 && first < n; pass++) {
		for (int i = first; i < n; i++) {
			if (end_ns && i >= ENC_CROWD && enc_now_mono() > end_ns)
				return n;
			n = add_all_children(v[i], v, n, max);
		}
		first = n;
		n = add_new_children(init, v, n, max);
	}
	return n;
}

int enc_processes_list(const struct enc_box *b, pid_t *v, int max, uint64_t end_ns)
{
	for (size_t i = 0; i < b->n_groups; i++) {
		int n = b->groups[i].thaw ? -1 : enc_sys_cgroup_pids(b->groups[i].dir, v, max);

		if (n >= 0)
			return n;
	}
	return b->reaped ? 0 : enc_processes_below(b->init, v, max, end_ns);
}

/* "PID (NAME) S PPID ...": the name may hold anything, so what counts begins after the last ')'. */
bool enc_processes_stat(pid_t pid, uint64_t *ret_threads, uint64_t *ret_cpu_ns)
{
	uint64_t ticks = (uint64_t)sysconf(_SC_CLK_TCK), utime, stime;
	char text[1024], *at;
	long long cutime, cstime, threads;

	if (enc_processes_read(pid, "stat", text, sizeof(text)) <= 0)
		return false;
	at = strrchr(text, ')');
	if (!at || sscanf(at + 1,
			  " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %" SCNu64 " %" SCNu64 " %lld %lld %*d %*d %lld",
			  &utime, &stime, &cutime, &cstime, &threads) != 5)
		return false;
	*ret_threads = threads > 0 ? (uint64_t)threads : 0;
	*ret_cpu_ns = (utime + stime + (uint64_t)cutime + (uint64_t)cstime) * (1000000000u / ticks);
	return true;
}
