/* SPDX-License-Identifier: MIT */
/*
 * kernel.h - processes, descriptors and capabilities: system calls that libc has no name for
 *
 * Thin: each returns what the kernel returned, -1 with errno. Usable between clone and exec.
 */
#ifndef ENC_SYS_KERNEL_H
#define ENC_SYS_KERNEL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/base.h"

struct enc_clone_args { /* clone3(2), of Linux 5.7: CLONE_INTO_CGROUP */
	uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls;
	uint64_t set_tid, set_tid_size, cgroup;
};

#ifndef CLONE_INTO_CGROUP
#define CLONE_INTO_CGROUP 0x200000000ULL
#endif

/* As fork(2): 0 in the child. Not for a process with threads. */
pid_t enc_sys_clone3(struct enc_clone_args *args);
/* clone(2) without a stack of its own, which seccomp can check (clone3's arguments it can't). */
pid_t enc_sys_clone(unsigned long flags);
int enc_sys_pivot_root(const char *new_root, const char *put_old);
int enc_sys_pidfd_open(pid_t pid);
int enc_sys_pidfd_kill(int pidfd, int signo);

struct enc_caps {
	uint32_t effective[2], permitted[2], inheritable[2];
};
int enc_sys_capset(const struct enc_caps *caps);

#endif
