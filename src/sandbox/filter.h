/* SPDX-License-Identifier: MIT */
/*
 * filter.h - the system calls of a run, as two seccomp programs
 *
 * `known` lets by what its table names and answers ENOSYS to the rest: programs fall back, and calls that a later
 * kernel adds are closed until they are looked at. It asks for numbers alone, so the kernel caches its verdicts.
 * `refuse` lets by everything but its table's rows, some of which look at scalar arguments; these are notified, or
 * answered with an errno without anybody being told. A foreign architecture (i386, x32) kills the process in both.
 * The kernel takes the strongest verdict of the two, and a filter that the agent adds can only be stronger.
 */
#ifndef ENC_SANDBOX_FILTER_H
#define ENC_SANDBOX_FILTER_H

#include <linux/filter.h>
#include <stdbool.h>
#include <stdint.h>

#include "sandbox/sandbox.h"

struct enc_filters {
	struct sock_fprog known, refuse;
};

/* notify: refused calls go to the listener; otherwise they get their errno at once. */
const struct enc_filters *enc_filters(bool notify);
/* Which row refuses this call; false when none does. */
bool enc_filter_refusal(int nr, const uint64_t args[6], struct enc_refusal *ret);

#endif
