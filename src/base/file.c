/* SPDX-License-Identifier: MIT */
/*
 * file.c - whole files
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/text.h"

int enc_write_all(int fd, const void *data, size_t n)
{
	const char *p = data;

	while (n) {
		ssize_t w = write(fd, p, n);

		if (w < 0 && errno == EINTR)
			continue;
		if (w < 0)
			return -errno;
		p += w;
		n -= (size_t)w;
	}
	return 0;
}

int enc_read_file(int dirfd, const char *path, size_t max, char **ret, size_t *ret_n, struct enc_err *e)
{
	enc_auto_fd int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct enc_buf b = {0};
	struct stat st;
	char part[16384];
	ssize_t n;

	if (fd < 0)
		return ENC_FAIL(e, errno, "open %s: %s", path, strerror(errno));
	if (fstat(fd, &st) < 0 || S_ISDIR(st.st_mode))
		return ENC_FAIL(e, EISDIR, "read %s: %s", path, strerror(EISDIR));
	enc_buf_add(&b, "", 0);
	while ((n = read(fd, part, sizeof(part))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n > 0 && b.len + (size_t)n > max) {
			n = -1;
			errno = EFBIG;
		}
		if (n < 0) {
			int code = errno;

			enc_buf_done(&b);
			return ENC_FAIL(e, code, "read %s: %s", path, strerror(code));
		}
		enc_buf_add(&b, part, (size_t)n);
	}
	*ret = b.s;
	*ret_n = b.len;
	return 0;
}

int enc_write_file(int dirfd, const char *path, const void *data, size_t n, unsigned mode, bool sync, struct enc_err *e)
{
	char tmp[4096];
	enc_auto_fd int fd = -1;
	int r;

	r = snprintf(tmp, sizeof(tmp), "%s.tmp.%d", path, (int)getpid());
	if (r < 0 || (size_t)r >= sizeof(tmp))
		return ENC_FAIL(e, ENAMETOOLONG, "write %s: %s", path, strerror(ENAMETOOLONG));
	(void)unlinkat(dirfd, tmp, 0);
	fd = openat(dirfd, tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
	if (fd < 0)
		return ENC_FAIL(e, errno, "create %s: %s", tmp, strerror(errno));
	r = enc_write_all(fd, data, n);
	if (r == 0 && sync && fsync(fd) < 0)
		r = -errno;
	if (r == 0 && renameat(dirfd, tmp, dirfd, path) < 0)
		r = -errno;
	if (r < 0) {
		(void)unlinkat(dirfd, tmp, 0);
		return ENC_FAIL(e, -r, "write %s: %s", path, strerror(-r));
	}
	return 0;
}
