/* SPDX-License-Identifier: MIT */
/*
 * net.h - endpoints as a manifest writes them; hosts and names are in policy.h
 */
#ifndef ENC_POLICY_NET_H
#define ENC_POLICY_NET_H

#include <stdbool.h>
#include <stdint.h>

#include "policy/policy.h"

/* host:port. 0, -EINVAL, -ERANGE (the port). Without `need_port` the port may be missing: 0. */
int enc_endpoint_parse(struct enc_arena *a, const char *s, bool need_port, const char **ret_host, uint64_t *ret_port);

#endif
