/* SPDX-License-Identifier: MIT */
#ifndef ENC_OVERLAY_IMPL_H
#define ENC_OVERLAY_IMPL_H

#include "overlay/overlay.h"

#define MAX_DEPTH 256
/* A descriptor of what is below `root`, reached through no link (ELOOP) and no mount (EXDEV: the run did not see what
 * is mounted there, only the folder under it); or -1 with errno. */
int enc_overlay_open(int root, const char *path, uint64_t flags);
/* The folder that holds path, and its last component. */
int enc_overlay_parent(int root, const char *path, const char **ret_name);
/* A link's target: malloc'ed, or NULL with errno. */
char *enc_overlay_readlink(int root, const char *path);

#endif
