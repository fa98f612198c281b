/* SPDX-License-Identifier: MIT */
/*
 * landlock.c - Landlock system calls
 */
#include "sys/landlock.h"

#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_add_rule	    445
#define SYS_landlock_restrict_self  446
#endif

#define CREATE_RULESET_VERSION 1u
#define RULE_PATH_BENEATH      1

struct ruleset_attr { /* grows at its end; the kernel takes a short one */
	uint64_t fs, net, scoped;
};

struct path_beneath {
	uint64_t access;
	int32_t parent;
} __attribute__((packed)); /* as the kernel has it */

int enc_sys_landlock_abi(void)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, CREATE_RULESET_VERSION);

	return abi < 1 ? 0 : (int)abi;
}

uint64_t enc_sys_landlock_fs(int abi)
{
	static const struct {
		int abi;
		uint64_t last;
	} steps[] = {
		{1, ENC_LL_MAKE_SYM},  {2, ENC_LL_REFER},	 {3, ENC_LL_TRUNCATE},
		{5, ENC_LL_IOCTL_DEV}, {9, ENC_LL_RESOLVE_UNIX},
	};
	uint64_t all = 0;

	for (size_t i = 0; i < ENC_LEN(steps) && steps[i].abi <= abi; i++)
		all = (steps[i].last << 1) - 1;
	return all;
}

uint64_t enc_sys_landlock_scopes(int abi)
{
	return abi >= 6 ? ENC_LL_SCOPE_ABSTRACT | ENC_LL_SCOPE_SIGNAL : 0;
}

int enc_sys_landlock_new(uint64_t fs, uint64_t scopes)
{
	struct ruleset_attr attr = {.fs = fs, .scoped = scopes};
	/* Kernels before ABI 4 and 6 don't know the later fields: leave them out when they say nothing. */
	size_t size = scopes ? sizeof(attr) : sizeof(attr.fs);

	return (int)syscall(SYS_landlock_create_ruleset, &attr, size, 0);
}

int enc_sys_landlock_allow(int ruleset, int fd, uint64_t access)
{
	struct path_beneath rule = {.access = access, .parent = fd};
	struct stat st;

	if (fstat(fd, &st))
		return -1;
	if (!S_ISDIR(st.st_mode))
		rule.access &= ENC_LL_OF_FILE;
	if (!rule.access)
		return 0; /* an empty rule is an error of its own, and allows nothing */
	return (int)syscall(SYS_landlock_add_rule, ruleset, RULE_PATH_BENEATH, &rule, 0);
}

int enc_sys_landlock_enforce(int ruleset)
{
	return (int)syscall(SYS_landlock_restrict_self, ruleset, 0);
}
