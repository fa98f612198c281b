/* SPDX-License-Identifier: MIT */
/*
 * sample.c - counters of a run's limits
 *
 * From its control groups where there are any; else from /proc, over the processes below init. Numbers of processes
 * can be stale by the time they are read: what is gone counts as nothing.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/text.h"
#include "sandbox/box_impl.h"
#include "sys/cgroup.h"

/* The value of "Key:   123 kB", in bytes; 0 when it isn't there. */
static uint64_t kilobytes(const char *text, const char *key)
{
	const char *at = strstr(text, key);

	return at ? strtoull(at + strlen(key), NULL, 10) << 10 : 0;
}

static void from_group(const struct ctl_group *g, struct enc_box_sample *s)
{
	bool old = g->version == 1;
	uint64_t n;

	if (g->memory) {
		(void)enc_sys_cgroup_read_u64(g->dir, old ? "memory.usage_in_bytes" : "memory.current", NULL,
					      &s->memory_bytes);
		(void)enc_sys_cgroup_read_u64(g->dir, old ? "memory.max_usage_in_bytes" : "memory.peak", NULL,
					      &s->memory_peak_bytes);
		(void)enc_sys_cgroup_read_u64(g->dir, old ? "memory.oom_control" : "memory.events", "oom_kill",
					      &s->oom_kills);
	}
	if (g->pids) {
		if (!enc_sys_cgroup_read_u64(g->dir, "pids.current", NULL, &n))
			s->pids = n ? n - 1 : 0; /* init is ours */
		(void)enc_sys_cgroup_read_u64(g->dir, "pids.events", "max", &s->pids_hits);
	}
	if (g->cpu)
		(void)enc_sys_cgroup_read_u64(g->dir, "cpu.stat", "nr_throttled", &s->cpu_throttled);
	if (!old && !enc_sys_cgroup_read_u64(g->dir, "cpu.stat", "usage_usec", &n))
		s->cpu_ns = n * 1000;
	/* Mounted together with cpu, as most machines do. */
	if (g->cpu && old && !s->cpu_ns && !enc_sys_cgroup_read_u64(g->dir, "cpuacct.usage", NULL, &n))
		s->cpu_ns = n;
}

#define LOOK_MAX_NS 300000000ull /* a look at a crowd of processes; the supervisor has other work */

struct crowd { /* the processes of a run */
	pid_t *v;
	int n;
	uint64_t end_ns;
};

/* What comes after it stays unseen. */
static bool in_time(const struct crowd *c, struct enc_box_sample *s)
{
	if (enc_now_mono() > c->end_ns)
		s->unseen = true;
	return !s->unseen;
}

/* From /proc: what a process that nobody waited for has used is lost with it, so the sum can fall. */
static void add_up(struct enc_box *b, const struct crowd *c, bool cpu, struct enc_box_sample *s)
{
	uint64_t sum = 0, tasks = 0;

	for (int i = 0; i < c->n && (i < ENC_CROWD || in_time(c, s)); i++) {
		uint64_t threads, ns;

		if (!enc_processes_stat(c->v[i], &threads, &ns))
			continue;
		tasks += threads;
		sum += ns;
	}
	if (b->plan->use_rlimit_pids)
		s->pids = tasks ? tasks - 1 : 0; /* init is ours */
	if (!cpu)
		return;
	if (sum > b->cpu_sum)
		b->cpu_ns += sum - b->cpu_sum;
	if (sum > b->cpu_sum || !s->unseen)
		b->cpu_sum = sum;
	s->cpu_ns = b->cpu_ns;
}

/* What the private space holds: it is memory too. */
static uint64_t space_bytes(const struct enc_box *b)
{
	struct statfs fs;

	if (b->space < 0 || fstatfs(b->space, &fs))
		return 0;
	return (uint64_t)(fs.f_blocks - fs.f_bfree) * (uint64_t)fs.f_bsize;
}

/* Two readings: the cheap one counts pages that processes share as often as they are shared, so it alone never
 * condemns; the dear one splits them. */
static void watch_memory(struct enc_box *b, const struct crowd *c, struct enc_box_sample *s)
{
	uint64_t known = space_bytes(b) + b->held, rough = known, fair = known;
	uint64_t limit = b->plan->limits.memory_bytes;
	char text[8192];

	for (int i = 0; i < c->n && in_time(c, s); i++)
		if (enc_processes_read(c->v[i], "status", text, sizeof(text)) > 0)
			rough += kilobytes(text, "\nRssAnon:");
	s->memory_bytes = rough;
	for (int i = 0; i < c->n && limit && rough > limit && fair <= limit && in_time(c, s); i++)
		if (enc_processes_read(c->v[i], "smaps_rollup", text, sizeof(text)) > 0)
			fair += kilobytes(text, "\nPss_Anon:");
	if (limit && rough > limit) {
		s->memory_bytes = fair;
		s->memory_over = fair > limit;
	}
	if (s->memory_bytes > b->memory_peak)
		b->memory_peak = s->memory_bytes;
	s->memory_peak_bytes = b->memory_peak;
}

static uint64_t descriptors(pid_t pid)
{
	char path[64];
	struct dirent *d;
	struct stat st;
	uint64_t n = 0;
	DIR *dir;

	(void)snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid); /* fits */
	if (!stat(path, &st) && st.st_size > 0)
		return (uint64_t)st.st_size; /* Linux 6.2 counts */
	dir = opendir(path);
	while (dir && (d = readdir(dir)))
		n += d->d_name[0] != '.';
	if (dir)
		(void)closedir(dir); /* was only read */
	return n;
}

void enc_box_sample(struct enc_box *b, struct enc_box_sample *ret)
{
	const struct enc_plan *p = b->plan;
	struct crowd c = {.end_ns = enc_now_mono() + LOOK_MAX_NS};
	bool cpu;

	*ret = (struct enc_box_sample){0};
	for (size_t i = 0; i < b->n_groups; i++)
		from_group(&b->groups[i], ret);
	cpu = !ret->cpu_ns;
	if (p->limits.files || p->watch_memory || cpu || !ret->pids) {
		c.v = enc_alloc(MAX_PIDS * sizeof(*c.v));
		c.n = enc_processes_list(b, c.v, MAX_PIDS, c.end_ns);
		ret->unseen = c.n == MAX_PIDS;
	}
	if (!ret->pids)
		ret->pids = c.n > 1 ? (uint64_t)c.n - 1 : 0;
	if (!ret->memory_bytes && !p->use_cgroup_memory)
		watch_memory(b, &c, ret);
	if (cpu || p->use_rlimit_pids)
		add_up(b, &c, cpu, ret);
	for (int i = 0; i < c.n && p->limits.files && in_time(&c, ret); i++)
		ret->files_hits += descriptors(c.v[i]) >= p->limits.files;
	free(c.v);
}
