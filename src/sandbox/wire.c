/* SPDX-License-Identifier: MIT */
/*
 * wire.c - messages of one fixed size between the supervisor and init, with descriptors
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sandbox/box_impl.h"

#define MAX_FDS (MAX_SYNC + 1)

union control {
	struct cmsghdr align;
	char space[CMSG_SPACE(MAX_FDS * sizeof(int)) + CMSG_SPACE(sizeof(struct ucred))];
};

int enc_wire_send(int fd, const struct wire *w, const int *fds, size_t n_fds)
{
	union control control;
	struct wire copy = *w;
	struct iovec iov = {.iov_base = &copy, .iov_len = sizeof(copy)};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
	ssize_t r;

	if (n_fds) {
		struct cmsghdr *c;

		memset(&control, 0, sizeof(control));
		msg.msg_control = control.space;
		msg.msg_controllen = CMSG_SPACE(n_fds * sizeof(int));
		c = CMSG_FIRSTHDR(&msg);
		if (!c || n_fds > MAX_FDS)
			return -EINVAL;
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(n_fds * sizeof(int));
		memcpy(CMSG_DATA(c), fds, n_fds * sizeof(int));
	}
	do
		r = sendmsg(fd, &msg, MSG_NOSIGNAL);
	while (r < 0 && errno == EINTR);
	return r == (ssize_t)sizeof(copy) ? 0 : r < 0 ? -errno : -EIO;
}

/* Takes descriptors up to `room`; further ones are closed. */
static size_t take_fds(const struct cmsghdr *c, int *fds, size_t room)
{
	size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int), taken = 0;
	int fd;

	for (size_t i = 0; i < n; i++) {
		memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(fd));
		if (taken < room)
			fds[taken++] = fd;
		else
			(void)close(fd); /* not asked for */
	}
	return taken;
}

int enc_wire_recv(int fd, struct wire *ret, int *fds, size_t *n_fds, pid_t *ret_pid)
{
	union control control;
	struct iovec iov = {.iov_base = ret, .iov_len = sizeof(*ret)};
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = control.space,
			     .msg_controllen = sizeof(control)};
	size_t room = n_fds ? *n_fds : 0, got = 0;
	struct ucred who;
	ssize_t r;

	if (n_fds)
		*n_fds = 0;
	do
		r = recvmsg(fd, &msg, MSG_CMSG_CLOEXEC);
	while (r < 0 && errno == EINTR);
	if (r < 0)
		return errno == ECONNRESET ? 0 : -errno;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&msg); c; c = CMSG_NXTHDR(&msg, c)) {
		if (c->cmsg_level != SOL_SOCKET)
			continue;
		if (c->cmsg_type == SCM_RIGHTS)
			got += take_fds(c, fds ? fds + got : NULL, room - got);
		if (c->cmsg_type == SCM_CREDENTIALS && ret_pid) {
			memcpy(&who, CMSG_DATA(c), sizeof(who));
			*ret_pid = who.pid;
		}
	}
	if (n_fds)
		*n_fds = got;
	if (!r)
		return 0;
	/* Never trust the terminators of somebody else. */
	ret->step[sizeof(ret->step) - 1] = ret->mechanism[sizeof(ret->mechanism) - 1] = '\0';
	ret->text[sizeof(ret->text) - 1] = '\0';
	return r == (ssize_t)sizeof(*ret) ? 1 : -EPROTO;
}
