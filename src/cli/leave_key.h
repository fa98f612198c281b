/* SPDX-License-Identifier: MIT */
/*
 * leave_key.h - Ctrl-] typed three times within a second, at a terminal that a hostile program has set up
 */
#ifndef ENC_CLI_LEAVE_KEY_H
#define ENC_CLI_LEAVE_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ENC_LEAVE_TIMES 3
#define ENC_LEAVE_NS	1000000000ull

struct enc_leave_key {
	unsigned state, skip;
	char sequence[40];
	size_t len;
	uint64_t typed_ns[ENC_LEAVE_TIMES]; /* of the presses so far */
	unsigned n;
};

/* Takes the next byte that the terminal sent. True when it completes the third press. */
bool enc_leave_key(struct enc_leave_key *k, char c, uint64_t now_ns);

#endif
