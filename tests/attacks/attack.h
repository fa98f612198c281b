/* SPDX-License-Identifier: MIT */
/*
 * attack.h - one forbidden act each, tried for real
 *
 *     attack NAME [ARG...]     exit 0 it worked, 1 denied as expected, 2 could not try, 3 denied by something else
 *     attack list [GROUP]      the table: name, group, errno that is expected, system call that is refused, privilege
 *                              that the same act needs outside
 *
 * An act returns 0 when it worked (or when the kernel itself answered it: then nothing stood in its way), or -errno.
 */
#ifndef ENC_TESTS_ATTACK_H
#define ENC_TESTS_ATTACK_H

#include <errno.h>
#include <stddef.h>
#include <sys/types.h>

#define CANT_TRY (-100000) /* no errno has this value */
#define KILLED	 (-100001) /* the act's process was killed by SIGSYS */

enum needs {
	BY_USER,   /* an ordinary user can do it outside */
	BY_ROOT,   /* root outside */
	BY_NOBODY, /* this kernel refuses it to everybody, or it must not be done outside */
};

struct attack {
	const char *name, *group;
	int (*act)(int argc, char **argv);
	int expect[3];	  /* any of these errnos is the expected refusal; 0 ends */
	const char *call; /* as events name it, or NULL when the denial makes no event */
	enum needs needs;
	int reached[4]; /* errnos that only the kernel behind the walls gives: it worked */
};

extern const struct attack file_attacks[], call_attacks[], socket_attacks[], process_attacks[], kernel_attacks[],
	bomb_attacks[];

/* -1 with errno into -errno, else 0. */
static inline int outcome(long r)
{
	return r < 0 ? -errno : 0;
}

/* Runs fn in a child; its result, or KILLED. */
int in_child(int (*fn)(int argc, char **argv), int argc, char **argv);
/* A fresh file's name in the working directory (or in $TMPDIR). */
const char *scratch(const char *name);

#endif
