/* SPDX-License-Identifier: MIT */
/*
 * cgroup.c - the control groups of a run: made before the child, removed after its last process
 *
 * On a hybrid machine these are several: a v2 group without controllers, which can kill, beside v1 groups with them.
 * The child is born into the v2 group (CLONE_INTO_CGROUP) and put into the v1 ones before it goes on.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "sandbox/box_impl.h"
#include "sys/cgroup.h"
#include "sys/mountfd.h"

#define HOME_TRIES   8
#define REMOVE_TRIES 200 /* of 5 ms: a killed process leaves its group a little later */
#define SWEEP_AGE    5	 /* seconds: a younger group may not be locked yet */
#define RUN_ID_SIZE  26

/* The directory in which groups are made. An ordinary user's is there; root's own is made when it isn't, and the last
 * run takes it away. */
static int open_home(const char *dir)
{
	int fd = enc_sys_open_plain(AT_FDCWD, dir, O_RDONLY | O_DIRECTORY, 0);

	if (fd >= 0 || errno != ENOENT || (mkdir(dir, 0755) && errno != EEXIST))
		return fd;
	return enc_sys_open_plain(AT_FDCWD, dir, O_RDONLY | O_DIRECTORY, 0);
}

/* The home with a new group in it. ENOENT: another run's end took the home away in between. */
static int make_in_home(const char *dir, const char *name)
{
	for (int n = 0; n < HOME_TRIES; n++) {
		enc_auto_fd int home = open_home(dir);

		if (home < 0)
			return -1;
		if (!mkdirat(home, name, 0755))
			return ENC_TAKE_FD(home);
		if (errno != ENOENT)
			return -1;
	}
	return -1;
}

static bool is_own_home(const char *dir)
{
	const char *slash = strrchr(dir, '/');

	return slash && !strcmp(slash, "/enclosure");
}

static bool is_abandoned(int home, const char *name)
{
	enc_auto_fd int dir = -1;
	struct stat st;

	if (strlen(name) != RUN_ID_SIZE || strspn(name, "0123456789abcdefghjkmnpqrstvwxyz") != RUN_ID_SIZE)
		return false;
	dir = enc_sys_open_plain(home, name, O_RDONLY | O_DIRECTORY, ENC_RESOLVE_BENEATH);
	return dir >= 0 && !fstat(dir, &st) && st.st_ctime + SWEEP_AGE < time(NULL) && !flock(dir, LOCK_EX | LOCK_NB);
}

/* Groups of runs whose supervisor was killed: empty, since their processes went with it, and locked by nobody. */
static void sweep(int home)
{
	int fd = openat(home, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
	const struct dirent *entry;

	while (d && (entry = readdir(d)))
		if (entry->d_type == DT_DIR && is_abandoned(home, entry->d_name))
			(void)unlinkat(home, entry->d_name, AT_REMOVEDIR); /* refused while a process is in it */
	if (d)
		(void)closedir(d);
	else if (fd >= 0)
		(void)close(fd);
}

/* A group for this home, which may have been made for another controller. Homes are compared by their path, as the
 * host's probe wrote it. */
static struct ctl_group *group_in(struct enc_box *b, int version, const char *dir)
{
	struct ctl_group *g;
	bool in_scope = enc_home_is_scope(dir);

	if (in_scope)
		dir = b->scope;
	for (size_t i = 0; i < b->n_groups; i++)
		if (!strcmp(b->groups[i].dir_path, dir))
			return &b->groups[i];
	if (b->n_groups == MAX_GROUPS) {
		errno = E2BIG;
		return NULL;
	}
	g = &b->groups[b->n_groups];
	*g = (struct ctl_group){.version = version, .dir_path = dir, .dir = -1};
	(void)snprintf(g->name, sizeof(g->name), "%s", b->run); /* checked to fit */
	g->parent = make_in_home(dir, g->name);
	if (g->parent < 0)
		return NULL;
	b->n_groups++; /* from here on its end is enc_groups_remove()'s */
	sweep(g->parent);
	g->dir = enc_sys_open_plain(g->parent, g->name, O_RDONLY | O_DIRECTORY, ENC_RESOLVE_BENEATH);
	/* Held as long as the supervisor lives: tells the next one's sweep that it does. */
	if (g->dir < 0 || flock(g->dir, LOCK_SH))
		return NULL;
	/* A scope gives its controllers to the groups in it when no process is in the scope itself. */
	return in_scope && enc_sys_cgroup_write_u64(g->dir, "cgroup.procs", (uint64_t)b->init) ? NULL : g;
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

#define CPU_PERIOD_US 100000

static int limit_cpu(struct ctl_group *g, uint64_t percent)
{
	uint64_t quota = percent * (CPU_PERIOD_US / 100);
	char text[64];

	g->cpu = true;
	if (g->version == 1)
		return enc_sys_cgroup_write_u64(g->dir, "cpu.cfs_period_us", CPU_PERIOD_US) ||
				       enc_sys_cgroup_write_u64(g->dir, "cpu.cfs_quota_us", quota)
			       ? -1
			       : 0;
	(void)snprintf(text, sizeof(text), "%llu %d", (unsigned long long)quota, CPU_PERIOD_US); /* fits */
	return enc_sys_cgroup_write(g->dir, "cpu.max", text);
}

/* The controller's group with its limit; none asked for: nothing is done. */
static int make_limited(struct enc_box *b, struct stage *s, enum enc_controller c, bool use, uint64_t limit)
{
	static const struct {
		const char *step, *enable;
		int (*set)(struct ctl_group *g, uint64_t limit);
	} how[ENC_CTL__COUNT] = {
		[ENC_CTL_MEMORY] = {"cgroup memory", "+memory", limit_memory},
		[ENC_CTL_PIDS] = {"cgroup pids", "+pids", limit_pids},
		[ENC_CTL_CPU] = {"cgroup cpu", "+cpu", limit_cpu},
	};
	const struct enc_cgroup_home *home = &b->plan->host->ctl[c];
	struct ctl_group *g;

	if (!use || !limit)
		return 0;
	if (enc_stage(s, how[c].step, home->version == 1 ? "cgroup-v1" : "cgroup-v2", home->dir))
		return -1;
	if (!home->version) {
		errno = ENOTSUP; /* the plan relied on what the host doesn't have */
		return -1;
	}
	g = group_in(b, home->version, home->dir);
	/* May be on already, or not ours to switch: the limit's own file tells. */
	if (g && home->version == 2)
		(void)enc_sys_cgroup_write(g->parent, "cgroup.subtree_control", how[c].enable);
	return g ? how[c].set(g, limit) : -1;
}

int enc_groups_make(struct enc_box *b, struct stage *s)
{
	const struct enc_plan *p = b->plan;
	const char *v2 = p->host->cgroup2_dir;
	struct ctl_group *g;

	if (v2[0] && (!enc_home_is_scope(v2) || b->scope[0])) {
		if (enc_stage(s, "cgroup", "cgroup-v2", v2))
			return -1;
		g = group_in(b, 2, v2);
		if (!g)
			return -1;
		g->kill = !faccessat(g->dir, "cgroup.kill", W_OK, 0); /* Linux 5.14 */
	}
	if (make_limited(b, s, ENC_CTL_MEMORY, p->use_cgroup_memory, p->limits.memory_bytes) ||
	    make_limited(b, s, ENC_CTL_PIDS, p->use_cgroup_pids, p->limits.pids) ||
	    make_limited(b, s, ENC_CTL_CPU, p->use_cgroup_cpu, p->limits.cpu_percent))
		return -1;
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

/* Dying is work too: thousands of processes that share one percent of a core would take their time. */
static void hurry(const struct ctl_group *g)
{
	if (g->version == 1)
		(void)enc_sys_cgroup_write(g->dir, "cpu.cfs_quota_us", "-1");
	else
		(void)enc_sys_cgroup_write(g->dir, "cpu.max", "max");
}

void enc_groups_kill(const struct enc_box *b)
{
	for (size_t i = 0; i < b->n_groups; i++) {
		if (b->groups[i].cpu)
			hurry(&b->groups[i]);
		if (b->groups[i].kill)
			(void)enc_sys_cgroup_write(b->groups[i].dir, "cgroup.kill", "1"); /* init is killed anyway */
	}
}

/* A v1-frozen task takes its SIGKILL only when it is thawed. Whoever froze it, in whatever group: it is moved into a
 * group of this run, which is not frozen, and other processes of that group stay as they are. */
void enc_groups_thaw(struct enc_box *b)
{
	const struct enc_host *h = b->plan->host;
	const struct enc_cgroup_home *home =
		h->ctl[ENC_CTL_FREEZER].version == 1 ? &h->ctl[ENC_CTL_FREEZER] : &h->old[ENC_CTL_FREEZER];
	enc_auto(enc_free_auto) pid_t *v = NULL;
	struct ctl_group *g;
	int n;

	if (home->version != 1)
		return; /* v2 kills frozen tasks, and without a freezer there are none */
	g = group_in(b, 1, home->dir);
	if (!g)
		return;
	v = enc_alloc(MAX_PIDS * sizeof(*v));
	g->thaw = true;
	n = enc_processes_below(b->init, v, MAX_PIDS, 0);
	for (int i = 0; i < n; i++)
		(void)enc_sys_cgroup_write_u64(g->dir, "cgroup.procs", (uint64_t)v[i]); /* gone: the better */
	(void)enc_sys_cgroup_write(g->dir, "freezer.state", "THAWED");
}

static void remove_group(int home, const char *name)
{
	const struct timespec pause = {.tv_nsec = 5000000};

	for (int n = 0; n < REMOVE_TRIES && unlinkat(home, name, AT_REMOVEDIR) && errno == EBUSY; n++)
		(void)nanosleep(&pause, NULL);
}

void enc_box_remove_group(const char *home, const char *run)
{
	enc_auto_fd int fd = enc_sys_open_plain(AT_FDCWD, home, O_RDONLY | O_DIRECTORY, 0);

	if (fd < 0 || !run[0] || run[0] == '.' || strchr(run, '/'))
		return;
	remove_group(fd, run);
	if (is_own_home(home))
		(void)rmdir(home); /* refused while another run is in it */
}

void enc_groups_remove(struct enc_box *b)
{
	for (size_t i = 0; i < b->n_groups; i++) {
		struct ctl_group *g = &b->groups[i];

		remove_group(g->parent, g->name);
		enc_close_auto(&g->dir);
		enc_close_auto(&g->parent);
		if (is_own_home(g->dir_path))
			(void)rmdir(g->dir_path); /* refused while another run is in it */
	}
	b->n_groups = 0;
	enc_scope_leave(b);
}
