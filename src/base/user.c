/* SPDX-License-Identifier: MIT */
/*
 * user.c - lines of /etc/passwd: name:password:uid:gid:gecos:home:shell
 */
#include "base/user.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

#define PASSWD_MAX (4u << 20)
#define FIELDS	   7

static int number(const char *s, uint32_t *ret)
{
	uint64_t v;

	if (enc_parse_u64(s, &v) < 0 || v >= UINT32_MAX)
		return -EINVAL;
	*ret = (uint32_t)v;
	return 0;
}

/* 1 when the line is that of `name`, or (name NULL) of `uid`. Lines that are not whole are passed over. */
static int match(struct enc_arena *a, const char *line, size_t n, const char *name, uid_t uid, struct enc_user *ret)
{
	char *copy = enc_arena_strndup(a, line, n), *f[FIELDS];
	int count = 0;
	uint32_t u, g;

	for (char *p = copy; p && count < FIELDS; count++) {
		f[count] = p;
		p = strchr(p, ':');
		if (p)
			*p++ = '\0';
	}
	if (count != FIELDS || !f[0][0] || number(f[2], &u) < 0 || number(f[3], &g) < 0)
		return 0;
	if (name ? strcmp(name, f[0]) != 0 : u != uid)
		return 0;
	*ret = (struct enc_user){.uid = u, .gid = g, .name = f[0], .home = f[5], .shell = f[6]};
	return 1;
}

int enc_user_find(struct enc_arena *a, const char *passwd, const char *name, uid_t uid, struct enc_user *ret)
{
	while (*passwd) {
		size_t n = strcspn(passwd, "\n");

		if (match(a, passwd, n, name, uid, ret))
			return 1;
		passwd += n + (passwd[n] == '\n');
	}
	return 0;
}

static int find(struct enc_arena *a, const char *name, uid_t uid, struct enc_user *ret)
{
	enc_auto(enc_free_auto) char *text = NULL;
	size_t n;

	if (enc_read_file(AT_FDCWD, "/etc/passwd", PASSWD_MAX, &text, &n, NULL) < 0)
		return 0;
	return enc_user_find(a, text, name, uid, ret);
}

static int numeric(struct enc_arena *a, const char *name, uid_t uid, gid_t gid, struct enc_user *ret)
{
	*ret = (struct enc_user){.uid = uid, .gid = gid, .home = "/", .shell = "/bin/sh"};
	ret->name = name ? enc_arena_strdup(a, name) : enc_arena_printf(a, "%u", uid);
	return 0;
}

int enc_user_by_uid(struct enc_arena *a, uid_t uid, struct enc_user *ret)
{
	return find(a, NULL, uid, ret) ? 1 : numeric(a, NULL, uid, (gid_t)uid, ret);
}

int enc_user_by_name(struct enc_arena *a, const char *name, struct enc_user *ret)
{
	char *copy, *colon;
	uint32_t uid, gid;

	if (find(a, name, 0, ret))
		return 1;
	copy = enc_arena_strdup(a, name);
	colon = strchr(copy, ':');
	if (colon)
		*colon++ = '\0';
	if (number(copy, &uid) < 0 || (colon && number(colon, &gid) < 0))
		return -ENOENT;
	if (!colon)
		return enc_user_by_uid(a, uid, ret);
	if (enc_user_by_uid(a, uid, ret)) {
		ret->gid = gid;
		return 1;
	}
	return numeric(a, copy, uid, gid, ret);
}
