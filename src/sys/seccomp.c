/* SPDX-License-Identifier: MIT */
/*
 * seccomp.c - installing a filter, and its notifications
 */
#include "sys/seccomp.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

int enc_sys_seccomp_install(const struct sock_fprog *prog, bool listener)
{
	unsigned long flags = listener ? SECCOMP_FILTER_FLAG_NEW_LISTENER : 0;
	int r;

	r = (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
			 listener ? flags | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV : 0, prog);
	if (r < 0 && listener && errno == EINVAL)
		r = (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, prog);
	return r;
}

int enc_sys_seccomp_recv(int listener, struct seccomp_notif *ret)
{
	struct pollfd p = {.fd = listener, .events = POLLIN};
	int r = poll(&p, 1, 0);

	if (r <= 0)
		return r < 0 && errno == EINTR ? 0 : r;
	if (!(p.revents & POLLIN)) {
		errno = EPIPE; /* nobody is left who has the filter */
		return -1;
	}
	memset(ret, 0, sizeof(*ret)); /* the kernel refuses anything else */
	if (!ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, ret))
		return 1;
	return errno == ENOENT || errno == EINTR ? 0 : -1;
}

int enc_sys_seccomp_refuse(int listener, uint64_t id, int error)
{
	struct seccomp_notif_resp answer = {.id = id, .error = -error};

	if (!ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer) || errno == ENOENT)
		return 0;
	return -1;
}
