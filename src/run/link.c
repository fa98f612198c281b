/* SPDX-License-Identifier: MIT */
/*
 * link.c - messages between a supervisor and those who watch or stop its run
 *
 * One packet a message over AF_UNIX SOCK_SEQPACKET. The socket lies in the run's folder, which nobody else can enter;
 * what comes over it is checked all the same.
 */
#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "run/link.h"

#define HEAD offsetof(struct enc_link_msg, data)

/* sun_path is short, and STATE may be long. */
void enc_link_address(int dir, struct sockaddr_un *ret)
{
	*ret = (struct sockaddr_un){.sun_family = AF_UNIX};
	snprintf(ret->sun_path, sizeof(ret->sun_path), "/proc/self/fd/%d/control", dir);
}

int enc_link_pair(int ret[2])
{
	return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ret) < 0 ? -errno : 0;
}

int enc_link_connect(int dir)
{
	const struct timeval patience = {.tv_usec = 300000}, none = {0};
	enc_auto_fd int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	struct sockaddr_un a;

	if (fd < 0)
		return -errno;
	enc_link_address(dir, &a);
	/* A supervisor that takes nobody (it is stopped) is not waited for: -EAGAIN. */
	if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) < 0 ||
	    connect(fd, (struct sockaddr *)&a, sizeof(a)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &none, sizeof(none)) < 0)
		return -errno;
	return ENC_TAKE_FD(fd);
}

int enc_link_send(int fd, const struct enc_link_msg *m, int flags)
{
	ssize_t n;

	do
		n = send(fd, m, HEAD + m->len, MSG_NOSIGNAL | flags);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
}

int enc_link_recv(int fd, struct enc_link_msg *ret, int flags)
{
	ssize_t n;

	do
		n = recv(fd, ret, sizeof(*ret), flags);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == ECONNRESET ? 0 : -errno;
	if (n == 0)
		return 0;
	if ((size_t)n < HEAD || ret->len > sizeof(ret->data) || (size_t)n != HEAD + ret->len)
		return -EPROTO;
	return 1;
}

int enc_link_ask(int dir, int ms, struct enc_run_about *about)
{
	enc_auto_fd int fd = enc_link_connect(dir);
	struct enc_link_msg m = {.kind = ENC_LINK_ASK};
	struct pollfd p = {.fd = fd, .events = POLLIN};
	int r = fd < 0 ? fd : enc_link_send(fd, &m, MSG_DONTWAIT);

	if (r < 0)
		return r;
	if (poll(&p, 1, ms) != 1)
		return -ETIMEDOUT;
	r = enc_link_recv(fd, &m, MSG_DONTWAIT);
	if (r <= 0 || m.kind != ENC_LINK_STATUS)
		return r < 0 ? r : -ECONNREFUSED;
	about->life = m.value == ENC_LIFE_STOPPING ? ENC_LIFE_STOPPING : ENC_LIFE_STARTED;
	about->state = m.value == ENC_LIFE_STOPPING ? "stopping" : "started";
	about->wall_ns = m.v[0];
	about->cpu_ns = m.v[1];
	about->memory_bytes = m.v[2];
	about->pids = m.v[3];
	return 0;
}
