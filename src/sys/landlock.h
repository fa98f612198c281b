/* SPDX-License-Identifier: MIT */
/*
 * landlock.h - Landlock, with constants of our own up to ABI 10 (headers of distributions are older)
 *
 * ABI and kernel: 1 5.13, 2 5.19 (refer), 3 6.2 (truncate), 4 6.7 (TCP), 5 6.10 (ioctl), 6 6.12 (scopes),
 * 7 6.15 (audit flags), 8 7.0 (all threads), 9 7.1 (pathname sockets), 10 7.2 (UDP).
 */
#ifndef ENC_SYS_LANDLOCK_H
#define ENC_SYS_LANDLOCK_H

#include <stdint.h>

#include "base/base.h"

#define ENC_LL_EXECUTE	    (1ULL << 0)
#define ENC_LL_WRITE_FILE   (1ULL << 1)
#define ENC_LL_READ_FILE    (1ULL << 2)
#define ENC_LL_READ_DIR	    (1ULL << 3)
#define ENC_LL_REMOVE_DIR   (1ULL << 4)
#define ENC_LL_REMOVE_FILE  (1ULL << 5)
#define ENC_LL_MAKE_CHAR    (1ULL << 6)
#define ENC_LL_MAKE_DIR	    (1ULL << 7)
#define ENC_LL_MAKE_REG	    (1ULL << 8)
#define ENC_LL_MAKE_SOCK    (1ULL << 9)
#define ENC_LL_MAKE_FIFO    (1ULL << 10)
#define ENC_LL_MAKE_BLOCK   (1ULL << 11)
#define ENC_LL_MAKE_SYM	    (1ULL << 12)
#define ENC_LL_REFER	    (1ULL << 13) /* ABI 2 */
#define ENC_LL_TRUNCATE	    (1ULL << 14) /* ABI 3 */
#define ENC_LL_IOCTL_DEV    (1ULL << 15) /* ABI 5 */
#define ENC_LL_RESOLVE_UNIX (1ULL << 16) /* ABI 9; sockets of the own domain are always open */

#define ENC_LL_NET_BIND_TCP    (1ULL << 0) /* ABI 4 */
#define ENC_LL_NET_CONNECT_TCP (1ULL << 1)

#define ENC_LL_SCOPE_ABSTRACT (1ULL << 0) /* ABI 6 */
#define ENC_LL_SCOPE_SIGNAL   (1ULL << 1)

/* What a rule on a single file may have. */
#define ENC_LL_OF_FILE                                                                                \
	(ENC_LL_EXECUTE | ENC_LL_WRITE_FILE | ENC_LL_READ_FILE | ENC_LL_TRUNCATE | ENC_LL_IOCTL_DEV | \
	 ENC_LL_RESOLVE_UNIX)

/* The ABI of this kernel, at least 1; 0 when there is no Landlock. */
int enc_sys_landlock_abi(void);
/* Every file system right that the ABI knows, and every scope. */
uint64_t enc_sys_landlock_fs(int abi);
uint64_t enc_sys_landlock_scopes(int abi);

/* -1 with errno on failure. Usable between clone and exec. */
int enc_sys_landlock_new(uint64_t fs, uint64_t scopes); /* a ruleset's descriptor */
/* `access` is cut to what the object can have: what is not a directory takes file rights alone. */
int enc_sys_landlock_allow(int ruleset, int fd, uint64_t access);
int enc_sys_landlock_enforce(int ruleset); /* needs no_new_privs */

#endif
