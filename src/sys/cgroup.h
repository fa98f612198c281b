/* SPDX-License-Identifier: MIT */
/*
 * cgroup.h - the files of a control group, by the group's descriptor
 *
 * All but the reading of a number work with a directory descriptor, so that a group that was renamed or replaced
 * is never touched by mistake. -1 with errno on failure.
 */
#ifndef ENC_SYS_CGROUP_H
#define ENC_SYS_CGROUP_H

#include <stdint.h>
#include <sys/types.h>

#include "base/base.h"

int enc_sys_cgroup_write(int dir, const char *file, const char *text);
int enc_sys_cgroup_write_u64(int dir, const char *file, uint64_t value);
/* The file's only number ("max" is UINT64_MAX), or that behind `key` in a file of "key number" lines when key isn't
 * NULL. 0, or -1. */
int enc_sys_cgroup_read_u64(int dir, const char *file, const char *key, uint64_t *ret);
/* Process ids of the group, as the caller's pid namespace has them; at most `max`. Their number, or -1. */
int enc_sys_cgroup_pids(int dir, pid_t *ret, int max);
/* The same from any file of numbers, as /proc/PID/task/TID/children is. */
int enc_sys_read_pids(int dir, const char *file, pid_t *ret, int max);

#endif
