/* SPDX-License-Identifier: MIT */
/*
 * trust.h - what load.c and the verb `trust` need beyond policy.h
 */
#ifndef ENC_POLICY_TRUST_H
#define ENC_POLICY_TRUST_H

#include "policy/impl.h"

/* A manifest that was looked up: 0 when it is its owner's and trusted, else a negative errno with e set (E0306, E0307).
 */
int enc_trust_required(struct enc_load *l, const struct enc_source *s);

#endif
