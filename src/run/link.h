/* SPDX-License-Identifier: MIT */
/*
 * link.h - where a supervisor listens
 */
#ifndef ENC_RUN_LINK_H
#define ENC_RUN_LINK_H

#include <sys/un.h>

#include "run/run.h"

/* The address of STATE/runs/ID/control, by a descriptor of the folder, as long as that is open. */
void enc_link_address(int dir, struct sockaddr_un *ret);

#endif
