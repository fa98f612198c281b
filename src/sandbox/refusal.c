/* SPDX-License-Identifier: MIT */
/*
 * refusal.c - answers the notifications of refused system calls
 *
 * Only the notification itself is looked at: number and scalar arguments. Nothing is ever let through from here, so
 * there is no race to lose with threads that rewrite memory.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "sandbox/box_impl.h"
#include "sys/seccomp.h"

/* The caller is stopped in its system call, so that /proc still tells its name; once answered it may be gone. */
static void read_comm(pid_t pid, char out[17])
{
	char path[40];
	enc_auto_fd int fd = -1;
	ssize_t n;

	(void)snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid); /* fits */
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, out, 16);
	out[n > 0 ? n : 0] = '\0';
	out[strcspn(out, "\n")] = '\0';
}

int enc_box_take_refusal(struct enc_box *b, struct enc_refusal *ret, pid_t *ret_pid, struct enc_err *e)
{
	struct seccomp_notif n;
	uint64_t args[6];
	int r;

	if (b->listener < 0)
		return ENC_FAIL(e, EBADF, "this run has no notifications");
	r = enc_sys_seccomp_recv(b->listener, &n);
	if (r <= 0)
		return r ? ENC_FAIL(e, errno, "seccomp notification: %s", strerror(errno)) : 0;
	for (int i = 0; i < 6; i++)
		args[i] = n.data.args[i];
	if (!enc_filter_refusal(n.data.nr, args, ret))
		*ret = (struct enc_refusal){"unknown", "unknown", ENOSYS}; /* filter and table are one: can't be */
	*ret_pid = (pid_t)n.pid;
	read_comm(*ret_pid, ret->comm);
	if (enc_sys_seccomp_refuse(b->listener, n.id, ret->error))
		return ENC_FAIL(e, errno, "seccomp answer: %s", strerror(errno));
	return 1;
}
