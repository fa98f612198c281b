/* SPDX-License-Identifier: MIT */
/*
 * cgroup.c - the control groups of a run: made before the child, removed after its last process
 *
 * On a hybrid machine these are several: a v2 group without controllers, which can kill, beside v1 groups with them.
 * The child is born into the v2 group (CLONE_INTO_CGROUP) and put into the v1 ones before it goes on.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "sandbox/box_impl.h"
#include "sys/cgroup.h"
#include "sys/mountfd.h"

#define REMOVE_TRIES 200 /* of 5 ms: a killed process leaves its group a little later */

/* The directory in which groups are made. The host's probe names one that is there; root's own is made by its first
 * run. */
static int open_home(const char *dir)
{
	int fd = enc_sys_open_plain(AT_FDCWD, dir, O_RDONLY | O_DIRECTORY, 0);

	if (fd >= 0 || errno != ENOENT || (mkdir(dir, 0755) && errno != EEXIST))
		return fd;
	return enc_sys_open_plain(AT_FDCWD, dir, O_RDONLY | O_DIRECTORY, 0);
}

/* The group below `dir`, made when it isn't there yet. */
static struct ctl_group *group_in(struct enc_box *b, int version, const char *dir)
{
	enc_auto_fd int home = open_home(dir), fd = -1;
	struct stat want, have;
	struct ctl_group *g;

	if (home < 0 || fstat(home, &want))
		return NULL;
	for (size_t i = 0; i < b->n_groups; i++) {
		if (fstat(b->groups[i].parent, &have))
			return NULL;
		if (have.st_dev == want.st_dev && have.st_ino == want.st_ino)
			return &b->groups[i];
	}
	if (b->n_groups == MAX_GROUPS) {
		errno = E2BIG;
		return NULL;
	}
	if (mkdirat(home, b->run, 0755))
		return NULL;
	fd = enc_sys_open_plain(home, b->run, O_RDONLY | O_DIRECTORY, ENC_RESOLVE_BENEATH);
	if (fd < 0) {
		int saved = errno;

		(void)unlinkat(home, b->run, AT_REMOVEDIR); /* just made, empty */
		errno = saved;
		return NULL;
	}
	g = &b->groups[b->n_groups++];
	*g = (struct ctl_group){.version = version, .dir = ENC_TAKE_FD(fd), .parent = ENC_TAKE_FD(home)};
	(void)snprintf(g->name, sizeof(g->name), "%s", b->run); /* checked to fit */
	return g;
}

static int limit_memory(struct ctl_group *g, uint64_t bytes)
{
	g->memory = true;
	if (g->version == 1) {
		if (enc_sys_cgroup_write_u64(g->dir, "memory.limit_in_bytes", bytes))
			return -1;
		/* Absent without swap accounting, and then there is nothing to limit by it. */
		return enc_sys_cgroup_write_u64(g->dir, "memory.memsw.limit_in_bytes", bytes) && errno != ENOENT ? -1
														 : 0;
	}
	if (enc_sys_cgroup_write_u64(g->dir, "memory.max", bytes) ||
	    enc_sys_cgroup_write(g->dir, "memory.oom.group", "1"))
		return -1;
	return enc_sys_cgroup_write(g->dir, "memory.swap.max", "0") && errno != ENOENT ? -1 : 0;
}

/* +1: init is in the group too. */
static int limit_pids(struct ctl_group *g, uint64_t pids)
{
	g->pids = true;
	return enc_sys_cgroup_write_u64(g->dir, "pids.max", pids + 1);
}

static struct ctl_group *controlled(struct enc_box *b, enum enc_controller c, const char *enable)
{
	const struct enc_cgroup_home *home = &b->plan->host->ctl[c];
	struct ctl_group *g;

	if (!home->version) {
		errno = ENOTSUP; /* the plan relied on what the host doesn't have */
		return NULL;
	}
	g = group_in(b, home->version, home->dir);
	/* May be on already, or not ours to switch: the limit's own file tells. */
	if (g && home->version == 2)
		(void)enc_sys_cgroup_write(g->parent, "cgroup.subtree_control", enable);
	return g;
}

int enc_groups_make(struct enc_box *b, struct stage *s)
{
	const struct enc_plan *p = b->plan;
	const char *v2 = p->host->cgroup2_dir;
	struct ctl_group *g;

	if (v2[0]) {
		if (enc_stage(s, "cgroup", "cgroup-v2", v2))
			return -1;
		g = group_in(b, 2, v2);
		if (!g)
			return -1;
		g->kill = !faccessat(g->dir, "cgroup.kill", W_OK, 0); /* Linux 5.14 */
	}
	if (p->use_cgroup_memory && p->limits.memory_bytes) {
		const struct enc_cgroup_home *home = &p->host->ctl[ENC_CTL_MEMORY];

		if (enc_stage(s, "cgroup memory", home->version == 1 ? "cgroup-v1" : "cgroup-v2", home->dir))
			return -1;
		g = controlled(b, ENC_CTL_MEMORY, "+memory");
		if (!g || limit_memory(g, p->limits.memory_bytes))
			return -1;
	}
	if (p->use_cgroup_pids && p->limits.pids) {
		const struct enc_cgroup_home *home = &p->host->ctl[ENC_CTL_PIDS];

		if (enc_stage(s, "cgroup pids", home->version == 1 ? "cgroup-v1" : "cgroup-v2", home->dir))
			return -1;
		g = controlled(b, ENC_CTL_PIDS, "+pids");
		if (!g || limit_pids(g, p->limits.pids))
			return -1;
	}
	return 0;
}

int enc_groups_into(const struct enc_box *b)
{
	for (size_t i = 0; i < b->n_groups; i++)
		if (b->groups[i].version == 2)
			return b->groups[i].dir;
	return -1;
}

int enc_groups_join(const struct enc_box *b, pid_t pid)
{
	for (size_t i = 0; i < b->n_groups; i++)
		if (b->groups[i].version == 1 &&
		    enc_sys_cgroup_write_u64(b->groups[i].dir, "cgroup.procs", (uint64_t)pid))
			return -1;
	return 0;
}

void enc_groups_kill(const struct enc_box *b)
{
	for (size_t i = 0; i < b->n_groups; i++)
		if (b->groups[i].kill)
			(void)enc_sys_cgroup_write(b->groups[i].dir, "cgroup.kill", "1"); /* init is killed anyway */
}

void enc_groups_remove(struct enc_box *b)
{
	const struct timespec pause = {.tv_nsec = 5000000};

	for (size_t i = 0; i < b->n_groups; i++) {
		struct ctl_group *g = &b->groups[i];

		for (int n = 0; n < REMOVE_TRIES && unlinkat(g->parent, g->name, AT_REMOVEDIR) && errno == EBUSY; n++)
			(void)nanosleep(&pause, NULL);
		(void)close(g->dir);
		(void)close(g->parent);
	}
	b->n_groups = 0;
}
