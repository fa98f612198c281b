/* SPDX-License-Identifier: MIT */
/*
 * net.h - hosts, endpoints and names as a manifest writes them
 */
#ifndef ENC_POLICY_NET_H
#define ENC_POLICY_NET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/mem.h"

/* A host name, *.suffix, IPv4 or [IPv6] address, or a CIDR range; in lower case and one canonical form for addresses.
 * 0 or -EINVAL. */
int enc_host_parse(struct enc_arena *a, const char *s, const char **ret);
/* host:port. 0, -EINVAL, -ERANGE (the port). Without `need_port` the port may be missing: 0. */
int enc_endpoint_parse(struct enc_arena *a, const char *s, bool need_port, const char **ret_host, uint64_t *ret_port);
/* Does a rule's host (a *.suffix too) stand for this host? Both as enc_host_parse() gave them. */
bool enc_host_covers(const char *rule, const char *host);
bool enc_env_name_ok(const char *s);

#endif
