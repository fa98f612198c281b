/* SPDX-License-Identifier: MIT */
/*
 * refusal.c - answers the notifications of refused system calls
 *
 * Only the notification itself is looked at: number and scalar arguments. Nothing is ever let through from here, so
 * there is no race to lose with threads that rewrite memory.
 */
#include <errno.h>
#include <string.h>

#include "sandbox/box_impl.h"
#include "sys/seccomp.h"

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
	if (enc_sys_seccomp_refuse(b->listener, n.id, ret->error))
		return ENC_FAIL(e, errno, "seccomp answer: %s", strerror(errno));
	return 1;
}
