/* SPDX-License-Identifier: MIT */
/*
 * ids.c - who the command runs as
 *
 * Never uid 0 of the host: a root without capabilities still owns the host's files. Started by root: `user:` of the
 * manifest, else the user behind sudo, else an id that nobody has, to which the grants are idmapped.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "base/user.h"
#include "plan/plan.h"

/* Far from what systems hand out: ordinary users, subordinate ids, systemd's containers (below 0x70000000). */
#define BORROWED_ID 1879048192u

static const char *get(char *const *environ_, const char *name)
{
	size_t n = strlen(name);

	for (size_t i = 0; environ_ && environ_[i]; i++)
		if (strncmp(environ_[i], name, n) == 0 && environ_[i][n] == '=')
			return environ_[i] + n + 1;
	return NULL;
}

static void take(struct enc_arena *a, const struct enc_user *u, const char *why, struct enc_ids *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->uid = ret->inside_uid = u->uid;
	ret->gid = ret->inside_gid = u->gid;
	ret->name = u->name;
	ret->home = enc_path_clean(a, u->home);
	if (!ret->home)
		ret->home = "/nonexistent";
	ret->shell = u->shell[0] ? u->shell : "/bin/sh";
	ret->why = why;
}

static void use_home(struct enc_arena *a, char *const *environ_, struct enc_ids *ret)
{
	const char *home = get(environ_, "HOME");

	if (home && home[0] == '/')
		ret->home = enc_path_clean(a, home);
}

static int borrow(struct enc_arena *a, bool as_root, const char *why, char *const *environ_, struct enc_ids *ret)
{
	struct enc_user u, taken;

	(void)enc_user_by_uid(a, 0, &u);
	u.uid = BORROWED_ID;
	while (enc_user_by_uid(a, u.uid, &taken) == 1)
		u.uid++;
	u.gid = (gid_t)u.uid;
	u.name = as_root ? "root" : "agent";
	take(a, &u, why, ret);
	ret->borrowed = true;
	if (as_root)
		ret->inside_uid = ret->inside_gid = 0;
	use_home(a, environ_, ret);
	return 0;
}

static int named(struct enc_arena *a, const char *user, const char *why, char *const *environ_, struct enc_ids *ret,
		 struct enc_err *e)
{
	struct enc_user u;

	if (enc_user_by_name(a, user, &u) < 0) {
		ENC_FAIL(e, ENOENT, "user: there is no user '%s' in /etc/passwd", user);
		return enc_err_id(e, "E0403", "name a user of this machine, or a number: user: 1001");
	}
	if (u.uid == 0)
		return borrow(a, true, why, environ_, ret);
	if (u.gid == 0) {
		ENC_FAIL(e, EPERM, "user: the group of '%s' is root's (0), which no run may have", user);
		return enc_err_id(e, "E0403", "name another user, or another group: user: \"%u:%u\"", u.uid, u.uid);
	}
	take(a, &u, why, ret);
	return 0;
}

static bool behind_sudo(struct enc_arena *a, char *const *environ_, struct enc_ids *ret)
{
	const char *uid = get(environ_, "SUDO_UID"), *gid = get(environ_, "SUDO_GID");
	struct enc_user u;
	uint64_t n, g;

	if (!uid || enc_parse_u64(uid, &n) < 0 || n == 0 || n >= UINT32_MAX)
		return false;
	(void)enc_user_by_uid(a, (uid_t)n, &u);
	if (gid && enc_parse_u64(gid, &g) == 0 && g > 0 && g < UINT32_MAX)
		u.gid = (gid_t)g;
	take(a, &u, "the user behind sudo", ret);
	return true;
}

int enc_ids_resolve(struct enc_arena *a, const char *user, const char *why, char *const *environ_, struct enc_ids *ret,
		    struct enc_err *e)
{
	struct enc_user u;

	if (geteuid() == 0) {
		if (user)
			return named(a, user, why, environ_, ret, e);
		if (behind_sudo(a, environ_, ret))
			return 0;
		return borrow(a, false, "an id that nobody has, since root may not run it", environ_, ret);
	}
	(void)enc_user_by_uid(a, geteuid(), &u);
	u.gid = getegid();
	take(a, &u, "you", ret);
	use_home(a, environ_, ret);
	if (user) {
		struct enc_user other;

		if (enc_user_by_name(a, user, &other) < 0 || other.uid != ret->uid) {
			ENC_FAIL(e, EPERM, "user: only root may run the command as '%s'", user);
			return enc_err_id(e, "E0403", "leave user: out, or start as root");
		}
		ret->why = why;
	}
	return 0;
}
