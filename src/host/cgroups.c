/* SPDX-License-Identifier: MIT */
/*
 * cgroups.c - where can this user make groups, and with which controllers?
 *
 * Hierarchies are found in /proc/self/mountinfo, but nothing is believed: in each candidate a group is made, the
 * controller's limit is written, and the group is removed. Root makes its groups below <mount>/enclosure; an ordinary
 * user in the highest folder above its own group that it may write to (a delegated one, as systemd gives).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#include "base/text.h"
#include "host/impl.h"

static const struct {
	const char *name; /* of the controller */
	const char *v1_file, *v1_value, *v2_file, *v2_value;
} controllers[ENC_CTL__COUNT] = {
	[ENC_CTL_MEMORY] = {"memory", "memory.limit_in_bytes", "1073741824", "memory.max", "1073741824"},
	[ENC_CTL_PIDS] = {"pids", "pids.max", "100", "pids.max", "100"},
	[ENC_CTL_CPU] = {"cpu", "cpu.cfs_quota_us", "50000", "cpu.max", "50000 100000"},
	[ENC_CTL_FREEZER] = {"freezer", "freezer.state", "THAWED", "cgroup.freeze", "0"},
};

struct hierarchy {
	int version;
	char mount[256];
	char options[256]; /* v1: ",memory," */
	char own[256];	   /* our own group in it */
};

static int put(const char *dir, const char *file, const char *text)
{
	char path[700];
	int fd, saved;
	ssize_t n;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	n = write(fd, text, strlen(text));
	saved = errno;
	(void)close(fd);
	return n < 0 ? -saved : 0;
}

/* "36 25 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory" */
static size_t read_mounts(struct hierarchy *ret, size_t max)
{
	FILE *f = fopen("/proc/self/mountinfo", "re");
	char *line = NULL, mount[256], type[32], super[256];
	size_t n = 0, cap = 0;

	while (f && n < max && getline(&line, &cap, f) > 0) {
		const char *tail = strstr(line, " - ");

		if (!tail || sscanf(line, "%*s %*s %*s %*s %255s", mount) != 1 ||
		    sscanf(tail, " - %31s %*s %255s", type, super) != 2 || strncmp(type, "cgroup", 6) != 0)
			continue;
		ret[n].version = strcmp(type, "cgroup2") == 0 ? 2 : 1;
		(void)snprintf(ret[n].mount, sizeof(ret[n].mount), "%s", mount);
		(void)snprintf(ret[n].options, sizeof(ret[n].options), ",%.250s,", super);
		n++;
	}
	free(line);
	if (f)
		(void)fclose(f);
	return n;
}

/* "4:memory:/a/b" for v1, "0::/a/b" for v2. */
static void read_own(struct hierarchy *h, size_t n)
{
	FILE *f = fopen("/proc/self/cgroup", "re");
	char *line = NULL;
	size_t cap = 0;

	while (f && getline(&line, &cap, f) > 0) {
		char *names = strchr(line, ':'), *path = names ? strchr(names + 1, ':') : NULL;
		char wanted[300];

		if (!path)
			continue;
		*path++ = '\0';
		path[strcspn(path, "\n")] = '\0';
		(void)snprintf(wanted, sizeof(wanted), ",%.250s,", names + 1);
		for (size_t i = 0; i < n; i++)
			if (h[i].version == 2 ? !names[1] : names[1] && strstr(h[i].options, wanted))
				(void)snprintf(h[i].own, sizeof(h[i].own), "%.255s", path);
	}
	free(line);
	if (f)
		(void)fclose(f);
}

/* systemd's user manager has its own process there: it writes to the folders below as it sees fit, and may take a
 * controller away that a run relies on. */
static bool is_managers(const char *dir)
{
	char path[700];

	(void)snprintf(path, sizeof(path), "%s/init.scope", dir);
	return access(path, F_OK) == 0;
}

/* The highest folder between the manager's and ours that it has given away: Delegate=yes. */
static bool given_below(const struct hierarchy *h, const char *managers, char *ret, size_t size)
{
	char path[600], value[8], best[600] = "";

	(void)snprintf(path, sizeof(path), "%s%s", h->mount, h->own);
	while (strlen(path) > strlen(managers)) {
		if (access(path, W_OK) == 0 && getxattr(path, "user.delegate", value, sizeof(value)) == 1 &&
		    value[0] == '1')
			memcpy(best, path, sizeof(best));
		*strrchr(path, '/') = '\0';
	}
	if (!best[0] || strlen(best) >= size)
		return false;
	memcpy(ret, best, strlen(best) + 1);
	return true;
}

/* The folder in which groups are to be made; false: there is none for us. */
static bool home_of(const struct hierarchy *h, char *ret, size_t size)
{
	char path[600], best[600] = "";

	if (geteuid() == 0) {
		int n = snprintf(ret, size, "%s/enclosure", h->mount);

		return n > 0 && (size_t)n < size;
	}
	if (strstr(h->own, "/..")) /* outside of what this mount shows */
		return false;
	(void)snprintf(path, sizeof(path), "%s%s", h->mount, strcmp(h->own, "/") == 0 ? "" : h->own);
	while (strlen(path) > strlen(h->mount)) {
		char *slash = strrchr(path, '/');

		if (access(path, W_OK) == 0)
			memcpy(best, path, sizeof(best));
		if (!slash)
			break;
		*slash = '\0';
	}
	if (!best[0] || strlen(best) >= size)
		return false;
	memcpy(ret, best, strlen(best) + 1);
	return !is_managers(best) || given_below(h, best, ret, size);
}

int enc_try_limit(const char *group, enum enc_controller c)
{
	return put(group, controllers[c].v2_file, controllers[c].v2_value);
}

const char *enc_controller_name(enum enc_controller c)
{
	return controllers[c].name;
}

/* A process of ours goes into the group and ends there; -errno when it may not. */
static int join(const char *group)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0)
		_exit(-put(group, "cgroup.procs", "0") & 0xff);
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return pid < 0 ? -errno : WIFEXITED(status) ? -WEXITSTATUS(status) : -EIO;
}

/* A process that has just ended may keep its group busy for a moment. */
static void remove_group(const char *group)
{
	const struct timespec pause = {.tv_nsec = 5000000};

	for (int i = 0; i < 100 && rmdir(group) < 0 && errno == EBUSY; i++)
		(void)nanosleep(&pause, NULL);
}

/* Where nothing else is in it, the end of another run or probe takes the home away at any moment. */
static int make_group(const char *home, const char *group)
{
	int r = -ENOENT;

	for (int i = 0; i < 20 && r == -ENOENT; i++) {
		r = mkdir(group, 0755) < 0 ? -errno : 0;
		if (r == -ENOENT && mkdir(home, 0755) < 0 && errno != EEXIST)
			break;
	}
	return r;
}

/* Makes a group, puts a process into it, sets the controller's limit, and takes the group away. *ret_kill: groups can
 * be ended by cgroup.kill there, with the controller or without. */
static int try_group(const struct hierarchy *h, const char *home, enum enc_controller c, bool *ret_kill)
{
	bool ours = mkdir(home, 0755) == 0 || geteuid() == 0;
	char group[700], enable[32];
	int r;

	(void)snprintf(group, sizeof(group), "%s/probe-%d", home, (int)getpid());
	(void)snprintf(enable, sizeof(enable), "+%s", controllers[c].name);
	/* As a run does. Not above home, which is not ours; and not taken back, since a run may rely on it by now. */
	if (h->version == 2 && c != ENC_CTL_FREEZER)
		(void)put(home, "cgroup.subtree_control", enable);
	r = make_group(home, group);
	if (r == 0) {
		r = join(group);
		*ret_kill = r == 0 && h->version == 2 && put(group, "cgroup.kill", "1") == 0;
		if (r == 0)
			r = h->version == 2 ? put(group, controllers[c].v2_file, controllers[c].v2_value)
					    : put(group, controllers[c].v1_file, controllers[c].v1_value);
		remove_group(group);
	}
	if (ours)
		(void)rmdir(home); /* refused while a run is in it, which takes it away later */
	return r;
}

/* The first is the best; a v1 one behind a v2 one is kept for --mask. */
static void keep_home(struct enc_host *h, enum enc_controller c, int version, const char *dir)
{
	struct enc_cgroup_home *to = !h->ctl[c].version					 ? &h->ctl[c]
				     : version < h->ctl[c].version && !h->old[c].version ? &h->old[c]
											 : NULL;

	if (!to)
		return;
	to->version = version;
	(void)snprintf(to->dir, sizeof(to->dir), "%s", dir);
}

/* errors: by version, the last one. */
static void probe_controller(struct enc_host *h, const struct hierarchy *list, size_t n, enum enc_controller c,
			     int *errors)
{
	char wanted[32];

	(void)snprintf(wanted, sizeof(wanted), ",%s,", controllers[c].name);
	for (int version = 2; version >= 1; version--)
		for (size_t i = 0; i < n; i++) {
			char home[256];
			bool kill = false;
			int r;

			if (list[i].version != version || (version == 1 && !strstr(list[i].options, wanted)))
				continue;
			if (!home_of(&list[i], home, sizeof(home))) {
				errors[version] = -EACCES;
				continue;
			}
			r = try_group(&list[i], home, c, &kill);
			if (kill)
				(void)snprintf(h->cgroup2_dir, sizeof(h->cgroup2_dir), "%s", home);
			if (r < 0) {
				errors[version] = r;
				continue;
			}
			keep_home(h, c, version, home);
		}
}

static void tell(struct enc_host *h, enum enc_mech m, int version, bool mounted, int error,
		 const struct enc_scope_lack *lack)
{
	char detail[160] = "", reason[200];

	for (int c = 0; c < ENC_CTL__COUNT; c++)
		if (h->ctl[c].version == version || h->old[c].version == version) {
			size_t len = strlen(detail);

			(void)snprintf(detail + len, sizeof(detail) - len, "%s%s", len ? ", " : "",
				       controllers[c].name);
		}
	if (version == 2 && h->cgroup2_dir[0]) {
		size_t len = strlen(detail);

		(void)snprintf(detail + len, sizeof(detail) - len, "%scgroup.kill", len ? ", " : "");
	}
	if (version == 2 && enc_host_in_scope(h)) {
		size_t len = strlen(detail);

		(void)snprintf(detail + len, sizeof(detail) - len, "%s by systemd's user manager",
			       detail[0] ? "," : "");
	}
	if (detail[0]) {
		enc_probe_set(h, m, ENC_ST_SUPPORTED, detail, NULL, NULL);
		return;
	}
	(void)snprintf(reason, sizeof(reason), "%s: %s",
		       mounted ? "no group with a limit could be made" : "no such hierarchy is mounted",
		       mounted ? strerror(-error) : strerror(ENOENT));
	if (version == 2 && lack->why[0])
		(void)snprintf(reason, sizeof(reason), "%s", lack->why);
	enc_probe_set(h, m, mounted ? ENC_ST_REQUIRES_SETUP : ENC_ST_UNAVAILABLE, NULL, reason,
		      geteuid() != 0 ? (version == 2 ? lack->next : NULL)
		      : version == 2 ? "echo '+memory +pids' > /sys/fs/cgroup/cgroup.subtree_control"
				     : NULL);
}

/* On a hybrid machine the controllers are v1's. */
static bool has_memory(const struct hierarchy *list, size_t n)
{
	bool has = false;

	for (size_t i = 0; i < n && !has; i++) {
		enc_auto(enc_free_auto) char *text = NULL;
		char path[300];
		size_t len;

		(void)snprintf(path, sizeof(path), "%s/cgroup.controllers", list[i].mount);
		has = list[i].version == 2 && enc_read_file(AT_FDCWD, path, 4096, &text, &len, NULL) >= 0 &&
		      strstr(text, "memory");
	}
	return has;
}

void enc_probe_cgroups(struct enc_host *h)
{
	struct hierarchy list[32] = {0};
	size_t n = read_mounts(list, ENC_LEN(list));
	int errors[3] = {0, -ENOENT, -ENOENT};
	struct enc_scope_lack lack = {0};
	bool mounted[3] = {false};

	read_own(list, n);
	for (int c = 0; c < ENC_CTL__COUNT; c++)
		probe_controller(h, list, n, (enum enc_controller)c, errors);
	for (size_t i = 0; i < n; i++)
		mounted[list[i].version] = true;
	if (geteuid() != 0 && mounted[2] && (!h->ctl[ENC_CTL_MEMORY].version || !h->ctl[ENC_CTL_PIDS].version))
		(void)enc_probe_scope(h, has_memory(list, n), &lack); /* what it lacks is told */
	tell(h, ENC_MECH_CGROUP_V2, 2, mounted[2], errors[2], &lack);
	tell(h, ENC_MECH_CGROUP_V1, 1, mounted[1], errors[1], &lack);
}
