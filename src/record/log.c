/* SPDX-License-Identifier: MIT */
/*
 * log.c - segments and the numbers of lines
 */
#include "record/log.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DIGITS 16
#define HEAD   "{\"v\":1,\"seq\":"

void enc_log_name(uint64_t first, char out[ENC_SEGMENT_NAME])
{
	snprintf(out, ENC_SEGMENT_NAME, "%016" PRIu64 ".jsonl", first);
}

/* Digits up to `end`; false when there are none or the number is too large for a log of ours. */
static bool number(const char *s, size_t n, char end, uint64_t *ret)
{
	uint64_t v = 0;
	size_t i = 0;

	for (; i < n && s[i] >= '0' && s[i] <= '9'; i++) {
		if (i >= DIGITS)
			return false;
		v = v * 10 + (uint64_t)(s[i] - '0');
	}
	*ret = v;
	return i > 0 && i < n && s[i] == end;
}

bool enc_log_seq(const char *line, size_t len, uint64_t *ret)
{
	size_t head = sizeof(HEAD) - 1;

	/* After a crash a page that was never written reads as zeros; JSON text has no NUL. */
	return len > head && memcmp(line, HEAD, head) == 0 && line[len - 1] == '}' && !memchr(line, 0, len) &&
	       number(line + head, len - head, ',', ret);
}

static bool segment_of(const char *name, uint64_t *ret)
{
	return strlen(name) == DIGITS + 6 && strcmp(name + DIGITS, ".jsonl") == 0 && number(name, DIGITS + 1, '.', ret);
}

static int compare(const void *va, const void *vb)
{
	uint64_t a = *(const uint64_t *)va, b = *(const uint64_t *)vb;

	return (a > b) - (a < b);
}

int enc_log_segments(int log_dir, uint64_t **ret, size_t *ret_n, struct enc_err *e)
{
	/* A descriptor of its own: dup() would share the reading position. */
	int fd = openat(log_dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *entry;
	uint64_t *v = NULL, first;
	size_t n = 0;
	int code;

	if (!d) {
		code = errno;
		if (fd >= 0)
			close(fd);
		return ENC_FAIL(e, code, "read the directory of the record: %s", strerror(code));
	}
	while (errno = 0, (entry = readdir(d)) != NULL)
		if (segment_of(entry->d_name, &first))
			*ENC_PUSH(v, n) = first;
	code = errno;
	closedir(d);
	if (code) {
		free(v);
		return ENC_FAIL(e, code, "read the directory of the record: %s", strerror(code));
	}
	if (n)
		qsort(v, n, sizeof(*v), compare);
	*ret = v;
	*ret_n = n;
	return 0;
}
