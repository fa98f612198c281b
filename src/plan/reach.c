/* SPDX-License-Identifier: MIT */
/*
 * reach.c - can the run's user get at a path at all?
 *
 * A supervisor that is root sees what the run's user can't. What lies behind a closed folder needs no mask, and none
 * could be put there: the launcher walks with the rights of the run. Asked of the kernel, by trying in a child that has
 * taken on the ids, since modes alone do not tell (access control lists).
 */
#include <errno.h>
#include <grp.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"
#include "plan/impl.h"
#include "sys/kernel.h"

static bool everyone_may_pass(struct enc_arena *a, const char *path)
{
	char *dir = enc_arena_strdup(a, path);
	struct stat st;
	char *slash;

	while ((slash = strrchr(dir, '/')) && slash != dir) {
		*slash = '\0';
		if (lstat(dir, &st) < 0 || !(st.st_mode & S_IXOTH))
			return false;
	}
	return true;
}

static int try_as(uid_t uid, gid_t gid, const char *path)
{
	const struct enc_caps none = {0};
	struct stat st;

	if (setgroups(0, NULL) < 0 || setresgid(gid, gid, gid) < 0 || setresuid(uid, uid, uid) < 0 ||
	    enc_sys_capset(&none) < 0)
		return 0;
	return lstat(path, &st) < 0 && errno == EACCES;
}

bool enc_plan_closed(const struct enc_planner *w, const char *path, const struct enc_grant *in)
{
	/* Behind an idmapped mount the run has the rights of who owns the grant. */
	bool mapped = enc_plan_wants_idmap(w, in);
	uid_t uid = mapped ? in->at.uid : w->p->ids.uid;
	gid_t gid = mapped ? in->at.gid : w->p->ids.gid;
	int status;
	pid_t pid;

	/* Anybody else has only looked at what they can reach. */
	if (geteuid() != 0 || everyone_may_pass(w->p->arena, path))
		return false;
	pid = fork();
	if (pid == 0)
		_exit(try_as(uid, gid, path));
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return pid > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 1;
}
