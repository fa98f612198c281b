/* SPDX-License-Identifier: MIT */
/*
 * reach.c - can the run's user get at a path at all?
 *
 * A supervisor that is root sees what the run's user can't. What lies behind a closed folder needs no mask, and none
 * could be put there: the launcher walks with the rights of the run. Asked of the kernel, by trying in a child that has
 * taken on the ids, since modes alone do not tell (access control lists).
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"
#include "plan/impl.h"
#include "sys/kernel.h"

/* Every folder from `top` to the one that holds the path. Those above the top are not the host's, inside. */
static bool everyone_may_pass(struct enc_arena *a, const char *path, const char *top)
{
	char *dir = enc_arena_strdup(a, path);
	struct stat st;
	char *slash;

	while ((slash = strrchr(dir, '/')) && (size_t)(slash - dir) >= strlen(top) && slash != dir) {
		*slash = '\0';
		if (lstat(dir, &st) < 0 || !(st.st_mode & S_IXOTH))
			return false;
	}
	return true;
}

static int try_as(uid_t uid, gid_t gid, const char *path, const char *top)
{
	const struct enc_caps none = {0};
	const char *below = path + strlen(top);
	struct stat st;
	int fd = open(top, O_PATH | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0 || setgroups(0, NULL) < 0 || setresgid(gid, gid, gid) < 0 || setresuid(uid, uid, uid) < 0 ||
	    enc_sys_capset(&none) < 0)
		return 0;
	below += strspn(below, "/");
	return below[0] && fstatat(fd, below, &st, AT_SYMLINK_NOFOLLOW) < 0 && errno == EACCES;
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
	if (geteuid() != 0 || everyone_may_pass(w->p->arena, path, in->at.path))
		return false;
	pid = fork();
	if (pid == 0)
		_exit(try_as(uid, gid, path, in->at.path));
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return pid > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 1;
}
