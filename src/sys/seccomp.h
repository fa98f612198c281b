/* SPDX-License-Identifier: MIT */
/*
 * seccomp.h - installing a filter, and its notifications
 */
#ifndef ENC_SYS_SECCOMP_H
#define ENC_SYS_SECCOMP_H

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/base.h"

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

/* Puts a filter on the calling thread. With `listener` returns the descriptor of its notifications, else 0; -1 with
 * errno. A thread that waits for an answer dies at a signal that kills, and no sooner (Linux 6.0; without that flag
 * before). Usable between clone and exec. */
int enc_sys_seccomp_install(const struct sock_fprog *prog, bool listener);
/* One notification: 1, 0 when its thread is gone, -1 with errno. Doesn't wait: 0 when there is none. */
int enc_sys_seccomp_recv(int listener, struct seccomp_notif *ret);
/* Answer with -error. 0, also when the thread is gone; -1 with errno. */
int enc_sys_seccomp_refuse(int listener, uint64_t id, int error);

#endif
