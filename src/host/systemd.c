/* SPDX-License-Identifier: MIT */
/*
 * systemd.c - scopes of systemd's user manager: where an ordinary user has no group of its own
 *
 * A process that exists is put into a scope; the scope itself then has to be left, since a group with processes in it
 * can't give controllers to those below. The worker speaks to the manager; that the process is in the scope is read
 * from the kernel, not from the answer.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/text.h"
#include "host/impl.h"

#define PATIENCE_S 10

bool enc_home_is_scope(const char *dir)
{
	return strcmp(dir, ENC_HOME_SCOPE) == 0;
}

bool enc_host_in_scope(const struct enc_host *h)
{
	for (int c = 0; c < ENC_CTL__COUNT; c++)
		if (enc_home_is_scope(h->ctl[c].dir))
			return true;
	return enc_home_is_scope(h->cgroup2_dir);
}

/* ---- where the kernel has put it ---- */

/* The v2 line of /proc/PID/cgroup: "0::/a/b". */
static int group_of(pid_t pid, char *ret, size_t size)
{
	char path[64], line[4200];
	FILE *f;
	int r = -ENOENT;

	(void)snprintf(path, sizeof(path), "/proc/%d/cgroup", (int)pid); /* fits */
	f = fopen(path, "re");
	while (f && r == -ENOENT && fgets(line, sizeof(line), f))
		if (strncmp(line, "0::/", 4) == 0) {
			int n = snprintf(ret, size, "%.*s", (int)strcspn(line + 3, "\n"), line + 3);

			r = n > 0 && (size_t)n < size ? 0 : -ENAMETOOLONG;
		}
	if (f)
		(void)fclose(f); /* was only read */
	return r;
}

/* Where that group is seen: one of the places where cgroup v2 is mounted. */
static int directory_of(const char *group, char *ret, size_t size)
{
	FILE *f = fopen("/proc/self/mountinfo", "re");
	char *line = NULL, mount[256];
	size_t cap = 0;
	int r = -ENOENT;

	while (f && r < 0 && getline(&line, &cap, f) > 0) {
		int n;

		if (!strstr(line, " - cgroup2 ") || sscanf(line, "%*s %*s %*s %*s %255s", mount) != 1)
			continue;
		n = snprintf(ret, size, "%s%s", mount, group);
		if (n > 0 && (size_t)n < size && access(ret, X_OK) == 0)
			r = 0;
	}
	free(line);
	if (f)
		(void)fclose(f); /* was only read */
	return r;
}

static bool ends_with(const char *s, const char *end)
{
	size_t n = strlen(s), m = strlen(end);

	return n > m && s[n - m - 1] == '/' && strcmp(s + n - m, end) == 0;
}

/* All of them are where the first is, and that is the scope. */
static int check_scope(const char *unit, const pid_t *pids, size_t n, char *group, size_t size, struct enc_err *e)
{
	for (size_t i = 0; i < n; i++) {
		int r = group_of(pids[i], group, size);

		if (r < 0)
			return ENC_FAIL(e, -r, "the group of process %d: %s", (int)pids[i], strerror(-r));
		if (!ends_with(group, unit))
			return ENC_FAIL(e, ESRCH, "process %d is not in %s, but in %s", (int)pids[i], unit, group);
	}
	return 0;
}

int enc_host_scope(const char *name, const pid_t *pids, size_t n, char *ret, size_t size, struct enc_err *e)
{
	char job[] = "scope", unit[100], numbers[ENC_SCOPE_PIDS][16], group[4096];
	char *argv[3 + ENC_SCOPE_PIDS + 1] = {job, job, unit};
	struct enc_buf out = {0};
	int r;

	(void)snprintf(unit, sizeof(unit), "enclosure-%.60s.scope", name);
	for (size_t i = 0; i < n && i < ENC_SCOPE_PIDS; i++) {
		(void)snprintf(numbers[i], sizeof(numbers[i]), "%d", (int)pids[i]); /* fits */
		argv[3 + i] = numbers[i];
	}
	r = enc_worker_ask(argv, PATIENCE_S, &out);
	enc_buf_puts(&out, "");
	if (r < 0)
		r = ENC_FAIL(e, -r, "enclosure-worker: %s", strerror(-r));
	else if (r > 0)
		r = ENC_FAIL(e, EIO, "%.*s", (int)strcspn(out.s, "\n"), out.s);
	enc_buf_done(&out);
	if (r < 0)
		return r;
	r = check_scope(unit, pids, n, group, sizeof(group), e);
	if (r < 0)
		return r;
	r = directory_of(group, ret, size);
	return r < 0 ? ENC_FAIL(e, -r, "the group of %s: %s", unit, strerror(-r)) : 0;
}

/* ---- the probe ---- */

static bool there(const char *dir, const char *name)
{
	char path[300];
	struct stat st;
	int n = snprintf(path, sizeof(path), "%s/%s", dir, name);

	return n > 0 && (size_t)n < sizeof(path) && stat(path, &st) == 0 && S_ISSOCK(st.st_mode);
}

bool enc_scope_may_be(const struct enc_host *h)
{
	const char *runtime = getenv("XDG_RUNTIME_DIR");
	char fallback[64];

	(void)snprintf(fallback, sizeof(fallback), "/run/user/%u", h->uid); /* fits */
	if (!runtime || runtime[0] != '/')
		runtime = fallback;
	return h->uid != 0 && (there(runtime, "systemd/private") || there(runtime, "bus") ||
			       getenv("DBUS_SESSION_BUS_ADDRESS") != NULL);
}

/* A process that does nothing, and goes with us. */
static pid_t idle(void)
{
	pid_t parent = getpid(), pid = fork();

	if (pid != 0)
		return pid;
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (getppid() == parent)
		(void)pause();
	_exit(0);
}

static int put(const char *dir, const char *file, const char *text)
{
	char path[4400];
	int fd, error;
	ssize_t n;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	n = write(fd, text, strlen(text));
	error = errno;
	(void)close(fd);
	return n < 0 ? -error : 0;
}

/* As a run does: a group below the scope, the process into it, the controllers switched on, their limits set. */
static int try_scope(const char *scope, pid_t pid, bool *ret_has, bool *ret_kill, struct enc_err *e)
{
	char group[300], text[32];
	int r;

	(void)snprintf(group, sizeof(group), "%s/probe", scope);
	(void)snprintf(text, sizeof(text), "%d", (int)pid); /* fits */
	r = mkdir(group, 0755) < 0 ? -errno : put(group, "cgroup.procs", text);
	if (r < 0)
		return ENC_FAIL(e, -r, "a group in the scope: %s", strerror(-r));
	for (int c = 0; c < ENC_CTL__COUNT; c++) {
		(void)snprintf(text, sizeof(text), "+%s", enc_controller_name((enum enc_controller)c));
		(void)put(scope, "cgroup.subtree_control", text); /* the limit's own file tells */
		ret_has[c] = enc_try_limit(group, (enum enc_controller)c) == 0;
	}
	*ret_kill = put(group, "cgroup.kill", "1") == 0;
	return 0;
}

/* A process is in one group of v2: either all of its controllers are those of the scope, or none is. */
static int take_scope(struct enc_host *h, const bool *has, bool kills, struct enc_err *e)
{
	if (!(has[ENC_CTL_MEMORY] && !h->ctl[ENC_CTL_MEMORY].version) &&
	    !(has[ENC_CTL_PIDS] && !h->ctl[ENC_CTL_PIDS].version))
		return ENC_FAIL(e, ENOTSUP, "its scopes have no memory and pids controllers");
	for (int c = 0; c < ENC_CTL__COUNT; c++) {
		if (h->ctl[c].version == 1)
			continue;
		h->ctl[c].version = has[c] ? 2 : 0;
		(void)snprintf(h->ctl[c].dir, sizeof(h->ctl[c].dir), "%s", has[c] ? ENC_HOME_SCOPE : "");
	}
	(void)snprintf(h->cgroup2_dir, sizeof(h->cgroup2_dir), "%s", kills ? ENC_HOME_SCOPE : "");
	return 0;
}

/* What the manager does when the scope is empty, done sooner. */
static void leave_scope(const char *scope)
{
	const struct timespec pause = {.tv_nsec = 5000000};
	char group[300];

	(void)snprintf(group, sizeof(group), "%s/probe", scope);
	for (int i = 0; i < 100 && rmdir(group) < 0 && errno == EBUSY; i++)
		(void)nanosleep(&pause, NULL);
	for (int i = 0; i < 100 && access(scope, F_OK) == 0; i++)
		(void)nanosleep(&pause, NULL);
}

/* Who is to be told what: is there a systemd, is there a manager for us, and what did it say? */
static void tell_lack(struct enc_scope_lack *ret, uid_t uid, bool useful, bool manager, const struct enc_err *e)
{
	if (!useful) {
		(void)snprintf(ret->why, sizeof(ret->why), "this machine's cgroup v2 has no memory controller");
		(void)snprintf(ret->next, sizeof(ret->next),
			       "boot with systemd.unified_cgroup_hierarchy=1: controllers of cgroup v1 are root's");
		return;
	}
	if (manager)
		(void)snprintf(ret->why, sizeof(ret->why), "systemd's user manager gives no scope: %.110s", e->text);
	else
		(void)snprintf(ret->why, sizeof(ret->why), "no group is delegated, and no systemd user manager runs");
	if (access("/run/systemd/system", F_OK) == 0)
		(void)snprintf(ret->next, sizeof(ret->next),
			       manager ? "systemd-run --user --scope -p Delegate=yes true (should tell the same)"
				       : "sudo loginctl enable-linger %u (starts systemd's manager for this user)",
			       uid);
	else
		(void)snprintf(ret->next, sizeof(ret->next),
			       "have root delegate a cgroup v2 folder to this user and start enclosure in it");
}

bool enc_probe_scope(struct enc_host *h, bool useful, struct enc_scope_lack *ret)
{
	struct enc_err e = {0};
	char scope[256] = "", name[40];
	bool manager = useful && enc_scope_may_be(h), has[ENC_CTL__COUNT] = {false}, kills = false;
	int r = -ENOENT;
	pid_t pid;

	if (manager) {
		(void)snprintf(name, sizeof(name), "probe-%d", (int)getpid());
		pid = idle();
		r = pid < 0 ? -EAGAIN : enc_host_scope(name, &pid, 1, scope, sizeof(scope), &e);
		if (r == 0)
			r = try_scope(scope, pid, has, &kills, &e);
		if (pid > 0)
			(void)kill(pid, SIGKILL); /* our child, not yet waited for */
		while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
		if (scope[0])
			leave_scope(scope);
	}
	if (r == 0)
		r = take_scope(h, has, kills, &e);
	if (r < 0)
		tell_lack(ret, h->uid, useful, manager, &e);
	return r == 0;
}
