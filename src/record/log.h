/* SPDX-License-Identifier: MIT */
/*
 * log.h - what the writer and the reader of the record share: names of segments, the number of a line
 *
 * A segment is STATE/log/<number of its first line, 16 digits>.jsonl. Numbers begin with 0 and have no gaps. A segment
 * that has reached ENC_SEGMENT_BYTES takes no further line; so one that is smaller is the newest.
 */
#ifndef ENC_RECORD_LOG_H
#define ENC_RECORD_LOG_H

#include <stdint.h>

#include "base/err.h"
#include "base/mem.h"

#define ENC_SEGMENT_BYTES (64u << 20)
#define ENC_SEGMENT_NAME  32 /* bytes that hold a name */

/* The first numbers of all segments, rising; *ret is from malloc. */
int enc_log_segments(int log_dir, uint64_t **ret, size_t *ret_n, struct enc_err *e);
void enc_log_name(uint64_t first, char out[ENC_SEGMENT_NAME]);
/* Reads the number at the head of a line; false when the line was not written by this program, or not wholly. */
bool enc_log_seq(const char *line, size_t len, uint64_t *ret);

/* Open a directory that must be ours alone: a real directory, of our effective user, closed to all others. With
 * `create` it is made 0700 where it is absent. Returns a descriptor. */
int enc_state_open_dir(int at, const char *path, bool create, struct enc_err *e);

#endif
