/* SPDX-License-Identifier: MIT */
/*
 * user.h - users, from /etc/passwd itself: the program is static and so has no name service switch
 *
 * Users of LDAP and the like are named by number ("1001" or "1001:1001").
 */
#ifndef ENC_BASE_USER_H
#define ENC_BASE_USER_H

#include <sys/types.h>

#include "base/mem.h"

struct enc_user {
	uid_t uid;
	gid_t gid;
	const char *name, *home, *shell; /* arena strings; name is the number when there is no entry */
};

/* By name, or by number when no such name exists. 1 found in /etc/passwd, 0 numeric without an entry (home "/",
 * shell "/bin/sh"), -ENOENT. */
int enc_user_by_name(struct enc_arena *a, const char *name, struct enc_user *ret);
/* 1 found, 0 no entry: *ret is filled as above, gid = uid. */
int enc_user_by_uid(struct enc_arena *a, uid_t uid, struct enc_user *ret);
/* The same over the text of a passwd file. */
int enc_user_find(struct enc_arena *a, const char *passwd, const char *name, uid_t uid, struct enc_user *ret);

#endif
