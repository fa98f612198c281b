/* SPDX-License-Identifier: MIT */
/*
 * kernel.c - processes, descriptors and capabilities: system calls that libc has no name for
 */
#include "sys/kernel.h"

#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_clone3
#define SYS_clone3 435
#endif
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_pidfd_send_signal
#define SYS_pidfd_send_signal 424
#endif

pid_t enc_sys_clone3(struct enc_clone_args *args)
{
	return (pid_t)syscall(SYS_clone3, args, sizeof(*args));
}

pid_t enc_sys_clone(unsigned long flags)
{
	/* The order of the last two differs between x86-64 and arm64; both are 0. */
	return (pid_t)syscall(SYS_clone, flags, NULL, NULL, 0, 0);
}

int enc_sys_pivot_root(const char *new_root, const char *put_old)
{
	return (int)syscall(SYS_pivot_root, new_root, put_old);
}

int enc_sys_pidfd_open(pid_t pid)
{
	return (int)syscall(SYS_pidfd_open, pid, 0);
}

int enc_sys_pidfd_kill(int pidfd, int signo)
{
	return (int)syscall(SYS_pidfd_send_signal, pidfd, signo, NULL, 0);
}

int enc_sys_capset(const struct enc_caps *caps)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2];

	for (int i = 0; i < 2; i++) {
		data[i].effective = caps->effective[i];
		data[i].permitted = caps->permitted[i];
		data[i].inheritable = caps->inheritable[i];
	}
	return (int)syscall(SYS_capset, &head, data);
}
