/* SPDX-License-Identifier: MIT */
/*
 * scope.c - systemd's user manager is asked for a transient scope, with processes of ours in it
 *
 * The manager is asked as `systemctl --user` does: by its own socket, and where that can't be reached by the user's
 * bus. Delegate: the groups below the scope are ours to make. CollectMode: a scope that failed is not kept. TasksMax:
 * the manager's default may hold a run to fewer processes than its plan says. A scope ends by itself with the last
 * process in it.
 *
 * A process is named by its number: whoever reads it must be in our pid namespace.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <systemd/sd-bus.h>
#include <time.h>
#include <unistd.h>

#include "base/base.h"
#include "worker/worker.h"

#define MANAGER	    "org.freedesktop.systemd1"
#define MANAGER_AT  "/org/freedesktop/systemd1"
#define MANAGER_HAS "org.freedesktop.systemd1.Manager"
#define CALL_US	    (5 * 1000000ULL)
#define SCOPE_PIDS  8
#define JOB_US	    (10 * 1000000ULL)

ENC_AUTO_DEFINE(sd_bus, sd_bus_flush_close_unref)
ENC_AUTO_DEFINE(sd_bus_message, sd_bus_message_unref)
ENC_AUTO_DEFINE(sd_bus_slot, sd_bus_slot_unref)

static int tell(const char *step, int error, const char *text)
{
	(void)printf("%s: %s\n", step, text && text[0] ? text : strerror(error < 0 ? -error : error));
	return -1;
}

/* NSpid has a number for each pid namespace from ours down to the process's own. Always readable, unlike ns/pid. */
static bool same_pid_namespace(int fd)
{
	struct ucred peer = {0};
	socklen_t size = sizeof(peer);
	char path[64], line[256];
	bool same = false;
	FILE *f;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) || peer.pid <= 0)
		return false;						      /* 0: it has no number in ours */
	(void)snprintf(path, sizeof(path), "/proc/%d/status", (int)peer.pid); /* fits */
	f = fopen(path, "re");
	while (f && !same && fgets(line, sizeof(line), f))
		same = strncmp(line, "NSpid:\t", 7) == 0 && !strchr(line + 7, '\t');
	if (f)
		(void)fclose(f); /* was only read */
	return same;
}

/* The socket that the manager itself listens at: no bus between, so that messages have no sender. */
static int open_private(const char *runtime, sd_bus **ret)
{
	enc_auto(sd_bus_flush_close_unref_auto) sd_bus *bus = NULL;
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	enc_auto_fd int fd = -1;
	int n = snprintf(to.sun_path, sizeof(to.sun_path), "%s/systemd/private", runtime), r;

	if (n < 0 || (size_t)n >= sizeof(to.sun_path))
		return -ENAMETOOLONG;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)))
		return -errno;
	r = sd_bus_new(&bus);
	if (r >= 0)
		r = sd_bus_set_fd(bus, fd, fd);
	if (r < 0)
		return r;
	(void)ENC_TAKE_FD(fd); /* the bus's now */
	r = sd_bus_start(bus);
	if (r >= 0)
		*ret = ENC_TAKE(bus);
	return r;
}

static int open_manager(sd_bus **ret, bool *ret_private)
{
	const char *runtime = getenv("XDG_RUNTIME_DIR");
	char fallback[64];
	int r;

	if (!runtime || runtime[0] != '/') {
		(void)snprintf(fallback, sizeof(fallback), "/run/user/%u", geteuid()); /* fits */
		runtime = fallback;
		(void)setenv("XDG_RUNTIME_DIR", runtime, 1);
	}
	r = open_private(runtime, ret);
	*ret_private = r >= 0;
	if (r < 0)
		r = sd_bus_open_user(ret);
	if (r < 0)
		return tell("connect", r, NULL);
	if (!same_pid_namespace(sd_bus_get_fd(*ret)))
		return tell("connect", 0, "the manager is in another pid namespace");
	(void)sd_bus_set_method_call_timeout(*ret, CALL_US);
	return 0;
}

struct job {
	const char *path;
	char result[40]; /* "" while it goes on */
};

static int on_removed(sd_bus_message *m, void *data, sd_bus_error *error)
{
	struct job *job = data;
	const char *path, *result;

	if (sd_bus_message_read(m, "uoss", NULL, &path, NULL, &result) >= 0 && job->path &&
	    strcmp(path, job->path) == 0)
		(void)snprintf(job->result, sizeof(job->result), "%s", result);
	return 0;
}

/* SCOPE_PIDS at most: a run has two. */
static int append_pids(sd_bus_message *m, int n, char **argv)
{
	uint32_t pids[SCOPE_PIDS];
	int r;

	for (int i = 0; i < n; i++)
		pids[i] = (uint32_t)strtoul(argv[i], NULL, 10);
	r = sd_bus_message_open_container(m, 'r', "sv");
	if (r >= 0)
		r = sd_bus_message_append(m, "s", "PIDs");
	if (r >= 0)
		r = sd_bus_message_open_container(m, 'v', "au");
	if (r >= 0)
		r = sd_bus_message_append_array(m, 'u', pids, (size_t)n * sizeof(*pids));
	for (int i = 0; i < 2 && r >= 0; i++)
		r = sd_bus_message_close_container(m);
	return r;
}

static int append_properties(sd_bus_message *m, int n_pids, char **pids)
{
	int r = sd_bus_message_open_container(m, 'a', "(sv)");

	if (r >= 0)
		r = append_pids(m, n_pids, pids);
	if (r >= 0)
		r = sd_bus_message_append(m, "(sv)(sv)", "Description", "s", "A run of Enclosure", "Delegate", "b", 1);
	if (r >= 0)
		r = sd_bus_message_append(m, "(sv)(sv)", "CollectMode", "s", "inactive-or-failed", "TasksMax", "t",
					  UINT64_MAX);
	return r < 0 ? r : sd_bus_message_close_container(m);
}

static int start(sd_bus *bus, const char *unit, int n_pids, char **pids, sd_bus_message **ret)
{
	enc_auto(sd_bus_message_unref_auto) sd_bus_message *m = NULL;
	sd_bus_error error = SD_BUS_ERROR_NULL;
	int r = sd_bus_message_new_method_call(bus, &m, MANAGER, MANAGER_AT, MANAGER_HAS, "StartTransientUnit");

	if (r >= 0)
		r = sd_bus_message_append(m, "ss", unit, "fail");
	if (r >= 0)
		r = append_properties(m, n_pids, pids);
	if (r >= 0)
		r = sd_bus_message_append(m, "a(sa(sv))", 0); /* no units beside it */
	if (r >= 0)
		r = sd_bus_call(bus, m, 0, &error, ret);
	if (r < 0)
		(void)tell("StartTransientUnit", r, error.message);
	sd_bus_error_free(&error);
	return r < 0 ? -1 : 0;
}

static uint64_t now_us(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t); /* can't fail */
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static int await(sd_bus *bus, const struct job *job)
{
	uint64_t end = now_us() + JOB_US, now;

	while (!job->result[0]) {
		int r = sd_bus_process(bus, NULL);

		now = now_us();
		if (r == 0 && now < end)
			r = sd_bus_wait(bus, end - now);
		if (r < 0 && r != -EINTR)
			return tell("job", r, NULL);
		if (now >= end)
			return tell("job", ETIMEDOUT, NULL);
	}
	return strcmp(job->result, "done") == 0 ? 0 : tell("job", 0, job->result);
}

int enc_worker_scope(int argc, char **argv)
{
	enc_auto(sd_bus_flush_close_unref_auto) sd_bus *bus = NULL;
	enc_auto(sd_bus_slot_unref_auto) sd_bus_slot *slot = NULL;
	enc_auto(sd_bus_message_unref_auto) sd_bus_message *reply = NULL;
	struct job job = {0};
	bool private = false;
	int r;

	if (argc < 2 || argc > 1 + SCOPE_PIDS)
		return 64;
	if (open_manager(&bus, &private))
		return 1;
	/* Before the call: the job may be over before its answer has been read. */
	r = sd_bus_match_signal(bus, &slot, private ? NULL : MANAGER, MANAGER_AT, MANAGER_HAS, "JobRemoved", on_removed,
				&job);
	if (r < 0)
		return tell("JobRemoved", r, NULL) ? 1 : 0;
	if (start(bus, argv[0], argc - 1, argv + 1, &reply))
		return 1;
	r = sd_bus_message_read(reply, "o", &job.path);
	if (r < 0)
		return tell("StartTransientUnit", r, NULL) ? 1 : 0;
	return await(bus, &job) ? 1 : 0;
}
