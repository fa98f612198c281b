/* SPDX-License-Identifier: MIT */
/*
 * cgroup.c - the files of a control group, by the group's descriptor
 */
#include "sys/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int enc_sys_cgroup_write(int dir, const char *file, const char *text)
{
	enc_auto_fd int fd = openat(dir, file, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	size_t n = strlen(text);
	ssize_t r;

	if (fd < 0)
		return -1;
	r = write(fd, text, n); /* one write is one command; a short one can't be */
	if (r < 0)
		return -1;
	if ((size_t)r != n) {
		errno = EIO;
		return -1;
	}
	return 0;
}

int enc_sys_cgroup_write_u64(int dir, const char *file, uint64_t value)
{
	char text[24];

	(void)snprintf(text, sizeof(text), "%" PRIu64, value); /* fits */
	return enc_sys_cgroup_write(dir, file, text);
}

/* Reads what fits and terminates it; the length or -1. */
static ssize_t slurp(int dir, const char *file, char *out, size_t size)
{
	enc_auto_fd int fd = openat(dir, file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	size_t n = 0;
	ssize_t r;

	if (fd < 0)
		return -1;
	while (n < size - 1) {
		r = read(fd, out + n, size - 1 - n);
		if (r < 0)
			return -1;
		if (!r)
			break;
		n += (size_t)r;
	}
	out[n] = '\0';
	return (ssize_t)n;
}

int enc_sys_cgroup_read_u64(int dir, const char *file, const char *key, uint64_t *ret)
{
	char text[4096], *at = text, *end;
	size_t n = key ? strlen(key) : 0;

	if (slurp(dir, file, text, sizeof(text)) < 0)
		return -1;
	while (key && at && !(!strncmp(at, key, n) && at[n] == ' ')) {
		at = strchr(at, '\n');
		at = at ? at + 1 : NULL;
	}
	if (!at) {
		errno = ENOENT;
		return -1;
	}
	at += key ? n + 1 : 0;
	if (!strncmp(at, "max", 3)) {
		*ret = UINT64_MAX;
		return 0;
	}
	errno = 0;
	*ret = strtoull(at, &end, 10);
	if (end == at || errno) {
		errno = EINVAL;
		return -1;
	}
	return 0;
}

/* Whole numbers at the beginning of text, each followed by space or newline; *used: what they took. */
static int take_numbers(const char *text, size_t n, pid_t *ret, int max, size_t *used)
{
	int count = 0;

	*used = 0;
	for (size_t i = 0; i < n && count < max; i++) {
		if (text[i] != '\n' && text[i] != ' ')
			continue;
		if (i > *used)
			ret[count++] = (pid_t)strtol(text + *used, NULL, 10);
		*used = i + 1;
	}
	return count;
}

int enc_sys_read_pids(int dir, const char *file, pid_t *ret, int max)
{
	enc_auto_fd int fd = openat(dir, file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	char text[8192];
	size_t have = 0, used;
	int n = 0;

	if (fd < 0)
		return -1;
	/* The kernel gives about a page at a time. */
	while (n < max) {
		ssize_t r = read(fd, text + have, sizeof(text) - 1 - have);

		if (r < 0)
			return -1;
		if (!r)
			break;
		have += (size_t)r;
		text[have] = '\0';
		n += take_numbers(text, have, ret + n, max - n, &used);
		memmove(text, text + used, have - used);
		have -= used;
	}
	return n;
}

int enc_sys_cgroup_pids(int dir, pid_t *ret, int max)
{
	return enc_sys_read_pids(dir, "cgroup.procs", ret, max);
}
